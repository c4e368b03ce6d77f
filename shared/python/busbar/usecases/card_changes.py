"""Follows the card list of be.ENERGISED by the time of change, where the tenant's list can.

The cursor waits before the first card that was postponed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from busbar.domain.cards import BackendCard
from busbar.ports.energised import CardPage
from busbar.usecases.card_bulk import LEAST_TO_TELL, ROOM_TO_TELL, Untold, tell_all
from busbar.usecases.card_follow import (
    CURSOR,
    Followed,
    SyncCursor,
    follow_cards,
    read_page,
    save_cursor,
)
from busbar.usecases.deps import Deps


def follow_changes(deps: Deps, time_left: Callable[[], float], report: Followed) -> None:
    """Go through what changed, page by page; the cursor is kept however it ends.

    Raises `UpstreamError` if be.ENERGISED is down.
    """
    stored = deps.store.get(SyncCursor, CURSOR)
    since = stored.record.since if stored else None
    lag = timedelta(seconds=deps.energised.search_lag_seconds)
    way = _Way(since - lag if since else None, reached=since)
    untold: list[Untold] = []
    try:
        while not way.ended:
            if time_left() < ROOM_TO_TELL:
                report.complete = False
                return
            page = read_page(way.since, way.offset, deps.within(time_left() - LEAST_TO_TELL))
            way.past(page, follow_cards(page.cards, deps, time_left, report, untold))
    finally:
        tell_all(untold, deps, time_left)
        # Read anew: this may have taken long, and only the time is ours.
        stored = deps.store.get(SyncCursor, CURSOR)
        cursor = stored.record if stored else SyncCursor(id=CURSOR)
        save_cursor(cursor.model_copy(update={"since": way.cursor or cursor.since}), stored, deps)


@dataclass
class _Way:
    """The way through the card list, by time instead of by position.

    A card that changes while we read moves to the end of the list and pulls the others forward: by
    position one of them would be skipped. So each page begins at the time where the last one ended;
    only inside one instant the position counts.
    """

    since: datetime | None
    reached: datetime | None
    offset: int = 0
    held_at: datetime | None = None
    ended: bool = False

    def past(self, page: CardPage, postponed: Sequence[BackendCard]) -> None:
        """Go past a page; the cursor stays before the first card that was postponed."""
        times = [card.updated_at for card in page.cards]
        held = [card.updated_at for card in postponed]
        self.held_at = min([*held, *filter(None, [self.held_at])], default=None)
        self.reached = max([*times, *filter(None, [self.reached])], default=None)
        self.ended = page.following is None
        if times and (self.since is None or times[-1] > self.since):
            self.since, self.offset = times[-1], 0
        else:
            self.offset = page.following or 0

    @property
    def cursor(self) -> datetime | None:
        """Where the next run begins."""
        return min(filter(None, (self.held_at, self.reached)), default=None)
