"""Brings a card's wanted state through: to be.ENERGISED first, then what it became to Salesforce.

Whoever wants something of a card (an event, the fleet manager, the sync) writes it into the card's
ledger row and calls `carry`. Both systems are driven by the step contract of
`busbar.process.ledger`, so calls in any order, twice, or from workers that die end in the last
wanted state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from busbar.domain.cards import BackendCard, CardPurpose, ChargeCard
from busbar.domain.customers import User
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.observability import Metric, count
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.ports.store import Change, Save, Stored
from busbar.process.contract import Done, Later, Outcome
from busbar.process.ledger import LedgerRow, SetStep, Setter, Wanted, ledger_id
from busbar.process.outbox import Errand
from busbar.usecases.card_registration import is_registered, register, registers
from busbar.usecases.deps import Deps, revise

ENERGISED = "energised"
SALESFORCE = "salesforce"
NO_COMPANY = "company_not_in_energised"
NO_CONTACT = "contact_not_in_energised"
"""A driver's own card waits for him to be known there."""


def card_errand(card_id: str, version: int, deps: Deps) -> Errand:
    """The errand of a wish. `version` is the one that the card has after the wish is written."""
    return deps.outbox.errand("card_forward", ChargeCard, card_id, str(version))


def carry(card_id: str, deps: Deps, timeout: float, errand: Errand) -> Outcome | None:
    """Bring the card's wanted state through, each system within `timeout` seconds.

    What does not succeed comes back by its errand. None if there is no such card.
    """
    stored = deps.store.get(ChargeCard, card_id)
    outcome = _carry(stored, deps, timeout) if stored else Done(Found(card_id))
    if stored and _untold(stored.record, outcome, deps):
        deps.outbox.settle(errand, Later(deps.clock.now(), "in_progress"), lambda _reason: ())
        return outcome
    give_up = partial(given_up, stored.record if stored else None, deps)
    settled = deps.outbox.settle(errand, outcome, give_up)
    return settled if stored else None


def given_up(card: ChargeCard | None, deps: Deps, reason: str) -> Sequence[Change]:
    """Nothing stays in flight of a card that has waited too long, or it would never be followed."""
    ids = [energised_row_id(card), asset_row_id(card.asset_id or "")] if card else []
    rows = [deps.store.get(LedgerRow, row_id) for row_id in ids]
    return [Save(row.record.given_up(reason), row) for row in rows if row and row.record.open]


def _untold(card: ChargeCard, outcome: Outcome, deps: Deps) -> bool:
    """Whether Salesforce is still to hear of the card, by a worker that may talk to it.

    The errand in hand may have taken the place of the one by which it would have heard.
    """
    if isinstance(outcome, Later) or not card.asset_id or deps.org.salesforce:
        return False
    row = deps.store.get(LedgerRow, asset_row_id(card.asset_id))
    return row is not None and row.record.open


def _carry(stored: Stored[ChargeCard], deps: Deps, timeout: float) -> Outcome:
    card = stored.record
    waits = card.waiting_for in {NO_COMPANY, NO_CONTACT}
    waiting = _join(stored, deps, timeout) if waits else None
    setter = Setter(deps.store, deps.clock, deps.tuning)
    outcome = setter.run(_energised_step(card, deps, timeout))
    if waiting and not isinstance(outcome, Later):
        return waiting  # what the owner before wanted of the card is gone all the same
    if isinstance(outcome, Later) or not card.asset_id or deps.org.salesforce is None:
        return outcome
    told = setter.run(salesforce_step(card, card.asset_id, deps, timeout))
    return outcome if isinstance(told, Done) else told


def _join(stored: Stored[ChargeCard], deps: Deps, timeout: float) -> Outcome | None:
    """Want the card to be its owner's, as soon as he is known to be.ENERGISED. None: he is."""
    waits_for, owner = stored.record.waiting_for, stored.record.owner
    contact = deps.store.external_id(*owner, ENERGISED)
    if contact is None and registers(stored.record, deps):
        made = register(stored.record, deps, timeout)
        if not isinstance(made, Done):
            return made
        contact = made.found.external_id
    if contact is None:
        wait = timedelta(seconds=deps.tuning.wait_retry)
        return Later(deps.clock.now() + wait, waits_for or NO_CONTACT)

    def change(fresh: Stored[ChargeCard]) -> Sequence[Change]:
        card = fresh.record
        if (card.waiting_for, card.owner) != (waits_for, owner):
            return ()  # it was given to somebody else meanwhile
        row = deps.store.get(LedgerRow, energised_row_id(card))
        wanted = joining(card, contact)
        if card.purpose is CardPurpose.PRIVATE:
            wanted["active"] = True
        joined = card.model_copy(update={"waiting_for": None})
        order = deps.store.get(WallboxOrder, card.order_id)
        knows = order.record.with_contact(contact) if order else None
        follows = (Save(knows, order),) if knows and order and knows != order.record else ()
        return (Save(joined, fresh), *wanting(row, card, wanted), *follows)

    revise(deps.store, ChargeCard, stored.record.id, change)
    return None


def joining(card: ChargeCard, contact: str) -> dict[str, Any]:
    """What be.ENERGISED has to hold for the card to be its owner's, who has this contact there.

    Who drives with a company's card is for the company to say.
    """
    own = {} if card.is_fleet else {"contact_id": contact}
    return {"billing_contact_id": contact, **own}


def energised_row_id(card: ChargeCard) -> str:
    """Key of the ledger row of the card in be.ENERGISED."""
    return ledger_id(ENERGISED, "card", card.energised_id)


def asset_row_id(asset_id: str) -> str:
    """Key of the ledger row of the card's Asset in Salesforce."""
    return ledger_id(SALESFORCE, "asset", asset_id)


def wanting(
    row: Stored[LedgerRow] | None, card: ChargeCard, change: Wanted, *, insist: bool = False
) -> tuple[Save, ...]:
    """The write that puts `change` into the card's ledger row; nothing if it stands there.

    With `insist` it is carried out even so (see `LedgerRow.wanting`).
    """
    before = row.record if row else LedgerRow(id=energised_row_id(card))
    after = before.wanting(change, insist=insist)
    return () if after is before else (Save(after, row),)


def asset_fields(card: ChargeCard, deps: Deps) -> Json:
    """What the Asset of a card has to show; of a driver's own also that it is approved."""
    fields = deps.mapper.run(SALESFORCE, "sync_cards", {"card": card.model_dump(mode="json")})
    if not card.approved_at:
        return fields
    approved = {"kind": card.purpose.value, "approved": True}
    return {**fields, **deps.mapper.run(SALESFORCE, "wallbox_asset", approved)}


def asset_holds(observed: Mapping[str, Any], wanted: Wanted) -> bool:
    """Whether an Asset shows what is wanted."""
    # Salesforce keeps no empty text: what was written as "" is read as null.
    return all((observed.get(k) or "") == (v or "") for k, v in wanted.items())


def tell_salesforce(
    card: ChargeCard, version: int, deps: Deps, *, by_us: bool = False
) -> tuple[Change, ...]:
    """Want the card's data in its Asset, and have `card_forward` see to it. Nothing if it is so.

    `version` is the one that the card will have after this transaction. With `by_us` the caller
    sees to it himself (`card_bulk`), and `card_forward` only if he dies.
    """
    if not card.asset_id or not card.in_portal_since:
        return ()
    fields = asset_fields(card, deps)
    row = deps.store.get(LedgerRow, asset_row_id(card.asset_id))
    before = row.record if row else LedgerRow(id=asset_row_id(card.asset_id))
    after = before.wanting(fields)
    if after is before:
        return ()
    errand = card_errand(card.id, version, deps)
    return Save(after, row), deps.outbox.guard(errand) if by_us else deps.outbox.awake(errand)


def driver_of(uuid: str | None, deps: Deps) -> str | None:
    """The user with this be.ENERGISED UUID."""
    return deps.store.internal_id(User.schema_name, ENERGISED, uuid) if uuid else None


def _energised_step(card: ChargeCard, deps: Deps, timeout: float) -> SetStep:
    backend, settings = deps.systems.energised, deps.energised
    number = card.number

    def read(card_id: str, left: float) -> BackendCard:
        nonlocal number
        observed = backend.read_card(card_id, left)
        number = observed.number
        return observed

    def write(card_id: str, observed: BackendCard, wanted: Wanted, left: float) -> None:
        until = deps.clock.now() + timedelta(seconds=left)
        if wanted.get("active") and not observed.active and is_registered(card, deps):
            # This switches its portal user on, which no PUT of a card does; the PUT comes after it.
            deps.systems.registration.confirm(observed.number, left)
        source = {"observed": observed.model_dump(mode="json"), "wanted": dict(wanted)}
        body = deps.mapper.run(ENERGISED, "card_forward", source)
        backend.write_card(card_id, body, (until - deps.clock.now()).total_seconds())

    return SetStep(
        system=ENERGISED,
        kind="card",
        object_id=card.energised_id,
        settle=deps.settle_seconds(settings.processing_seconds, 0.0),
        timeout=timeout,
        read=read,
        holds=lambda observed, wanted: all(getattr(observed, k) == v for k, v in wanted.items()),
        write=write,
        on_done=lambda wanted: _card_is(card.id, wanted, deps, number),
        # What be.ENERGISED refused is not told; what is ours alone, as the vehicle, still is.
        on_parked=lambda _reason: _card_is(card.id, {}, deps),
        task_schema=ChargeCard.schema_name,
        task_subject=card.id,
    )


def _card_is(card_id: str, wanted: Wanted, deps: Deps, number: str = "") -> Sequence[Change]:
    """be.ENERGISED holds the wanted state now: our record and the Asset follow."""
    stored = deps.store.get(ChargeCard, card_id)
    if stored is None:
        return ()
    update: dict[str, Any] = {
        ours: wanted[theirs]
        for theirs, ours in (
            ("active", "active"),
            ("label", "label"),
            ("contact_id", "holder_uuid"),
            ("billing_contact_id", "billing_contact_id"),
        )
        if theirs in wanted
    }
    if "holder_uuid" in update:
        update["driver_id"] = driver_of(update["holder_uuid"], deps)
    card = stored.record.model_copy(update=update)
    if not card.is_fleet and card.holder_uuid:
        card = card.model_copy(update={"number": number or card.number})
        card = card.shown_in_portal(deps.clock.now())  # from now on it is his there, too
    if card.active and not stored.record.active:
        # Counted again if this transaction has to be made again: a metric, not a ledger.
        count(Metric.CARDS_ACTIVATED, deps.store.org)
    told = tell_salesforce(card, stored.version + 1, deps)
    if card == stored.record and not told:
        return ()
    return (Save(card, stored), *told)


def salesforce_step(card: ChargeCard, asset_id: str, deps: Deps, timeout: float) -> SetStep:
    """How the Asset of a card comes to hold what we want there."""
    orders, settings = deps.systems.salesforce, deps.salesforce

    def read(target: str, left: float) -> Json:
        until = deps.clock.now() + timedelta(seconds=left)
        fields = orders.read_asset(target, left)
        if not card.approved_at:
            return fields
        rest = (until - deps.clock.now()).total_seconds()
        return {**fields, **deps.systems.wallbox_sales.read_wallbox_asset(target, rest)}

    def write(target: str, _observed: Json, wanted: Wanted, left: float) -> None:
        orders.write_asset(target, wanted, left)

    return SetStep(
        system=SALESFORCE,
        kind="asset",
        object_id=asset_id,
        settle=deps.settle_seconds(settings.processing_seconds, 0.0),
        timeout=timeout,
        read=read,
        holds=asset_holds,
        write=write,
        on_done=lambda _wanted: (),
        on_parked=lambda _reason: (),
        task_schema=ChargeCard.schema_name,
        task_subject=card.id,
    )
