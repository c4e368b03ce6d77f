"""What whoever is on call asks: errors, age, throttles, dead letters, outside systems."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk.aws_cloudwatch import Metric
from constructs import Construct

from busbar.observability import Metric as Own
from infra.catalog import UseCase
from infra.constructs.alarm import FIVE_MINUTES
from infra.constructs.board import Board
from infra.constructs.parked_queue import dead_letters
from infra.stages import StageConfig


class OperationsBoard(Board):
    """AWS's own metrics of each function and queue beside ours, by five minutes."""

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
        self.show(
            Executions_that_ended_without_success=self._machines(
                "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"
            ),
            Executions_that_were_started=self._machines("ExecutionsStarted"),
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

    def _machines(self, *names: str) -> list[Metric]:
        return [
            self._aws(
                "States",
                name,
                "StateMachineArn",
                self.name_of(f"machines/{case.name}/arn"),
                label=f"{case.name} {name}",
            )
            for case in self.use_cases
            if case.machine
            for name in names
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
    found += ["rule-uploads"] if case.queue and case.queue.uploads else []
    found += ["rule-executions"] if case.machine else []
    found += ["schedule"] if case.every_minutes else []
    return found + (["stream"] if case.stream else [])
