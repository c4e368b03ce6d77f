"""A worker dies at any effect boundary of the order and is started again: nothing doubles.

The story runs once to number its boundaries, then once for each of them. What counts is what the
outside systems hold, never our own journal.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.world import Reply, WorkerDiedError, World

CARDS = 2


class Portal:
    """A portal that does not give up: a request without an answer is sent again, as it was."""

    def __init__(self, world: World) -> None:
        self._world = world

    def call(self, method: str, path: str, user: str = "fleet-manager", **call: Any) -> Reply:
        """Send until an answer comes."""
        for _ in range(4):
            try:
                reply = self._world.call(method, path, user, **call)
            except WorkerDiedError:
                self._world.run_for(420)
                continue
            if reply.status in {409, 503}:
                self._world.run_for(420)
                continue
            return reply
        raise AssertionError(f"{method} {path} was never answered")


def tell_the_story(world: World) -> str:
    """One order until the card is active and the driver has it; the id of that card."""
    portal = Portal(world)
    placed = portal.call(
        "POST", "/v1/charge-card-orders", body={"quantity": CARDS}, Idempotency_Key="one"
    )
    assert placed.status in {201, 202}, placed.text
    world.run_for(900)
    order = portal.call("GET", placed.headers["Location"]).json
    number = order["salesforce_order_number"]
    assert number, order
    world.salesforce.assign_cards(number)
    world.run_for(900)
    world.salesforce.set_order_status(number, "Geliefert", tracking_id="T-1")
    world.run_for(900)
    for _ in range(3):
        portal.call("POST", "/v1/charge-cards/sync", "operator")
        world.run_for(900)
    return _give_to_driver(portal, world)


def _give_to_driver(portal: Portal, world: World) -> str:
    cards = portal.call("GET", "/v1/charge-cards").json["cards"]
    assert len(cards) == CARDS
    card: str = min(c["id"] for c in cards)
    body = {"driver_id": world.claims("driver")["sub"], "vehicle": "OL-NW 17"}
    path = f"/v1/charge-cards/{card}"
    for _ in range(3):
        etag = portal.call("GET", path).etag
        if portal.call("PATCH", path, body=body, If_Match=etag).status in {200, 202}:
            break
    assert portal.call("POST", f"{path}/activate").status in {200, 202}
    world.run_for(900)
    portal.call("POST", "/v1/charge-cards/sync", "operator")
    world.run_for(900)
    return card


def check(world: World, card: str) -> None:
    """Every system holds exactly what was asked for, once."""
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}
    (item,) = world.salesforce.records("OrderItem")
    assert item["Quantity"] == CARDS
    assets = [a for a in world.salesforce.records("Asset") if a["BusbarOrder__c"]]
    assert len(assets) == CARDS
    company = world.energised.card(assets[0]["EnergisedCardId__c"]).billing_contact_id
    assert company == "6f0d1d4c-6a55-4f0e-9b61-2f4b6d1f0a01"
    active = [a for a in assets if a["CardActive__c"]]
    assert len(active) == 1
    held = world.energised.card(active[0]["EnergisedCardId__c"])
    assert held.active
    assert active[0]["CardHolder__c"] == held.contact_id
    assert active[0]["CardVehicle__c"] == "OL-NW 17"
    mine = world.call("GET", "/v1/my/charge-cards", "driver").json["cards"]
    assert [c["id"] for c in mine] == [card]
    assert world.sqs.dead == {}


def boundaries_of_the_story() -> list[str]:
    """Names of all boundaries, in the order in which they are passed."""
    world = World()
    check(world, tell_the_story(world))
    return world.boundaries.names


NAMES = boundaries_of_the_story()


def test_should_reach_every_kind_of_boundary() -> None:
    kinds = {name.split()[1] for name in NAMES}
    assert kinds == {"write", "send", "salesforce", "energised"}


@pytest.mark.parametrize("number", range(1, len(NAMES) + 1), ids=lambda n: f"{n}-{NAMES[n - 1]}")
def test_should_finish_without_a_second_object_when_a_worker_dies(number: int) -> None:
    world = World()
    world.boundaries.die_at = number
    check(world, tell_the_story(world))
    assert world.boundaries.count > number
