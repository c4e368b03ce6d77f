"""The HTTP API: each route behind the authoriser, or signed and bounded for itself.

The access log holds no personal data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk.aws_apigatewayv2 import (
    CfnRoute,
    CfnStage,
    CorsHttpMethod,
    CorsPreflightOptions,
    HttpApi,
    HttpIntegrationType,
    HttpMethod,
    HttpNoneAuthorizer,
    HttpRoute,
    HttpRouteIntegration,
    HttpRouteIntegrationConfig,
    HttpStage,
    IHttpRoute,
    PayloadFormatVersion,
    ThrottleSettings,
)
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
from aws_cdk.aws_cloudwatch import Metric
from aws_cdk.aws_iam import ServicePrincipal
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from infra.catalog import UseCase
from infra.constructs.alarm import FIVE_MINUTES, MetricAlarm
from infra.constructs.function import UseCaseFunction
from infra.constructs.logs import Logs
from infra.constructs.names import pascal
from infra.stages import StageConfig

ACCESS_LOG = (
    '{"request_id":"$context.requestId","route":"$context.routeKey","status":"$context.status",'
    '"milliseconds":"$context.responseLatency","bytes":"$context.responseLength",'
    '"authorizer_error":"$context.authorizer.error",'
    '"integration_error":"$context.integrationErrorMessage"}'
)
"""No address and no user: who did what stands in the audit trail, not here."""


class LambdaProxy(HttpRouteIntegration):
    """Hands requests to a function, and grants nothing: the CDK's own one grants route by route."""

    def __init__(self, name: str, function_arn: str) -> None:
        super().__init__(name)
        self._function_arn = function_arn

    def bind(
        self,
        *,
        route: IHttpRoute,  # noqa: ARG002
        scope: Construct,  # noqa: ARG002
    ) -> HttpRouteIntegrationConfig:
        """What the integration of all routes of the function is."""
        return HttpRouteIntegrationConfig(
            type=HttpIntegrationType.AWS_PROXY,
            uri=self._function_arn,
            payload_format_version=PayloadFormatVersion.VERSION_2_0,
        )


def let_call(function: UseCaseFunction, api_arn: str) -> None:
    """Let the API of this ARN call the function, by any of its routes (decision 0037)."""
    function.function.add_permission(
        "Api",
        principal=ServicePrincipal("apigateway.amazonaws.com"),
        source_arn=api_arn,
    )


class HttpDoor(Construct):
    """One HTTP API with a JWT authoriser, and routes that systems sign."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        issuer: str,
        audiences: Sequence[str],
        topic: ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._authorizer = HttpJwtAuthorizer("Tokens", issuer, jwt_audience=list(audiences))
        self._api = HttpApi(
            self,
            "Api",
            create_default_stage=False,
            default_authorizer=self._authorizer,
            cors_preflight=self._cors(stage),
        )
        self._settings = stage
        self._bounds: dict[str, dict[str, int]] = {}
        self._default = self._stage(stage)
        self.url = self._default.url
        self.api_id = self._api.api_id
        self.arn = self._api.arn_for_execute_api()
        """Of all its routes."""
        self._alarm(topic)

    def _stage(self, stage: StageConfig) -> HttpStage:
        logs = Logs(self, "Access", stage=stage).group
        made = HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=ThrottleSettings(
                rate_limit=stage.requests_per_second, burst_limit=stage.requests_at_once
            ),
        )
        # The construct takes these as an object of an interface, which costs a class in Python.
        plain = cast("CfnStage", made.node.default_child)
        plain.access_log_settings = CfnStage.AccessLogSettingsProperty(
            destination_arn=logs.log_group_arn, format=ACCESS_LOG
        )
        return made

    @staticmethod
    def _cors(stage: StageConfig) -> CorsPreflightOptions | None:
        if not stage.cors_origins:
            return None
        return CorsPreflightOptions(
            allow_origins=list(stage.cors_origins),
            allow_methods=[
                CorsHttpMethod.GET,
                CorsHttpMethod.POST,
                CorsHttpMethod.PUT,
                CorsHttpMethod.PATCH,
            ],
            allow_headers=[
                "authorization",
                "content-type",
                "idempotency-key",
                "if-match",
                "x-correlation-id",
            ],
            expose_headers=[
                "etag",
                "idempotent-replayed",
                "location",
                "retry-after",
                "x-correlation-id",
            ],
        )

    @property
    def authorizer_id(self) -> str:
        """For routes that other stacks add. Known once there is a route."""
        return self._authorizer.authorizer_id

    def add(self, use_case: UseCase, function: UseCaseFunction) -> None:
        """Add the routes of a use case. Only those that the catalogue calls signed are open."""
        if not (use_case.routes or use_case.signed_routes):
            return
        let_call(function, self.arn)
        integration = LambdaProxy(pascal(use_case.name), function.function.function_arn)
        for route in use_case.routes:
            self._api.add_routes(
                path=route.path,
                methods=[HttpMethod[route.method]],
                integration=integration,
                authorizer=self._authorizer,
            )
        for route in use_case.signed_routes:
            made = self._api.add_routes(
                path=route.path,
                methods=[HttpMethod[route.method]],
                integration=integration,
                authorizer=HttpNoneAuthorizer(),
            )
            self._bound(f"{route.method} {route.path}", made[0])

    def _bound(self, key: str, route: HttpRoute) -> None:
        """Bound the calls of a route that anybody may call: they take nothing from the others."""
        plain = cast("CfnStage", self._default.node.default_child)
        self._bounds[key] = {
            "ThrottlingRateLimit": self._settings.webhooks_per_second,
            "ThrottlingBurstLimit": self._settings.webhooks_at_once,
        }
        plain.route_settings = self._bounds
        # The stage is refused while it names a route that is not there yet.
        plain.add_resource_dependency(cast("CfnRoute", route.node.default_child))

    def _alarm(self, topic: ITopic) -> None:
        MetricAlarm(
            self,
            "ServerErrors",
            metric=Metric(
                namespace="AWS/ApiGateway",
                metric_name="5xx",
                dimensions_map={"ApiId": self._api.api_id},
                statistic="Sum",
                period=FIVE_MINUTES,
            ),
            topic=topic,
            says="callers got a 5xx answer",
            runbook="api_errors",
        )
