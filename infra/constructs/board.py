"""A dashboard that draws itself from the catalogue.

A line per use case, queue, system or org of the catalogue and the stage, so that a new row needs
nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Dashboard, GraphWidget, Metric
from constructs import Construct

from busbar.observability import Metric as Own
from infra.catalog import UseCase
from infra.constructs.alarm import own
from infra.constructs.names import published
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
        self.fed = [c.name for c in use_cases if c.queue and c.queue.from_outbox]
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
