"""A blank card was assigned to an order in Salesforce: it shall bill to the order's company.

The card in be.ENERGISED gets as billing contact the id of the company in whose context the order
was sent. If be.ENERGISED does not know the company yet, the card waits with a named reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from busbar.domain.cards import CardAsset, ChargeCard, card_id
from busbar.domain.customers import Company
from busbar.domain.identifiers import entity_id_of
from busbar.domain.orders import KIND, ChargeCardOrder
from busbar.domain.record import SourceMark
from busbar.errors import Conflict, EventRejected
from busbar.ports import Bind, Change, Save, Stored
from busbar.process.contract import Outcome, content_hash
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_forward import (
    ENERGISED,
    NO_COMPANY,
    SALESFORCE,
    card_errand,
    carry,
    energised_row_id,
    wanting,
)
from busbar.usecases.deps import TRIES, Deps


class CardAssigned(BaseModel):
    """`ChargeCardAssigned__e`, as `connectors/salesforce/metadata` defines it.

    It tells ids and nothing that says something of a person: whoever parks it parks all of it. The
    card's number comes from be.ENERGISED.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=255)

    order_reference: str = Field(alias="OrderReference__c", min_length=1)
    asset_id: str = Field(alias="AssetId__c", min_length=15, max_length=18)
    card_id: str = Field(alias="CardId__c", min_length=1)
    version: int = Field(alias="SourceVersion__c", gt=0)
    event_id: str = Field(alias="EventUuid", min_length=1)

    @property
    def order_id(self) -> str | None:
        """Our id of the order, if it is one of ours."""
        return entity_id_of(KIND, self.order_reference)

    def fingerprint(self) -> str:
        """Tells whether two events with one version say the same."""
        return content_hash(self.model_dump(exclude={"event_id"}))


def read_event(kind: type[Any], payload: Any) -> Any:
    """An event's payload as its model. Raises `EventRejected` naming the fields at fault."""
    try:
        return kind.model_validate(payload)
    except ValidationError as error:
        names = sorted({str(e["loc"][0]) if e["loc"] else "payload" for e in error.errors()})
        raise EventRejected(f"invalid_event: {', '.join(names)}") from None


def told_by_asset(order_reference: str, asset: CardAsset) -> CardAssigned:
    """What the event said, or would have said, by which the Asset came to the order.

    Raises `EventRejected` for an Asset that fits no card.
    """
    payload = {
        "OrderReference__c": order_reference,
        "AssetId__c": asset.asset_id,
        "CardId__c": asset.card_id,
        "SourceVersion__c": asset.version,
        "EventUuid": f"asset:{asset.asset_id}",
    }
    event: CardAssigned = read_event(CardAssigned, payload)
    return event


def assigned(event: CardAssigned, deps: Deps) -> Outcome | None:
    """Apply one assignment. None: a repeat or a late event, nothing to do.

    Raises `EventRejected` if no order of ours is meant.
    """
    order = _order(event, deps)
    deps = deps.continuing(order.record.correlation_id)
    ours = card_id(deps.store.org, event.card_id)
    for _ in range(TRIES):
        stored = deps.store.get(ChargeCard, ours)
        if stored and not _is_newer(event, stored.record, deps):
            return None
        errand = card_errand(ours, stored.version + 1 if stored else 1, deps)
        changes = (
            *_changes(event, order.record, stored, deps),
            *_orders_follow(ours, order, stored, deps),
        )
        try:
            deps.store.commit(*changes, deps.outbox.guard(errand))
        except Conflict:
            order = _order(event, deps)
            continue
        return carry(ours, deps, deps.tuning.call_timeout, errand)
    _check_bindings(event, ours, deps)
    raise Conflict(f"charge_card {ours}")


def _check_bindings(event: CardAssigned, ours: str, deps: Deps) -> None:
    """Conflicts that time does not end: card and Asset are bound to others. A person rebinds."""
    schema = ChargeCard.schema_name
    if deps.store.internal_id(schema, SALESFORCE, event.asset_id) not in {None, ours}:
        raise EventRejected("asset_bound_to_another_card", schema, ours)
    if deps.store.external_id(schema, ours, SALESFORCE) not in {None, event.asset_id}:
        raise EventRejected("card_bound_to_another_asset", schema, ours)


def _order(event: CardAssigned, deps: Deps) -> Stored[ChargeCardOrder]:
    stored = deps.store.get(ChargeCardOrder, event.order_id) if event.order_id else None
    if stored is None:
        raise EventRejected("unknown_order", ChargeCardOrder.schema_name, event.order_reference)
    return stored


def _orders_follow(
    ours: str, order: Stored[ChargeCardOrder], card: Stored[ChargeCard] | None, deps: Deps
) -> Iterator[Change]:
    """The order that the card comes to and the one that it leaves, if they are delivered.

    The one would not look for its cards any more, and the other would go on counting this one.
    """
    old = card.record.order_id if card else None
    if old == order.record.id:
        return
    left = deps.store.get(ChargeCardOrder, old) if old else None
    for stored in filter(None, (order, left)):
        after = stored.record.expecting(ours, deps.clock.now())
        if after != stored.record:
            yield Save(after, stored)


def _is_newer(event: CardAssigned, card: ChargeCard, deps: Deps) -> bool:
    mark = card.assigned_by
    if mark is None or event.version > mark.version:
        return True
    if event.version < mark.version or event.fingerprint() == mark.content_hash:
        return False
    if (card.order_id, card.asset_id) == (event.order_id, event.asset_id):
        return False  # the mark is of an older release, whose events told more
    # One version, two contents: only the source can tell which of them holds.
    assets = deps.systems.salesforce.assets_of(event.order_reference, deps.tuning.call_timeout)
    return any(asset.asset_id == event.asset_id for asset in assets)


def _changes(
    event: CardAssigned, order: ChargeCardOrder, stored: Stored[ChargeCard] | None, deps: Deps
) -> Sequence[Change]:
    now = deps.clock.now()
    contact = deps.store.external_id(Company.schema_name, order.company_id, ENERGISED)
    mark = SourceMark(
        version=event.version,
        event_id=event.event_id,
        content_hash=event.fingerprint(),
        at=now,
    )
    update = {
        "asset_id": event.asset_id,
        "order_id": order.id,
        "company_id": order.company_id,
        "assigned_by": mark,
        "waiting_for": None if contact else NO_COMPANY,
    }
    before = _card(event, order, stored, deps)
    card = before.model_copy(update=update)
    wanted: dict[str, Any] = {"billing_contact_id": contact} if contact else {}
    if before.order_id != order.id:
        # The card goes to another order: it leaves the portal until that one is delivered.
        card = card.model_copy(update={"in_portal_since": None})
    if before.company_id != order.company_id:
        # Nothing of the old company's driver may reach the new one, nor the old one go on paying
        # while the new one is not known to be.ENERGISED.
        card = card.model_copy(update={"vehicle": ""})
        wanted |= {"contact_id": None, "label": "", "billing_contact_id": contact}
    row = deps.store.get(LedgerRow, energised_row_id(card))
    bindings = (
        Bind(ChargeCard.schema_name, card.id, ENERGISED, event.card_id),
        Bind(ChargeCard.schema_name, card.id, SALESFORCE, event.asset_id),
    )
    return (
        Save(card, stored),
        *(() if stored and stored.record.asset_id == event.asset_id else bindings),
        *(wanting(row, card, wanted) if wanted else ()),
    )


def _card(
    event: CardAssigned, order: ChargeCardOrder, stored: Stored[ChargeCard] | None, deps: Deps
) -> ChargeCard:
    if stored:
        return stored.record
    return ChargeCard(
        id=card_id(deps.store.org, event.card_id),
        energised_id=event.card_id,
        order_id=order.id,
        company_id=order.company_id,
    )
