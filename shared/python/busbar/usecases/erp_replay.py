"""Send received events again, through the mapping as it is now.

The events are read out of S3 as they came, and kept there anew under a request of their own: so a
replay can be replayed, and what is told of it survives any crash, as with the first time. They keep
their own time, so that nothing newer is overwritten; of two that are equally old the one accepted
later holds, which is how a mended mapping takes effect. A `deduplication_id` is not asked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from busbar.domain.erp_events import (
    LARGEST_REQUEST,
    MOST_UPLOADED,
    REPLAYED,
    event_id,
    payload_key,
    request_id,
    request_key,
)
from busbar.domain.integrations import IntegrationUseCase
from busbar.domain.marks import micros, moment
from busbar.domain.outcome_rows import Received, ReceivedEvent
from busbar.ports.queues import Message, Queues
from busbar.ports.runtime import Ids, Json
from busbar.ports.store import Put
from busbar.usecases.erp_events import QUEUE
from busbar.usecases.erp_messages import message_of
from busbar.usecases.erp_monitoring import Monitoring
from busbar.usecases.erp_requests import Incoming
from busbar.usecases.kept_events import KeptEvents

Status = Literal["success", "skipped", "ignored", "not_found", "error"]
MOST_BYTES = 100_000_000
"""Of requests that one call reads: 20 of the largest, which take some 10 s of its 25."""
NOT_FOUND = "no such event is kept; of a line of a load, start the file again"
ROOM = 64 * 1024
"""Bytes that are left of a request, for what stands around its events."""


@dataclass(frozen=True)
class Again:
    """An event that is to be sent again, or why it is not."""

    event_id: str
    status: Status
    message: str = ""
    use_case: IntegrationUseCase | None = None
    event: Incoming | None = None
    replay_event_id: str = ""

    @property
    def text(self) -> str:
        """The event as it is kept anew."""
        event, use_case = self.event, self.use_case
        if event is None or use_case is None:
            return ""
        told = {
            "use_case_slug": use_case.slug,
            "timestamp": moment(event.timestamp).isoformat(),
            "format": event.format,
            "payload": event.payload,
            "payload_ref": event.payload_ref,
            "group_id": event.group_id,
        }
        return json.dumps({k: v for k, v in told.items() if v}, separators=(",", ":"))


class Replay:
    """Sends events of one integration again."""

    def __init__(
        self, of: Monitoring, queues: Queues, ids: Ids, *, most_bytes: int = MOST_BYTES
    ) -> None:
        """`most_bytes` of requests are read; of what comes after them it is said so."""
        self._most_bytes = most_bytes
        self._deps = of.deps
        self._queues = queues
        self._ids = ids
        self._integration = of.integration
        self._org = of.deps.store.org

    def replay(self, event_ids: Sequence[str]) -> Json:
        """`{"replayed", "results", "event_ids"}`: what became of each, in their order.

        Raises `Unavailable` if S3 or the queue does not answer: events may be sent twice then.
        """
        judged = list(self._judge(list(event_ids)))
        sent: dict[str, Again] = {}
        for request in _requests([one for one in judged if one.event]):
            sent |= {one.event_id: one for one in self._send(request)}
        results, done = [], set[str]()
        for one in judged:
            first = sent.get(one.event_id, one) if one.event_id not in done else one
            done.add(one.event_id)
            results.append(_told(first))
        replayed = sum(result["status"] == "success" for result in results)
        return {"replayed": replayed, "results": results, "event_ids": list(event_ids)}

    def _judge(self, event_ids: list[str]) -> Iterator[Again]:
        kept = KeptEvents(self._deps.store, self._deps.files, self._deps.clock.now())
        received, seen, uploaded = kept.received(event_ids), set[str](), 0
        for one in event_ids:
            if one in seen:
                yield Again(one, "skipped", "it is named twice")
                continue
            seen.add(one)
            if kept.size > self._most_bytes:
                yield Again(one, "error", "name it in another call: too much was read by this one")
                continue
            looked = self._look(one, received.get(one), kept)
            uploaded += bool(looked.event and looked.event.payload_ref)
            yield looked if uploaded <= MOST_UPLOADED else _too_many(looked)

    def _look(self, wanted: str, received: Received | None, kept: KeptEvents) -> Again:
        missing = Again(wanted, "not_found", NOT_FOUND)
        if received is None or received.integration_id != self._integration.id:
            return missing
        found = kept.read(wanted, received)
        if found is None:
            return missing
        event = found.event
        if not isinstance(event, Incoming):
            return Again(wanted, "error", event.message)
        use_case = self._integration.use_case(event.slug, event.event_name)
        if use_case is None:
            return Again(wanted, "ignored", "no use case of this name")
        if closed := use_case.closed:
            return Again(wanted, "ignored", closed[1])
        noted = next(one for one in received.events if one.event_id == wanted)
        # One that was replayed before has its type there alone.
        event = replace(event, event_type=noted.event_type)
        return Again(wanted, "success", "", use_case, event)

    def _send(self, events: Sequence[Again]) -> list[Again]:
        """One request: kept, queued, noted, in the order in which events are taken."""
        ours = request_id(self._deps.clock.now(), self._ids.new())
        correlation = f"{REPLAYED}{ours}"
        events = [replace(one, replay_event_id=event_id(ours, n)) for n, one in enumerate(events)]
        body = (
            f'{{"integration_id":"{self._integration.id}","correlation_id":"{correlation}",'
            f'"events":[{",".join(one.text for one in events)}]}}'
        )
        key = request_key(self._org, ours)
        self._deps.files.keep(key, body.encode(), "application/json")
        events = [self._with_payload(one) for one in events]
        messages = {
            n: self._message(one, n, correlation) for n, one in enumerate(events) if one.event
        }
        sent = self._queues.send_all(QUEUE, list(messages.values()))
        taken = dict(zip(messages, sent, strict=True))
        ended = [
            one
            if taken.get(n, True)
            else replace(one, status="error", message="not queued; send it again")
            for n, one in enumerate(events)
        ]
        self._note(ours, correlation, ended)
        return ended

    def _with_payload(self, again: Again) -> Again:
        """Its uploaded payload, if it has one, lies beside the new request too."""
        if again.event is None or not again.event.payload_ref:
            return again
        before = payload_key(self._org, again.event_id)
        now = payload_key(self._org, again.replay_event_id)
        if self._deps.files.copy(before, now):
            return again
        message = "its uploaded payload is no longer kept"
        return replace(again, status="not_found", message=message, event=None)

    def _message(self, again: Again, position: int, correlation: str) -> Message:
        event, use_case = again.event, again.use_case
        assert event  # noqa: S101  only such are sent
        assert use_case  # noqa: S101
        # The queue would drop what it has seen within five minutes: the new id tells them apart.
        ours = again.replay_event_id
        return message_of(
            self._org,
            use_case,
            replace(event, correlation_id=correlation, deduplication_id=ours),
            ours=ours,
            accepted=micros(self._deps.clock.now()) + position,
            version=3,
        )

    def _note(self, ours: str, correlation: str, events: Sequence[Again]) -> None:
        told = tuple(
            ReceivedEvent(
                event_id=one.replay_event_id,
                event_name=one.event.name if one.event else "",
                use_case_id=one.use_case.id if one.use_case else "",
                correlation_id=correlation,
                timestamp=one.event.timestamp if one.event else 0,
                status="success" if one.status == "success" else "error",
                message=one.message,
                event_type=one.event.event_type if one.event else "UPDATE",
            )
            for one in events
        )
        now = self._deps.clock.now()
        noted = Received(
            id=ours, integration_id=self._integration.id, at=now, version=3, events=told
        )
        self._deps.store.commit(Put(noted))


def _requests(events: Sequence[Again]) -> Iterator[list[Again]]:
    """The events in requests, none of which is larger than those that come from outside."""
    part: list[Again] = []
    size = ROOM
    for one in events:
        length = len(one.text.encode()) + 1
        if part and size + length > LARGEST_REQUEST:
            yield part
            part, size = [], ROOM
        part.append(one)
        size += length
    if part:
        yield part


def _too_many(one: Again) -> Again:
    if one.event is None or not one.event.payload_ref:
        return one
    message = f"name it in another call: of uploaded payloads one takes {MOST_UPLOADED}"
    return Again(one.event_id, "error", message)


def _told(one: Again) -> Json:
    told: Json = {"event_id": one.event_id, "status": one.status}
    if one.replay_event_id and one.event:
        told["replay_event_id"] = one.replay_event_id
    return {**told, "message": one.message} if one.message else told
