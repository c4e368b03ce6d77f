"""Queue status_callback: `OrderStatusChanged__e` moves the order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.world import World
from tests.functions.given import ORDER, batch, bodies, failed, ordered, shown, tasks


def parked(world: World) -> list[str]:
    """The messages on the dead-letter queue."""
    return world.sqs.dead.get("status_callback", [])


@pytest.fixture
def number(world: World) -> str:
    """The order stands in Salesforce under this number."""
    return ordered(world)


@pytest.mark.usefixtures("number")
def test_delivered_should_show_status_tracking_id_and_delivery_date(
    world: World, event: Any
) -> None:
    assert failed(world.invoke("status_callback", event)) == []
    order = shown(world)
    assert order["status_text"] == "Geliefert"
    assert order["tracking_id"] == "00340434161094015902"
    assert order["delivery_date"] == "2026-03-05"


@pytest.mark.usefixtures("number")
def test_delivered_without_details_should_show_the_status_alone(world: World, event: Any) -> None:
    world.invoke("status_callback", event)
    order = shown(world)
    assert order["status_text"] == "Geliefert"
    assert (order["tracking_id"], order["delivery_date"]) == (None, None)


@pytest.mark.usefixtures("number")
def test_part_delivery_should_show_teilgeliefert(world: World, event: Any) -> None:
    world.invoke("status_callback", event)
    assert shown(world)["status_text"] == "Teilgeliefert"
    assert shown(world)["tracking_id"] == "00340434161094015919"


@pytest.mark.usefixtures("number")
def test_cancelled_should_show_storniert_and_await_no_cards(world: World, event: Any) -> None:
    world.invoke("status_callback", event)
    assert shown(world)["status_text"] == "Storniert"
    world.salesforce.calls.clear()
    world.call("POST", "/v1/charge-cards/sync", "operator")
    assert not world.salesforce.calls


@pytest.mark.usefixtures("number")
def test_rejected_should_show_abgelehnt(world: World, event: Any) -> None:
    world.invoke("status_callback", event)
    assert shown(world)["status_text"] == "Abgelehnt"


@pytest.mark.usefixtures("number")
def test_duplicate_should_leave_one_line_in_the_history(world: World, event: Any) -> None:
    world.invoke("status_callback", event)
    world.invoke("status_callback", event)
    assert [h["status"] for h in shown(world)["history"]].count("in_progress") == 1
    assert not tasks(world)


@pytest.mark.usefixtures("number")
def test_epoch_date_should_be_read_as_the_same_instant(world: World, event: Any) -> None:
    world.invoke("status_callback", event)
    assert shown(world)["history"][-1]["at"] == "2026-03-02T08:00:01+00:00"


@pytest.mark.usefixtures("number")
def test_unknown_status_should_be_parked_with_a_task_and_change_nothing(
    world: World, event: Any
) -> None:
    before = shown(world)
    assert failed(world.invoke("status_callback", event)) == []
    assert parked(world) == [event["Records"][0]["body"]]
    (task,) = tasks(world)
    assert (task.kind, task.reason, task.subject_id) == ("parked_event", "unknown_status", ORDER)
    assert shown(world) == before


def test_unknown_order_should_be_parked_with_a_task(world: World, event: Any) -> None:
    assert failed(world.invoke("status_callback", event)) == []
    assert len(parked(world)) == 1
    (task,) = tasks(world)
    assert (task.reason, task.subject_id) == ("unknown_order", "BBCO0RDER0000000Z")


def test_no_payload_should_be_parked_with_a_task_that_names_the_fields(
    world: World, event: Any
) -> None:
    world.invoke("status_callback", event)
    assert len(parked(world)) == 1
    assert tasks(world)[0].reason.startswith("invalid_event")


@pytest.mark.usefixtures("number")
def test_other_event_should_be_parked_with_a_task(world: World, event: Any) -> None:
    world.invoke("status_callback", event)
    assert [t.reason for t in tasks(world)] == ["unknown_event"]
    assert shown(world)["status_text"] == "Ausgangsstatus"


@pytest.mark.usefixtures("number")
def test_unknown_status_should_not_keep_its_neighbours_in_the_batch_from_being_applied(
    world: World, event: Any
) -> None:
    bad = bodies(event)[0]
    good = {**bad, "detail": {"payload": {**bad["detail"]["payload"], "Status__c": "Bearbeitung"}}}
    answered = world.invoke("status_callback", batch(good, bad, "no json", [], good))
    assert failed(answered) == []
    assert shown(world)["status_text"] == "Bearbeitung"
    assert len(parked(world)) == 3


@pytest.mark.usefixtures("number")
def test_unknown_status_should_open_one_task_however_often_it_comes(
    world: World, event: Any
) -> None:
    for _ in range(3):
        world.invoke("status_callback", event)
    assert len(tasks(world)) == 1


def test_should_take_a_status_that_a_setting_maps() -> None:
    world = World(status_map={"Geliefert": "in_progress", "Draft": "submitted"})
    world.salesforce.set_order_status(ordered(world), "Geliefert")
    world.pump()
    assert shown(world)["status_text"] == "Bearbeitung"
