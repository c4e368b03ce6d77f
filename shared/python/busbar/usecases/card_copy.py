"""Copies a card from be.ENERGISED into our record, for whoever has read it there."""

from __future__ import annotations

from busbar.domain.cards import BackendCard, CardPurpose, ChargeCard
from busbar.domain.record import Record
from busbar.domain.tasks import Task
from busbar.ports.store import Put, Save, Stored
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_bulk import Untold
from busbar.usecases.card_forward import (
    ENERGISED,
    card_errand,
    driver_of,
    energised_row_id,
    tell_salesforce,
)
from busbar.usecases.deps import Deps
from busbar.usecases.wallbox_approval import approval_behind


def is_busy(card: ChargeCard, deps: Deps, *, lag: float) -> bool:
    """Whether work of our own is in flight on the card, or so fresh that a list may miss it."""
    row = deps.store.get(LedgerRow, energised_row_id(card))
    if row is None:
        return False
    return row.record.open or row.record.recently_written(deps.clock.now(), lag)


def copy_card(
    stored: Stored[ChargeCard],
    backend: BackendCard,
    deps: Deps,
    untold: list[Untold] | None = None,
    *,
    show: bool,
) -> bool:
    """Copy what be.ENERGISED holds into our record; whether that changed anything.

    If Salesforce has to hear of it, the card is added to `untold`, or `card_forward` sees to it if
    there is no such list. Our record must still be the one that was read before be.ENERGISED was,
    or what we read there may be older than what the portal has set since: then it raises
    `Conflict`.
    """
    card = stored.record.observed(backend)
    card = card.model_copy(update={"driver_id": driver_of(card.holder_uuid, deps)})
    if show:
        card = card.shown_in_portal(deps.clock.now())
    by_us = untold is not None and card.is_fleet
    told = tell_salesforce(card, stored.version + 1, deps, by_us=by_us)
    if card == seen_at(stored.record, backend) and not told:
        return False
    changes = _adopted(card, backend, deps)
    if _is_wanted_off(card, backend, deps):
        if basis := approval_behind(card, deps):
            changes = (*changes, *basis)
        else:
            changes = _switched_off(card, backend, deps)
            told = told or (deps.outbox.awake(card_errand(card.id, stored.version + 1, deps)),)
    deps.store.commit(Save(card, stored), *changes, *told)
    if told and by_us and untold is not None:
        untold.append(Untold(card, card_errand(card.id, stored.version + 1, deps)))
    return True


def seen_at(card: ChargeCard, listed: BackendCard) -> ChargeCard:
    """The card as it would be if only the time of the last look were new."""
    return card.model_copy(update={"observed_at": listed.updated_at})


def _adopted(card: ChargeCard, backend: BackendCard, deps: Deps) -> tuple[Save, ...]:
    """be.ENERGISED leads: what we last wanted must not come back with the next change."""
    row = deps.store.get(LedgerRow, energised_row_id(card))
    if row is None or row.record.open:
        return ()
    after = row.record.adopting(backend.model_dump(mode="json"))
    return () if after is row.record else (Save(after, row),)


def _is_wanted_off(card: ChargeCard, backend: BackendCard, deps: Deps) -> bool:
    """Whether somebody has switched a refund card on in be.ENERGISED that we want off."""
    if card.purpose is not CardPurpose.REFUND or not backend.active:
        return False
    row = deps.store.get(LedgerRow, energised_row_id(card))
    return row is not None and not row.record.open and not row.record.wanted.get("active")


def _switched_off(card: ChargeCard, backend: BackendCard, deps: Deps) -> tuple[Save, ...]:
    """Want a refund card off again, with a task: no installation of its driver is approved.

    There be.ENERGISED does not lead, or it would pay for what nobody has seen.
    """
    ask(ChargeCard, card.id, "active", ENERGISED, "refund_card_switched_on", deps)
    row = deps.store.get(LedgerRow, energised_row_id(card))
    before = row.record if row else LedgerRow(id=energised_row_id(card))
    held = {**backend.model_dump(mode="json"), "active": False}
    return (Save(before.adopting(held).wanting({"active": False}, insist=True), row),)


def ask(of: type[Record], subject: str, detail: str, system: str, reason: str, deps: Deps) -> None:
    """Open a task about a card that cannot be synchronised; once, however often it is met.

    What a person has acknowledged stays closed, as long as the reason is the same.
    """
    task = Task.about(
        f"sync#{subject}#{detail}",
        kind="card_not_synchronised",
        subject_schema=of.schema_name,
        subject_id=subject,
        system=system,
        reason=reason,
        opened_at=deps.clock.now(),
    )
    stored = deps.store.get(Task, task.id)
    if stored is None or not stored.record.answers(reason):
        deps.store.commit(Put(task))
