"""Queue status_callback: events twice, late, out of order, contradicting, forbidden."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from infra.simulators.faults import Fault
from tests.doubles.world import World
from tests.functions.given import ORDER, REFERENCE, batch, failed, ordered, shown, tasks

IN_ORDER = (0, 1, 1, 2)
"""Positions of the events of `storied`, with one of them twice."""


def storied(*positions: int) -> Any:
    """The order after these events came in this order, as the portal shows it."""
    world = World()
    number = ordered(world)
    world.salesforce.events.holding = True
    world.salesforce.set_order_status(number, "Bearbeitung")
    world.clock.advance(60)
    world.salesforce.set_order_status(number, "Teilgeliefert", tracking_id="T-1")
    world.clock.advance(60)
    world.salesforce.set_order_status(
        number, "Geliefert", tracking_id="T-2", delivery_date="2026-03-05"
    )
    held = world.salesforce.events.held
    for position in positions:
        assert failed(world.invoke("status_callback", batch(held[position]))) == []
    assert not tasks(world)
    order = shown(world)
    del order["changed_at"]
    return order


@pytest.mark.parametrize("positions", sorted(set(permutations(IN_ORDER))), ids=str)
def test_should_end_as_if_all_had_come_in_order(positions: tuple[int, ...]) -> None:
    in_order = storied(*IN_ORDER)
    assert in_order["status_text"] == "Geliefert"
    assert (in_order["tracking_id"], len(in_order["history"])) == ("T-2", 5)
    assert storied(*positions) == in_order


def test_should_not_take_a_delivery_back_when_an_older_event_comes_late() -> None:
    assert storied(2, 0)["status_text"] == "Geliefert"


def test_should_follow_a_newer_event_that_takes_a_delivery_back(world: World) -> None:
    number = ordered(world)
    for status in ("Geliefert", "Bearbeitung"):
        world.salesforce.set_order_status(number, status)
        world.pump()
    assert shown(world)["status_text"] == "Bearbeitung"
    assert not tasks(world)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in_order", "out_of_order"])
def test_should_refuse_a_forbidden_transition_with_a_task_in_either_order(
    world: World, order: tuple[int, ...]
) -> None:
    number = ordered(world)
    world.salesforce.events.holding = True
    world.salesforce.set_order_status(number, "Storniert")
    world.salesforce.set_order_status(number, "Geliefert", tracking_id="T-1")
    world.salesforce.release_events(order)
    world.pump()
    shows = shown(world)
    assert shows["status_text"] == "Storniert"
    assert [(h["status_text"], h["refused"]) for h in shows["history"]][-2:] == [
        ("Storniert", False),
        ("Geliefert", True),
    ]
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("forbidden_transition", ORDER)


def test_should_take_the_task_back_when_a_late_event_makes_the_transition_follow(
    world: World,
) -> None:
    number = ordered(world)
    world.salesforce.events.holding = True
    for status in ("Geliefert", "Bearbeitung", "Storniert"):
        world.salesforce.set_order_status(number, status)
    delivered, taken_back, cancelled = world.salesforce.events.held
    world.invoke("status_callback", batch(delivered, cancelled))
    assert [t.kind for t in tasks(world)] == ["forbidden_transition"]
    world.invoke("status_callback", batch(taken_back))
    assert shown(world)["status_text"] == "Storniert"
    assert not tasks(world)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in_order", "out_of_order"])
def test_should_read_the_order_again_when_two_events_of_one_version_differ(
    world: World, order: tuple[int, ...]
) -> None:
    number = ordered(world)
    world.salesforce.events.whole_seconds = True
    world.salesforce.events.holding = True
    world.salesforce.set_order_status(number, "Bearbeitung")
    world.salesforce.set_order_status(number, "Geliefert")
    world.salesforce.release_events(order)
    world.pump()
    assert shown(world)["status_text"] == "Geliefert"
    assert not tasks(world)


CONTENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "status": ({"status": "Bearbeitung"}, {"status": "Geliefert"}),
    "tracking_id": ({"tracking_id": "T-1"}, {"tracking_id": "T-2"}),
    "tracking_comes": ({}, {"tracking_id": "T-2"}),
    "delivery_date": ({"delivery_date": "2026-03-05"}, {"delivery_date": "2026-03-06"}),
    "all": (
        {"status": "Bearbeitung", "tracking_id": "T-1"},
        {"status": "Geliefert", "tracking_id": "T-2", "delivery_date": "2026-03-06"},
    ),
    "back": (
        {"status": "Geliefert", "tracking_id": "T-1", "delivery_date": "2026-03-05"},
        {"status": "Bearbeitung"},
    ),
}
"""What two events of one version say."""


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1, 1)], ids=str)
@pytest.mark.parametrize("contents", CONTENTS.values(), ids=CONTENTS)
def test_should_end_with_what_salesforce_holds_when_two_events_of_one_version_differ(
    world: World, contents: tuple[dict[str, Any], ...], order: tuple[int, ...]
) -> None:
    number = ordered(world)
    world.salesforce.events.whole_seconds = True
    world.salesforce.events.holding = True
    for content in contents:
        world.salesforce.set_order_status(number, **{"status": "Teilgeliefert", **content})
    first, second = world.salesforce.events.held
    payloads = [e["detail"]["payload"] for e in (first, second)]
    assert len({p["SourceVersion__c"] for p in payloads}) == 1
    for position in order:
        assert failed(world.invoke("status_callback", batch((first, second)[position]))) == []
    held = world.salesforce.order(REFERENCE)
    shows = shown(world)
    assert shows["status_text"] == held["Status"]
    assert shows["tracking_id"] == held["TrackingId__c"]
    assert shows["delivery_date"] == held["DeliveryDate__c"]
    assert len(shows["history"]) == 3
    assert not tasks(world)


@pytest.mark.parametrize("order", [(1, 0), (0, 1, 0), (1, 0, 1), (1, 0, 0, 1)], ids=str)
@pytest.mark.parametrize("held", ["Geliefert", "Bearbeitung"], ids=["second", "neither"])
def test_should_show_one_history_in_whatever_order_two_events_of_one_version_come(
    held: str, order: tuple[int, ...]
) -> None:
    def history(*positions: int) -> Any:
        world = World()
        number = ordered(world)
        world.salesforce.events.whole_seconds = True
        world.salesforce.events.holding = True
        for status in ("Teilgeliefert", "Geliefert"):
            world.salesforce.set_order_status(number, status)
            world.clock.advance(0.4)
        events = list(world.salesforce.events.held)
        world.salesforce.set_order_status(number, held)
        for position in positions:
            world.invoke("status_callback", batch(events[position]))
        return shown(world)["history"]

    in_order = history(0, 1)
    assert in_order[-1]["at"] == "2026-03-02T08:00:00.400000+00:00"
    assert history(*order) == in_order


def test_should_bring_the_message_again_when_salesforce_cannot_be_asked(world: World) -> None:
    number = ordered(world)
    world.salesforce.events.whole_seconds = True
    world.salesforce.set_order_status(number, "Bearbeitung")
    world.pump()
    world.salesforce.add_fault(Fault("timeout_before", operation="read_by_key"))
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    assert shown(world)["status_text"] == "Bearbeitung"
    world.run_for(420)
    assert shown(world)["status_text"] == "Geliefert"
    assert world.sqs.dead == {}


def test_should_apply_a_status_that_comes_before_the_number_is_known(world: World) -> None:
    world.salesforce.add_fault(Fault("timeout_after", operation="run_graph"))
    placed = world.call("POST", "/v1/charge-card-orders", body={"quantity": 1}, Idempotency_Key="k")
    reference = f"BBCO{placed.json['id']}"
    world.salesforce.set_order_status(reference, "Bearbeitung")
    world.run_for(600)
    order = shown(world, placed.json["id"])
    assert order["status_text"] == "Bearbeitung"
    assert order["salesforce_order_number"] == "00000101"


def test_should_take_every_event_twice_without_a_trace(world: World) -> None:
    world.salesforce.events.copies = 2
    number = ordered(world)
    for status in ("Bearbeitung", "Teilgeliefert", "Geliefert"):
        world.salesforce.set_order_status(number, status)
    world.pump()
    assert [h["status_text"] for h in shown(world)["history"]][2:] == [
        "Bearbeitung",
        "Teilgeliefert",
        "Geliefert",
    ]
    assert not tasks(world)
