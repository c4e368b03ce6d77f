"""An alarm: one plain metric, one threshold, one topic."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, IMetric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns import ITopic
from constructs import Construct

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)


class MetricAlarm(Construct):
    """Tells the topic when the metric is at or above the threshold.

    No metric math and no composites: each alarm can be read, and made to ring, by itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        metric: IMetric,
        topic: ITopic,
        says: str,
        at_least: float = 1,
        periods: int = 1,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarm = Alarm(
            self,
            "Alarm",
            metric=metric,
            alarm_description=says,
            threshold=at_least,
            evaluation_periods=periods,
            comparison_operator=ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # Quiet queues and functions send no data: that is health, not doubt.
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )
        self.alarm.add_alarm_action(SnsAction(topic))
