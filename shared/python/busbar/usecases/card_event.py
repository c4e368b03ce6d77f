"""A blank card was assigned to an order in Salesforce: it shall bill to the order's company.

The card in be.ENERGISED gets as billing contact the id of the company in whose context the order
was sent. If be.ENERGISED does not know the company yet, the card waits with a named reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from busbar.domain.cards import CardAsset, CardPurpose
from busbar.domain.identifiers import entity_id_of
from busbar.domain.orders import KIND, ChargeCardOrder
from busbar.domain.record import SourceMark
from busbar.errors import EventRejected
from busbar.ports.store import Change, Save, Stored
from busbar.process.contract import Outcome, content_hash
from busbar.usecases.card_assignment import Assignment, Recipient, assign
from busbar.usecases.card_forward import carry
from busbar.usecases.deps import Deps


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
    deps = deps.continuing(_order(event, deps).record.correlation_id)
    applied = assign(_assignment(event, deps), deps.outbox.guard, deps)
    return carry(applied[0], deps, deps.tuning.call_timeout, applied[1]) if applied else None


def assigned_and_left(event: CardAssigned, deps: Deps) -> None:
    """Apply one assignment, and leave it to `card_forward` to carry it out.

    Raises `EventRejected` if no order of ours is meant.
    """
    deps = deps.continuing(_order(event, deps).record.correlation_id)
    assign(_assignment(event, deps), deps.outbox.awake, deps)


def _assignment(event: CardAssigned, deps: Deps) -> Assignment:
    mark = SourceMark(
        version=event.version,
        event_id=event.event_id,
        content_hash=event.fingerprint(),
        at=deps.clock.now(),
    )

    def holds() -> bool:
        assets = deps.systems.salesforce.assets_of(event.order_reference, deps.tuning.call_timeout)
        return any(asset.asset_id == event.asset_id for asset in assets)

    return Assignment(
        card_id=event.card_id,
        asset_id=event.asset_id,
        mark=mark,
        to=lambda: _recipient(_order(event, deps), deps),
        holds=holds,
    )


def _recipient(order: Stored[ChargeCardOrder], deps: Deps) -> Recipient:
    def follows(card: str) -> Sequence[Change]:
        # If it is delivered, it would not look for its cards any more.
        after = order.record.expecting(card, deps.clock.now())
        return () if after == order.record else (Save(after, order),)

    return Recipient(
        order_id=order.record.id,
        purpose=CardPurpose.FLEET,
        company_id=order.record.company_id,
        order_follows=follows,
    )


def _order(event: CardAssigned, deps: Deps) -> Stored[ChargeCardOrder]:
    stored = deps.store.get(ChargeCardOrder, event.order_id) if event.order_id else None
    if stored is None:
        raise EventRejected("unknown_order", ChargeCardOrder.schema_name, event.order_reference)
    return stored
