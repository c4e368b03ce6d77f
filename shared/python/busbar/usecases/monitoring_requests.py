"""The requests that rows are of: when they came, and of which type their events are."""

from __future__ import annotations

from collections.abc import Iterable

from busbar.domain.erp_events import request_of
from busbar.domain.outcome_rows import EventType, Received
from busbar.ports.store import Store


class Requests:
    """The requests of events that were asked for: 0.5 RU each, and each is read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Received | None] = {}

    def load(self, event_ids: Iterable[str]) -> None:
        """Read those of these events that are not known."""
        asked = {request for one in event_ids if (request := request_of(one))}
        wanted = sorted(asked - self._known.keys())
        if wanted:
            self._known.update(dict.fromkeys(wanted))
            found = self._store.get_many(Received, wanted, skip_unreadable=True)
            self._known.update((stored.record.id, stored.record) for stored in found)

    def of(self, event_id: str) -> Received | None:
        """The request of an event; None if it is not known, or the event is a line of a load."""
        return self._known.get(request_of(event_id) or "")

    def type_of(self, event_id: str) -> EventType | None:
        """An event's type; as received events are shown, of one that says none `UPDATE`.

        None of what is no event.
        """
        received = self.of(event_id)
        told = [e.event_type for e in received.events if e.event_id == event_id] if received else []
        return told[0] if told else "UPDATE" if event_id else None
