"""One wallbox order from the portal through SAP, Salesforce and be.ENERGISED to the activated
refund card, over HTTP.

Every step is checked in the system where it has to show.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from infra.demo.installation_story import DRIVER, Things, install, my_cards, my_wallbox
from infra.demo.stage import SYSTEMS, Stage, check

ADDRESS = {
    "name": "Wiebke Janssen",
    "street": "Am Deich",
    "house_number": "7a",
    "postal_code": "26121",
    "city": "Oldenburg",
    "country": "DE",
}
PERSON = {
    "first_name": "Wiebke",
    "last_name": "Janssen",
    "birth_date": "1984-05-17",
    "email": "wiebke.janssen@example.test",
    "phone": "+49 441 123456",
    "iban": "DE89370400440532013000",
}


def order(stage: Stage) -> dict[str, Any]:
    """The driver chooses of the catalogue, and orders."""
    products = stage.portal("GET", "/v1/wallbox-products", DRIVER).json()["products"]
    wallbox = next(p for p in products if p["family"] == "Wallbox")
    price = f"{wallbox['unit_price']} {wallbox['currency']}, {wallbox['tax_rate']} % tax"
    stage.tell("portal", f"{len(products)} products; {wallbox['name']}: {price}", wallbox["code"])
    body = {
        "products": [{"product_code": wallbox["code"], "quantity": 1}],
        "person": PERSON,
        "billing_address": ADDRESS,
        "installation_address": {**ADDRESS, "street": "Hinterm Hof"},
        "note": "Demo",
    }
    key = {"Idempotency-Key": str(uuid.uuid4())}
    placed = stage.portal("POST", "/v1/wallbox-orders", DRIVER, json=body, headers=key)
    check(placed.status_code == 202, "the order was not accepted at once")
    made: dict[str, Any] = placed.json()
    stage.tell("portal", "wallbox ordered: 202 with our number and its progress", made["id"])
    return made


def provision(stage: Stage, made: dict[str, Any]) -> dict[str, Any]:
    """The order goes through all systems by itself; each step is told as it is done."""
    path, told = f"/v1/wallbox-orders/{made['id']}", set[str]()

    def through() -> dict[str, Any] | None:
        shown: dict[str, Any] = stage.portal("GET", path, DRIVER).json()
        for step in shown["steps"]:
            if step["state"] == "done" and step["step"] not in told:
                told.add(step["step"])
                references = filter(None, (step["number"], step["reference"]))
                what = f"{step['text']}: {step['state_text']}"
                stage.tell(SYSTEMS[step["system"]], what, "  ".join(references))
        return shown if len(told) == len(shown["steps"]) else None

    shown: dict[str, Any] = stage.wait("the way through all systems", through)
    return shown


def _number(shown: dict[str, Any], step: str) -> str:
    return str(next(s["number"] for s in shown["steps"] if s["step"] == step))


def held(stage: Stage, shown: dict[str, Any]) -> None:
    """Look into the systems: each holds the order's objects once, and refers to the others'."""
    partner, contract = _number(shown, "partner"), _number(shown, "contract")
    (account,) = stage.rows("Account", Id=_number(shown, "account"))
    check(account["GpNumber__c"] == partner, "the account names another business partner")
    (shared,) = stage.rows("SharedContract__c", Id=_number(shown, "shared_contract"))
    check(shared["SapContractNumber__c"] == contract, "the shared contract names another contract")
    (row,) = stage.rows("Order", Id=_number(shown, "order"))
    check(row["AccountId"] == account["Id"], "the order belongs to another account")
    check(row["SharedContract__c"] == shared["Id"], "the order refers to another contract")
    stage.tell("Salesforce", "the order refers to account and contract", row["OrderNumber"])


def assign(stage: Stage, shown: dict[str, Any]) -> Things:
    """Salesforce assigns a wallbox and two cards, which are joined to the driver; by kind."""
    number, contact = shown["salesforce_order_number"], _number(shown, "contact")
    stage.clerk("salesforce", "POST", f"orders/{number}/wallbox", {})
    assets = {
        a["AssetKind__c"]: a for a in stage.rows("Asset", BusbarOrder__c=_number(shown, "order"))
    }
    check(set(assets) == {"wallbox", "private", "refund"}, "Salesforce assigned something else")
    for kind, asset in assets.items():
        stage.tell("Salesforce", f"{kind} {asset['SerialNumber']} assigned", asset["Id"])
    box, private, refund = (assets[kind] for kind in ("wallbox", "private", "refund"))
    stage.wait("the station", partial(_is_joined, stage, box["SerialNumber"], contact))
    stage.tell("be.ENERGISED", "the station with its serial number is the driver's", contact)
    stage.wait("the private card", partial(_is_his, stage, private, contact, "true"))
    stage.tell("be.ENERGISED", "the private card is his, and active", private["EnergisedCardId__c"])
    stage.wait("the refund card", partial(_is_his, stage, refund, contact, "false"))
    stage.tell("be.ENERGISED", "the refund card is his, and inactive", refund["EnergisedCardId__c"])
    return assets


def _is_joined(stage: Stage, serial: str, contact: str) -> bool:
    return bool(stage.station(serial)["attributes"]["contactUuid"] == contact)


def _is_his(stage: Stage, asset: dict[str, Any], contact: str, active: str) -> bool:
    card = stage.card(asset["EnergisedCardId__c"])
    his = card["contact_id"] == card["billing_contact_id"] == contact
    return bool(his and card["active"] == active)


def deliver(stage: Stage, shown: dict[str, Any]) -> None:
    """Salesforce says `Bearbeitung`, then `Geliefert`; the driver sees it."""
    number, path = shown["salesforce_order_number"], f"/v1/wallbox-orders/{shown['id']}"
    for status in ("Bearbeitung", "Geliefert"):
        body: dict[str, Any] = {"status": status}
        if status == "Geliefert":
            body |= {"tracking_id": "00340434161094", "delivery_date": "2026-12-01"}
        stage.clerk("salesforce", "POST", f"orders/{number}/status", body)
        stage.wait(status, partial(_has, stage, path, status))
        stage.tell("portal", f"the order shows {status}", number)


def _has(stage: Stage, path: str, status: str) -> bool:
    return bool(stage.portal("GET", path, DRIVER).json()["status_text"] == status)


def table(stage: Stage, shown: dict[str, Any], assets: Things) -> None:
    """The ids of the order, its person and its things in the four systems. Busbar's are the
    references by which the other systems know them; of wallbox and cards they are our own ids."""
    ours = {"wallbox": my_wallbox(stage, assets), **my_cards(stage, assets)}
    station = stage.station(assets["wallbox"]["SerialNumber"])
    made = partial(_number, shown)
    refs = {step["step"]: step["reference"] for step in shown["steps"]}
    rows = [
        ("", *SYSTEMS.values()),
        ("person", refs["partner"], made("partner"), made("account"), made("contact")),
        ("contract", refs["contract"], made("contract"), "", ""),
        ("shared contract", refs["shared_contract"], "", made("shared_contract"), ""),
        (f"order {shown['salesforce_order_number']}", refs["order"], "", made("order"), ""),
    ]
    for kind, asset in assets.items():
        there = station["id"] if kind == "wallbox" else asset["EnergisedCardId__c"]
        name = f"{kind} {asset['SerialNumber']}"
        rows.append((name, ours[kind]["id"], "", asset["Id"], there))
    print()
    for name, *ids in rows:
        print(f"{name:<28}{ids[0]:<20}{ids[1]:<13}{ids[2]:<21}{ids[3]}")


def tell(stage: Stage) -> None:
    """The whole story. Raises `DemoFailed` if a system does not hold what it should."""
    made = order(stage)
    shown = provision(stage, made)
    held(stage, shown)
    assets = assign(stage, shown)
    deliver(stage, shown)
    install(stage, shown["salesforce_order_number"], assets)
    table(stage, shown, assets)
