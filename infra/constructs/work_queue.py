"""The queue of a worker."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk.aws_lambda import EventSourceMapping
from aws_cdk.aws_sns import ITopic
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from constructs import Construct

from infra.catalog import Queue as QueueRow
from infra.catalog import UseCase
from infra.constructs.alarm import FIVE_MINUTES, MetricAlarm
from infra.constructs.function import UseCaseFunction
from infra.constructs.parked_queue import ParkedQueue, keeping_order
from infra.stages import StageConfig

TOO_OLD = Duration.minutes(30)


class WorkQueue(Construct):
    """The queue of one worker: visibility, redrive and alarms follow from its catalogue row."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        use_case: UseCase,
        row: QueueRow,
        stage: StageConfig,
        topic: ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._row = row
        self.parked = ParkedQueue(
            self,
            "Parked",
            stage=stage,
            use_case=use_case.name,
            source="worker",
            topic=topic,
            says=f"{use_case.name} gave up on a message",
            runbook="dead_letters",
            ordered=row.ordered,
        ).queue
        self.queue = Queue(
            self,
            "Queue",
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # Six times the time limit is AWS's rule: Lambda retries a throttled batch meanwhile.
            visibility_timeout=Duration.seconds(6 * use_case.timeout_seconds),
            retention_period=Duration.days(4),
            dead_letter_queue=DeadLetterQueue(
                max_receive_count=row.max_receive_count, queue=self.parked
            ),
            **keeping_order(row.ordered),
        )
        MetricAlarm(
            self,
            "Age",
            metric=self.queue.metric_approximate_age_of_oldest_message(
                period=FIVE_MINUTES, statistic="Maximum"
            ),
            at_least=TOO_OLD.to_seconds(),
            topic=topic,
            says=f"{use_case.name} is behind: its oldest message waits for 30 minutes",
            runbook="queue_behind",
            use_case=use_case.name,
        )

    def feed(self, function: UseCaseFunction) -> None:
        """Let Lambda hand the messages to the function, which answers for each of them."""
        EventSourceMapping(
            self,
            "Mapping",
            target=function.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=self._row.batch_size,
            max_concurrency=self._row.max_concurrency,
            report_batch_item_failures=True,
        )
