"""The function of one use case: own role, own log group, both layers, own code only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Duration
from aws_cdk.aws_iam import PolicyDocument, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import Architecture, CfnFunction, Function, Runtime
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from infra.catalog import UseCase
from infra.constructs.alarm import FIVE_MINUTES, MetricAlarm
from infra.constructs.grants import may_trace, may_write_logs
from infra.constructs.logs import Logs
from infra.constructs.packages import Packages, code_of
from infra.stages import StageConfig


class UseCaseFunction(Construct):
    """One Lambda function. What it may do is given by `rights`, statement by statement."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        use_case: UseCase,
        stage: StageConfig,
        packages: Packages,
        environment: Mapping[str, str],
        rights: Sequence[PolicyStatement],
        topic: ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        logs = Logs(self, "Logs", stage=stage).group
        rights = [*may_write_logs(logs.log_group_arn), *may_trace(), *rights]
        # In the role, not beside it: a policy of its own would be one resource more per function.
        role = Role(
            self,
            "Role",
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Rights": PolicyDocument(statements=rights)},
        )
        self.function = Function(
            self,
            "Function",
            description=use_case.summary,
            runtime=Runtime.PYTHON_3_13,
            architecture=Architecture.ARM_64,
            handler=f"functions.{use_case.name}.handler.lambda_handler",
            code=code_of(packages.functions[use_case.name]),
            layers=packages.layers,
            role=role,
            log_group=logs,
            timeout=Duration.seconds(use_case.timeout_seconds),
            memory_size=use_case.memory_mb,
            environment=environment,
        )
        # Told to trace, the construct would grant what the role has already, by such a policy.
        plain = cast("CfnFunction", self.function.node.default_child)
        plain.tracing_config = CfnFunction.TracingConfigProperty(mode="Active")
        MetricAlarm(
            self,
            "Errors",
            metric=self.function.metric_errors(period=FIVE_MINUTES),
            topic=topic,
            says=f"{use_case.name} raised, ran out of time or memory, or could not start",
            runbook="errors",
            use_case=use_case.name,
        )
        MetricAlarm(
            self,
            "Throttles",
            metric=self.function.metric_throttles(period=FIVE_MINUTES),
            topic=topic,
            says=f"Lambda refused to start {use_case.name}: too many run at once",
            runbook="throttles",
            use_case=use_case.name,
        )
