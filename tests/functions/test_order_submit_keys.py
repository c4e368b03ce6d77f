"""POST /v1/charge-card-orders: one order and one answer per `Idempotency-Key`."""

from __future__ import annotations

import pytest

from tests.doubles.world import WorkerDiedError, World
from tests.functions.portal import ORDERS, place, problem


def test_should_replay_the_201_byte_for_byte_and_mark_it(world: World) -> None:
    first, again = place(world), place(world)
    assert (again.status, again.text) == (201, first.text)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}


def test_should_take_the_same_body_written_otherwise_for_the_same_request(world: World) -> None:
    first = world.call("POST", ORDERS, body='{"quantity":2,"note":"a"}', Idempotency_Key="any")
    again = world.call("POST", ORDERS, body='{ "note": "a", "quantity": 2 }', Idempotency_Key="any")
    assert again.text == first.text


def test_should_answer_422_when_the_key_comes_with_another_body(world: World) -> None:
    place(world, quantity=2, key="one")
    problem(place(world, quantity=3, key="one"), 422, "idempotency-key-reused")
    assert world.counts()["Order"] == 1


def test_should_make_two_orders_with_two_keys(world: World) -> None:
    assert place(world, key="one").json["id"] != place(world, key="two").json["id"]
    assert world.counts()["Order"] == 2


def test_should_keep_the_keys_of_two_callers_apart(world: World) -> None:
    mine = place(world, key="one")
    theirs = place(world, key="one", user="other-fleet-manager")
    assert theirs.status == 201
    assert theirs.json["id"] != mine.json["id"]


def test_should_give_the_key_back_when_the_request_was_refused(world: World) -> None:
    problem(place(world, quantity=51), 422, "quantity-out-of-range")
    assert place(world, quantity=50).status == 201


def test_should_return_409_when_the_same_key_is_still_running(world: World) -> None:
    _die_at(world, "after salesforce POST")
    running = place(world)
    problem(running, 409, "request-still-running")
    assert int(running.headers["Retry-After"]) <= 30


def test_should_go_on_with_the_same_order_when_the_first_request_died(world: World) -> None:
    _die_at(world, "after salesforce POST")
    made = [o["BusbarReference__c"] for o in world.salesforce.records("Order")]
    world.clock.advance(31)
    again = place(world)
    assert again.status in {201, 202}
    world.run_for(600)
    shown = world.call("GET", again.headers["Location"]).json
    assert [f"BBCO{shown['id']}"] == made
    assert shown["salesforce_order_number"] == world.salesforce.records("Order")[0]["OrderNumber"]
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}


def test_should_replay_for_seven_days_and_not_longer(world: World) -> None:
    first = place(world)
    world.clock.advance(7 * 86_400 - 1)
    assert place(world).text == first.text
    world.clock.advance(2)
    assert place(world).json["id"] != first.json["id"]


@pytest.mark.parametrize("key", ["", "ü", "a\tb", "x" * 256])
def test_should_refuse_a_key_that_is_no_key(world: World, key: str) -> None:
    refused = place(world, key=key)
    assert refused.status == 400
    assert not world.salesforce.records("Order")


def _die_at(world: World, boundary: str) -> None:
    """Let the first request die where the graph of the order has been sent."""
    rehearsal = World()
    place(rehearsal)
    names = rehearsal.boundaries.names
    last = max(n for n, name in enumerate(names, 1) if name == boundary)
    assert rehearsal.counts()["Order"] == 1
    world.boundaries.die_at = last
    with pytest.raises(WorkerDiedError):
        place(world)
