"""Follows cards that be.ENERGISED lists: what changed there is copied, and told to Salesforce.

The list may lag, so it only says which cards to look at; each that differs is then read by itself.
A card with work of our own in flight, or one that be.ENERGISED does not give now, is left for
later. A card that cannot be read at all, or not be mapped, gets a task and holds up no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.cards import BackendCard, ChargeCard, card_id
from busbar.domain.record import Record
from busbar.errors import Conflict, Missing, Refused, Unavailable, Unmappable
from busbar.ports.energised import CardPage
from busbar.ports.store import Save, Stored
from busbar.usecases.card_bulk import LEAST_TO_TELL, MOST, ROOM_TO_TELL, Untold, tell_all
from busbar.usecases.card_copy import ask, copy_card, is_busy, seen_at
from busbar.usecases.card_forward import ENERGISED, SALESFORCE
from busbar.usecases.deps import Deps

CURSOR = f"{ENERGISED}#cards"
FAILURES_IN_A_ROW = 2
"""From then on be.ENERGISED counts as down, and the rest waits for the next run."""


class SyncCursor(Record):
    """How far the card list of be.ENERGISED has been followed: by time, or by position."""

    schema_name: ClassVar[str] = "cursor"

    since: AwareDatetime | None = None
    offset: int = 0
    anchors: tuple[str, ...] = ()
    """Marks of the last cards before `offset` (see `card_walk`)."""


@dataclass
class Followed:
    """What following came to. `complete` is False if time was up."""

    followed: int = 0
    postponed: int = 0
    complete: bool = True


def read_page(since: AwareDatetime | None, offset: int, deps: Deps) -> CardPage:
    """A page of the list; rows that make no card get a task. Raises `UpstreamError`."""
    timeout = deps.tuning.call_timeout
    page = deps.systems.energised.changed_cards(since, offset, timeout)
    for card in page.unreadable:
        ask(ChargeCard, card or "unknown", "list", ENERGISED, "card_unreadable", deps)
    return page


def follow_cards(
    cards: Sequence[BackendCard],
    deps: Deps,
    time_left: Callable[[], float],
    report: Followed,
    untold: list[Untold],
) -> list[BackendCard]:
    """Follow these cards: those that have to be looked at again.

    What changed is told of as soon as it fills a collection; the rest of `untold` is the caller's.
    """
    ours = [card_id(deps.store.org, listed.id) for listed in cards]
    # Consistent: a card that was taken over just now would pass for none of ours.
    found = {s.record.id: s for s in deps.store.get_many(ChargeCard, ours, consistent=True)}
    postponed: list[BackendCard] = []
    failures = 0
    for number, (listed, our_id) in enumerate(zip(cards, ours, strict=True)):
        time_is_up = time_left() < ROOM_TO_TELL
        report.complete = report.complete and not time_is_up
        if time_is_up or failures == FAILURES_IN_A_ROW:
            postponed += cards[number:]
            break
        here = deps.within(time_left() - LEAST_TO_TELL)
        try:
            done = _follow_card(listed, found.get(our_id), here, report, untold)
            failures = 0
        except Unavailable:
            done, failures = False, failures + 1
        except Unmappable:
            # It may be this card or all of them, and may pass: so it is tried again.
            ask(ChargeCard, our_id, "mapping", SALESFORCE, "unmappable", deps)
            done, failures = False, failures + 1
        if not done:
            postponed.append(listed)
    if len(untold) >= MOST:
        tell_all(untold, deps, time_left)
        untold.clear()
    report.postponed += len(postponed)
    return postponed


def _follow_card(
    listed: BackendCard,
    stored: Stored[ChargeCard] | None,
    deps: Deps,
    report: Followed,
    untold: list[Untold],
) -> bool:
    """False if the card has to be looked at again in the next run. Raises `Unavailable`."""
    if stored is None or stored.record.in_portal_since is None:
        return True  # not one of ours, or not delivered yet: taking over will read it
    if stored.record.observed(listed) == seen_at(stored.record, listed):
        return True
    if is_busy(stored.record, deps, lag=deps.energised.search_lag_seconds):
        return False
    try:
        backend = deps.systems.energised.read_card(listed.id, deps.tuning.call_timeout)
        report.followed += copy_card(stored, backend, deps, untold, show=False)
    except (Missing, Refused) as error:
        reason = error.code or type(error).__name__
        ask(ChargeCard, stored.record.id, "follow", ENERGISED, reason, deps)
    except Conflict:
        return False
    return True


def save_cursor(cursor: SyncCursor, stored: Stored[SyncCursor] | None, deps: Deps) -> None:
    """Keep the cursor, if it is another one. A run that was faster keeps its own.

    What such a run has not seen, the next one lists again.
    """
    if cursor == (stored.record if stored else SyncCursor(id=CURSOR)):
        return
    try:
        deps.store.commit(Save(cursor, stored))
    except Conflict:
        return
