"""One wallbox order from the portal through SAP, Salesforce and be.ENERGISED, over HTTP.

Every step is checked in the system where it has to show.
"""

from __future__ import annotations

import uuid
from typing import Any

from infra.demo.stage import Stage, check

DRIVER = "driver"
SYSTEMS = {
    "sap": "SAP",
    "salesforce": "Salesforce",
    "energised": "be.ENERGISED",
    "busbar": "Busbar",
}
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
                number = step["number"] or step["reference"]
                stage.tell(SYSTEMS[step["system"]], f"{step['text']}: {step['state_text']}", number)
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


def table(shown: dict[str, Any]) -> None:
    """The ids of the order in the systems."""
    print(f"\n{'':<34}{'our reference':<20}number there")
    for step in shown["steps"]:
        if step["number"]:
            print(f"{step['text']:<34}{step['reference']:<20}{step['number']}")


def tell(stage: Stage) -> None:
    """The whole story. Raises `DemoFailed` if a system does not hold what it should."""
    made = order(stage)
    shown = provision(stage, made)
    held(stage, shown)
    table(shown)
