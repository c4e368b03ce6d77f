"""Brings be.ENERGISED, the portal and Salesforce to agree about cards.

Two things in one run. *Take over*: the cards of delivered orders are read from be.ENERGISED and
stand in the portal from then on. *Follow*: cards that changed in be.ENERGISED since the last run
are read and copied. What changed is told to Salesforce, by way of the card's ledger there.

The card list of be.ENERGISED may lag, so it only says which cards to look at; each is then read by
itself. Cards with work of our own in flight are left for the next run, and the cursor waits for
them: nothing is skipped, and our own writes are not echoed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.cards import BackendCard, CardAsset, ChargeCard, card_id
from busbar.domain.identifiers import reference
from busbar.domain.orders import KIND, ChargeCardOrder, OrderStatus
from busbar.domain.record import Record
from busbar.domain.tasks import Task
from busbar.errors import Conflict, EventRejected, Missing, UpstreamError
from busbar.ports import CardPage, Change, Json, Put, Save, Stored
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_event import CardAssigned, assigned, read_event
from busbar.usecases.card_forward import (
    ENERGISED,
    SALESFORCE,
    driver_of,
    energised_row_id,
    tell_salesforce,
)
from busbar.usecases.deps import Deps, revise

ORDERS_A_RUN = 50


class SyncCursor(Record):
    """How far the card list of be.ENERGISED has been followed."""

    schema_name: ClassVar[str] = "cursor"

    since: AwareDatetime | None = None


@dataclass
class Report:
    """What a run did. `complete` is False if time or a system ended it early."""

    orders: int = 0
    taken_over: int = 0
    followed: int = 0
    postponed: int = 0
    complete: bool = True
    reasons: list[str] = field(default_factory=list)


def sync(deps: Deps, time_left: Callable[[], float]) -> Report:
    """One run; `time_left` gives the seconds until it must be over. Safe to repeat and overlap."""
    report = Report()
    for step in (_take_over, _follow):
        try:
            step(deps, time_left, report)
        except UpstreamError as error:
            report.complete = False
            report.reasons.append(f"{error.system}_unavailable")
    return report


# --- take over ---------------------------------------------------------------------------------


def _take_over(deps: Deps, time_left: Callable[[], float], report: Report) -> None:
    for stored in deps.store.due(ChargeCardOrder, deps.clock.now(), limit=ORDERS_A_RUN):
        if time_left() < deps.tuning.call_timeout:
            report.complete = False
            return
        report.orders += 1
        report.taken_over += _take_over_order(stored.record, deps, time_left)


def _take_over_order(order: ChargeCardOrder, deps: Deps, time_left: Callable[[], float]) -> int:
    timeout = deps.tuning.call_timeout
    everything = order.status is OrderStatus.DELIVERED
    assets = deps.systems.salesforce.assets_of(reference(KIND, order.id), timeout)
    sent = [asset for asset in assets if everything or asset.delivered]
    taken = []
    for asset in sent:
        if time_left() < timeout:
            break  # the order stays due; the next run takes the rest
        taken.append(_take_over_card(order, asset, deps))
    left = len(taken) < len(sent) or None in taken

    def change(stored: Stored[ChargeCardOrder]) -> Sequence[Change]:
        fresh = stored.record
        there = tuple(sorted({*fresh.cards_taken_over, *filter(None, taken)}))
        awaited = left or (fresh.delivers_cards and len(there) < fresh.quantity)
        later = deps.clock.now() + timedelta(seconds=deps.tuning.wait_retry)
        update = {"cards_taken_over": there, "next_takeover_at": later if awaited else None}
        return (Save(fresh.model_copy(update=update), stored),)

    revise(deps.store, ChargeCardOrder, order.id, change)
    return len({*filter(None, taken)} - set(order.cards_taken_over))


def _take_over_card(order: ChargeCardOrder, asset: CardAsset, deps: Deps) -> str | None:
    """The id of the card if it stands in the portal now; None if it has to wait."""
    ours = card_id(deps.store.org, asset.card_id)
    stored = deps.store.get(ChargeCard, ours)
    if stored is None:
        stored = _heal(order, asset, ours, deps)
    if stored is None or stored.record.order_id != order.id:
        return None
    if stored.record.in_portal_since:
        return ours
    # The card is read by itself, not off the list, so the list's lag does not matter here.
    if stored.record.waiting_for or _is_busy(stored.record, deps, lag=0.0):
        return None
    try:
        backend = deps.systems.energised.read_card(asset.card_id, deps.tuning.call_timeout)
    except Missing:
        return None
    try:
        _copy(stored, backend, deps, show=True)
    except Conflict:
        return None
    return ours


def _heal(
    order: ChargeCardOrder, asset: CardAsset, ours: str, deps: Deps
) -> Stored[ChargeCard] | None:
    """The event is late or lost: what it would have said stands in the Asset.

    An Asset that fits no card is a task, and must not keep the others from being taken over.
    """
    try:
        assigned(read_event(CardAssigned, _as_event(order, asset)), deps)
    except EventRejected as rejected:
        _ask(order, asset, rejected.reason, deps)
    except Conflict:
        return None  # its event is just being worked on
    return deps.store.get(ChargeCard, ours)


def _as_event(order: ChargeCardOrder, asset: CardAsset) -> Json:
    return {
        "OrderReference__c": reference(KIND, order.id),
        "AssetId__c": asset.asset_id,
        "CardId__c": asset.card_id,
        "CardNumber__c": asset.card_number,
        "SourceVersion__c": asset.version,
        "EventUuid": f"asset:{asset.asset_id}",
    }


def _ask(order: ChargeCardOrder, asset: CardAsset, reason: str, deps: Deps) -> None:
    task = Task(
        id=f"takeover#{order.id}#{asset.asset_id}",
        kind="card_not_taken_over",
        subject_schema=ChargeCardOrder.schema_name,
        subject_id=order.id,
        system=SALESFORCE,
        reason=reason,
        opened_at=deps.clock.now(),
    )
    if deps.store.get(Task, task.id) is None:
        deps.store.commit(Put(task))


# --- follow ------------------------------------------------------------------------------------


def _follow(deps: Deps, time_left: Callable[[], float], report: Report) -> None:
    cursor_id = f"{ENERGISED}#cards"
    stored = deps.store.get(SyncCursor, cursor_id)
    since = stored.record.since if stored else None
    lag = timedelta(seconds=deps.energised.search_lag_seconds)
    walk = _Walk(since - lag if since else None, reached=since)
    try:
        while not walk.ended:
            if time_left() < deps.tuning.call_timeout:
                report.complete = False
                return
            timeout = deps.tuning.call_timeout
            page = deps.systems.energised.changed_cards(walk.since, walk.offset, timeout)
            walk.past(page, [c for c in page.cards if not _follow_card(c, deps, report)])
    finally:
        _save_cursor(cursor_id, walk.cursor, deps)


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


def _save_cursor(cursor_id: str, since: datetime | None, deps: Deps) -> None:
    stored = deps.store.get(SyncCursor, cursor_id)
    if since is None or (stored and stored.record.since == since):
        return
    deps.store.commit(Save(SyncCursor(id=cursor_id, since=since), stored))


def _follow_card(listed: BackendCard, deps: Deps, report: Report) -> bool:
    """False if the card has to be looked at again in the next run."""
    ours = card_id(deps.store.org, listed.id)
    stored = deps.store.get(ChargeCard, ours)
    if stored is None or stored.record.in_portal_since is None:
        return True  # not one of ours, or not delivered yet: taking over will read it
    if stored.record.observed(listed) == _at(stored.record, listed):
        return True
    if _is_busy(stored.record, deps, lag=deps.energised.search_lag_seconds):
        report.postponed += 1
        return False
    backend = deps.systems.energised.read_card(listed.id, deps.tuning.call_timeout)
    try:
        report.followed += _copy(stored, backend, deps, show=False)
    except Conflict:
        report.postponed += 1
        return False
    return True


def _at(card: ChargeCard, listed: BackendCard) -> ChargeCard:
    return card.model_copy(update={"observed_at": listed.updated_at})


def _is_busy(card: ChargeCard, deps: Deps, *, lag: float) -> bool:
    """Whether work of our own is in flight on the card, or so fresh that a list may miss it."""
    row = deps.store.get(LedgerRow, energised_row_id(card))
    if row is None:
        return False
    unfinished = row.record.open and not row.record.parked
    return unfinished or row.record.recently_written(deps.clock.now(), lag)


def _copy(stored: Stored[ChargeCard], backend: BackendCard, deps: Deps, *, show: bool) -> bool:
    """Copy what be.ENERGISED holds into our record; whether that changed anything.

    The record must still be the one that was read before be.ENERGISED was, or what we read there
    may be older than what the portal has set since: then it raises `Conflict`.
    """
    card = stored.record.observed(backend)
    card = card.model_copy(update={"driver_id": driver_of(card.holder_uuid, deps)})
    if show:
        card = card.shown_in_portal(deps.clock.now())
    told = tell_salesforce(card, stored.version + 1, deps)
    if card == _at(stored.record, backend) and not told:
        return False
    deps.store.commit(Save(card, stored), *_adopted(card, backend, deps), *told)
    return True


def _adopted(card: ChargeCard, backend: BackendCard, deps: Deps) -> tuple[Save, ...]:
    """be.ENERGISED leads: what we last wanted must not come back with the next change."""
    row = deps.store.get(LedgerRow, energised_row_id(card))
    if row is None or row.record.open:
        return ()
    after = row.record.adopting(backend.model_dump(mode="json"))
    return () if after is row.record else (Save(after, row),)
