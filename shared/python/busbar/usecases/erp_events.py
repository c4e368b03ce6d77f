"""Take events of an ERP: each is answered for itself, and is safe before it is answered.

The request as a whole goes to S3, once; then each event goes on the worker's queue, in the order of
its group. Only an event that is on the queue is `success`. A repeat within five minutes is dropped
by the queue itself, a `deduplication_id` counts for a day: it is noted after the event is queued,
so that a crash in between loses nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from busbar.domain.customers import Caller
from busbar.domain.erp_events import (
    LARGEST_EVENT,
    LARGEST_READINGS,
    EventMessage,
    RequestVersion,
    event_id,
    request_id,
    request_key,
)
from busbar.domain.integrations import InboundUseCase, Integration
from busbar.domain.marks import micros
from busbar.domain.outcome_rows import (
    OutcomeBatch,
    OutcomeRow,
    Received,
    ReceivedEvent,
    SeenEvent,
    Status,
)
from busbar.errors import Problem
from busbar.ports import Ids, Message, Put, Queues
from busbar.usecases.deps import Deps
from busbar.usecases.erp_requests import (
    ErpRequest,
    Incoming,
    Unfit,
    read_event,
    read_request,
)
from busbar.usecases.integration_store import integration_of, integration_of_app

QUEUE = "erp_apply"
AHEAD = 24 * 3600 * 1_000_000
"""Microseconds by which an event's time may lie ahead of ours. What it says would else stay over
all that comes until then."""
LARGEST_MESSAGE = 200_000
"""Bytes of a message with the event in it; of a larger event it says where in S3 it is."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the sender is told of one event. `code` is that of its row, if it has one."""

    status: Status
    message: str = ""
    code: str = ""
    use_case_id: str = ""
    sent: Message | None = None


class Ingest:
    """One request, from its body to an answer for each of its events."""

    def __init__(self, deps: Deps, queues: Queues, ids: Ids, caller: Caller) -> None:
        self._deps = deps
        self._queues = queues
        self._ids = ids
        self._org = caller.org

    def take(
        self, version: RequestVersion, raw: str, body: Mapping[str, Any]
    ) -> list[dict[str, str]]:
        """The results, one per event in their order.

        Raises `Problem` 400 for a wrong frame, 404 `integration-not-found`; `Unavailable` or
        `StoreUnavailable` if nothing is certain: then all of it may be sent again.
        """
        request = read_request(version, body)
        integration = self._integration(request)
        now = self._deps.clock.now()
        ours = request_id(now, self._ids.new())
        events = [read_event(one, request) for one in request.events]
        seen = self._seen(integration, events)
        results = [
            self._judge(event_id(ours, n), one, integration, seen, request)
            for n, one in enumerate(events)
        ]
        if any(one.sent for one in results):
            self._deps.files.keep(request_key(self._org, ours), raw.encode(), "application/json")
            results = self._queued(results)
            self._note(integration, events, results, ours)
        self._record(request, integration, ours, events, results)
        return [
            {"event_id": event_id(ours, n), "status": one.status, "message": one.message}
            for n, one in enumerate(results)
        ]

    def _integration(self, request: ErpRequest) -> Integration:
        store, wanted = self._deps.store, request.integration_id
        if request.version == 1:
            found = integration_of_app(store, self._org, request.app)
        else:
            found = integration_of(store, self._org, wanted)
        if found is None:
            raise Problem(404, "integration-not-found", "No such integration")
        return found

    def _seen(self, integration: Integration, events: Sequence[Incoming | Unfit]) -> set[str]:
        wanted = {
            f"{integration.id}#{one.deduplication_id}"
            for one in events
            if isinstance(one, Incoming) and one.deduplication_id
        }
        now = self._deps.clock.now()
        found = self._deps.store.get_many(SeenEvent, sorted(wanted)) if wanted else []
        return {one.record.id for one in found if one.record.holds(now)}

    def _judge(
        self,
        ours: str,
        event: Incoming | Unfit,
        integration: Integration,
        seen: set[str],
        request: ErpRequest,
    ) -> Result:
        if isinstance(event, Unfit):
            return Result("error", event.message, event.code)
        if event.timestamp > micros(self._deps.clock.now()) + AHEAD:
            return Result("error", "timestamp is more than a day ahead", "INVALID_TIMESTAMP")
        use_case = integration.use_case(event.slug, event.event_name)
        if use_case is None:
            return Result("ignored", "no use case of this name", "EVENT_NOT_CONFIGURED")
        if not use_case.enabled:
            return Result("ignored", "the use case is off", "USE_CASE_DISABLED", use_case.id)
        most = LARGEST_READINGS if use_case.takes_readings else LARGEST_EVENT
        if event.size > most:
            message = f"the payload may have {most} bytes"
            return Result("error", message, "PAYLOAD_TOO_LARGE", use_case.id)
        key = f"{integration.id}#{event.deduplication_id}"
        if event.deduplication_id and key in seen:
            return Result("skipped", "it came before", "DUPLICATE_EVENT", use_case.id)
        if event.deduplication_id:
            seen.add(key)  # twice in one request
        return Result("success", "", "", use_case.id, self._message(ours, event, use_case, request))

    def _message(
        self, ours: str, event: Incoming, use_case: InboundUseCase, request: ErpRequest
    ) -> Message:
        integration = use_case.integration_id
        message = EventMessage(
            org=self._org,
            integration_id=integration,
            use_case=use_case.slug,
            request_version=request.version,
            event_id=ours,
            correlation_id=event.correlation_id or ours,
            group=event.group_id,
            timestamp=event.timestamp,
            accepted=micros(self._deps.clock.now()),
            format=event.format,
            payload=event.payload,
        )
        body = message.text()
        return Message(
            body if len(body) <= LARGEST_MESSAGE else message.pointer().text(),
            group=group_of(self._org, integration, event.group_id),
            once=once_of(integration, use_case.slug, event),
        )

    def _queued(self, results: Sequence[Result]) -> list[Result]:
        """The results after the queue has spoken: it may refuse single messages."""
        messages = [one.sent for one in results if one.sent]
        taken = iter(self._queues.send_all(QUEUE, messages))
        return [_refused(one) if one.sent and not next(taken) else one for one in results]

    def _note(
        self,
        integration: Integration,
        events: Sequence[Incoming | Unfit],
        results: Sequence[Result],
        ours: str,
    ) -> None:
        now = self._deps.clock.now()
        for number, (event, result) in enumerate(zip(events, results, strict=True)):
            if result.sent and isinstance(event, Incoming) and event.deduplication_id:
                name = f"{integration.id}#{event.deduplication_id}"
                noted = SeenEvent(id=name, at=now, event_id=event_id(ours, number))
                self._deps.store.commit(Put(noted))

    def _record(
        self,
        request: ErpRequest,
        integration: Integration,
        ours: str,
        events: Sequence[Incoming | Unfit],
        results: Sequence[Result],
    ) -> None:
        now = self._deps.clock.now()
        told = [
            _told(event, result, event_id(ours, number))
            for number, (event, result) in enumerate(zip(events, results, strict=True))
        ]
        rows = [self._row(one, r.code) for one, r in zip(told, results, strict=True) if r.code]
        if request.version < 3:
            rows.append(self._deprecated(request.version, ours))
        written: list[Any] = []
        if told:
            written.append(
                Received(
                    id=ours,
                    integration_id=integration.id,
                    at=now,
                    version=request.version,
                    events=tuple(told),
                )
            )
        if rows:
            written.append(
                OutcomeBatch(id=ours, integration_id=integration.id, at=now, rows=tuple(rows))
            )
        for one in written:
            self._deps.store.commit(Put(one))

    def _row(self, event: ReceivedEvent, code: str) -> OutcomeRow:
        return OutcomeRow(
            id=f"{event.event_id}-in",
            event_id=event.event_id,
            correlation_id=event.correlation_id,
            use_case_id=event.use_case_id,
            code=code,
            message=event.message,
        )

    @staticmethod
    def _deprecated(version: int, ours: str) -> OutcomeRow:
        return OutcomeRow(
            id=f"{ours}-deprecated",
            event_id="",
            correlation_id=ours,
            use_case_id="",
            code="DEPRECATED_ENDPOINT",
            message=f"version {version} of the endpoint is deprecated: use version 3",
        )


def _refused(result: Result) -> Result:
    return Result("error", "not queued; send it again", "UNKNOWN_ERROR", result.use_case_id)


def _told(event: Incoming | Unfit, result: Result, ours: str) -> ReceivedEvent:
    name, timestamp = "", 0
    if isinstance(event, Incoming):
        name, timestamp = (event.slug or event.event_name)[:255], event.timestamp
    return ReceivedEvent(
        event_id=ours,
        event_name=name,
        use_case_id=result.use_case_id,
        correlation_id=event.correlation_id or ours,
        timestamp=timestamp,
        status=result.status,
        message=result.message,
    )


def group_of(org: str, integration: str, group: str) -> str:
    """The queue's group: events of one group in order, those of no group all in one order."""
    digest = hashlib.sha256(group.encode()).hexdigest()[:32] if group else ""
    return f"{org}#{integration}#{digest}"[:128]


def once_of(integration: str, use_case: str, event: Incoming) -> str:
    """By what the queue knows a repeat within five minutes: its id, or else all of its bytes."""
    said = event.deduplication_id or f"{use_case}\0{event.timestamp}\0{event.payload}"
    kind = "id" if event.deduplication_id else "bytes"
    return hashlib.sha256(f"{integration}\0{kind}\0{said}".encode()).hexdigest()
