"""A wallbox or a card was assigned to an order of wallboxes: the hub takes it over.

What it is tells its kind: a wallbox is looked for in be.ENERGISED by its serial number, a card
becomes the driver's own. With a kind that nobody has mapped it is nothing yet, and a person
decides.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from busbar.domain.wallbox_assets import AssetKind, WallboxAsset
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.domain.wallboxes import Wallbox, wallbox_id
from busbar.errors import EventRejected
from busbar.usecases.deps import Deps
from busbar.usecases.wallbox_assignment import (
    Assigned,
    give_card,
    give_wallbox,
    is_late,
    order_of,
)


class WallboxAssigned(BaseModel):
    """`WallboxAssigned__e`, as `connectors/salesforce/metadata/wallbox` defines it."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=255)

    order_reference: str = Field(alias="OrderReference__c", min_length=1)
    asset_id: str = Field(alias="AssetId__c", min_length=15, max_length=18)
    kind: str | None = Field(alias="AssetKind__c", default=None)
    serial_number: str | None = Field(alias="SerialNumber__c", default=None)
    card_id: str | None = Field(alias="CardId__c", default=None)
    version: int = Field(alias="SourceVersion__c", gt=0)
    event_id: str = Field(alias="EventUuid", min_length=1)

    def said(self, deps: Deps) -> Assigned:
        """What it says, in our words."""
        kind = AssetKind(deps.salesforce.asset_kinds.get(self.kind or "", AssetKind.UNKNOWN))
        return Assigned(
            order_reference=self.order_reference,
            asset_id=self.asset_id,
            kind=kind,
            serial_number=(self.serial_number or "") if kind is AssetKind.WALLBOX else "",
            card_id=self.card_id or "",
            version=self.version,
            event_id=self.event_id,
        )


def told_by_asset(order_reference: str, asset: WallboxAsset) -> Assigned:
    """What the event said, or would have said, by which the Asset came to the order."""
    return Assigned(
        order_reference=order_reference,
        asset_id=asset.asset_id,
        kind=asset.kind,
        serial_number=asset.serial_number if asset.kind is AssetKind.WALLBOX else "",
        card_id=asset.card_id,
        version=asset.version,
        event_id=f"asset:{asset.asset_id}",
    )


def assigned(said: Assigned, deps: Deps) -> None:
    """Apply one assignment; what it needs of be.ENERGISED is done by errands. Safe to repeat.

    Raises `EventRejected` if no order of ours is meant, or if it fits neither wallbox nor card.
    """
    order = order_of(said.order_reference, deps).record
    deps = deps.continuing(order.correlation_id)
    if fault := _fault(said, deps):
        if not is_late(said, deps):
            raise EventRejected(fault, WallboxOrder.schema_name, order.id)
    elif said.kind is AssetKind.WALLBOX:
        give_wallbox(said, deps)
    else:
        give_card(said, deps)


def _fault(said: Assigned, deps: Deps) -> str:
    """Why it can be neither wallbox nor card; empty if it can."""
    if said.kind is AssetKind.UNKNOWN:
        return "unknown_kind"
    if said.kind is AssetKind.WALLBOX:
        return "" if said.serial_number else "wallbox_without_serial_number"
    if deps.store.get(Wallbox, wallbox_id(deps.store.org, said.asset_id)):
        return "wallbox_became_card"
    return "" if said.card_id else "card_without_id"
