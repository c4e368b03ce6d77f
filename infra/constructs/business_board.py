"""What the business asks: orders, cards, what waits, and what people have to decide."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from busbar.observability import Metric as Own
from infra.catalog import UseCase
from infra.constructs.board import Board
from infra.stages import StageConfig


class BusinessBoard(Board):
    """Counts by the hour, and how much waits."""

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
