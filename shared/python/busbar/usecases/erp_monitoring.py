"""Shows what became of an integration's events: rows by filters, how many of which, and traces.

Rows are recorded by batch, newest first, and found by walking (`monitoring_walk`): a page of the
newest costs a few RU, whatever there is. A filter that fits few rows reads up to 1,000 batches
(some 500 RU, up to 10,000 events) per call, and answers a short page with a cursor to go on. Counts
read up to 5,000 batches (some 2,500 RU), and say so if that was not all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from busbar.domain.erp_events import request_of
from busbar.domain.outcome_rows import ROWS_KEPT, OutcomeBatch, Received
from busbar.domain.outcomes import Level
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.usecases.deps import Deps
from busbar.usecases.erp_requests import LONGEST_CORRELATION
from busbar.usecases.integration_store import known_integration
from busbar.usecases.monitoring_bodies import InboundQuery, Ranged, RowQuery, StatsQuery
from busbar.usecases.monitoring_requests import Requests
from busbar.usecases.monitoring_rows import STATUS, Shown, inbound_view, rows_in, view
from busbar.usecases.monitoring_tally import Tally
from busbar.usecases.monitoring_walk import Part, Place, Walk, first_day, part_of
from busbar.usecases.pages import bad_parameter

MOST_READ, MOST_COUNTED = 1000, 5000
"""Batches that one call reads, for a page or a trace, and for counts."""
MOST_ROWS = 300_000
"""Rows that one call counts, in some 5 s: an event may come to hundreds of things."""
MOST_SPANS = 500
ROLLED_UP: tuple[Level, ...] = ("error", "warning", "success", "info")
"""The level of a trace is the first of these that it has."""
RECEIVED_LEVELS: Mapping[str, Level] = {
    "success": "success",
    "error": "error",
    "skipped": "info",
    "ignored": "error",
}
"""What a sender was told -> how it counts among received events."""


class Monitoring:
    """What is recorded of one integration of an org. Raises `Problem` 404 if there is none."""

    def __init__(self, deps: Deps, integration_id: str) -> None:
        store = deps.store
        self.deps = deps
        self.integration = known_integration(store, integration_id).integration
        self._store = store

    def since(self, *bounds: datetime | None) -> datetime:
        """The last of these, but nothing older than 90 days: the table forgets late."""
        return max(at for at in (self.deps.clock.now() - ROWS_KEPT, *bounds) if at)

    def rows(self, query: RowQuery) -> Json:
        """The rows that fit, newest first: `{"data", "next_cursor", "has_more"}`, as version 2."""

        def fits(shown: Shown) -> bool:
            row = shown.row
            return (
                shown.is_of(query.use_case_id)
                and query.use_case_type in (None, self.integration.type_of(row.use_case_id))
                and query.level in (None, row.level)
                and query.code in (None, row.code)
                and query.event_id in (None, row.event_id)
                and query.correlation_id in (None, row.correlation_id)
            )

        after = query.cursor.place if query.cursor else None
        part = self._part(query, (query.event_id, query.correlation_id), fits, after, query.limit)
        data = [view(shown, self._store.org) for _, shown in part.items]
        end = part.after
        cursor = {"created_at": end.at.isoformat(), "id": end.id} if end else None
        return {"data": data, "next_cursor": cursor, "has_more": cursor is not None}

    def inbound(self, query: InboundQuery) -> Json:
        """The same by the words of version 1. Besides 0.5 RU per request that the rows are of; by
        an `event_type`, per request of all rows that are read."""
        name, requests = query.object_type or query.event_name, Requests(self._store)

        def rows_of(stored: Stored[OutcomeBatch]) -> Iterable[tuple[Place, Shown]]:
            if query.event_type:
                requests.load(row.event_id for row in stored.record.rows)
            return self._rows_in(stored)

        def fits(shown: Shown) -> bool:
            row = shown.row
            return (
                shown.is_of(query.use_case_id)
                and shown.is_about(name)
                and query.sync_type in (None, shown.sync_type)
                and query.status in (None, STATUS[row.level])
                and query.error_category in (None, shown.error_category)
                and query.event_type in (None, requests.type_of(row.event_id))
                and query.event_id in (None, row.event_id)
                and query.correlation_id in (None, row.correlation_id)
            )

        after = query.cursor.place if query.cursor else None
        ids = (query.event_id, query.correlation_id)
        part = self._part(query, ids, fits, after, query.limit, rows_of)
        requests.load(shown.row.event_id for _, shown in part.items)
        data = [inbound_view(shown, self._store.org, requests) for _, shown in part.items]
        end = part.after
        cursor = {"completed_at": end.at.isoformat(), "event_id": end.id} if end else None
        return {"data": data, "next_cursor": cursor, "has_more": cursor is not None}

    def trace(self, correlation_id: str) -> Json:
        """All rows of a business operation, in their order; the earliest 500 if there are more.

        Raises `Problem` 400 for an id that none can have.
        """
        if len(correlation_id) > LONGEST_CORRELATION:
            raise bad_parameter("correlation_id", f"may have {LONGEST_CORRELATION} characters")

        def fits(shown: Shown) -> bool:
            return shown.row.correlation_id == correlation_id

        walk = self._walk(Ranged(), (correlation_id,), MOST_READ)
        # Newest first: the last ones are the earliest. A run of an ERP may have any number of rows.
        earliest, count = deque[Shown](maxlen=MOST_SPANS), 0
        for stored in walk:
            fitting = [shown for _, shown in self._rows_in(stored) if fits(shown)]
            earliest.extend(fitting)
            count += len(fitting)
        spans = list(reversed(earliest))
        levels = {shown.row.level for shown in spans}
        return {
            "correlation_id": correlation_id,
            "status": next((level for level in ROLLED_UP if level in levels), "info"),
            "started_at": spans[0].at.isoformat() if spans else None,
            "ended_at": spans[-1].at.isoformat() if spans else None,
            "span_count": len(spans),
            "truncated": count > len(spans) or walk.cut_at is not None,
            "spans": [view(shown, self._store.org) for shown in spans],
            "inbound_event": self._head(spans),
        }

    def stats(self, query: StatsQuery, most: int = MOST_ROWS) -> Json:
        """How many rows of each level there are; or of received events, by what was answered.

        Beyond the toolkit: `truncated`, and then `counted_from`, as only newer ones were counted.
        """
        if query.source == "incoming":
            return self._of_received(query)
        return self._of_rows(query, most)

    # --- counting ------------------------------------------------------------------------------

    def _of_rows(self, query: StatsQuery, most: int) -> Json:
        walk = self._walk(query, (), MOST_COUNTED)
        wanted = query.use_case_types or ([query.use_case_type] if query.use_case_type else None)
        tally, read = Tally(query.group_by), 0
        for stored in walk:
            for _, shown in self._rows_in(stored):
                row = shown.row
                if wanted is None or self.integration.type_of(row.use_case_id) in wanted:
                    groups = self._groups(row.use_case_id, row.level, row.code, shown.at)
                    tally.count(row.level, shown.at, groups)
            read += len(stored.record.rows)
            if read >= most:
                walk.cut_at = stored.changed_at
                break
        return tally.view(walk.cut_at)

    def _of_received(self, query: StatsQuery) -> Json:
        walk = Walk(
            self._store,
            Received,
            self.integration.id,
            since=self.since(query.from_date),
            until=query.to_date,
            most=MOST_COUNTED,
        )
        tally = Tally(query.group_by)
        for stored in walk:
            for event in stored.record.events:
                level, at = RECEIVED_LEVELS[event.status], stored.changed_at
                tally.count(level, at, self._groups(event.use_case_id, level, event.status, at))
        return tally.view(walk.cut_at)

    # --- reading -------------------------------------------------------------------------------

    def _part(
        self,
        range_: Ranged,
        ids: Iterable[str | None],
        fits: Callable[[Shown], bool],
        after: Place | None,
        limit: int,
        rows_of: Callable[[Stored[OutcomeBatch]], Iterable[tuple[Place, Shown]]] | None = None,
    ) -> Part[Shown]:
        until = min(
            (at for at in (range_.to_date, after.at if after else None) if at), default=None
        )
        narrowed = range_.model_copy(update={"to_date": until})
        walk = self._walk(narrowed, ids, MOST_READ)
        return part_of(walk, rows_of or self._rows_in, fits, after=after, limit=limit)

    def _walk(self, range_: Ranged, ids: Iterable[str | None], most: int) -> Walk[OutcomeBatch]:
        return Walk(
            self._store,
            OutcomeBatch,
            self.integration.id,
            since=self.since(first_day(ids), range_.from_date),
            until=range_.to_date,
            most=most,
        )

    def _rows_in(self, stored: Stored[OutcomeBatch]) -> Iterable[tuple[Place, Shown]]:
        return rows_in(stored, self.integration)

    def _head(self, spans: Iterable[Shown]) -> Json | None:
        """The received event that a trace begins with, without its payload."""
        event_id = next((s.row.event_id for s in spans if request_of(s.row.event_id)), None)
        stored = self._store.get(Received, request_of(event_id) or "") if event_id else None
        found = [e for e in stored.record.events if e.event_id == event_id] if stored else []
        if not stored or not found:
            return None
        return {
            "event_id": found[0].event_id,
            "event_name": found[0].event_name,
            "use_case_id": found[0].use_case_id or None,
            "status": found[0].status,
            "received_at": stored.record.at.isoformat(),
        }

    def _groups(self, use_case_id: str, level: Level, code: str, at: datetime) -> Mapping[str, str]:
        return {
            "use_case_id": use_case_id,
            "use_case_type": self.integration.type_of(use_case_id),
            "level": level,
            "code": code,
            "date": at.date().isoformat(),
        }
