"""Gives a wallbox, or a card of his own, to the driver who has ordered it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from busbar.domain.cards import CardPurpose, ChargeCard
from busbar.domain.identifiers import entity_id_of
from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.record import SourceMark, Value
from busbar.domain.wallbox_assets import AssetKind
from busbar.domain.wallbox_orders import WALLBOX_KIND, WallboxOrder
from busbar.domain.wallboxes import Wallbox, wallbox_id
from busbar.errors import Conflict, EventRejected
from busbar.ports.store import Bind, Change, Save, Stored
from busbar.process.contract import content_hash
from busbar.usecases.card_assignment import Assignment, Recipient, assign
from busbar.usecases.card_forward import ENERGISED, SALESFORCE
from busbar.usecases.deps import TRIES, Deps
from busbar.usecases.wallbox_approval import approval_of, refunds_follow, wallboxes_of
from busbar.usecases.wallbox_forward import contact_of, wallbox_errand

PURPOSES = {
    AssetKind.PRIVATE_CARD: CardPurpose.PRIVATE,
    AssetKind.REFUND_CARD: CardPurpose.REFUND,
}


class Told(Value):
    """What an event, or an Asset itself, tells of an Asset of an order."""

    order_reference: str
    asset_id: str
    version: int
    event_id: str

    def mark(self, deps: Deps) -> SourceMark:
        """What is kept of it: its version, and a hash that tells whether another says the same."""
        said = content_hash(self.model_dump(mode="json", exclude={"event_id", "version"}))
        return SourceMark(
            version=self.version, event_id=self.event_id, content_hash=said, at=deps.clock.now()
        )


class Assigned(Told):
    """This Asset belongs to this order now, and is that."""

    kind: AssetKind
    serial_number: str
    """Of a wallbox; empty for a card, whose number we have from be.ENERGISED."""
    card_id: str


def order_of(reference: str, deps: Deps) -> Stored[WallboxOrder]:
    """The order with this reference of ours. Raises `EventRejected` if there is none."""
    order_id = entity_id_of(WALLBOX_KIND, reference)
    stored = deps.store.get(WallboxOrder, order_id) if order_id else None
    if stored is None:
        raise EventRejected("unknown_order", WallboxOrder.schema_name, reference)
    return stored


def is_late(said: Assigned, deps: Deps) -> bool:
    """Whether something newer, or this very thing, was applied to the Asset already."""
    wallbox = deps.store.get(Wallbox, wallbox_id(deps.store.org, said.asset_id))
    card_id = deps.store.internal_id(ChargeCard.schema_name, SALESFORCE, said.asset_id)
    card = deps.store.get(ChargeCard, card_id) if card_id else None
    marks = [stored.record.assigned_by for stored in (wallbox, card) if stored]
    return any(mark is not None and said.version <= mark.version for mark in marks)


def _asset_says_so(said: Assigned, deps: Deps) -> bool:
    """Ask Salesforce whether the Asset is what this event says, and belongs to its order."""
    assets = deps.systems.wallbox_sales.wallbox_assets_of(
        said.order_reference, deps.tuning.call_timeout
    )
    names = ["asset_id", "kind", "card_id"]
    names += ["serial_number"] if said.kind is AssetKind.WALLBOX else []
    return any(all(getattr(asset, n) == getattr(said, n) for n in names) for asset in assets)


# --- a card --------------------------------------------------------------------------------------


def give_card(said: Assigned, deps: Deps) -> None:
    """The card becomes the driver's own. Nothing happens for a repeat, or a late event."""
    assignment = Assignment(
        card_id=said.card_id,
        asset_id=said.asset_id,
        mark=said.mark(deps),
        to=lambda: _recipient(said, deps),
        holds=lambda: _asset_says_so(said, deps),
    )
    assign(assignment, deps.outbox.awake, deps)


def _recipient(said: Assigned, deps: Deps) -> Recipient:
    stored = order_of(said.order_reference, deps)
    wallboxes = wallboxes_of(stored.record, deps)
    approved, approved_at = approval_of([wallbox.record for wallbox in wallboxes])
    person = (PrivateCustomer.schema_name, stored.record.customer_id)
    contact = deps.store.external_id(*person, ENERGISED)

    def follows(card: str) -> Sequence[Change]:
        # What the approval was read from is written too: it has to be the same still.
        same = (Save(wallbox.record, wallbox) for wallbox in wallboxes) if approved else ()
        order = stored.record.with_card(card).with_contact(contact)
        return (Save(order, stored), *same)

    return Recipient(
        order_id=stored.record.id,
        purpose=PURPOSES[said.kind],
        customer_id=stored.record.customer_id,
        order_follows=follows,
        approved=approved,
        approved_at=approved_at,
    )


# --- a wallbox -----------------------------------------------------------------------------------


def give_wallbox(said: Assigned, deps: Deps) -> None:
    """The wallbox becomes the driver's. Nothing happens for a repeat, or a late event.

    Raises `EventRejected` if it has another serial number now than the station that was found.
    """
    ours = wallbox_id(deps.store.org, said.asset_id)
    for _ in range(TRIES):
        order = order_of(said.order_reference, deps)
        stored = deps.store.get(Wallbox, ours)
        if stored and not _is_newer(said, order.record, stored.record, deps):
            return
        errand = wallbox_errand(ours, stored.version + 1 if stored else 1, deps)
        changes = _changes(said, order, stored, deps)
        try:
            deps.store.commit(*changes, deps.outbox.awake(errand))
        except Conflict:
            continue
        return
    raise Conflict(f"{Wallbox.schema_name} {ours}")


def _is_newer(said: Assigned, order: WallboxOrder, wallbox: Wallbox, deps: Deps) -> bool:
    newer = said.mark(deps).is_newer(wallbox.assigned_by)
    if newer is not None:
        return newer
    if (wallbox.order_id, wallbox.serial_number) == (order.id, said.serial_number):
        return False
    return _asset_says_so(said, deps)


def _changes(
    said: Assigned, order: Stored[WallboxOrder], stored: Stored[Wallbox] | None, deps: Deps
) -> Iterator[Change]:
    wallbox = _new(said, order.record, deps)
    if stored is None:
        yield Save(wallbox)
        yield Bind(Wallbox.schema_name, wallbox.id, SALESFORCE, said.asset_id)
    else:
        yield Save(_changed(wallbox, stored.record, deps), stored)
        if stored.record.order_id != order.record.id:
            yield from _left(stored.record, deps)
    if wallbox.id not in order.record.wallboxes:
        yield Save(order.record.with_wallbox(wallbox.id), order)


def _new(said: Assigned, order: WallboxOrder, deps: Deps) -> Wallbox:
    return Wallbox(
        id=wallbox_id(deps.store.org, said.asset_id),
        asset_id=said.asset_id,
        serial_number=said.serial_number,
        order_id=order.id,
        customer_id=order.customer_id,
        user_id=order.ordered_by,
        assigned_by=said.mark(deps),
    )


def _changed(new: Wallbox, before: Wallbox, deps: Deps) -> Wallbox:
    """A wallbox that was known, after a newer assignment.

    One that comes to another order brings nothing along of its old owner: no tariff, no proof, no
    review. The station that was found for it stays.
    """
    if before.station_id and before.serial_number != new.serial_number:
        raise EventRejected("serial_number_changed", WallboxOrder.schema_name, new.order_id)
    if before.order_id == new.order_id:
        # Looked for anew, if it was in vain: its serial number may be mended.
        update = {"serial_number": new.serial_number, "assigned_by": new.assigned_by}
        return before.model_copy(update={**update, "waiting_for": None})
    left = before.left_contact_id or contact_of(before, deps)
    return new.model_copy(update={"station_id": before.station_id, "left_contact_id": left})


def _left(wallbox: Wallbox, deps: Deps) -> Iterator[Change]:
    """The order that it leaves: without it, nothing may be approved there any more."""
    order = deps.store.get(WallboxOrder, wallbox.order_id)
    if order:
        after = order.record.without(wallbox.id)
        yield Save(after, order)
        yield from refunds_follow(after, wallbox, None, deps)
