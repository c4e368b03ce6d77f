"""Take events of an ERP: each is answered for itself, and is safe before it is answered.

The request as a whole goes to S3, once; then each event goes on the worker's queue, in the order of
its group. Only an event that is on the queue is `success`. A repeat within five minutes is dropped
by the queue itself, a `deduplication_id` counts for a day: it is noted after the event is queued,
so that a crash in between loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from busbar.body import UNREADABLE
from busbar.domain.customers import Caller
from busbar.domain.erp_events import (
    RequestVersion,
    request_id,
    request_key,
)
from busbar.domain.integrations import Integration, IntegrationUseCase
from busbar.domain.marks import micros
from busbar.domain.outcome_rows import SeenEvent, seen_id
from busbar.ports.queues import Queues
from busbar.ports.runtime import Ids
from busbar.ports.store import Put
from busbar.usecases.deps import Deps
from busbar.usecases.erp_messages import message_of
from busbar.usecases.erp_payloads import Uploads
from busbar.usecases.erp_receipts import Receipt, Result
from busbar.usecases.erp_requests import ErpRequest, Incoming, Unfit, read_event, read_request
from busbar.usecases.integration_store import integration_of_app, known_integration

QUEUE = "erp_apply"
AHEAD = 24 * 3600 * 1_000_000
"""Microseconds by which an event's time may lie ahead of ours. What it says would else stay over
all that comes until then."""

UPLOADS = "POST /v3/erp/updates/payloads"

Events = Sequence[Incoming | Unfit]


class _Before(NamedTuple):
    """What came before an event: deduplication ids, and payloads by the form."""

    seen: set[str]
    uploads: Uploads


class Answered(NamedTuple):
    """What the sender is told. `refused`: whether the direct payload of an event was."""

    results: list[dict[str, str]]
    refused: bool


class Ingest:
    """One request, from its body to an answer for each of its events."""

    def __init__(self, deps: Deps, queues: Queues, ids: Ids, caller: Caller) -> None:
        self._deps = deps
        self._queues = queues
        self._ids = ids
        self._org = caller.org

    def take(self, version: RequestVersion, raw: str, body: Mapping[str, Any]) -> Answered:
        """The results, one per event in their order.

        Raises `Problem` 400 for a wrong frame, 404 `integration-not-found`; `Unavailable` or
        `StoreUnavailable` if nothing is certain: then all of it may be sent again.
        """
        request = read_request(version, body)
        integration = self._integration(request)
        now = self._deps.clock.now()
        receipt = Receipt(request, integration, request_id(now, self._ids.new()), now)
        events = list(_read(request, raw))
        before = _Before(self._seen(integration, events), Uploads(self._deps.files, self._org))
        results = [self._judged(receipt, n, one, before) for n, one in enumerate(events)]
        if any(one.status != "skipped" for one in results):
            # Also what is nobody's yet, or wrong: it is replayed once its use case is there.
            key = request_key(self._org, receipt.ours)
            self._deps.files.keep(key, raw.encode(), "application/json")
        if any(one.sent for one in results):
            results = self._queued(results)
            self._note(receipt, events, results)
        for record in receipt.records(events, results):
            self._deps.store.commit(Put(record))
        told = [
            {"event_id": receipt.id_of(n), "status": one.status, "message": one.message}
            for n, one in enumerate(results)
        ]
        return Answered(told, any(one.code.startswith("DIRECT_") for one in results))

    def _integration(self, request: ErpRequest) -> Integration:
        if request.version == 1:
            return integration_of_app(self._deps.store, request.app)
        return known_integration(self._deps.store, request.integration_id).integration

    def _seen(self, integration: Integration, events: Events) -> set[str]:
        """The deduplication ids among them that count as seen."""
        wanted = {
            _name(integration, one)
            for one in events
            if isinstance(one, Incoming) and one.deduplication_id
        }
        now = self._deps.clock.now()
        found = self._deps.store.get_many(SeenEvent, sorted(wanted)) if wanted else []
        return {one.record.id for one in found if one.record.holds(now)}

    def _judged(
        self, receipt: Receipt, position: int, event: Incoming | Unfit, before: _Before
    ) -> Result:
        if isinstance(event, Unfit):
            return Result("error", event.message, event.code)
        if event.timestamp > micros(receipt.at) + AHEAD:
            return Result("error", "timestamp is more than a day ahead", "INVALID_TIMESTAMP")
        use_case = receipt.integration.use_case(event.slug, event.event_name)
        if use_case is None:
            return Result("ignored", "no use case of this name", "EVENT_NOT_CONFIGURED")
        if closed := use_case.closed:
            code, message = closed
            return Result("ignored", message, code, use_case.id)
        if event.size > (most := use_case.largest_payload):
            message = f"the payload may have {most} bytes; a larger one is uploaded: {UPLOADS}"
            return Result("error", message, "PAYLOAD_TOO_LARGE", use_case.id)
        if wrong := _violation(use_case, event):
            return Result("error", wrong.message, wrong.code, use_case.id)
        return self._fresh(receipt, position, event, use_case, before)

    def _fresh(
        self,
        receipt: Receipt,
        position: int,
        event: Incoming,
        use_case: IntegrationUseCase,
        before: _Before,
    ) -> Result:
        """Whether it came before, and has what it names."""
        name = _name(receipt.integration, event) if event.deduplication_id else ""
        if name in before.seen:
            return Result("skipped", "it came before", "DUPLICATE_EVENT", use_case.id)
        if event.payload_ref:
            claimed = before.uploads.claim(event, receipt.id_of(position))
            if isinstance(claimed, Unfit):
                return Result("error", claimed.message, claimed.code, use_case.id)
            event = claimed
        if name:
            before.seen.add(name)  # twice in one request
        return self._accepted(receipt, position, event, use_case)

    def _accepted(
        self, receipt: Receipt, position: int, event: Incoming, use_case: IntegrationUseCase
    ) -> Result:
        message = message_of(
            self._org,
            use_case,
            event,
            ours=receipt.id_of(position),
            # Events that an ERP gives one time are told apart by the order in which they came.
            accepted=micros(receipt.at) + position,
            version=receipt.request.version,
        )
        return Result("success", use_case_id=use_case.id, sent=message)

    def _queued(self, results: Sequence[Result]) -> list[Result]:
        """The results after the queue has spoken: it may refuse single messages."""
        messages = [one.sent for one in results if one.sent]
        taken = iter(self._queues.send_all(QUEUE, messages))
        return [_refused(one) if one.sent and not next(taken) else one for one in results]

    def _note(self, receipt: Receipt, events: Events, results: Sequence[Result]) -> None:
        for position, (event, result) in enumerate(zip(events, results, strict=True)):
            if result.sent and isinstance(event, Incoming) and event.deduplication_id:
                name, ours = _name(receipt.integration, event), receipt.id_of(position)
                self._deps.store.commit(Put(SeenEvent(id=name, at=receipt.at, event_id=ours)))


def _read(request: ErpRequest, raw: str) -> Iterator[Incoming | Unfit]:
    """Its events. One that was no UTF-8 is none, and its neighbours are none the worse."""
    said = "it holds U+FFFD, which stands for bytes that are no UTF-8: send it in UTF-8"
    for one in request.events:
        if UNREADABLE in raw and UNREADABLE in json.dumps(one, ensure_ascii=False):
            yield Unfit("MALFORMED_PAYLOAD", said, request.correlation_id)
        else:
            yield read_event(one, request)


def _violation(use_case: IntegrationUseCase, event: Incoming) -> Unfit | None:
    """What is wrong with a direct payload. One that was uploaded the worker looks at."""
    if not use_case.is_direct or event.payload_ref:
        return None
    from busbar.usecases.erp_direct import violation  # noqa: PLC0415  (import cost)

    return violation(use_case, event)


def _name(integration: Integration, event: Incoming) -> str:
    return seen_id(integration.id, event.deduplication_id)


def _refused(result: Result) -> Result:
    return Result("error", "not queued; send it again", "UNKNOWN_ERROR", result.use_case_id)
