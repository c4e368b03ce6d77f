"""Where goes what could not be done: a dead-letter queue with its alarm, known by name."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk.aws_sns import ITopic
from aws_cdk.aws_sqs import (
    DeduplicationScope,
    FifoThroughputLimit,
    Queue,
    QueueEncryption,
)
from constructs import Construct

from infra.constructs.alarm import MINUTE, MetricAlarm
from infra.constructs.names import publish
from infra.stages import StageConfig


def dead_letters(use_case: str, source: str) -> str:
    """The published name of the queue for what `source` could not do for a use case.

    `source` is `worker`, `rule-<org>`, `rule-uploads`, `rule-executions`, `schedule` or `stream`.
    """
    return f"dead-letters/{use_case}/{source}"


def keeping_order(ordered: bool) -> dict[str, Any]:
    """Options of a queue that keeps the order of each group: high throughput, by group.

    What a repeat is says its sender: the same bytes may be two events.
    """
    if not ordered:
        return {}
    return {
        "fifo": True,
        "content_based_deduplication": False,
        "deduplication_scope": DeduplicationScope.MESSAGE_GROUP,
        "fifo_throughput_limit": FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    }


class ParkedQueue(Construct):
    """A queue that nobody reads by itself. Whatever lies here rings an alarm.

    Its name is published, for dashboards, for `make redrive` and for people.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        use_case: str,
        source: str,
        topic: ITopic,
        says: str,
        runbook: str,
        ordered: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.queue = Queue(
            self,
            "Queue",
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # Age counts from the first queue: 14 days here leave 10 after the 4 days there. Where
            # order is kept it counts anew; then 10 are as long as what is pointed to lies in S3.
            retention_period=Duration.days(10 if ordered else 14),
            # The dead-letter queue of a queue that keeps order has to be one itself.
            **keeping_order(ordered),
        )
        MetricAlarm(
            self,
            "Depth",
            metric=self.queue.metric_approximate_number_of_messages_visible(
                period=MINUTE, statistic="Maximum"
            ),
            topic=topic,
            says=says,
            runbook=runbook,
            use_case=use_case,
        )
        name = dead_letters(use_case, source)
        publish(Stack.of(self), stage=stage.name, name=name, value=self.queue.queue_name)
