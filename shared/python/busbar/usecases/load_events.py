"""What a line of a load says: an event, as one of a request with a single integration and no frame,
and what its mapping makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from busbar.body import read_object
from busbar.domain.erp_events import LARGEST_EVENT, EventMessage
from busbar.domain.erp_loads import Load
from busbar.domain.integrations import Integration
from busbar.domain.marks import micros
from busbar.domain.numbers import whole_or_text
from busbar.domain.outcome_rows import seen_id
from busbar.domain.updates import Fault, Mapped
from busbar.errors import Problem
from busbar.usecases.erp_apply import Org
from busbar.usecases.erp_events import AHEAD
from busbar.usecases.erp_prepare import Delivery, Prepared, map_all, to_be_mapped
from busbar.usecases.erp_requests import ErpRequest, Incoming, Unfit, read_event
from busbar.usecases.event_mapping import EventMapper, Wanted

DEEPEST = 64
"""Levels of a line, as of a request."""


@dataclass(frozen=True)
class LoadedLine:
    """A line with an event in it, or of which it is known that it has none."""

    number: int
    delivery: Delivery
    wanted: Wanted | Prepared
    seen_as: str = ""
    """The record of its deduplication id."""

    @property
    def event(self) -> EventMessage:
        """What it would be as a message."""
        return self.delivery.event


class LineReader:
    """Reads lines of one load, and maps them."""

    def __init__(
        self, load: Load, integration: Integration | None, org: Org, mapper: EventMapper
    ) -> None:
        self._load = load
        self._integration = integration
        self._org = org
        self._mapper = mapper
        self._frame = ErpRequest(3, load.integration_id, ("", ""), load.correlation_id, "", [])

    def read(self, text: bytes | None, number: int) -> LoadedLine:
        """A line; None is one that is too long. What is wrong with it are faults."""
        if text is None:
            return self._unfit(number, "PAYLOAD_TOO_LARGE", "the line is too long")
        try:
            raw = read_object(
                text.decode("utf-8-sig" if number == 1 else "utf-8"), DEEPEST, whole_or_text
            )
        except UnicodeDecodeError:
            return self._unfit(number, "MALFORMED_PAYLOAD", "the line is no text in UTF-8")
        except Problem as problem:
            said = problem.detail or "; ".join(f"{e.field} {e.message}" for e in problem.errors)
            return self._unfit(number, "MALFORMED_PAYLOAD", f"the line is no JSON object: {said}")
        event = read_event(raw, self._frame)
        if isinstance(event, Unfit):
            return self._unfit(number, event.code, event.message, event.correlation_id)
        if event.payload_ref:
            return self._unfit(number, "MALFORMED_PAYLOAD", "a line has to hold its payload")
        if event.timestamp > micros(self._org.deps.clock.now()) + AHEAD:
            return self._unfit(number, "INVALID_TIMESTAMP", "timestamp is more than a day ahead")
        return self._routed(event, number)

    def _routed(self, event: Incoming, number: int) -> LoadedLine:
        found = (
            self._integration.use_case(event.slug, event.event_name) if self._integration else None
        )
        most = found.largest_payload if found else LARGEST_EVENT
        if event.size > most:
            return self._unfit(number, "PAYLOAD_TOO_LARGE", f"the payload may have {most} bytes")
        message = self._message(number, event.correlation_id)
        message = message.model_copy(
            update={
                "use_case": found.slug if found else event.name,
                "timestamp": event.timestamp,
                "format": event.format,
            }
        )
        delivery = Delivery("", message)
        wanted = to_be_mapped(delivery, self._integration, lambda: event.payload)
        once = event.deduplication_id
        seen = seen_id(self._load.integration_id, once) if once else ""
        return LoadedLine(number, delivery, wanted, seen)

    def map_all(self, lines: Sequence[LoadedLine]) -> list[Prepared]:
        """What lines come to, in their order. Raises `ChildUnavailable`."""
        found = [(one.delivery, one.wanted) for one in lines]
        return map_all(found, self._mapper, self._org.deps.org.known_portals())

    def _message(self, number: int, correlation: str = "") -> EventMessage:
        ours = self._load.event_id(number)
        return EventMessage(
            org=self._org.deps.store.org,
            integration_id=self._load.integration_id,
            use_case="",
            event_id=ours,
            correlation_id=correlation or self._load.correlation_id,
            group=ours,  # no line waits for another
            timestamp=0,
            accepted=micros(self._load.started_at) + number,
            format="json",
        )

    def _unfit(self, number: int, code: str, message: str, correlation: str = "") -> LoadedLine:
        delivery = Delivery("", self._message(number, correlation))
        faults = (Fault(code, message),)
        return LoadedLine(number, delivery, Prepared(delivery, Mapped(faults=faults)))
