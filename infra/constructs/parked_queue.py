"""Where goes what could not be done: a dead-letter queue with its alarm."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk.aws_sns import ITopic
from aws_cdk.aws_sqs import Queue, QueueEncryption
from constructs import Construct

from infra.constructs.alarm import MINUTE, MetricAlarm


class ParkedQueue(Construct):
    """A queue that nobody reads by itself. Whatever lies here rings an alarm."""

    def __init__(self, scope: Construct, construct_id: str, *, topic: ITopic, says: str) -> None:
        super().__init__(scope, construct_id)
        self.queue = Queue(
            self,
            "Queue",
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # Age counts from the first queue: 14 days here leave 10 after the 4 days there.
            retention_period=Duration.days(14),
        )
        MetricAlarm(
            self,
            "Depth",
            metric=self.queue.metric_approximate_number_of_messages_visible(
                period=MINUTE, statistic="Maximum"
            ),
            topic=topic,
            says=says,
        )
