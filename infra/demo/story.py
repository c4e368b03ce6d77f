"""One charging-card order from the portal to the driver's card, over HTTP.

Every step is checked in the system where it has to show.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from infra.demo.stage import Stage, check
from infra.simulators.sample import DRIVERS, NORDWIND

QUANTITY = 2


def order(stage: Stage) -> dict[str, Any]:
    """The fleet manager orders cards; Salesforce gives the number in the same answer."""
    form = stage.portal("GET", "/v1/charge-card-orders/form").json()
    low, high = form["quantity"]["minimum"], form["quantity"]["maximum"]
    stage.tell("portal", f"order form of {form['company']['name']}, {low} to {high} cards")
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"quantity": QUANTITY, "note": "Demo"}
    placed = stage.portal("POST", "/v1/charge-card-orders", json=body, headers=key)
    check(placed.status_code == 201, "Salesforce did not take the order at once")
    made: dict[str, Any] = placed.json()
    number = made["salesforce_order_number"]
    stage.tell("portal", f"{QUANTITY} cards ordered: 201 with Salesforce's number", number)
    (row,) = stage.rows("Order", OrderNumber=number)
    stage.tell("salesforce", f"order and item are there, status {row['Status']}", row["Id"])
    again = stage.portal("POST", "/v1/charge-card-orders", json=body, headers=key)
    check(again.content == placed.content, "the repeat was answered differently")
    stage.tell("portal", "the same request again: the same answer, no second order", number)
    return {**made, "salesforce_id": row["Id"]}


def assign(stage: Stage, made: dict[str, Any]) -> list[dict[str, Any]]:
    """Salesforce assigns blank cards; each gets its billing contact in be.ENERGISED."""
    number = made["salesforce_order_number"]
    stage.clerk("salesforce", "POST", f"orders/{number}/cards", {})
    assets = stage.rows("Asset", BusbarOrder__c=made["salesforce_id"])
    check(len(assets) == QUANTITY, "Salesforce assigned another number of cards")
    for asset in assets:
        card_id = asset["EnergisedCardId__c"]
        stage.tell("salesforce", f"blank card {asset['SerialNumber']} assigned", asset["Id"])
        stage.wait("the billing contact", partial(_is_billed, stage, card_id))
        stage.tell("be.ENERGISED", f"its billing contact is {NORDWIND.name}", f"card {card_id}")
    return assets


def _is_billed(stage: Stage, card_id: str) -> bool:
    return bool(stage.card(card_id)["billing_contact_id"] == NORDWIND.energised_id)


def deliver(stage: Stage, made: dict[str, Any]) -> list[dict[str, Any]]:
    """Salesforce says `Geliefert`; after the synchronisation the cards stand in the portal."""
    number, path = made["salesforce_order_number"], f"/v1/charge-card-orders/{made['id']}"
    status = {"status": "Geliefert", "tracking_id": "00340434161094", "delivery_date": "2026-12-01"}
    stage.clerk("salesforce", "POST", f"orders/{number}/status", status)
    stage.tell("salesforce", "the clerk sets the order to Geliefert", number)
    shown = stage.wait("the delivery", lambda: _delivered(stage.portal("GET", path).json()))
    what = f"order shows {shown['status_text']}, delivered on {shown['delivery_date']}"
    stage.tell("portal", what, f"tracking {shown['tracking_id']}")
    cards: list[dict[str, Any]] = stage.wait("the cards", lambda: _synchronised(stage, made["id"]))
    for card in cards:
        check(card["driver"] is None, "a new card has a driver already")
        stage.tell("portal", f"card {card['number']} stands there, unassigned", card["id"])
    return cards


def _delivered(shown: dict[str, Any]) -> dict[str, Any] | None:
    return shown if shown["status"] == "delivered" else None


def _synchronised(stage: Stage, order_id: str) -> list[dict[str, Any]] | None:
    stage.portal("POST", "/v1/charge-cards/sync", "operator")
    cards = stage.portal("GET", "/v1/charge-cards").json()["cards"]
    ours = [c for c in cards if c["order_id"] == order_id]
    return ours if len(ours) == QUANTITY else None


def _is_done(stage: Stage, path: str) -> bool:
    return bool(stage.portal("GET", path).json()["energised"]["state"] == "done")


def hand_over(stage: Stage, card: dict[str, Any], energised_id: str) -> None:
    """The fleet manager gives a card to a driver and switches it on; the driver sees it."""
    path = f"/v1/charge-cards/{card['id']}"
    seen = stage.portal("GET", path)
    change = {"driver_id": stage.sub("driver"), "vehicle": "OL-NW 17", "label": "Transporter"}
    etag = {"If-Match": seen.headers["etag"]}
    stage.portal("PATCH", path, json=change, headers=etag)
    stage.tell("portal", f"card given to {DRIVERS[0].name} and {change['vehicle']}", card["id"])
    stage.portal("POST", f"{path}/activate")
    # At once, unless a worker has the card in hands just then: the portal says that it is pending.
    stage.wait("the change in be.ENERGISED", partial(_is_done, stage, path))
    held = stage.card(energised_id)
    check(held["active"] == "true", "the card is not active in be.ENERGISED")
    check(held["contact_id"] == DRIVERS[0].energised_id, "the card has another holder")
    stage.tell("be.ENERGISED", "the card is active and the driver's", f"card {energised_id}")
    mine = stage.portal("GET", "/v1/my/charge-cards", "driver").json()["cards"]
    check(card["id"] in [c["id"] for c in mine], "the driver does not see his card")
    stage.tell("portal", f"{DRIVERS[0].name} sees it under Meine Lademedien", card["id"])
    others = stage.portal("GET", "/v1/my/charge-cards", "second-driver").json()["cards"]
    check(card["id"] not in [c["id"] for c in others], "another driver sees the card")


def follow(stage: Stage, asset_id: str, energised_id: str) -> None:
    """A later change in be.ENERGISED reaches Salesforce."""
    stage.wait("the Asset", lambda: stage.rows("Asset", Id=asset_id, CardActive__c=True))
    stage.tell("salesforce", "the Asset is active, with driver and vehicle", asset_id)
    stage.clerk("energised", "POST", f"cards/{energised_id}/block")
    stage.tell("be.ENERGISED", "a clerk blocks the card", f"card {energised_id}")

    def blocked() -> Any:
        stage.portal("POST", "/v1/charge-cards/sync", "operator")
        return stage.rows("Asset", Id=asset_id, CardBlocked__c=True)

    stage.wait("the block", blocked)
    stage.tell("salesforce", "after the synchronisation the Asset is blocked too", asset_id)
    stage.clerk("energised", "POST", f"cards/{energised_id}/unblock")


def table(made: dict[str, Any], assets: list[dict[str, Any]], cards: list[dict[str, Any]]) -> None:
    """The ids of the order and its cards in each system."""
    ours = {card["number"]: card["id"] for card in cards}
    print(f"\n{'':<28}{'Busbar':<18}{'Salesforce':<22}be.ENERGISED")
    number = made["salesforce_order_number"]
    print(f"{'order ' + number:<28}{made['id']:<18}{made['salesforce_id']:<22}")
    for asset in assets:
        name, card_id = f"card {asset['SerialNumber']}", asset["EnergisedCardId__c"]
        print(f"{name:<28}{ours[asset['SerialNumber']]:<18}{asset['Id']:<22}{card_id}")


def tell(stage: Stage) -> None:
    """The whole story. Raises `DemoFailed` if a system does not hold what it should."""
    made = order(stage)
    assets = assign(stage, made)
    cards = deliver(stage, made)
    first = next(c for c in cards if c["number"] == assets[0]["SerialNumber"])
    energised_id = assets[0]["EnergisedCardId__c"]
    hand_over(stage, first, energised_id)
    follow(stage, assets[0]["Id"], energised_id)
    table(made, assets, cards)
