"""What follows a wallbox order: assignment, tariff, proof of installation, review, refund card."""

from __future__ import annotations

import hashlib
from typing import Any

from infra.simulators.salesforce.wallbox_schema import APPROVED, RETURNED, TO_REVIEW, WALLBOX
from tests.faults.history import Operation
from tests.faults.scenarios import (
    DRIVERS,
    LOOK,
    WALLBOXES,
    Line,
    Scenario,
    order,
    outage,
    synchronised,
    wallbox,
)
from tests.faults.stage import MY_WALLBOX, PROOF, TARIFF, WALLBOX_ORDERS, Client, Stage

NO_PROOF, DRAFT = b"Moin", b"\xff\xd8\xff\xe0 any"
FIRST_PROOF, SECOND_PROOF = b"%PDF-1.7 any", b"\x89PNG\r\n\x1a\n any"
REASON = "Das Typenschild ist nicht lesbar."
OTHERS_PROOF = "a" * 64
"""Of a proof that came to Salesforce by another way."""
DRIVER = DRIVERS[0]
SOON = 2.0
"""Seconds after which somebody looks first who cannot wait."""
Json = dict[str, Any]


# --- the driver --------------------------------------------------------------------------------


def owner(key: str, user: str = DRIVER) -> Line:
    """A driver sets a tariff, sends what is no proof, two that are, and another when they come
    back: of which the clerk sees both, or the second one alone."""

    def line(stage: Stage) -> None:
        client = Client(stage, user)
        asked = comes_through(stage, client, key)
        if asked is None or not client.until(lambda: box_of(client, asked), every=SOON):
            return
        set_tariff(stage, client, asked, "30")
        send_proof(stage, client, asked, NO_PROOF, counts=False)
        stage.rest(5.0)
        send_proof(stage, client, asked, DRAFT)
        stage.rest(5.0)
        send_proof(stage, client, asked, FIRST_PROOF)
        if not client.until(lambda: _review(client, asked) == "returned", every=LOOK):
            return
        send_proof(stage, client, asked, FIRST_PROOF, counts=False)
        stage.rest(5.0)
        send_proof(stage, client, asked, SECOND_PROOF)

    return line


def bargaining(key: str, times: int, user: str = DRIVER, longest: float = 400.0) -> Line:
    """The same driver, in another window, who cannot decide what he wants to be paid."""

    def line(stage: Stage) -> None:
        client = Client(stage, user)
        asked = comes_through(stage, client, key)
        if asked is None or not client.until(lambda: box_of(client, asked), every=SOON):
            return
        for number in range(times):
            stage.rest(longest * stage.chance() ** 2)
            set_tariff(stage, client, asked, f"{31 + number}.5")

    return line


def set_tariff(stage: Stage, client: Client, asked: Operation, price: str) -> None:
    """Set what he is paid for a kilowatt-hour."""
    box = box_of(client, asked)["id"]
    body = {"unit_price": price, "currency": "EUR", "valid_from": "2026-12-01", "wallbox_id": box}
    wish = stage.history.begin("tariff", client.user, box, stage.now(), tariff=price)
    client.ask("PUT", TARIFF, body, operation=wish)


def send_proof(
    stage: Stage, client: Client, asked: Operation, content: bytes, *, counts: bool = True
) -> None:
    """Ask for a form, and send a file by it. `counts`: whether it is a proof, and a new one."""
    box = box_of(client, asked)["id"]
    form = client.ask("POST", PROOF, {"wallbox_id": box}).json
    told = {"sha256": _hash(content), "counts": counts}
    sent = stage.history.begin("proof", client.user, box, stage.now(), **told)
    status = stage.upload(form, content)
    sent.outcome = "ok" if status == 204 else "fail"


def box_of(client: Client, asked: Operation) -> Any:
    """The order's wallbox as its driver is shown it."""
    shown = client.ask("GET", MY_WALLBOX).json["wallboxes"]
    return next((box for box in shown if box["order_id"] == asked.body.get("id")), None)


def _review(client: Client, asked: Operation) -> str:
    return str((box_of(client, asked)["review"] or {}).get("state", ""))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def comes_through(stage: Stage, client: Client, key: str) -> Operation | None:
    """The order, once all systems know it; None if it waits for a person, or has ended."""

    def look() -> str:
        asked = next((o for o in stage.history.of("wallbox order") if o.subject == key), None)
        if asked is None or asked.outcome == "invoke":
            return ""
        if asked.outcome != "ok":
            return "never"
        shown = client.ask("GET", f"{WALLBOX_ORDERS}/{asked.body['id']}").json
        if shown["rejected_reason"] or str(shown["waiting_for"]).startswith("task:"):
            return "never"
        return "through" if all(step["state"] == "done" for step in shown["steps"]) else ""

    found = look() or client.until(look, every=LOOK)
    mine = (o for o in stage.history.of("wallbox order") if o.subject == key)
    return next(mine) if found == "through" else None


# --- the clerk in Salesforce -------------------------------------------------------------------


def clerk(key: str, *, approves: bool = True, user: str = DRIVER) -> Line:
    """Assigns wallbox and cards, sends them, and gives every proof back but the last one."""

    def line(stage: Stage) -> None:
        number = _number(stage, key, user)
        if not number:
            return
        stage.assign_wallbox(number)
        for status in ("Bearbeitung", "Geliefert"):
            stage.rest(LOOK)
            stage.set_status(number, status)
        while proof := _arrived(stage, user, number):
            if proof == _hash(SECOND_PROOF):
                break
            stage.review(number, RETURNED, REASON)
        if proof and approves:
            stage.review(number, APPROVED)

    return line


def hasty_clerk(key: str, reviews: int, longest: float = 30.0, user: str = DRIVER) -> Line:
    """One who has the proof on paper, and cannot decide: events overtake each other."""

    def line(stage: Stage) -> None:
        number = _number(stage, key, user)
        if not number:
            return
        stage.assign_wallbox(number)
        for status in ("Bearbeitung", "Geliefert"):
            stage.set_status(number, status)
        (box,) = [a for a in assets_of(stage, number) if a["AssetKind__c"] == WALLBOX]
        proven = {"InstallationProofHash__c": OTHERS_PROOF, "InstallationReview__c": TO_REVIEW}
        stage.change_row("Asset", box["Id"], **proven)
        for _ in range(reviews):
            stage.rest(longest * stage.chance() ** 2)
            status = (APPROVED, RETURNED)[stage.chance() < 0.5]
            stage.review(number, status, REASON if status == RETURNED else None)

    return line


def _number(stage: Stage, key: str, user: str) -> str:
    """Salesforce's number of the order, once it has come through; empty if it never will."""
    client = Client(stage, user)
    asked = comes_through(stage, client, key)
    if asked is None:
        return ""
    shown = client.ask("GET", f"{WALLBOX_ORDERS}/{asked.body['id']}").json
    return str(shown["salesforce_order_number"])


def _arrived(stage: Stage, user: str, number: str) -> str:
    """The hash of a proof that has come to Salesforce and is to be reviewed."""

    def look() -> str:
        (box,) = [a for a in assets_of(stage, number) if a["AssetKind__c"] == WALLBOX]
        is_new = box["InstallationReview__c"] == TO_REVIEW
        return str(box["InstallationProofHash__c"] or "") if is_new else ""

    return str(Client(stage, user).until(look, every=LOOK) or "")


def assets_of(stage: Stage, number: str) -> list[Json]:
    """What is assigned to an order in Salesforce."""
    rows = stage.held().salesforce
    (order_id,) = [row["Id"] for row in rows["Order"] if row["OrderNumber"] == number]
    return [asset for asset in rows["Asset"] if asset["BusbarOrder__c"] == order_id]


REFUND = Scenario(
    "refund card",
    (owner("one"), bargaining("one", 3), clerk("one"), synchronised(4)),
    before=(wallbox("one", DRIVER, delivered=True),),
    tenant=WALLBOXES,
)
HASTY_REVIEWS = Scenario(
    "hasty reviews",
    (
        outage("energised", 90.0),
        hasty_clerk("one", 5),
        bargaining("one", 3, longest=200.0),
        synchronised(4),
    ),
    before=(wallbox("one", DRIVER, delivered=True),),
    tenant=WALLBOXES,
)
TWO_REFUNDS = Scenario(
    "two refund cards and a card",
    (
        order("one", 1),
        *(wallbox("two", DRIVER, 2.0, delivered=True), owner("two"), clerk("two")),
        *(wallbox("three", DRIVER, 2.5, delivered=True), owner("three")),
        clerk("three", approves=False),
        synchronised(3),
    ),
    tenant=WALLBOXES,
)
"""One of a driver's two installations is never approved."""
