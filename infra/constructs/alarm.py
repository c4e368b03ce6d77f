"""An alarm: one plain metric, one threshold, one topic, one page that says what to do."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, IMetric, Metric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from busbar.observability import NAMESPACE
from busbar.observability import Metric as OwnMetric

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)


def own(
    metric: OwnMetric, of: str, *, stage: str, statistic: str, period: Duration = FIVE_MINUTES
) -> Metric:
    """A metric that our functions write, for one value of its dimension.

    Without a label: an alarm on a metric with one is written as metric math.
    """
    return Metric(
        namespace=NAMESPACE,
        metric_name=metric.title,
        dimensions_map={"Stage": stage, metric.by: of},
        statistic=statistic,
        period=period,
    )


class MetricAlarm(Construct):
    """Tells the topic when the metric is at or above `at_least`.

    With `below` it tells when the metric is below that in every one of the periods, or not there.
    `runbook` names the page in `infra/runbook/`: one for each kind of alarm. `use_case` is what it
    is about, if it is one: its section says what stands still then.

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
        runbook: str,
        use_case: str = "",
        at_least: float = 1,
        below: float | None = None,
        periods: int = 1,
    ) -> None:
        super().__init__(scope, construct_id)
        still = f"; what stands still: infra/runbook/use_cases.md#{use_case}" if use_case else ""
        at_or_above = ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        self.alarm = Alarm(
            self,
            "Alarm",
            metric=metric,
            alarm_description=f"{says}. What to do: infra/runbook/{runbook}.md{still}",
            threshold=at_least if below is None else below,
            evaluation_periods=periods,
            comparison_operator=(
                at_or_above if below is None else ComparisonOperator.LESS_THAN_THRESHOLD
            ),
            # Quiet queues and functions send no data: that is health, not doubt. What has to be
            # there, such as a run every minute, is missed as soon as it is not.
            treat_missing_data=(
                TreatMissingData.NOT_BREACHING if below is None else TreatMissingData.BREACHING
            ),
        )
        self.alarm.add_alarm_action(SnsAction(topic))
