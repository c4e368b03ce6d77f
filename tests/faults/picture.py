"""What a run has ended in, without what differs from run to run: so that tiers can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from busbar.settings.salesforce import SalesforceSettings
from tests.faults.evidence import Evidence

DRAWN = frozenset(
    {
        "id",
        "number",
        "order_id",
        "etag",
        "OrderNumber",
        "salesforce_order_number",
        "tracking_id",
        "TrackingId__c",
    }
)
"""Ids, numbers and what is made of them. As of times, it only counts whether they are there."""
ORDER = ("AccountId", "Status", "OrderNumber", "TrackingId__c", "DeliveryDate__c")
CARD = ("active", "blocked", "label", "contact_id", "billing_contact_id")
ASSET = ("AccountId", "Status", *SalesforceSettings.asset_fields)
Json = Mapping[str, Any]


def picture(ended: Evidence) -> dict[str, Any]:
    """Orders with their items, cards with their Assets, and all of the portal's answers."""
    sales, cards, portal = ended.held.salesforce, dict(ended.held.cards), ended.portal
    orders = [row for row in sales["Order"] if row["BusbarReference__c"]]
    assigned = [asset for asset in sales["Asset"] if asset["BusbarOrder__c"]]
    ours = [(asset, cards.pop(asset["EnergisedCardId__c"])) for asset in assigned]
    return {
        "orders": _sorted(
            {**_some(row, ORDER), "items": _quantities(row, sales["OrderItem"])} for row in orders
        ),
        "cards": _sorted({**_some(card, CARD), **_some(asset, ASSET)} for asset, card in ours),
        "kinds of other cards": _distinct(_some(card, CARD) for card in cards.values()),
        "portal's orders": {u: _sorted(map(_plain, o.values())) for u, o in portal.orders.items()},
        "portal's cards": _sorted(map(_plain, portal.cards.values())),
        "portal's tasks": _sorted(map(_plain, portal.tasks.values())),
        "drivers' cards": {u: _sorted(map(_plain, own)) for u, own in portal.own.items()},
    }


def _quantities(order: Json, items: Iterable[Json]) -> list[float]:
    return [item["Quantity"] for item in items if item["OrderId"] == order["Id"]]


def _some(row: Json, names: Iterable[str]) -> dict[str, Any]:
    return _plain({name: row[name] for name in names})


def _plain(row: Json) -> dict[str, Any]:
    return {
        name: bool(value) if name in DRAWN or name.endswith("_at") else value
        for name, value in row.items()
    }


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=repr)


def _distinct(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return _sorted({repr(row): row for row in rows}.values())
