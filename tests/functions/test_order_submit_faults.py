"""POST /v1/charge-card-orders while Salesforce is down, slow or lies."""

from __future__ import annotations

from typing import Any

import pytest

from infra.simulators.faults import Fault
from tests.doubles.world import Reply, World
from tests.functions.given import tasks, writes
from tests.functions.portal import ORDERS, place, problem

GRAPH = "composite/graph"


def seen(world: World, placed: Reply) -> Any:
    """The order, as its `Location` shows it."""
    return world.call("GET", placed.headers["Location"]).json


def test_should_keep_the_order_and_bring_it_through_when_salesforce_is_back(world: World) -> None:
    world.call("GET", f"{ORDERS}/form")
    world.salesforce.is_down = True
    placed = place(world)
    assert placed.status == 202, placed.text
    assert placed.json["salesforce_order_number"] is None
    assert placed.json["waiting_for"] == "salesforce_unavailable"
    world.run_for(1800)
    assert seen(world, placed)["status_text"] == "Angenommen"

    world.salesforce.is_down = False
    world.run_for(600)
    number = world.salesforce.records("Order")[0]["OrderNumber"]
    assert seen(world, placed)["salesforce_order_number"] == number
    assert seen(world, placed)["waiting_for"] is None
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}


def test_should_still_replay_the_202_byte_for_byte_when_the_number_is_known(world: World) -> None:
    world.salesforce.is_down = True
    placed = place(world)
    world.salesforce.is_down = False
    world.run_for(600)
    assert seen(world, placed)["salesforce_order_number"]
    again = place(world)
    assert (again.status, again.text) == (202, placed.text)
    assert again.headers["Location"] == placed.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_before", "reset_after"])
def test_should_end_with_one_order_when_the_answer_to_the_create_is_lost(
    world: World, kind: str
) -> None:
    world.salesforce.add_fault(Fault(kind, match=GRAPH))
    placed = place(world)
    assert placed.status == 202
    assert placed.json["waiting_for"] == "outcome_unknown"
    world.run_for(600)
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}
    number = world.salesforce.records("Order")[0]["OrderNumber"]
    assert seen(world, placed)["salesforce_order_number"] == number


def test_should_end_with_one_order_when_the_create_takes_effect_late(world: World) -> None:
    world.salesforce.add_fault(Fault("late_commit", match=GRAPH, seconds=45))
    placed = place(world)
    assert placed.status == 202
    world.run_for(900)
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}
    assert seen(world, placed)["salesforce_order_number"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("lock_row", match=GRAPH),
        Fault("quota", match=GRAPH),
        Fault("refuse", match=GRAPH),
        Fault("status", match=GRAPH, status=503),
        Fault("status", match=GRAPH, status=429, retry_after=40),
    ],
    ids=lambda fault: f"{fault.kind}_{fault.status}",
)
def test_should_answer_202_and_retry_when_salesforce_cannot_take_it_now(
    world: World, fault: Fault
) -> None:
    world.salesforce.add_fault(fault)
    placed = place(world)
    assert placed.status == 202, placed.text
    world.run_for(600)
    assert seen(world, placed)["salesforce_order_number"]
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}


def test_should_answer_201_when_only_the_token_was_old(world: World) -> None:
    world.call("GET", f"{ORDERS}/form")
    world.salesforce.add_fault(Fault("expired_token", match=GRAPH))
    assert place(world).status == 201


def test_should_know_the_number_from_the_create_itself(world: World) -> None:
    world.salesforce.add_fault(Fault("timeout_before", operation="read_by_key", count=None))
    assert place(world).json["salesforce_order_number"] == "00000101"


def test_should_learn_the_number_later_when_the_check_after_the_create_got_no_answer() -> None:
    world = World(mode="probe")
    world.salesforce.add_fault(Fault("timeout_before", operation="run_query", skip=1))
    placed = place(world)
    assert placed.status == 202
    world.run_for(300)
    assert seen(world, placed)["salesforce_order_number"] == "00000101"
    assert len(writes(world.salesforce)) == 1


def test_should_wait_for_a_person_when_salesforce_refuses_the_order(world: World) -> None:
    body = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no", "fields": []}]
    world.salesforce.add_fault(Fault("status", match=GRAPH, status=400, body=body))
    placed = place(world)
    assert placed.status == 202
    (task,) = tasks(world)
    assert task.kind == "parked_step"
    assert task.subject_id == placed.json["id"]
    assert seen(world, placed)["waiting_for"].startswith("task:refused")
    world.run_for(600)
    assert len(writes(world.salesforce)) == 1


def test_should_check_against_the_last_known_limits_while_salesforce_is_down(world: World) -> None:
    world.call("GET", f"{ORDERS}/form")
    world.salesforce.is_down = True
    problem(place(world, quantity=51, key="one"), 422, "quantity-out-of-range")
    assert place(world, quantity=50, key="two").status == 202


def test_should_reject_later_what_no_limits_could_refuse_at_order_time(world: World) -> None:
    world.salesforce.is_down = True
    placed = place(world, quantity=51)
    assert placed.status == 202
    world.salesforce.is_down = False
    world.run_for(600)
    order = seen(world, placed)
    assert (order["status_text"], order["rejected_reason"]) == (
        "Abgelehnt",
        "quantity_out_of_range",
    )
    assert order["waiting_for"] is None
    assert world.counts()["Order"] == 0


def test_should_refuse_at_once_what_no_limits_can_allow(world: World) -> None:
    world.salesforce.is_down = True
    problem(place(world, quantity=10_001), 422, "quantity-out-of-range")
