"""Follows the card list of be.ENERGISED: what changed there is copied, and told to Salesforce.

The list may lag, so it only says which cards to look at; each is then read by itself. A card with
work of our own in flight, or one that be.ENERGISED does not give now, is left for the next run, and
the cursor waits before it. A card that cannot be read at all gets a task and holds up no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.cards import BackendCard, ChargeCard, card_id
from busbar.domain.record import Record
from busbar.errors import Conflict, Missing, Refused, Unavailable
from busbar.ports import CardPage, Save
from busbar.usecases.card_copy import ask, copy_card, is_busy, seen_at
from busbar.usecases.card_forward import ENERGISED
from busbar.usecases.deps import SHORTEST_CALL, Deps

CURSOR = f"{ENERGISED}#cards"
FAILURES_IN_A_ROW = 2
"""From then on be.ENERGISED counts as down, and the rest waits for the next run."""


class SyncCursor(Record):
    """How far the card list of be.ENERGISED has been followed."""

    schema_name: ClassVar[str] = "cursor"

    since: AwareDatetime | None = None


@dataclass
class Followed:
    """What following came to. `complete` is False if time was up."""

    followed: int = 0
    postponed: int = 0
    complete: bool = True


def follow(deps: Deps, time_left: Callable[[], float], report: Followed) -> None:
    """Go through the list page by page; the cursor is kept however it ends.

    Raises `UpstreamError` if be.ENERGISED is down.
    """
    stored = deps.store.get(SyncCursor, CURSOR)
    since = stored.record.since if stored else None
    lag = timedelta(seconds=deps.energised.search_lag_seconds)
    walk = _Walk(since - lag if since else None, reached=since)
    try:
        while not walk.ended:
            if time_left() < SHORTEST_CALL:
                report.complete = False
                return
            here = deps.within(time_left())
            timeout = here.tuning.call_timeout
            page = deps.systems.energised.changed_cards(walk.since, walk.offset, timeout)
            for card in page.unreadable:
                ask(ChargeCard, card or "unknown", "list", ENERGISED, "card_unreadable", deps)
            walk.past(page, _follow_page(page, here, report))
    finally:
        _save_cursor(walk.cursor, deps)


def _follow_page(page: CardPage, deps: Deps, report: Followed) -> list[BackendCard]:
    """The cards of the page that have to be looked at again."""
    postponed: list[BackendCard] = []
    failures = 0
    for number, listed in enumerate(page.cards):
        try:
            done = _follow_card(listed, deps, report)
            failures = 0
        except Unavailable:
            done, failures = False, failures + 1
        if not done:
            postponed.append(listed)
        if failures == FAILURES_IN_A_ROW:
            postponed += page.cards[number + 1 :]
            break
    report.postponed += len(postponed)
    return postponed


@dataclass
class _Walk:
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


def _save_cursor(since: datetime | None, deps: Deps) -> None:
    stored = deps.store.get(SyncCursor, CURSOR)
    if since is None or (stored and stored.record.since == since):
        return
    try:
        deps.store.commit(Save(SyncCursor(id=CURSOR, since=since), stored))
    except Conflict:
        return  # another run was faster; what it has not seen, the next one lists again


def _follow_card(listed: BackendCard, deps: Deps, report: Followed) -> bool:
    """False if the card has to be looked at again in the next run. Raises `Unavailable`."""
    ours = card_id(deps.store.org, listed.id)
    stored = deps.store.get(ChargeCard, ours)
    if stored is None or stored.record.in_portal_since is None:
        return True  # not one of ours, or not delivered yet: taking over will read it
    if stored.record.observed(listed) == seen_at(stored.record, listed):
        return True
    if is_busy(stored.record, deps, lag=deps.energised.search_lag_seconds):
        return False
    try:
        backend = deps.systems.energised.read_card(listed.id, deps.tuning.call_timeout)
        report.followed += copy_card(stored, backend, deps, show=False)
    except (Missing, Refused) as error:
        reason = error.code or type(error).__name__
        ask(ChargeCard, ours, "follow", ENERGISED, reason, deps)
    except Conflict:
        return False
    return True
