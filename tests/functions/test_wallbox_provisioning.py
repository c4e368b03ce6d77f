"""Queue wallbox_provisioning: errands start the machine, its tasks are answered, its ends heard."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from busbar.domain.wallbox_orders import WallboxOrder
from tests.doubles.states import ARN, NAME
from tests.doubles.world import World
from tests.functions.given import (
    ORDER,
    batch,
    bodies,
    errand,
    errands,
    failed,
    store,
    tasks,
    wallbox_order,
)
from tests.functions.portal import problem
from tests.functions.wallbox_world import (
    decide,
    held,
    place,
    shown,
    states,
    stored_order,
    wallbox_world,
)

FIRST, SECOND = f"{ORDER}-1", f"{ORDER}-2"
HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def world() -> World:
    """A world that sells wallboxes."""
    return wallbox_world()


def executions(world: World) -> dict[str, str]:
    """Name -> status of all executions."""
    return {name: e.status for name, e in world.states.executions.items()}


def order_of(world: World) -> WallboxOrder:
    """The order of the sample events, as it stands."""
    stored = store(world).get(WallboxOrder, ORDER)
    assert stored
    return stored.record


# --- errands -------------------------------------------------------------------------------------


def test_accepted_should_start_an_execution_and_drop_the_errand(world: World, event: Any) -> None:
    wallbox_order(world)
    errand(world, bodies(event)[0])

    assert failed(world.invoke(NAME, event)) == []

    assert executions(world) == {FIRST: "RUNNING"}
    assert errands(world) == []
    assert world.states.executions[FIRST].given == {
        "v": 1,
        "org": "demo",
        "order_id": ORDER,
        "way": "forward",
    }


def test_accepted_should_do_nothing_when_its_errand_is_gone(world: World, event: Any) -> None:
    wallbox_order(world)
    assert failed(world.invoke(NAME, event)) == []

    assert executions(world) == {}


def test_accepted_should_bring_the_order_through_all_systems(world: World, event: Any) -> None:
    wallbox_order(world)
    errand(world, bodies(event)[0])
    world.invoke(NAME, event)

    world.pump()

    assert executions(world) == {FIRST: "SUCCEEDED"}
    assert {step: len(there) for step, there in held(world).items()} == dict.fromkeys(
        held(world), 1
    )
    assert world.states.executions[FIRST].transitions <= 25


def test_accepted_should_start_no_order_that_waits_for_a_person(world: World, event: Any) -> None:
    wallbox_order(world, waiting_for="task:any")
    errand(world, bodies(event)[0])

    assert failed(world.invoke(NAME, event)) == []

    assert executions(world) == {}


# --- what the machine asks -----------------------------------------------------------------------


def test_step_asked_should_be_worked_though_nobody_waits(world: World, event: Any) -> None:
    wallbox_order(world)
    assert failed(world.invoke(NAME, event)) == []
    assert [done.step for done in order_of(world).steps] == ["partner"]
    assert errands(world) == []


def test_step_asked_should_do_nothing_when_it_comes_again(world: World, event: Any) -> None:
    wallbox_order(world)
    for _ in range(3):
        assert failed(world.invoke(NAME, event)) == []
    assert [c.operation for c in world.sap.calls if c.method == "POST"] == ["create_partner"]


def test_step_asked_should_be_kept_while_its_system_is_down(world: World, event: Any) -> None:
    wallbox_order(world)
    world.sap.is_down = True
    assert failed(world.invoke(NAME, event)) == []
    (waiting,) = errands(world)
    assert (waiting.command.id, waiting.reason) == (f"{ORDER}#partner", "unavailable")


def test_step_asked_should_be_parked_with_a_task_when_there_is_no_such_order(
    world: World, event: Any
) -> None:
    assert failed(world.invoke(NAME, event)) == []
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("parked_event", "unknown_task")
    assert len(world.sqs.dead[NAME]) == 1


def test_step_asked_should_be_parked_when_it_is_a_step_of_nothing(world: World, event: Any) -> None:
    wallbox_order(world)
    told = {**bodies(event)[0], "step": "delivery"}
    assert failed(world.invoke(NAME, batch(told))) == []
    assert [task.reason for task in tasks(world)] == ["unknown_task"]


def test_step_asked_should_end_an_execution_that_is_not_the_newest(
    world: World, event: Any
) -> None:
    wallbox_order(world, executions=2)
    world.states.start_execution(
        stateMachineArn=ARN,
        name=FIRST,
        input=json.dumps({"v": 1, "org": "demo", "order_id": ORDER, "way": "forward"}),
    )
    world.pump()
    first = world.states.executions[FIRST]
    assert (first.status, first.error) == ("FAILED", "Parked")
    assert not world.sap.calls
    assert failed(world.invoke(NAME, event)) == []
    assert not world.sap.calls


# --- an execution has ended ----------------------------------------------------------------------


def test_execution_failed_should_begin_the_next_one(world: World, event: Any) -> None:
    wallbox_order(world)
    for _ in range(2):
        assert failed(world.invoke(NAME, event)) == []
    assert order_of(world).executions == 2
    world.pump()
    assert executions(world) == {SECOND: "SUCCEEDED"}


@pytest.mark.parametrize("error", ["Parked", "Rejected"])
def test_execution_failed_should_begin_none_when_the_answer_was_ours(
    world: World, event: Any, error: str
) -> None:
    wallbox_order(world)
    told = bodies(event)[0]
    told["detail"]["error"] = error

    assert failed(world.invoke(NAME, batch(told))) == []

    assert (executions(world), errands(world)) == ({}, [])


@pytest.mark.parametrize(
    "fields",
    [{"executions": 2}, {"waiting_for": "task:any"}],
    ids=["the next one is there", "a person decides"],
)
def test_execution_failed_should_begin_none_where_there_is_no_use(
    world: World, event: Any, fields: Any
) -> None:
    wallbox_order(world, **fields)
    assert failed(world.invoke(NAME, event)) == []
    assert (executions(world), errands(world)) == ({}, [])


def test_execution_failed_should_ask_a_person_when_it_keeps_failing(
    world: World, event: Any
) -> None:
    wallbox_order(world, executions=20)
    told = bodies(event)[0]
    told["detail"]["name"] = f"{ORDER}-20"
    assert failed(world.invoke(NAME, batch(told))) == []
    (task,) = tasks(world)
    assert (task.kind, task.reason, task.subject_id) == ("waited_too_long", "executions_end", ORDER)
    assert decide(world, "resume").status == 200
    world.pump()
    assert executions(world) == {f"{ORDER}-21": "SUCCEEDED"}


# --- what has waited too long --------------------------------------------------------------------


def test_should_ask_a_person_about_the_order_when_a_step_has_waited_too_long() -> None:
    world = wallbox_world()
    world.sap.is_down = True
    placed = place(world)
    world.run_for(HOUR)
    world.run_for(15 * DAY, step=HOUR)
    (task,) = tasks(world)
    assert (task.kind, task.subject_schema, task.subject_id) == (
        "waited_too_long",
        "wallbox_order",
        placed.json["id"],
    )
    assert shown(world, placed)["waiting_for"] == f"task:{task.reason}"
    assert states(shown(world, placed))["partner"] == "parked"
    world.sap.is_down = False
    decide(world, "resume")
    world.run_for(HOUR)
    assert set(states(shown(world, placed)).values()) == {"done"}
    assert (tasks(world), errands(world)) == ([], [])


def asked_to_park(world: World) -> None:
    """The machine has waited too long for an answer."""
    body = {"v": 1, "org": "demo", "order_id": ORDER, "execution": FIRST}
    world.invoke(NAME, batch({**body, "step": "park", "task_token": "any"}))


def test_should_only_go_on_when_what_has_waited_too_long_is_in_salesforce(world: World) -> None:
    through = wallbox_world()
    placed = place(through)
    through.pump()
    steps = stored_order(through, placed).steps[:-1]
    wallbox_order(world, salesforce_order_id="801WA0000000001YAA", steps=steps)
    asked_to_park(world)
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("waited_too_long", ORDER)
    refused = problem(decide(world, "cancel"), 409, "action-not-possible")
    assert "Salesforce has the order" in refused["detail"]
    assert decide(world, "resume").status == 200
    world.pump()
    assert order_of(world).is_through


@pytest.mark.parametrize(
    "fields", [{"waiting_for": "task:any"}, {"gone_back_at": datetime(2026, 3, 2, tzinfo=UTC)}]
)
def test_should_ask_nobody_when_nothing_waits_that_nobody_knows_of(
    world: World, fields: Any
) -> None:
    wallbox_order(world, **fields)
    asked_to_park(world)
    assert tasks(world) == []
