"""Shows the events that came for an integration, newest first, each with the form of its payload.

The list costs a few RU per page, and a read of S3 for each request that its events came with. What
a payload says of people is nobody's here: values are withheld, names and types are shown, which is
what a mapping is mended by.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from busbar.domain.erp_events import LARGEST_READINGS
from busbar.domain.marks import moment
from busbar.domain.outcome_rows import Received, ReceivedEvent
from busbar.domain.private_customers import without_ibans
from busbar.mapping import payloads
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.usecases.erp_monitoring import Monitoring
from busbar.usecases.erp_requests import Incoming, Unfit
from busbar.usecases.kept_events import Kept, KeptEvents
from busbar.usecases.monitoring_bodies import ReceivedQuery
from busbar.usecases.monitoring_walk import Place, Walk, first_day, part_of

LARGEST_FORM = 100_000
"""Bytes of a payload's form as JSON: a page of the largest fits into what Lambda answers."""
MOST_READ = 1000
"""Requests that one call reads."""
WITHHELD = "<redacted>"
GONE = "<no longer kept>"
UNREADABLE = "<unreadable>"
TOO_LARGE = "<too large to be shown>"

_UNSHOWN = {"PAYLOAD_REF_NOT_FOUND": GONE, "PAYLOAD_TOO_LARGE": TOO_LARGE}
_Came = tuple[Received, ReceivedEvent]


def received_events(of: Monitoring, query: ReceivedQuery) -> Json:
    """The events that fit: `{"data", "next_cursor", "has_more"}`."""
    deps = of.deps
    kept = KeptEvents(deps.store, deps.files, deps.clock.now())
    name = query.object_type or query.event_name
    after = query.cursor.place if query.cursor else None
    walk = Walk(
        deps.store,
        Received,
        of.integration.id,
        since=of.since(first_day((query.event_id, query.correlation_id))),
        until=after.at if after else None,
        most=MOST_READ,
    )

    def fits(came: _Came) -> bool:
        _, event = came
        return (
            query.event_id in (None, event.event_id)
            and query.event_type in (None, event.event_type)
            and query.correlation_id in (None, event.correlation_id)
            and query.use_case_id in (None, event.use_case_id)
            and name in (None, event.event_name)
        )

    part = part_of(walk, _events, fits, after=after, limit=query.limit)
    end = part.after
    return {
        "data": [_view(kept, came) for _, came in part.items],
        "next_cursor": {"event_time": end.at.isoformat(), "event_id": end.id} if end else None,
        "has_more": end is not None,
    }


def _events(stored: Stored[Received]) -> Iterator[tuple[Place, _Came]]:
    for event in reversed(stored.record.events):
        yield Place(stored.changed_at, event.event_id), (stored.record, event)


def _view(kept: KeptEvents, came: _Came) -> Json:
    received, event = came
    found = kept.read(event.event_id, received)
    raw = found.raw if found and isinstance(found.raw, dict) else {}
    return {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "object_type": event.event_name,
        "event_name": event.event_name,
        # Of an event without a time that can be read: when it came.
        "timestamp": (moment(event.timestamp) if event.timestamp else received.at).isoformat(),
        "format": raw["format"] if raw.get("format") in ("json", "xml") else "json",
        "payload": _form(kept, event.event_id, found),
        "correlation_id": event.correlation_id,
        "use_case_id": event.use_case_id or None,
        "status": event.status,
        "message": event.message,
        "received_at": received.at.isoformat(),
    }


def _form(kept: KeptEvents, event_id: str, found: Kept | None) -> Any:
    """An object, or a text of at least two characters, as the toolkit has it."""
    if found is None:
        return GONE
    event = found.event
    if not isinstance(event, Incoming):
        return UNREADABLE
    payload: str | Unfit = event.payload
    if event.payload_ref:
        payload = kept.uploaded(event_id, event.format, LARGEST_READINGS)
    if isinstance(payload, Unfit):
        return _UNSHOWN.get(payload.code, UNREADABLE)
    try:
        form = withheld(payloads.parse(payload, event.format))
    except payloads.MalformedPayload as error:
        return _UNSHOWN.get(error.code, UNREADABLE)
    text = json.dumps(form, ensure_ascii=False)
    if len(text.encode()) > LARGEST_FORM:
        return TOO_LARGE
    return form if form and isinstance(form, dict) else text


def withheld(value: Any) -> Any:
    """The form of a value: its names, lists and types, without what it says.

    Truth values, nulls and what is empty stay, zero stands for every number.
    """
    if isinstance(value, dict):
        return {without_ibans(name): withheld(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [withheld(inner) for inner in value]
    if isinstance(value, str):
        return WITHHELD if value else ""
    if isinstance(value, bool) or value is None:
        return value
    return 0
