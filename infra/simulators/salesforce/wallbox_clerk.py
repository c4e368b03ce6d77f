"""What a clerk of the operator does with an order of wallboxes: assign wallbox and cards, and
review the proof of installation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from infra.simulators.record_ids import canonical
from infra.simulators.salesforce import notices
from infra.simulators.salesforce.clerk import ClerkError, find_order, give, is_in_stock
from infra.simulators.salesforce.org import Org
from infra.simulators.salesforce.table_rows import Row
from infra.simulators.salesforce.wallbox_schema import (
    FAMILY,
    PRIVATE_CARD,
    REFUND_CARD,
    RETURNED,
    REVIEWS,
    WALLBOX,
)


def assign_wallbox(org: Org, name: str, asset_ids: Sequence[str] = ()) -> list[str]:
    """Assign wallboxes and cards of the stock to an order, one event each; their Assets' ids.

    Without `asset_ids`: as many wallboxes as the order's items ask for, one private card and one
    refund card, as far as they are not there yet.
    """
    order = find_order(org, name)
    if asset_ids:
        chosen = [_in_stock(org, asset_id) for asset_id in asset_ids]
    else:
        chosen = [a for kind, number in _outstanding(org, order) for a in _some(org, kind, number)]
    for asset in chosen:
        give(org, order, asset)
    return [asset["Id"] for asset in chosen]


def set_review(org: Org, name: str, status: str, reason: str | None = None) -> list[str]:
    """Set what came of the review of all proofs of an order; the ids of their wallboxes' Assets.

    Who gives a proof back says why. Nothing can be reviewed before there is a proof.
    """
    if status not in REVIEWS:
        raise ClerkError(f"{status} is no review; known are {', '.join(REVIEWS)}")
    if status == RETURNED and not reason:
        raise ClerkError("a proof is given back with a reason")
    order = find_order(org, name)
    boxes = [a for a in notices.assigned(org, order) if a["InstallationProofHash__c"]]
    if not boxes:
        raise ClerkError(f"order {name} has no proof of installation")
    for box in boxes:
        values = {"InstallationReview__c": status, "ReviewReason__c": reason}
        notices.installation_reviewed(org, order, org.change("Asset", box["Id"], **values))
    return [box["Id"] for box in boxes]


def _outstanding(org: Org, order: Row) -> Iterator[tuple[str, int]]:
    there = Counter(a["AssetKind__c"] for a in notices.assigned(org, order))
    wanted = {WALLBOX: _ordered(org, order), PRIVATE_CARD: 1, REFUND_CARD: 1}
    for kind, number in wanted.items():
        yield kind, max(0, number - there[kind])


def _ordered(org: Org, order: Row) -> int:
    items = (i for i in org.rows.all("OrderItem") if i["OrderId"] == order["Id"])
    boxes = {p["Id"] for p in org.rows.all("Product2") if p["Family"] == FAMILY}
    return int(sum(i["Quantity"] for i in items if i["Product2Id"] in boxes))


def _some(org: Org, kind: str, number: int) -> list[Row]:
    stock = [a for a in org.rows.all("Asset") if a["AssetKind__c"] == kind and is_in_stock(a)]
    if len(stock) < number:
        raise ClerkError(f"only {len(stock)} of kind {kind} are left")
    return stock[:number]


def _in_stock(org: Org, asset_id: str) -> Row:
    asset = org.rows.get("Asset", canonical(asset_id) or "")
    if asset is None:
        raise ClerkError(f"there is no Asset {asset_id}", 404)
    if not is_in_stock(asset):
        raise ClerkError(f"Asset {asset_id} is not in stock")
    return asset
