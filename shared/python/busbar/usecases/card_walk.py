"""Walks the whole card list of be.ENERGISED, where the tenant's list cannot tell what changed.

Page after page, by position, and over several runs if one is too short; what a card's mark
(`card_marks`) says is known is not looked at.

Positions are no good hold: a card that is deleted, or moves to the end as it changes, pulls the
others forward, and the page that comes next would begin behind one that nobody has read. So each
page is asked for with the last rows of the one before. If none of them is there, the way goes back
page by page until one is, or to the beginning. A card that passes us the other way, from ahead to
behind, is met by the next walk, as its mark is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from busbar.domain.cards import BackendCard
from busbar.ports.energised import CardPage
from busbar.ports.store import Stored
from busbar.usecases.card_bulk import LEAST_TO_TELL, ROOM_TO_TELL, Untold, tell_all
from busbar.usecases.card_follow import (
    CURSOR,
    Followed,
    SyncCursor,
    follow_cards,
    read_page,
    save_cursor,
)
from busbar.usecases.card_marks import Marks, mark_of
from busbar.usecases.deps import Deps

OVERLAP = 10
"""Rows of the page before that are read again, if a page has twice as many."""


def walk(deps: Deps, time_left: Callable[[], float], report: Followed) -> None:
    """Go on with the walk; marks and position are kept however it ends.

    Raises `UpstreamError` if be.ENERGISED is down.
    """
    marks = Marks(deps.store, CURSOR)
    stored = deps.store.get(SyncCursor, CURSOR)
    way = _Way.beginning_at(stored.record if stored else SyncCursor(id=CURSOR))
    untold: list[Untold] = []
    try:
        while time_left() >= ROOM_TO_TELL:
            page = read_page(None, way.begins, deps.within(time_left() - LEAST_TO_TELL))
            if not way.goes_on_with(page, deps.energised.page_size):
                continue
            new = [card for card in page.cards if not marks.knows(card)]
            postponed = follow_cards(new, deps, time_left, report, untold) if new else []
            _note(marks, new, postponed)
            # What was postponed for another cause than time is met by the next walk.
            all_seen = not postponed or time_left() >= ROOM_TO_TELL
            if all_seen and way.past(page):
                return
        report.complete = False
    finally:
        tell_all(untold, deps, time_left)
        # The marks first: a position without them passes over nothing, marks without it neither.
        marks.save()
        save_cursor(way.cursor(stored), stored, deps)


def _note(marks: Marks, new: Sequence[BackendCard], postponed: Sequence[BackendCard]) -> None:
    left = {card.id for card in postponed}
    for card in new:
        if card.id not in left:
            marks.note(card)


@dataclass
class _Way:
    """The way through the list by position. `offset` is the first row that was not read yet."""

    offset: int
    anchors: tuple[str, ...]
    """Marks of the last cards before `offset`, as hex."""
    goes_back: bool = False
    let_pass: int = -1
    """Up to this offset the anchors were looked for in vain: they are gone, not moved."""

    @classmethod
    def beginning_at(cls, cursor: SyncCursor) -> _Way:
        return cls(cursor.offset, cursor.anchors)

    @property
    def begins(self) -> int:
        """The position from which the next page is asked for."""
        return max(0, self.offset - len(self.anchors))

    def goes_on_with(self, page: CardPage, page_size: int) -> bool:
        """Whether nothing can lie between the page before and this one; else the way goes back."""
        here = {mark_of(card).hex() for card in page.cards}
        if not self.anchors or self.begins == 0 or here & {*self.anchors}:
            self.goes_back = False
            return True
        if not self.goes_back and self.offset <= self.let_pass:
            return True
        if not self.goes_back:
            self.let_pass = self.offset
        self.goes_back = True
        self.offset = max(0, self.offset - (len(page.cards) or page_size))
        return False

    def past(self, page: CardPage) -> bool:
        """Go past a page; whether it was the last. The next walk begins at the beginning."""
        self.offset = page.following or 0
        most = min(OVERLAP, len(page.cards) // 2) if page.following else 0
        self.anchors = tuple(mark_of(card).hex() for card in page.cards[len(page.cards) - most :])
        return page.following is None

    def cursor(self, stored: Stored[SyncCursor] | None) -> SyncCursor:
        """Where the next run goes on."""
        before = stored.record if stored else SyncCursor(id=CURSOR)
        return before.model_copy(update={"offset": self.offset, "anchors": self.anchors})
