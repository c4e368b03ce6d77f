"""What a clerk of the operator does in Salesforce: assign cards, set the status of an order, enter
an order by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from infra.simulators.messages import RefusalError, Response, answer
from infra.simulators.record_ids import canonical
from infra.simulators.salesforce import notices, records
from infra.simulators.salesforce.notices import DELIVERED, assigned
from infra.simulators.salesforce.org import Org
from infra.simulators.salesforce.schema import ORDER_STARTS, ORDER_STATUSES
from infra.simulators.salesforce.table_rows import Row

BLANK = "Purchased"


class ClerkError(RefusalError):
    """The clerk cannot do this: `status` 404 where something is missing, else 409."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        """`{"message": …}`."""
        return answer(self.status, {"message": str(self)})


def find_order(org: Org, name: str) -> Row:
    """An order by our reference, its order number or its id. Raises `ClerkError`."""
    for order in org.rows.all("Order"):
        known = (order["BusbarReference__c"], order["OrderNumber"], order["Id"])
        if name in known or canonical(name) == order["Id"]:
            return order
    raise ClerkError(f"there is no order {name}", 404)


def enter_order(org: Org, reference: str, account_id: str, quantity: int) -> Row:
    """Enter an order by hand, with our reference and one item; what no program has sent."""
    taken = org.rows.having("Order", "BusbarReference__c", reference)
    field = org.object("Order").field("BusbarReference__c")
    if taken and field and field.unique:
        raise ClerkError(f"{reference} is a duplicate value")
    entry = next(iter(org.rows.all("PricebookEntry")))
    today = org.now().date().isoformat()
    values = {"AccountId": account_id, "EffectiveDate": today, "Status": ORDER_STARTS[0]}
    order = org.insert(org.object("Order"), {**values, "BusbarReference__c": reference})
    item = {"PricebookEntryId": entry["Id"], "Product2Id": entry["Product2Id"]}
    item |= {"Quantity": float(quantity), "UnitPrice": entry["UnitPrice"]}
    org.insert(org.object("OrderItem"), {**item, "OrderId": order["Id"]})
    return order


def delete_order(org: Org, name: str) -> None:
    """Delete an order, with its items."""
    records.delete(org, "Order", find_order(org, name)["Id"])


def assign_cards(
    org: Org, name: str, quantity: int | None = None, asset_ids: Sequence[str] = ()
) -> list[str]:
    """Assign blank cards to an order, one event each; the ids of their Assets.

    Without `quantity` and `asset_ids`: as many as the order's items ask for and are not there yet.
    """
    order = find_order(org, name)
    if asset_ids:
        chosen = [_blank_asset(org, asset_id) for asset_id in asset_ids]
    else:
        wanted = _outstanding(org, order) if quantity is None else quantity
        stock = [a for a in org.rows.all("Asset") if _is_blank(a)]
        if len(stock) < wanted:
            raise ClerkError(f"only {len(stock)} blank cards are left")
        chosen = stock[:wanted]
    for asset in chosen:
        give(org, order, asset)
    return [asset["Id"] for asset in chosen]


def announce_cards(org: Org, name: str) -> list[str]:
    """Tell of an order's cards and wallboxes again, as after a correction; their Assets' ids."""
    order = find_order(org, name)
    cards = assigned(org, order)
    for asset in cards:
        notices.asset_assigned(org, order, asset)
    return [asset["Id"] for asset in cards]


def set_status(
    org: Org,
    name: str,
    status: str,
    *,
    tracking_id: str | None = None,
    delivery_date: str | None = None,
    delivered_quantity: int | None = None,
    delivered_assets: Sequence[str] = (),
) -> Row:
    """Set an order's status, ship what it says is delivered, and emit the event.

    `Geliefert` ships all assigned cards, `Teilgeliefert` the named ones, or the first
    `delivered_quantity`. `delivery_date` is an ISO date.
    """
    if status not in ORDER_STATUSES:
        raise ClerkError(f"{status} is no status; known are {', '.join(ORDER_STATUSES)}")
    if delivery_date is not None and not _is_date(delivery_date):
        raise ClerkError(f"{delivery_date} is no date like 2025-06-05")
    order = find_order(org, name)
    given = {"TrackingId__c": tracking_id, "DeliveryDate__c": delivery_date}
    changes = {field: value for field, value in given.items() if value is not None}
    # Everything is looked up before anything is written, or a refusal would leave half of it.
    shipped = _to_ship(org, order, status, delivered_quantity, delivered_assets)
    order = org.change("Order", order["Id"], Status=status, **changes)
    for asset in shipped:
        org.change("Asset", asset["Id"], Status=DELIVERED)
    if delivered_quantity is None and status in {"Geliefert", "Teilgeliefert"}:
        delivered_quantity = sum(a["Status"] == DELIVERED for a in assigned(org, order))
    notices.status_changed(org, order, delivered_quantity)
    return order


def _to_ship(
    org: Org, order: Row, status: str, quantity: int | None, named: Sequence[str]
) -> list[Row]:
    mine = assigned(org, order)
    if named:
        wanted = {canonical(asset_id) for asset_id in named}
        found = [a for a in mine if a["Id"] in wanted]
        if len(found) < len(wanted):
            raise ClerkError("delivered_assets: not all are assigned to this order")
        return found
    if status == "Geliefert":
        return mine
    return mine[:quantity] if status == "Teilgeliefert" and quantity else []


def is_in_stock(asset: Row) -> bool:
    """Whether nobody has it yet."""
    return asset["BusbarOrder__c"] is None and asset["Status"] == BLANK


def give(org: Org, order: Row, asset: Row) -> None:
    """Assign an Asset to an order, and tell of it."""
    org.change("Asset", asset["Id"], BusbarOrder__c=order["Id"], AccountId=order["AccountId"])
    notices.asset_assigned(org, order, asset)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_blank(asset: Row) -> bool:
    return asset["AssetKind__c"] is None and is_in_stock(asset)


def _blank_asset(org: Org, asset_id: str) -> Row:
    asset = org.rows.get("Asset", canonical(asset_id) or "")
    if asset is None:
        raise ClerkError(f"there is no card {asset_id}", 404)
    if not _is_blank(asset):
        raise ClerkError(f"card {asset_id} is not blank")
    return asset


def _outstanding(org: Org, order: Row) -> int:
    items = (i for i in org.rows.all("OrderItem") if i["OrderId"] == order["Id"])
    return max(0, int(sum(i["Quantity"] for i in items)) - len(assigned(org, order)))
