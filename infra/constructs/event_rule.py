"""The rule that carries one kind of event to the queue of the use case that it starts."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk.aws_events import EventBus, EventPattern, Rule, RuleTargetInput
from aws_cdk.aws_events_targets import SqsQueue
from aws_cdk.aws_sns import ITopic
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from infra.constructs.parked_queue import ParkedQueue
from infra.stages import StageConfig


class EventRule(Construct):
    """Bus -> queue. What cannot be delivered for a day is kept beside it, and rings.

    `what` names the events for people; without `bus_name` they are AWS's own, on the default bus.
    `only` is the JSON path of the part that goes to the queue; without, all of the event does.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pattern: EventPattern,
        what: str,
        queue: IQueue,
        stage: StageConfig,
        use_case: str,
        source: str,
        topic: ITopic,
        bus_name: str | None = None,
        only: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        undelivered = ParkedQueue(
            self,
            "Undelivered",
            stage=stage,
            use_case=use_case,
            source=source,
            topic=topic,
            says=f"{what} could not be put on the queue of {use_case}",
            runbook="undelivered_events",
        ).queue
        Rule(
            self,
            "Rule",
            event_bus=EventBus.from_event_bus_name(self, "Bus", bus_name) if bus_name else None,
            event_pattern=pattern,
            targets=[
                SqsQueue(
                    queue,
                    message=RuleTargetInput.from_event_path(only) if only else None,
                    dead_letter_queue=undelivered,
                    retry_attempts=185,
                    max_event_age=Duration.hours(24),
                )
            ],
        )
