"""The state machine of one use case, and who hears of its ends."""

from __future__ import annotations

from aws_cdk import Aws, Stack
from aws_cdk.aws_cloudwatch import Metric
from aws_cdk.aws_events import EventPattern
from aws_cdk.aws_iam import Role, ServicePrincipal
from aws_cdk.aws_sns import ITopic
from aws_cdk.aws_sqs import IQueue
from aws_cdk.aws_stepfunctions import DefinitionBody, LogLevel, LogOptions, StateMachine
from constructs import Construct

from infra.constructs.alarm import FIVE_MINUTES, MetricAlarm
from infra.constructs.event_rule import EventRule
from infra.constructs.grants import may_send
from infra.constructs.logs import Logs
from infra.constructs.names import publish
from infra.machines import ENDED_BADLY, RINGS, definition, substitutions
from infra.stages import StageConfig


class UseCaseMachine(Construct):
    """Sends to the use case's own queue, and may do nothing else.

    A bad end comes to the same queue as an event, so that the use case can go on with a new
    execution. Errors are logged without what the states were given. The right to deliver logs knows
    no resource; the CDK adds it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        use_case: str,
        queue: IQueue,
        stage: StageConfig,
        topic: ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._use_case, self._stage, self._topic = use_case, stage, topic
        self.arn = self._machine(queue).state_machine_arn
        publish(Stack.of(self), stage=stage.name, name=f"machines/{use_case}/arn", value=self.arn)
        for metric in RINGS:
            self._alarm(metric)
        EventRule(
            self,
            "Ended",
            pattern=EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [self.arn], "status": list(ENDED_BADLY)},
            ),
            what=f"the end of an execution of {use_case}",
            queue=queue,
            stage=stage,
            use_case=use_case,
            source="rule-executions",
            topic=topic,
        )

    def _machine(self, queue: IQueue) -> StateMachine:
        condition = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        trusted = ServicePrincipal("states.amazonaws.com", conditions=condition)
        role = Role(self, "Role", assumed_by=trusted)
        for statement in may_send([queue.queue_arn]):
            role.add_to_policy(statement)
        return StateMachine(
            self,
            "Machine",
            # In the template, not as a file beside it: so the template shows what is deployed.
            definition_body=DefinitionBody.from_string(definition(self._use_case)),
            definition_substitutions=substitutions(self._stage.tuning, queue.queue_url),
            role=role,
            logs=LogOptions(
                destination=Logs(self, "Logs", stage=self._stage).group,
                level=LogLevel.ERROR,
                include_execution_data=False,
            ),
        )

    def _alarm(self, metric: str) -> None:
        MetricAlarm(
            self,
            metric.removeprefix("Executions"),
            metric=Metric(
                namespace="AWS/States",
                metric_name=metric,
                dimensions_map={"StateMachineArn": self.arn},
                statistic="Sum",
                period=FIVE_MINUTES,
            ),
            topic=self._topic,
            says=RINGS[metric].format(self._use_case),
            runbook="executions",
            use_case=self._use_case,
        )
