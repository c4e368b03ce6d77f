"""Brings a card's wanted state through: to be.ENERGISED first, then what it became to Salesforce.

Whoever wants something of a card (an event, the fleet manager, the sync) writes it into the card's
ledger row and calls `carry`. Both systems are driven by the step contract of
`busbar.process.ledger`, so calls in any order, twice, or from workers that die end in the last
wanted state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from busbar.domain.cards import BackendCard, ChargeCard
from busbar.domain.customers import Company, User
from busbar.domain.tasks import Task
from busbar.ports import Change, Drop, Json, Put, Save, Stored
from busbar.process.contract import Done, Later, Outcome, Parked
from busbar.process.ledger import LedgerRow, SetStep, Setter, Wanted, ledger_id
from busbar.process.outbox import OutboxRow
from busbar.usecases.deps import Deps, revise

ENERGISED = "energised"
SALESFORCE = "salesforce"
NO_COMPANY = "company_not_in_energised"


def carry(card_id: str, deps: Deps, timeout: float, guard: tuple[Drop, ...] = ()) -> Outcome | None:
    """Bring the card's wanted state through, each system within `timeout` seconds.

    Plans the next try by itself if it does not succeed. `guard` drops the caller's outbox guard as
    soon as it is needed no more. None if there is no such card.
    """
    stored = deps.store.get(ChargeCard, card_id)
    if stored is None:
        return None
    outcome = _carry(stored, deps, timeout, guard)
    if isinstance(outcome, Later):
        _again(card_id, outcome, deps, guard)
    return outcome


def _carry(
    stored: Stored[ChargeCard], deps: Deps, timeout: float, guard: tuple[Drop, ...]
) -> Outcome:
    card = stored.record
    if card.waiting_for == NO_COMPANY:
        waiting = _bind_company(stored, deps)
        if waiting:
            return waiting
    setter = Setter(deps.store, deps.clock, deps.tuning)
    outcome = setter.run(_energised_step(card, deps, timeout, guard))
    if isinstance(outcome, Later) or not card.asset_id or not deps.org.salesforce:
        return outcome
    # Also after a refusal by be.ENERGISED: what else changed of the card is no less true for it.
    told = setter.run(_salesforce_step(card, card.asset_id, deps, timeout))
    return outcome if isinstance(told, Done) else told


def _bind_company(stored: Stored[ChargeCard], deps: Deps) -> Later | Parked | None:
    """Want the billing contact, as soon as the company is known to be.ENERGISED."""
    card, now = stored.record, deps.clock.now()
    contact = deps.store.external_id(Company.schema_name, card.company_id, ENERGISED)
    if contact is None:
        since = card.waiting_since or now
        if now - since < timedelta(seconds=deps.tuning.wait_at_most):
            return Later(now + timedelta(seconds=deps.tuning.wait_retry), NO_COMPANY)
        return _give_up(card, deps)

    def change(fresh: Stored[ChargeCard]) -> Sequence[Change]:
        row = deps.store.get(LedgerRow, energised_row_id(card))
        wanted = wanting(row, card, {"billing_contact_id": contact})
        update = {"waiting_for": None, "waiting_since": None}
        return (Save(fresh.record.model_copy(update=update), fresh), *wanted)

    revise(deps.store, ChargeCard, card.id, change)
    return None


def _give_up(card: ChargeCard, deps: Deps) -> Parked:
    task = Task(
        id=f"wait#{ChargeCard.schema_name}#{card.id}",
        kind="waited_too_long",
        subject_schema=ChargeCard.schema_name,
        subject_id=card.id,
        system=ENERGISED,
        reason=NO_COMPANY,
        opened_at=deps.clock.now(),
    )
    deps.store.commit(Put(task))
    return Parked(NO_COMPANY)


def energised_row_id(card: ChargeCard) -> str:
    """Key of the ledger row of the card in be.ENERGISED."""
    return ledger_id(ENERGISED, "card", card.energised_id)


def asset_row_id(asset_id: str) -> str:
    """Key of the ledger row of the card's Asset in Salesforce."""
    return ledger_id(SALESFORCE, "asset", asset_id)


def wanting(row: Stored[LedgerRow] | None, card: ChargeCard, change: Wanted) -> tuple[Save, ...]:
    """The write that puts `change` into the card's ledger row; nothing if it stands there."""
    before = row.record if row else LedgerRow(id=energised_row_id(card))
    after = before.wanting(change)
    return () if after is before else (Save(after, row),)


def tell_salesforce(card: ChargeCard, sequence: int, deps: Deps) -> tuple[Change, ...]:
    """Want the card's data in its Asset, and have `card_forward` see to it. Nothing if it is so.

    `sequence` is the version that the card will have after this transaction.
    """
    if not card.asset_id or not card.in_portal_since:
        return ()
    fields = deps.mapper.run(SALESFORCE, "sync_cards", {"card": card.model_dump(mode="json")})
    row = deps.store.get(LedgerRow, asset_row_id(card.asset_id))
    before = row.record if row else LedgerRow(id=asset_row_id(card.asset_id))
    after = before.wanting(fields)
    if after is before:
        return ()
    return Save(after, row), deps.command("card_forward", ChargeCard, card.id, sequence)


def driver_of(uuid: str | None, deps: Deps) -> str | None:
    """The user with this be.ENERGISED UUID."""
    return deps.store.internal_id(User.schema_name, ENERGISED, uuid) if uuid else None


def _energised_step(
    card: ChargeCard, deps: Deps, timeout: float, guard: tuple[Drop, ...]
) -> SetStep:
    backend, settings = deps.systems.energised, deps.energised

    def write(card_id: str, observed: BackendCard, wanted: Wanted, left: float) -> None:
        source = {"observed": observed.model_dump(mode="json"), "wanted": dict(wanted)}
        backend.write_card(card_id, deps.mapper.run(ENERGISED, "card_forward", source), left)

    return SetStep(
        system=ENERGISED,
        kind="card",
        object_id=card.energised_id,
        settle=deps.settle_seconds(settings.processing_seconds, 0.0),
        timeout=timeout,
        read=backend.read_card,
        holds=lambda observed, wanted: all(getattr(observed, k) == v for k, v in wanted.items()),
        write=write,
        on_done=lambda wanted: (*_card_is(card.id, wanted, deps), *guard),
        on_parked=lambda _reason: guard,
        task_schema=ChargeCard.schema_name,
        task_subject=card.id,
    )


def guarded(card_id: str, sequence: int, deps: Deps) -> tuple[Put, Drop]:
    """An outbox guard for a card, and what takes it away again.

    If the worker dies between the two, the sweep has `card_forward` finish its work.
    """
    put = deps.command(
        "card_forward", ChargeCard, card_id, sequence, wait=deps.tuning.lease, wake=False
    )
    return put, Drop(OutboxRow, put.record.id)


def _card_is(card_id: str, wanted: Wanted, deps: Deps) -> Sequence[Change]:
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
    told = tell_salesforce(card, stored.version + 1, deps)
    if card == stored.record and not told:
        return ()
    return (Save(card, stored), *told)


def _salesforce_step(card: ChargeCard, asset_id: str, deps: Deps, timeout: float) -> SetStep:
    orders, settings = deps.systems.salesforce, deps.salesforce

    def write(target: str, _observed: Json, wanted: Wanted, left: float) -> None:
        orders.write_asset(target, wanted, left)

    def holds(observed: Mapping[str, Any], wanted: Wanted) -> bool:
        # Salesforce keeps no empty text: what was written as "" is read as null.
        return all((observed.get(k) or "") == (v or "") for k, v in wanted.items())

    return SetStep(
        system=SALESFORCE,
        kind="asset",
        object_id=asset_id,
        settle=deps.settle_seconds(settings.processing_seconds, 0.0),
        timeout=timeout,
        read=orders.read_asset,
        holds=holds,
        write=write,
        on_done=lambda _wanted: (),
        on_parked=lambda _reason: (),
        task_schema=ChargeCard.schema_name,
        task_subject=card.id,
    )


def _again(card_id: str, later: Later, deps: Deps, guard: tuple[Drop, ...]) -> None:
    def change(stored: Stored[ChargeCard]) -> Sequence[Change]:
        wait = max(0.0, (later.at - deps.clock.now()).total_seconds())
        # The write of the card only advances its version, which keeps outbox rows apart.
        command = deps.command("card_forward", ChargeCard, card_id, stored.version + 1, wait=wait)
        return (Save(stored.record, stored), command, *guard)

    revise(deps.store, ChargeCard, card_id, change)
