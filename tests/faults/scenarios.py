"""What people do while things go wrong.

A scenario is a number of lines that run at the same time, each on a `Stage`: fleet managers, clerks
in Salesforce, an operator. It says nothing of what has to come out; that is the checker's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.people import PEOPLE
from tests.doubles.world import Reply
from tests.faults.stage import CARDS, ORDERS, SYNC, Client, Stage

MANAGER, OPERATOR = "fleet-manager", "operator"
DRIVERS = ("driver", "second-driver")
LOOK = 300.0
"""Seconds between two looks of somebody who waits."""

Line = Callable[[Stage], None]


@dataclass(frozen=True)
class Scenario:
    """Lines that play at the same time."""

    name: str
    lines: Sequence[Line]


def order(key: str, quantity: int, begins: float = 0.0) -> Line:
    """A fleet manager orders, waits for the cards, gives them to drivers and switches them on."""

    def line(stage: Stage) -> None:
        stage.rest(begins)
        client = Client(stage, MANAGER)
        asked = stage.history.begin("order", key, stage.now(), quantity=quantity)
        placed = client.ask(
            "POST", ORDERS, {"quantity": quantity}, operation=asked, Idempotency_Key=key
        )
        if placed.status >= 300 or not _worked_on(stage, client, placed):
            return
        cards = client.until(lambda: _cards_of(client, placed, quantity), every=2 * LOOK)
        for number, card in enumerate(cards or ()):
            _give(stage, client, card["id"], DRIVERS[number % 2], f"{key} {number}")
            _switch(stage, client, card["id"], active=True)

    return line


def _worked_on(stage: Stage, client: Client, placed: Reply) -> bool:
    """The clerk works on the order as soon as Salesforce has it; False if it never comes there."""
    number = client.until(lambda: _arrived(client, placed), every=LOOK)
    if not number or number == "parked":
        return False
    stage.assign_cards(number)
    stage.rest(LOOK)
    stage.set_status(number, "Bearbeitung")
    stage.rest(LOOK)
    stage.set_status(number, "Geliefert", tracking_id=f"T-{number}", delivery_date="2026-03-05")
    return True


def _arrived(client: Client, placed: Reply) -> str | None:
    """Salesforce's number of the order as the portal shows it, or `parked`."""
    shown = client.ask("GET", placed.headers["Location"]).json
    if (shown["waiting_for"] or "").startswith("task:") or shown["rejected_reason"]:
        return "parked"
    number: str | None = shown["salesforce_order_number"]
    return number


def _cards_of(client: Client, placed: Reply, quantity: int) -> list[dict[str, Any]]:
    cards = client.ask("GET", CARDS).json["cards"]
    mine = [c for c in cards if c["order_id"] == placed.json["id"]]
    return sorted(mine, key=lambda c: str(c["id"])) if len(mine) == quantity else []


def _give(stage: Stage, client: Client, card: str, driver: str, vehicle: str) -> None:
    """Give a card to a driver and a vehicle; whoever was faster is looked at first."""
    path = f"{CARDS}/{card}"
    body = {"driver_id": PEOPLE[driver], "vehicle": vehicle}
    for _ in range(20):
        tag = client.ask("GET", path).etag
        asked = stage.history.begin("card", card, stage.now(), driver=driver, vehicle=vehicle)
        if client.ask("PATCH", path, body, operation=asked, If_Match=tag).status != 412:
            return


def _switch(stage: Stage, client: Client, card: str, *, active: bool) -> None:
    asked = stage.history.begin("card", card, stage.now(), active=active)
    verb = "activate" if active else "deactivate"
    client.ask("POST", f"{CARDS}/{card}/{verb}", operation=asked)


def synchronised(runs: int) -> Line:
    """An operator has portal and systems agree, again and again."""

    def line(stage: Stage) -> None:
        client = Client(stage, OPERATOR)
        for _ in range(runs):
            stage.rest(3 * LOOK)
            client.ask("POST", SYNC)

    return line


ONE_ORDER = Scenario("one order", (order("one", 1), synchronised(3)))
THREE_ORDERS = Scenario(
    "three orders",
    (order("one", 1), order("two", 1, 3.0), order("three", 1, 3.1), synchronised(4)),
)
