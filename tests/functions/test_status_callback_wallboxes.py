"""Queue status_callback: the status of an order of wallboxes, by the same path as that of cards."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from busbar.domain.wallbox_orders import WallboxOrder
from tests.doubles.world import World
from tests.functions.given import batch, failed, store, tasks
from tests.functions.wallbox_given import ordered, shown_again
from tests.functions.wallbox_world import wallbox_world

IN_ORDER = (0, 1, 1, 2)


def storied(*positions: int) -> Any:
    """An order after these events came in this order, as the portal shows it."""
    world = wallbox_world()
    order = ordered(world)
    world.salesforce.events.holding = True
    world.salesforce.set_order_status(order.reference, "Bearbeitung")
    world.clock.advance(60)
    world.salesforce.set_order_status(order.reference, "Teilgeliefert", tracking_id="T-1")
    world.clock.advance(60)
    world.salesforce.set_order_status(
        order.reference, "Geliefert", tracking_id="T-2", delivery_date="2026-03-05"
    )
    for position in positions:
        held = batch(world.salesforce.events.held[position])
        assert failed(world.invoke("status_callback", held)) == []
    assert not tasks(world)
    shows = shown_again(world, order)
    return {name: shows[name] for name in ("status_text", "tracking_id", "history")}


@pytest.mark.parametrize("positions", sorted(set(permutations(IN_ORDER)))[::3], ids=str)
def test_should_end_as_if_all_had_come_in_order(positions: tuple[int, ...]) -> None:
    in_order = storied(*IN_ORDER)
    assert (in_order["status_text"], in_order["tracking_id"]) == ("Geliefert", "T-2")
    assert [h["status_text"] for h in in_order["history"]] == [
        "Angenommen",
        "Ausgangsstatus",
        "Bearbeitung",
        "Teilgeliefert",
        "Geliefert",
    ]
    assert storied(*positions) == in_order


@pytest.mark.parametrize("status", ["Bearbeitung", "Geliefert", "Storniert"])
def test_should_show_each_status_by_itself(status: str) -> None:
    world = wallbox_world()
    order = ordered(world)
    world.salesforce.set_order_status(order.reference, status)
    world.pump()
    assert shown_again(world, order)["status_text"] == status


def test_should_refuse_a_forbidden_transition_with_a_task_about_the_wallbox_order() -> None:
    world = wallbox_world()
    order = ordered(world)
    for status in ("Storniert", "Geliefert"):
        world.salesforce.set_order_status(order.reference, status)
        world.pump()
    (task,) = tasks(world)
    assert (task.kind, task.subject_schema) == ("forbidden_transition", WallboxOrder.schema_name)
    assert task.subject_id == order.id


def test_should_park_a_status_that_no_setting_maps_with_a_task_about_the_wallbox_order() -> None:
    world = wallbox_world()
    order = ordered(world)
    world.salesforce.events.holding = True
    world.salesforce.set_order_status(order.reference, "Geliefert")
    (message,) = world.salesforce.events.held
    message["detail"]["payload"]["Status__c"] = "Verschollen"
    world.invoke("status_callback", batch(message))
    (task,) = tasks(world)
    assert (task.reason, task.subject_schema) == ("unknown_status", WallboxOrder.schema_name)


def test_should_read_the_order_again_when_two_events_of_one_version_differ() -> None:
    world = wallbox_world()
    order = ordered(world)
    world.salesforce.events.holding = True
    world.salesforce.set_order_status(order.reference, "Geliefert")
    (said,) = world.salesforce.events.held
    other = {**said, "detail": {"payload": {**said["detail"]["payload"], "EventUuid": "other"}}}
    other["detail"]["payload"]["Status__c"] = "Storniert"
    world.invoke("status_callback", batch(said, other))
    assert shown_again(world, order)["status_text"] == "Geliefert"


@pytest.mark.parametrize(
    ("status", "due"), [("Bearbeitung", False), ("Teilgeliefert", True), ("Geliefert", True)]
)
def test_should_have_the_sync_look_for_what_was_delivered(status: str, due: bool) -> None:
    world = wallbox_world()
    order = ordered(world)
    world.salesforce.set_order_status(order.reference, status)
    world.pump()
    found = store(world).due(WallboxOrder, world.clock.now())
    assert [stored.record.id for stored in found] == ([order.id] if due else [])


def test_should_park_an_order_of_a_kind_that_is_none_of_ours(world: World) -> None:
    payload = {"OrderReference__c": "BBXX0RDER00000001", "Status__c": "Geliefert"}
    payload |= {"SourceVersion__c": "1", "EventUuid": "any", "CreatedDate": "2026-03-02T08:00:01Z"}
    source = world.salesforce.events.source
    message = {"source": source, "detail-type": "OrderStatusChanged__e"}
    world.invoke("status_callback", batch({**message, "detail": {"payload": payload}}))
    assert [t.reason for t in tasks(world)] == ["unknown_order"]
