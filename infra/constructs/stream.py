"""What wakes the relay: outbox rows as the table's stream shows them."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Metric
from aws_cdk.aws_lambda import EventSourceMapping, FilterCriteria, StartingPosition
from aws_cdk.aws_lambda_event_sources import SqsDlq
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from infra.constructs.alarm import FIVE_MINUTES, MetricAlarm
from infra.constructs.function import UseCaseFunction
from infra.constructs.parked_queue import ParkedQueue
from infra.stages import StageConfig

OUTBOX_ROWS = {
    "dynamodb": {"NewImage": {"schema": {"S": ["outbox"]}, "wake": {"BOOL": [True]}}},
}
"""Rows that want to be sent now. `wake` is absent from rows that wait or were sent."""


class StreamTrigger(Construct):
    """Table's stream -> function.

    The row is the truth and the sweep sends what is left behind, so a batch is split, tried a few
    times and let go, rather than stopping its shard for a day.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stream_arn: str,
        function: UseCaseFunction,
        stage: StageConfig,
        use_case: str,
        topic: ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        parked = ParkedQueue(
            self,
            "Skipped",
            stage=stage,
            use_case=use_case,
            source="stream",
            topic=topic,
            says=f"{use_case} gave up on a part of the stream: the sweep has to send those rows",
            runbook="skipped_rows",
        ).queue
        EventSourceMapping(
            self,
            "Mapping",
            target=function.function,
            event_source_arn=stream_arn,
            starting_position=StartingPosition.TRIM_HORIZON,
            batch_size=100,
            filters=[FilterCriteria.filter(OUTBOX_ROWS)],
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            retry_attempts=5,
            max_record_age=Duration.hours(1),
            on_failure=SqsDlq(parked),
        )
        MetricAlarm(
            self,
            "Behind",
            metric=Metric(
                namespace="AWS/Lambda",
                metric_name="IteratorAge",
                dimensions_map={"FunctionName": function.function.function_name},
                statistic="Maximum",
                period=FIVE_MINUTES,
            ),
            at_least=120_000,
            topic=topic,
            says=f"{use_case} is two minutes behind the table: orders go out by the sweep only",
            runbook="stream_behind",
            use_case=use_case,
        )
