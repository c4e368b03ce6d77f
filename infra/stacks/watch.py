"""The stack that watches the others: two dashboards, and the alarms that belong to no function.

Everything follows from the catalogue. Names of functions and queues come as published by the
stacks that hold them, so this one is deployed last and can be taken away alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk.aws_sns import Topic
from constructs import Construct

from busbar.observability import Metric
from infra.catalog import UseCase
from infra.constructs.alarm import MetricAlarm, own
from infra.constructs.business_board import BusinessBoard
from infra.constructs.names import pascal, published
from infra.constructs.operations_board import OperationsBoard
from infra.stages import StageConfig


class WatchStack(Stack):
    """Dashboards, and alarms on errands and tasks."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        use_cases: Sequence[UseCase],
        **options: Any,
    ) -> None:
        super().__init__(scope, construct_id, **options)
        self._stage = stage
        arn = published(self, stage=stage.name, name="alarms/arn")
        self._topic = Topic.from_topic_arn(self, "Alarms", arn)
        for use_case in use_cases:
            if use_case.queue and use_case.queue.from_outbox:
                self._errands(use_case.name)
        for org in sorted(stage.orgs):
            self._tasks(org)
        BusinessBoard(self, "Business", stage=stage, use_cases=use_cases)
        OperationsBoard(self, "Operations", stage=stage, use_cases=use_cases)

    def _errands(self, queue: str) -> None:
        seconds = self._stage.oldest_errand_seconds
        MetricAlarm(
            self,
            f"{pascal(queue)}Oldest",
            metric=own(Metric.OLDEST_ERRAND, queue, stage=self._stage.name, statistic="Maximum"),
            at_least=seconds,
            topic=self._topic,
            says=f"an errand of {queue} has waited for {seconds // 60} minutes",
            runbook="errand_waits",
            use_case=queue,
        )

    def _tasks(self, org: str) -> None:
        most = self._stage.open_tasks
        MetricAlarm(
            self,
            f"{pascal(org)}Tasks",
            metric=own(Metric.OPEN_TASKS, org, stage=self._stage.name, statistic="Maximum"),
            at_least=most,
            topic=self._topic,
            says=f"{most} or more tasks of {org} wait for a person",
            runbook="open_tasks",
        )
