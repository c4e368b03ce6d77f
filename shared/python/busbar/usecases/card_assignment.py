"""Gives a card to whoever has ordered it: a company, or a driver for himself.

Salesforce tells which Asset, and so which card, belongs to which order. What follows from that for
be.ENERGISED becomes the card's wanted state, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from busbar.domain.cards import CardPurpose, ChargeCard, card_id
from busbar.domain.orders import ChargeCardOrder
from busbar.domain.record import SourceMark
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.errors import Conflict, EventRejected
from busbar.ports.store import Bind, Change, Save, Stored
from busbar.process.ledger import LedgerRow
from busbar.process.outbox import Errand
from busbar.usecases.card_forward import (
    ENERGISED,
    NO_COMPANY,
    NO_CONTACT,
    SALESFORCE,
    card_errand,
    energised_row_id,
    joining,
    wanting,
)
from busbar.usecases.deps import TRIES, Deps


@dataclass(frozen=True)
class Recipient:
    """The order that a card comes to, and whose the card is then.

    `approved`: whether the installation of a driver's order is approved now, `approved_at` when it
    was first. `order_follows` gives what becomes of the order, and has to hold that the approval
    still stands when all of it is written.
    """

    order_id: str
    purpose: CardPurpose
    order_follows: Callable[[str], Sequence[Change]]
    company_id: str = ""
    customer_id: str = ""
    approved: bool = False
    approved_at: datetime | None = None


@dataclass(frozen=True)
class Assignment:
    """What an event, or the Asset itself, says of a card.

    `to` is read anew at every try. `holds` asks Salesforce whether the Asset says the same; it is
    called if another event with the same version does not.
    """

    card_id: str
    asset_id: str
    mark: SourceMark
    to: Callable[[], Recipient]
    holds: Callable[[], bool]


def assign(
    said: Assignment, row: Callable[[Errand], Change], deps: Deps
) -> tuple[str, Errand] | None:
    """Apply it: our id of the card, and the errand that `row` made a row of the outbox of.

    None: a repeat or a late event, nothing to do. Raises `EventRejected` if card or Asset are bound
    to others.
    """
    ours = card_id(deps.store.org, said.card_id)
    for _ in range(TRIES):
        to = said.to()
        stored = deps.store.get(ChargeCard, ours)
        if stored and not _is_newer(said, to, stored.record):
            return None
        errand = card_errand(ours, stored.version + 1 if stored else 1, deps)
        changes = (*_changes(said, to, stored, deps), *_orders_follow(ours, to, stored, deps))
        try:
            deps.store.commit(*changes, row(errand))
        except Conflict:
            continue
        return ours, errand
    _check_bindings(said, ours, deps)
    raise Conflict(f"{ChargeCard.schema_name} {ours}")


def _check_bindings(said: Assignment, ours: str, deps: Deps) -> None:
    """Conflicts that time does not end: card and Asset are bound to others. A person rebinds."""
    schema = ChargeCard.schema_name
    if deps.store.internal_id(schema, SALESFORCE, said.asset_id) not in {None, ours}:
        raise EventRejected("asset_bound_to_another_card", schema, ours)
    if deps.store.external_id(schema, ours, SALESFORCE) not in {None, said.asset_id}:
        raise EventRejected("card_bound_to_another_asset", schema, ours)


def _is_newer(said: Assignment, to: Recipient, card: ChargeCard) -> bool:
    newer = said.mark.is_newer(card.assigned_by)
    if newer is not None:
        return newer
    there = (card.order_id, card.asset_id, card.purpose)
    if there == (to.order_id, said.asset_id, to.purpose):
        return False  # the mark is of an older release, whose events told more
    return said.holds()


def _orders_follow(
    ours: str, to: Recipient, card: Stored[ChargeCard] | None, deps: Deps
) -> Iterator[Change]:
    """The order that the card comes to, and the one that it leaves: it would go on counting it."""
    old = card.record.order_id if card else None
    if card and old == to.order_id and card.record.purpose is to.purpose:
        return
    yield from to.order_follows(ours)
    if card and old != to.order_id:
        yield from _left(card.record, deps)


def _left(card: ChargeCard, deps: Deps) -> Iterator[Change]:
    if card.is_fleet:
        cards_order = deps.store.get(ChargeCardOrder, card.order_id)
        if cards_order:
            after = cards_order.record.expecting(card.id, deps.clock.now())
            if after != cards_order.record:
                yield Save(after, cards_order)
        return
    wallbox_order = deps.store.get(WallboxOrder, card.order_id)
    if wallbox_order:
        yield Save(wallbox_order.record.without(card.id), wallbox_order)


def _changes(
    said: Assignment, to: Recipient, stored: Stored[ChargeCard] | None, deps: Deps
) -> Sequence[Change]:
    before = stored.record if stored else _blank(said, to, deps)
    card = before.model_copy(
        update={
            "asset_id": said.asset_id,
            "order_id": to.order_id,
            "purpose": to.purpose,
            "company_id": to.company_id,
            "customer_id": to.customer_id,
            "assigned_by": said.mark,
        }
    )
    contact = deps.store.external_id(*card.owner, ENERGISED)
    wanted: dict[str, Any] = joining(card, contact) if contact else {}
    waits = None if contact else (NO_COMPANY if card.is_fleet else NO_CONTACT)
    card = card.model_copy(update={"waiting_for": waits})
    if before.owner != card.owner:
        # Nothing of the old owner's driver may reach the new one, nor the old one go on paying
        # while the new one is not known to be.ENERGISED.
        card = card.model_copy(update={"vehicle": ""})
        wanted = {"contact_id": None, "label": "", "billing_contact_id": contact} | wanted
    if stored is None or (before.order_id, before.purpose) != (to.order_id, to.purpose):
        # The card goes to another order: it leaves the portal until that one is delivered.
        card = card.model_copy(update={"in_portal_since": None, "approved_at": to.approved_at})
        wanted |= _switched(before, card, to, contact)
    row = deps.store.get(LedgerRow, energised_row_id(card))
    bindings = (
        Bind(ChargeCard.schema_name, card.id, ENERGISED, said.card_id),
        Bind(ChargeCard.schema_name, card.id, SALESFORCE, said.asset_id),
    )
    return (
        Save(card, stored),
        *(() if stored and stored.record.asset_id == said.asset_id else bindings),
        *(wanting(row, card, wanted) if wanted else ()),
    )


def _blank(said: Assignment, to: Recipient, deps: Deps) -> ChargeCard:
    return ChargeCard(
        id=card_id(deps.store.org, said.card_id),
        energised_id=said.card_id,
        order_id=to.order_id,
        purpose=to.purpose,
        company_id=to.company_id,
        customer_id=to.customer_id,
    )


def _switched(
    before: ChargeCard, card: ChargeCard, to: Recipient, contact: str | None
) -> Mapping[str, Any]:
    """Whether the card shall be active, as it comes to an order. A company's stays as it is."""
    if card.purpose is CardPurpose.REFUND:
        return {"active": to.approved}
    if card.purpose is CardPurpose.PRIVATE:
        return {"active": bool(contact)}
    return {} if before.is_fleet else {"active": False}
