"""The one table. Its logical id is pinned by a test: another id would be another, empty table."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk.aws_cloudwatch import Metric
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    BillingMode,
    PointInTimeRecoverySpecification,
    ProjectionType,
    StreamViewType,
    Table,
    TableEncryption,
)
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from infra.constructs.alarm import FIVE_MINUTES, MetricAlarm
from infra.stages import StageConfig


def _text(name: str) -> Attribute:
    return Attribute(name=name, type=AttributeType.STRING)


class BusbarTable(Construct):
    """DynamoDB, on demand, with two sparse indexes and a stream.

    The stream carries new images only: the relay needs the row that was written, never the one
    before it, and each image counts against the size of a batch.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, topic: ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = Table(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=BillingMode.PAY_PER_REQUEST,
            stream=StreamViewType.NEW_IMAGE,
            time_to_live_attribute="expires_at",
            # Customers' names and addresses: a key of the account, whose use CloudTrail shows.
            encryption=TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=stage.keeps_data
            ),
            deletion_protection=stage.keeps_data,
            removal_policy=RemovalPolicy.RETAIN if stage.keeps_data else RemovalPolicy.DESTROY,
        )
        for index, sort_key in (("list", "list_sk"), ("due", "due_at")):
            self.table.add_global_secondary_index(
                index_name=index,
                partition_key=_text(f"{index}_pk"),
                sort_key=_text(sort_key),
                projection_type=ProjectionType.KEYS_ONLY,
            )
        self._alarms(topic)

    def _alarms(self, topic: ITopic) -> None:
        for name in ("ReadThrottleEvents", "WriteThrottleEvents"):
            MetricAlarm(
                self,
                name,
                metric=Metric(
                    namespace="AWS/DynamoDB",
                    metric_name=name,
                    dimensions_map={"TableName": self.table.table_name},
                    statistic="Sum",
                    period=FIVE_MINUTES,
                ),
                topic=topic,
                says=f"{name} on the table: a hot partition, or more load than on-demand follows",
                runbook="table_throttles",
            )
