"""What the org tells of orders and cards by platform events, and when."""

from __future__ import annotations

from typing import Any

from infra.simulators.salesforce.org import Org
from infra.simulators.salesforce.table_rows import Row

DELIVERED = "Shipped"
ASSIGNED_EVENT = "ChargeCardAssigned__e"
STATUS_EVENT = "OrderStatusChanged__e"
WALLBOX_EVENT = "WallboxAssigned__e"
REVIEW_EVENT = "InstallationReviewed__e"
_TELLING = ("Status", "TrackingId__c", "DeliveryDate__c")
_REVIEW = ("InstallationReview__c", "ReviewReason__c", "InstallationProofHash__c")
_WALLBOX_ORDER = "BBWO"
"""With this our references of wallbox orders begin."""


def assigned(org: Org, order: Row) -> list[Row]:
    """The cards, and wallboxes, that are assigned to an order."""
    return [a for a in org.rows.all("Asset") if a["BusbarOrder__c"] == order["Id"]]


def is_for_wallboxes(order: Row) -> bool:
    """Whether this is an order of wallboxes."""
    return (order["BusbarReference__c"] or "").startswith(_WALLBOX_ORDER)


def asset_assigned(org: Org, order: Row, asset: Row) -> None:
    """Tell that a card or a wallbox was assigned to an order, by the event of such orders."""
    told = {"AssetId__c": asset["Id"], "CardId__c": asset["EnergisedCardId__c"]}
    if not is_for_wallboxes(order):
        org.events.emit(ASSIGNED_EVENT, _named(order) | told)
        return
    # A card's number is nothing that an event may tell: it could lie in a dead-letter queue.
    serial = None if asset["EnergisedCardId__c"] else asset["SerialNumber"]
    told |= {"AssetKind__c": asset["AssetKind__c"], "SerialNumber__c": serial}
    org.events.emit(WALLBOX_EVENT, _named(order) | told)


def installation_reviewed(org: Org, order: Row, asset: Row) -> None:
    """Tell what came of the review of an installation, and of which proof."""
    told = {
        "AssetId__c": asset["Id"],
        "Review__c": asset["InstallationReview__c"],
        "ReviewReason__c": asset["ReviewReason__c"],
        "ProofHash__c": asset["InstallationProofHash__c"],
    }
    org.events.emit(REVIEW_EVENT, _named(order) | told)


def status_changed(org: Org, order: Row, delivered: int | None) -> None:
    """Tell an order's status and delivery; `delivered` cards so far, None where it is not said."""
    told = {
        "Status__c": order["Status"],
        "TrackingId__c": order["TrackingId__c"],
        "DeliveryDate__c": order["DeliveryDate__c"],
        # Salesforce has no whole numbers: a Number field comes as a double.
        "DeliveredQuantity__c": None if delivered is None else float(delivered),
    }
    org.events.emit(STATUS_EVENT, _named(order) | told)


def row_written(org: Org, sobject: str, before: Row | None, row: Row) -> None:
    """The triggers of an org that tells of API writes too (`OrgSettings.triggers`).

    That a review began anew is told in any case: nobody but the call itself has done that.
    """
    if sobject == "Asset":
        _asset_written(org, before, row)
    elif sobject == "Order":
        _order_written(org, before, row)


def _order_written(org: Org, before: Row | None, row: Row) -> None:
    if org.settings.triggers and row["BusbarReference__c"] and _differ(before, row, _TELLING):
        shipped = sum(a["Status"] == DELIVERED for a in assigned(org, row))
        status_changed(org, row, shipped)


def _asset_written(org: Org, before: Row | None, row: Row) -> None:
    order = org.rows.get("Order", row["BusbarOrder__c"]) if row["BusbarOrder__c"] else None
    if order is None or not order["BusbarReference__c"]:
        return
    if row["InstallationReview__c"] and _differ(before, row, _REVIEW):
        installation_reviewed(org, order, row)
    comes = _differ(before, row, ("BusbarOrder__c",))
    if org.settings.triggers and comes and (row["EnergisedCardId__c"] or is_for_wallboxes(order)):
        asset_assigned(org, order, row)


def _differ(before: Row | None, row: Row, names: tuple[str, ...]) -> bool:
    return before is None or any(before[name] != row[name] for name in names)


def _named(order: Row) -> dict[str, Any]:
    return {
        "OrderReference__c": order["BusbarReference__c"],
        "OrderNumber__c": order["OrderNumber"],
    }
