"""Routes on the API that another stack holds: clients know one address for all of it."""

from __future__ import annotations

from aws_cdk.aws_apigatewayv2 import (
    HttpApi,
    HttpAuthorizer,
    HttpMethod,
    HttpRoute,
    HttpRouteKey,
)
from constructs import Construct

from infra.catalog import UseCase
from infra.constructs.api import LambdaProxy, let_call
from infra.constructs.function import UseCaseFunction
from infra.constructs.names import pascal


class SharedDoor(Construct):
    """Hangs routes on the API of this id, behind its authoriser. None of them is signed.

    Its stage deploys by itself, so a route is there as soon as its stack is.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, api_id: str, api_arn: str, authorizer_id: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._arn = api_arn
        self._api = HttpApi.from_http_api_attributes(self, "Api", http_api_id=api_id)
        self._authorizer = HttpAuthorizer.from_http_authorizer_attributes(
            self, "Tokens", authorizer_id=authorizer_id, authorizer_type="JWT"
        )

    def add(self, use_case: UseCase, function: UseCaseFunction) -> None:
        """Add the routes of a use case. Raises `ValueError` for a signed one: the rate of these is
        bounded at the API's stage, which stands in the other stack."""
        if use_case.signed_routes:
            raise ValueError(f"{use_case.name}: signed routes stand in the API's own stack")
        if not use_case.routes:
            return
        let_call(function, self._arn)
        integration = LambdaProxy(pascal(use_case.name), function.function.function_arn)
        for route in use_case.routes:
            HttpRoute(
                self,
                f"{route.method}{route.path}",
                http_api=self._api,
                route_key=HttpRouteKey.with_(route.path, HttpMethod[route.method]),
                integration=integration,
                authorizer=self._authorizer,
            )
