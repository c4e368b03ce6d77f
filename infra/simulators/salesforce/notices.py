"""What the org tells of orders and cards by platform events, and when."""

from __future__ import annotations

from typing import Any

from infra.simulators.salesforce.org import Org
from infra.simulators.salesforce.table_rows import Row

DELIVERED = "Shipped"
ASSIGNED_EVENT = "ChargeCardAssigned__e"
STATUS_EVENT = "OrderStatusChanged__e"
_TELLING = ("Status", "TrackingId__c", "DeliveryDate__c")


def assigned(org: Org, order: Row) -> list[Row]:
    """The cards that are assigned to an order."""
    return [a for a in org.rows.all("Asset") if a["BusbarOrder__c"] == order["Id"]]


def card_assigned(org: Org, order: Row, asset: Row) -> None:
    """Tell that a card was assigned to an order."""
    card = {"AssetId__c": asset["Id"], "CardId__c": asset["EnergisedCardId__c"]}
    org.events.emit(ASSIGNED_EVENT, _named(order) | card)


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
    """The triggers of an org that tells of API writes too (`OrgSettings.triggers`)."""
    if not org.settings.triggers:
        return
    if sobject == "Order" and row["BusbarReference__c"] and _differ(before, row, _TELLING):
        shipped = sum(a["Status"] == DELIVERED for a in assigned(org, row))
        status_changed(org, row, shipped)
    if sobject == "Asset" and row["BusbarOrder__c"] and _differ(before, row, ("BusbarOrder__c",)):
        order = org.rows.get("Order", row["BusbarOrder__c"])
        if order and order["BusbarReference__c"] and row["EnergisedCardId__c"]:
            card_assigned(org, order, row)


def _differ(before: Row | None, row: Row, names: tuple[str, ...]) -> bool:
    return before is None or any(before[name] != row[name] for name in names)


def _named(order: Row) -> dict[str, Any]:
    return {
        "OrderReference__c": order["BusbarReference__c"],
        "OrderNumber__c": order["OrderNumber"],
    }
