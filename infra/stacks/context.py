"""The stack of one context: all its use cases, each as its catalogue row says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk.aws_events import EventPattern
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_sns import Topic
from constructs import Construct

from busbar.domain.wallbox_proofs import UPLOADS
from infra.build import Build
from infra.catalog import API_CONTEXT, Queue, UseCase
from infra.constructs.api import HttpDoor
from infra.constructs.event_rule import EventRule
from infra.constructs.function import UseCaseFunction
from infra.constructs.grants import (
    may_consume,
    may_read_secrets,
    may_read_stream,
    may_read_table,
    may_run,
    may_send,
    may_use_files,
    may_write_table,
)
from infra.constructs.machine import UseCaseMachine
from infra.constructs.names import pascal, publish, published
from infra.constructs.packages import Packages
from infra.constructs.schedule import Schedule
from infra.constructs.shared_api import SharedDoor
from infra.constructs.stream import StreamTrigger
from infra.constructs.work_queue import WorkQueue
from infra.environment import Names, environment
from infra.stages import StageConfig


class ContextStack(Stack):
    """Functions, and what starts them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        use_cases: Sequence[UseCase],
        build: Build,
        **options: Any,
    ) -> None:
        super().__init__(scope, construct_id, **options)
        self._stage = stage
        self._topic = Topic.from_topic_arn(self, "Alarms", self._name("alarms/arn"))
        self._table_name = self._name("table/name")
        self._packages = Packages.of(self, build)
        door = self._door(use_cases)
        # Queues first: a function may send to the queue of a use case that stands below it.
        self._queues = {u.name: self._queue(u, u.queue) for u in use_cases if u.queue}
        self._machines = {u.name: self._machine(u.name) for u in use_cases if u.machine}
        for use_case in use_cases:
            function = self._function(use_case)
            self._start(use_case, function)
            if door:
                door.add(use_case, function)
        if isinstance(door, HttpDoor):
            publish(self, stage=stage.name, name="api/authorizer-id", value=door.authorizer_id)

    def _name(self, name: str) -> str:
        return published(self, stage=self._stage.name, name=name)

    def _audiences(self) -> dict[str, tuple[str, ...]]:
        clients = ("portal-client-id", "machine-client-id")
        return {
            name: org.audiences or tuple(self._name(f"{name}/{client}") for client in clients)
            for name, org in sorted(self._stage.orgs.items())
        }

    def _door(self, use_cases: Sequence[UseCase]) -> HttpDoor | SharedDoor | None:
        if not any(u.routes for u in use_cases):
            return None
        if use_cases[0].context != API_CONTEXT:
            return SharedDoor(
                self,
                "Door",
                api_id=self._name("api/id"),
                api_arn=self._name("api/arn"),
                authorizer_id=self._name("api/authorizer-id"),
            )
        door = HttpDoor(
            self,
            "Door",
            stage=self._stage,
            issuer=self._stage.issuer or self._name("issuer"),
            audiences=[a for org in self._audiences().values() for a in org],
            topic=self._topic,
        )
        publish(self, stage=self._stage.name, name="api/url", value=door.url)
        publish(self, stage=self._stage.name, name="api/id", value=door.api_id)
        publish(self, stage=self._stage.name, name="api/arn", value=door.arn)
        CfnOutput(self, "ApiUrl", value=door.url)
        return door

    def _queue(self, use_case: UseCase, row: Queue) -> WorkQueue:
        queue = WorkQueue(
            self,
            f"{pascal(use_case.name)}Work",
            use_case=use_case,
            row=row,
            stage=self._stage,
            topic=self._topic,
        )
        own = queue.queue
        for what, value in (
            ("url", own.queue_url),
            ("arn", own.queue_arn),
            ("name", own.queue_name),
        ):
            name = f"queues/{use_case.name}/{what}"
            publish(self, stage=self._stage.name, name=name, value=value)
        return queue

    def _machine(self, use_case: str) -> UseCaseMachine:
        return UseCaseMachine(
            self,
            f"{pascal(use_case)}States",
            use_case=use_case,
            queue=self._queues[use_case].queue,
            stage=self._stage,
            topic=self._topic,
        )

    def _queue_name(self, queue: str, what: str) -> str:
        if queue in self._queues:
            own = self._queues[queue].queue
            return own.queue_url if what == "url" else own.queue_arn
        return self._name(f"queues/{queue}/{what}")

    def _rights(self, use_case: UseCase) -> list[PolicyStatement]:
        table = self.format_arn(
            service="dynamodb",
            resource="table",
            resource_name=self._table_name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        secrets = [
            self._name(f"{org}/{system}-secret-arn")
            for org, settings in sorted(self._stage.orgs.items())
            for system in use_case.systems
            if getattr(settings, system) is not None
        ]
        targets = [self._queue_name(queue, "arn") for queue in use_case.sends_to]
        rights = may_read_table(table) if use_case.table == "read" else may_write_table(table)
        rights += may_read_secrets(secrets)
        if own := self._queues.get(use_case.name):
            rights += may_consume(own.queue.queue_arn)
            targets.append(own.parked.queue_arn)
        if machine := self._machines.get(use_case.name):
            rights += may_run(machine.arn)
        if use_case.files:
            rights += may_use_files(self._name("files/bucket"), use_case.files)
        if use_case.stream:
            rights += may_read_stream(self._name("table/stream-arn"))
        return rights + may_send(targets)

    def _function(self, use_case: UseCase) -> UseCaseFunction:
        own = self._queues.get(use_case.name)
        names = Names(
            table=self._table_name,
            queues={q: self._queue_name(q, "url") for q in use_case.sends_to},
            parked=own.parked.queue_url if own else "",
            machine=self._machines[use_case.name].arn if use_case.machine else "",
            files=self._name("files/bucket") if use_case.files else "",
            audiences=self._audiences() if use_case.routes else {},
        )
        made = UseCaseFunction(
            self,
            pascal(use_case.name),
            use_case=use_case,
            stage=self._stage,
            packages=self._packages,
            environment=environment(use_case, self._stage, names),
            rights=self._rights(use_case),
            topic=self._topic,
        )
        name = f"functions/{use_case.name}/name"
        publish(self, stage=self._stage.name, name=name, value=made.function.function_name)
        return made

    def _start(self, use_case: UseCase, function: UseCaseFunction) -> None:
        name = pascal(use_case.name)
        if own := self._queues.get(use_case.name):
            own.feed(function)
        if use_case.queue and use_case.queue.events:
            self._rules(use_case, use_case.queue.events)
        if use_case.queue and use_case.queue.uploads:
            self._uploads(use_case)
        if use_case.every_minutes:
            Schedule(
                self,
                f"{name}Schedule",
                name=use_case.name,
                minutes=use_case.every_minutes,
                function=function,
                stage=self._stage,
                topic=self._topic,
            )
        if use_case.stream:
            StreamTrigger(
                self,
                f"{name}Stream",
                stream_arn=self._name("table/stream-arn"),
                function=function,
                stage=self._stage,
                use_case=use_case.name,
                topic=self._topic,
            )

    def _rules(self, use_case: UseCase, event_setting: str) -> None:
        for org, settings in sorted(self._stage.orgs.items()):
            if settings.salesforce:
                event = getattr(settings.salesforce, event_setting)
                EventRule(
                    self,
                    f"{pascal(use_case.name)}{pascal(org)}Rule",
                    bus_name=self._name(f"{org}/bus-name"),
                    pattern=EventPattern(
                        source=[settings.salesforce.event_source], detail_type=[event]
                    ),
                    what=f"{event} of {org}",
                    queue=self._queues[use_case.name].queue,
                    stage=self._stage,
                    use_case=use_case.name,
                    source=f"rule-{org}",
                    topic=self._topic,
                )

    def _uploads(self, use_case: UseCase) -> None:
        EventRule(
            self,
            f"{pascal(use_case.name)}Uploads",
            pattern=EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._name("files/bucket")]},
                    "object": {"key": [{"prefix": UPLOADS}]},
                },
            ),
            # The event itself names the address from which the file came.
            only="$.detail.object",
            what="the news of an upload",
            queue=self._queues[use_case.name].queue,
            stage=self._stage,
            use_case=use_case.name,
            source="rule-uploads",
            topic=self._topic,
        )
