"""What single objects demand beyond the types of their fields."""

from __future__ import annotations

from collections.abc import Callable

from infra.simulators.salesforce.failures import ApiError
from infra.simulators.salesforce.field_values import missing
from infra.simulators.salesforce.fields import SObject
from infra.simulators.salesforce.org import Org
from infra.simulators.salesforce.schema import ORDER_STARTS
from infra.simulators.salesforce.table_rows import Row
from infra.simulators.salesforce.wallbox_schema import TO_REVIEW


def check(org: Org, sobject: SObject, row: Row, before: Row | None) -> None:
    """Check a whole row before it is written. Raises `ApiError`."""
    absent = [f.name for f in sobject.fields if f.required and row.get(f.name) is None]
    if absent:
        raise missing(*absent)
    _check_unique(org, sobject, row, before)
    rule = _RULES.get(sobject.name)
    if rule:
        rule(org, row, before)


def _check_unique(org: Org, sobject: SObject, row: Row, before: Row | None) -> None:
    own = before["Id"] if before else None
    for field in sobject.fields:
        value = row.get(field.name)
        if not field.unique or value is None:
            continue
        other = [r for r in org.rows.having(sobject.name, field.name, value) if r["Id"] != own]
        if other:
            message = (
                f"duplicate value found: {field.name} duplicates value on record with id: "
                f"{other[0]['Id']}"
            )
            raise ApiError("DUPLICATE_VALUE", message)


def _check_order(org: Org, row: Row, before: Row | None) -> None:
    if before is None and row["Status"] not in ORDER_STARTS:
        raise ApiError(
            "FAILED_ACTIVATION", "A new order has to be in a status of the category Draft", "Status"
        )
    becomes_active = row["Status"] == "Activated" and (before or {}).get("Status") != "Activated"
    if becomes_active and not any(i["OrderId"] == row["Id"] for i in org.rows.all("OrderItem")):
        raise ApiError("FAILED_ACTIVATION", "An order must have at least one product.")


def _check_item(org: Org, row: Row, before: Row | None) -> None:
    if before is not None:
        return
    order = org.rows.get("Order", row["OrderId"]) or {}
    entry = org.rows.get("PricebookEntry", row["PricebookEntryId"]) or {}
    if order.get("Pricebook2Id") is None or order["Pricebook2Id"] != entry.get("Pricebook2Id"):
        raise ApiError(
            "FIELD_INTEGRITY_EXCEPTION",
            "The pricebook entry is in a different pricebook than the one assigned to the order",
            "PricebookEntryId",
        )
    product = org.rows.get("Product2", entry["Product2Id"]) or {}
    if not (entry["IsActive"] and product["IsActive"]):
        raise ApiError(
            "FIELD_INTEGRITY_EXCEPTION", "pricebook entry is inactive", "PricebookEntryId"
        )
    row["Product2Id"] = entry["Product2Id"]


def consequences(sobject: SObject, row: Row, before: Row) -> Row:
    """What our trigger before an update adds: a new proof of installation is to be reviewed."""
    proof = "InstallationProofHash__c"
    if sobject.name != "Asset" or not row[proof] or row[proof] == before[proof]:
        return {}
    return {"InstallationReview__c": TO_REVIEW, "ReviewReason__c": None}


_RULES: dict[str, Callable[[Org, Row, Row | None], None]] = {
    "Order": _check_order,
    "OrderItem": _check_item,
}
