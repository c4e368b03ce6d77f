"""POST /v1/tasks/{task_id}/…: what becomes of an order that goes back, and of a wallbox."""

from __future__ import annotations

import pytest

from busbar.domain.wallbox_orders import Step
from busbar.domain.wallboxes import Wallbox
from busbar.ports.store import Save
from tests.doubles.world import World
from tests.functions.given import errands, store, tasks
from tests.functions.portal import problem
from tests.functions.wallbox_given import (
    BOXES,
    asset_there,
    assigned,
    contact_of,
    ordered,
    our_wallbox,
    station,
    wallbox,
)
from tests.functions.wallbox_owner import set_tariff, systems
from tests.functions.wallbox_tasks import (
    HOUR,
    SOMEBODY,
    TAKEN_BACK,
    going_back,
    gone_nowhere,
    others_station,
    refused_proof,
    refused_tariff,
    trail,
    unknown_station,
)
from tests.functions.wallbox_world import (
    decide,
    held,
    refuse_call,
    shown,
    states,
    stored_order,
    wallbox_world,
)

# --- the way back --------------------------------------------------------------------------------


def back(world: World) -> dict[Step, list[str]]:
    """What the systems hold of the objects that can be taken back."""
    return {step: there for step, there in held(world).items() if step in TAKEN_BACK}


ALL_BACK = {step: [taken] for step, (*_, taken) in TAKEN_BACK.items()}


@pytest.mark.parametrize("at", [*TAKEN_BACK])
def test_should_take_it_back_and_the_rest_when_resumed(at: Step) -> None:
    world, placed = going_back(at)
    assert states(shown(world, placed))[at] == "parked"
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert back(world) == ALL_BACK
    assert stored_order(world, placed).gone_back_at
    assert [entry["action"] for entry in trail(world)] == ["tasks_resume", "tasks_cancel"]


@pytest.mark.parametrize("at", [*TAKEN_BACK])
def test_should_leave_it_and_take_back_the_rest_when_cancelled(at: Step) -> None:
    world, placed = going_back(at)
    before = held(world)[at]
    assert decide(world, "cancel", reason="second").status == 200
    world.run_for(HOUR)
    assert back(world) == {**ALL_BACK, at: before}
    order = shown(world, placed)
    assert states(order)[at] == "kept"
    assert order["rejected_text"].endswith("Grund: first")


@pytest.mark.parametrize("at", [*TAKEN_BACK])
def test_should_ask_again_about_what_is_refused_again(at: Step) -> None:
    world, _placed = going_back(at)
    (before,) = tasks(world)
    system, operation, _, _ = TAKEN_BACK[at]
    refuse_call(world, system, operation)
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert [(task.id, task.decision) for task in tasks(world)] == [(before.id, None)]


@pytest.mark.parametrize("action", ["resume", "cancel"])
def test_should_go_on_with_a_way_back_that_has_waited_too_long(action: str) -> None:
    world = gone_nowhere()
    (task,) = tasks(world)
    assert task.kind == "waited_too_long"
    body = problem(decide(world, "adopt", external_id="any"), 409, "action-not-possible")
    assert body["detail"].endswith("Possible are: resume, cancel.")
    assert decide(world, action).status == 200
    world.run_for(HOUR)
    # SAP was down: its contract is what waited.
    left = {Step.CONTRACT: ["ACTIVE"]} if action == "cancel" else {}
    assert back(world) == {**ALL_BACK, **left}
    assert (tasks(world), errands(world)) == ([], [])


# --- wallboxes -----------------------------------------------------------------------------------


def test_should_join_the_wallbox_that_be_energised_has_learned_of() -> None:
    world = wallbox_world()
    order = ordered(world)
    lacks = station(world)
    world.energised.backend.stations.remove(lacks.id)
    assigned(world, order, [BOXES[0].asset_id])
    world.energised.put_station(lacks)
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert (wallbox(world).joined, station(world).contact_id) == (True, contact_of(world))


def test_should_say_that_a_wallbox_was_found_by_itself() -> None:
    world = unknown_station()
    (task,) = tasks(world)
    stored = store(world).get(Wallbox, our_wallbox())
    assert stored
    store(world).commit(Save(stored.record.model_copy(update={"joined": True}), stored))
    body = problem(decide(world, "resume", task), 409, "task-overtaken")
    assert "found since" in body["detail"]
    assert decide(world, "cancel", task).status == 200


def test_should_take_the_station_from_nobody_when_cancelled() -> None:
    world = others_station()
    (task,) = tasks(world)
    assert decide(world, "cancel", task).status == 200
    world.run_for(HOUR)
    assert (wallbox(world).joined, station(world).contact_id) == (False, SOMEBODY)


@pytest.mark.parametrize("action", ["resume", "cancel"])
def test_should_send_a_refused_proof_only_when_resumed(action: str) -> None:
    world = refused_proof()
    (task,) = tasks(world)
    assert systems(world)[1] == "refused"
    assert decide(world, action, task).status == 200
    world.run_for(HOUR)
    told = asset_there(world, BOXES[0].asset_id)["InstallationProofHash__c"]
    assert bool(told) == (action == "resume")
    assert systems(world)[1] == "done"


@pytest.mark.parametrize("action", ["resume", "cancel"])
def test_should_set_a_refused_tariff_only_when_resumed(action: str) -> None:
    world = refused_tariff()
    (task,) = tasks(world)
    assert systems(world)[0] == "refused"
    assert decide(world, action, task).status == 200
    world.run_for(HOUR)
    assert bool(station(world).tariff) == (action == "resume")


def test_should_say_that_something_else_was_wanted_since() -> None:
    world = refused_tariff()
    (task,) = tasks(world)
    assert set_tariff(world, unit_price="30.00").status == 202
    world.run_for(HOUR)
    problem(decide(world, "resume", task), 409, "task-overtaken")
    assert decide(world, "cancel", task).status == 200
    tariff = station(world).tariff
    assert tariff
    assert tariff["unitPrice"] == "30.00"
