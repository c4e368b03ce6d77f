"""The two dashboards: what the business asks, and what whoever is on call asks.

A line per use case, queue, system or org of the catalogue and the stage, so a new row draws itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Dashboard, GraphWidget, Metric
from constructs import Construct

from busbar.observability import Metric as Own
from infra.catalog import UseCase
from infra.constructs.alarm import FIVE_MINUTES, own
from infra.constructs.names import published
from infra.constructs.parked_queue import dead_letters
from infra.stages import StageConfig

HOUR = Duration.hours(1)
PER_ROW = 3


class Board(Construct):
    """A dashboard `busbar-<stage>-<name>`; its graphs are added by title."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        use_cases: Sequence[UseCase],
        name: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.stage = stage
        self.use_cases = use_cases
        self.orgs = sorted(stage.orgs)
        self.systems = sorted({system for case in use_cases for system in case.systems})
        self.fed = [c.name for c in use_cases if c.queue and c.queue.events is None]
        self._board = Dashboard(self, "Board", dashboard_name=f"busbar-{stage.name}-{name}")

    def show(self, **graphs: Iterable[Metric]) -> None:
        """A row of graphs: `Its_title=metrics`."""
        self._board.add_widgets(
            *(
                GraphWidget(
                    title=title.replace("_", " "),
                    left=list(metrics),
                    width=24 // PER_ROW,
                    height=6,
                )
                for title, metrics in graphs.items()
            )
        )

    def own(
        self, of: Iterable[str], *metrics: Own, statistic: str = "Sum", period: Duration = HOUR
    ) -> list[Metric]:
        """Metrics that our functions write, for each value of their dimension."""
        return [
            own(metric, value, stage=self.stage.name, statistic=statistic, period=period).with_(
                label=f"{value} {metric.title}" if len(metrics) > 1 else value
            )
            for value in of
            for metric in metrics
        ]

    def name_of(self, published_name: str) -> str:
        """What another stack has published."""
        return published(self, stage=self.stage.name, name=published_name)


class BusinessBoard(Board):
    """Orders, cards, what waits, and what people have to decide."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        use_cases: Sequence[UseCase],
    ) -> None:
        super().__init__(scope, construct_id, stage=stage, use_cases=use_cases, name="business")
        every = [case.name for case in use_cases]
        self.show(
            Orders=self.own(
                self.orgs,
                Own.ORDERS_ACCEPTED,
                Own.ORDERS_IN_SALESFORCE,
                Own.ORDERS_DELIVERED,
                Own.ORDERS_REJECTED,
            ),
            Cards=self.own(self.orgs, Own.CARDS_TAKEN_OVER, Own.CARDS_ACTIVATED),
            Open_tasks=self.own(self.orgs, Own.OPEN_TASKS, statistic="Maximum"),
        )
        self.show(
            Errands_that_wait=self.own(self.fed, Own.ERRANDS_WAITING, statistic="Maximum"),
            Seconds_the_oldest_waits=self.own(self.fed, Own.OLDEST_ERRAND, statistic="Maximum"),
            Went_to_a_person=self.own(every, Own.PARKED),
        )


class OperationsBoard(Board):
    """Errors, age, throttles, dead letters, and how the outside systems answer."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        use_cases: Sequence[UseCase],
    ) -> None:
        super().__init__(scope, construct_id, stage=stage, use_cases=use_cases, name="operations")
        every = [case.name for case in use_cases]
        self.show(
            Errors=self._functions("Errors"),
            Throttles=self._functions("Throttles"),
            Duration_p90=self._functions("Duration", "p90"),
        )
        self.show(
            Handled=self.own(every, Own.HANDLED, period=FIVE_MINUTES),
            Failed=self.own(every, Own.FAILED, period=FIVE_MINUTES),
            API_5xx=[self._aws("ApiGateway", "5xx", "ApiId", self.name_of("api/id"))],
        )
        self.show(
            Seconds_the_oldest_message_waits=self._queues(),
            Dead_letters=self._dead_letters(),
            Milliseconds_behind_the_stream=self._functions("IteratorAge", "Maximum", stream=True),
        )
        calls = (Own.CALLS, Own.CALLS_FAILED, Own.THROTTLED)
        self.show(
            Calls_of_outside_systems=self.own(self.systems, *calls, period=FIVE_MINUTES),
            Their_latency_p90=self.own(
                self.systems, Own.LATENCY, statistic="p90", period=FIVE_MINUTES
            ),
            Table_throttles=[
                self._aws("DynamoDB", name, "TableName", self.name_of("table/name"), label=name)
                for name in ("ReadThrottleEvents", "WriteThrottleEvents")
            ],
        )

    def _aws(
        self,
        service: str,
        name: str,
        dimension: str,
        value: str,
        *,
        statistic: str = "Sum",
        label: str | None = None,
    ) -> Metric:
        return Metric(
            namespace=f"AWS/{service}",
            metric_name=name,
            dimensions_map={dimension: value},
            statistic=statistic,
            period=FIVE_MINUTES,
            label=label,
        )

    def _functions(
        self, name: str, statistic: str = "Sum", *, stream: bool = False
    ) -> list[Metric]:
        return [
            self._aws(
                "Lambda",
                name,
                "FunctionName",
                self.name_of(f"functions/{case.name}/name"),
                statistic=statistic,
                label=case.name,
            )
            for case in self.use_cases
            if case.stream or not stream
        ]

    def _queue(self, metric: str, name: str, label: str) -> Metric:
        return self._aws("SQS", metric, "QueueName", name, statistic="Maximum", label=label)

    def _queues(self) -> list[Metric]:
        return [
            self._queue(
                "ApproximateAgeOfOldestMessage",
                self.name_of(f"queues/{case.name}/name"),
                case.name,
            )
            for case in self.use_cases
            if case.queue
        ]

    def _dead_letters(self) -> list[Metric]:
        return [
            self._queue(
                "ApproximateNumberOfMessagesVisible",
                self.name_of(dead_letters(case.name, source)),
                f"{case.name} {source}",
            )
            for case in self.use_cases
            for source in sources_of(case, self.stage)
        ]


def sources_of(case: UseCase, stage: StageConfig) -> list[str]:
    """What has a dead-letter queue of its own for this use case."""
    found = ["worker"] if case.queue else []
    if case.queue and case.queue.events:
        found += [f"rule-{name}" for name, org in sorted(stage.orgs.items()) if org.salesforce]
    found += ["schedule"] if case.every_minutes else []
    return found + (["stream"] if case.stream else [])
