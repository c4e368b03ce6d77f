"""POST /v1/tasks/{task_id}/…: a wallbox order that goes back, or is through, and its wallbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from busbar.domain.tasks import Task
from busbar.domain.wallbox_orders import Step
from busbar.domain.wallboxes import Wallbox
from busbar.ports import Save
from tests.doubles.world import Reply, World
from tests.functions.given import errands, store, tasks
from tests.functions.portal import problem
from tests.functions.samples import read_event
from tests.functions.test_tasks_wallboxes import looked, seen, trail
from tests.functions.wallbox_given import (
    BOXES,
    asset_there,
    assigned,
    contact_of,
    order_there,
    ordered,
    our_wallbox,
    station,
    wallbox,
)
from tests.functions.wallbox_owner import owned, prove, set_tariff, systems
from tests.functions.wallbox_world import (
    TASKS,
    any_person,
    decide,
    held,
    parked_at,
    place,
    refuse_call,
    shown,
    states,
    stored_order,
    wallbox_world,
)

HOUR, DAY = 3600.0, 86_400.0
SOMEBODY = "c0c7ac70-0000-4000-8000-00000000000e"
TAKEN_BACK: Mapping[Step, tuple[str, str, int, str]] = {
    Step.SHARED_CONTRACT: ("salesforce", "update_row", 0, "Storniert"),
    Step.ACCOUNT: ("salesforce", "update_row", 1, "out of use"),
    Step.CONTRACT: ("sap", "change_contract", 0, "CANCELLED"),
    Step.PARTNER: ("sap", "change_partner", 0, "blocked"),
}
"""How each object is taken back: system, operation, such calls before it, what it is like then."""


# --- how each begins -----------------------------------------------------------------------------


def going_back(at: Step) -> tuple[World, Reply]:
    """An order on its way back, of which a system has refused the change of this object."""
    world, placed = parked_at(Step.CONTACT)
    system, operation, before, _ = TAKEN_BACK[at]
    refuse_call(world, system, operation, before)
    decide(world, "cancel", reason="first")
    world.pump()
    (task,) = tasks(world)
    assert task.kind == "parked_state"
    return world, placed


def gone_nowhere() -> World:
    """An order on its way back, while SAP was out of reach for two weeks."""
    world, _placed = parked_at(Step.CONTACT)
    decide(world, "cancel", reason="first")
    world.sap.is_down = True
    world.run_for(15 * DAY, step=4 * HOUR)
    world.sap.is_down = False
    return world


def like_another() -> World:
    """A driver who looks like another one's customer has ordered."""
    world = wallbox_world()
    place(world)
    world.pump()
    place(world, user="second-driver", person=any_person())
    world.pump()
    return world


def unknown_station() -> World:
    """The serial number of an assigned wallbox is unknown in be.ENERGISED."""
    world = wallbox_world()
    order = ordered(world)
    world.energised.backend.stations.remove(station(world).id)
    assigned(world, order, [BOXES[0].asset_id])
    return world


def others_station() -> World:
    """The station of an assigned wallbox belongs to somebody else there."""
    world = wallbox_world()
    order = ordered(world)
    world.energised.put_station(replace(station(world), contact_id=SOMEBODY))
    assigned(world, order, [BOXES[0].asset_id])
    return world


def refused_proof() -> World:
    """Salesforce does not take the proof of an installation."""
    world = wallbox_world()
    owned(world)
    refuse_call(world, "salesforce", "update_row")
    prove(world)
    return world


def refused_tariff() -> World:
    """be.ENERGISED does not take what a driver wants to be paid."""
    world = wallbox_world()
    owned(world)
    refuse_call(world, "energised", "write_station")
    set_tariff(world)
    world.pump()
    return world


def unknown_review() -> World:
    """Salesforce tells of a review that nobody has mapped."""
    world = wallbox_world()
    order_there(world)
    world.invoke("wallbox_event", read_event("wallbox_event", "all_three"))
    world.pump()
    world.invoke("wallbox_review", read_event("wallbox_review", "unknown_review"))
    return world


@dataclass(frozen=True)
class Case:
    """How a task comes to be, and what a clerk may decide of it."""

    begin: Callable[[], World]
    kind: str
    possible: tuple[str, ...]


CASES: Mapping[str, Case] = {
    **{
        f"back at {step}": Case(
            lambda step=step: going_back(step)[0],  # type: ignore[misc]
            "parked_state",
            ("resume", "cancel"),
        )
        for step in TAKEN_BACK
    },
    "similar": Case(like_another, "similar_customer", ("resume", "cancel")),
    "unknown station": Case(unknown_station, "station_not_found", ("resume", "cancel")),
    "others' station": Case(others_station, "parked_state", ("resume", "cancel")),
    "proof": Case(refused_proof, "parked_state", ("resume", "cancel")),
    "review": Case(unknown_review, "parked_event", ("resume", "cancel")),
    "tariff": Case(refused_tariff, "parked_state", ("resume", "cancel")),
}
cases = pytest.mark.parametrize("name", [*CASES])


def begun(name: str) -> tuple[World, Task]:
    """A world with this one task."""
    case = CASES[name]
    world = case.begin()
    (task,) = tasks(world)
    assert (task.kind, seen(world, task).json["actions"]) == (case.kind, [*case.possible])
    return world, task


def calls(world: World) -> list[int]:
    """How often each system was called."""
    return [len(system.calls) for system in (world.sap, world.salesforce, world.energised)]


# --- any decision --------------------------------------------------------------------------------


@cases
@pytest.mark.parametrize("action", ["retry", "adopt"])
def test_should_say_what_is_possible_where_an_action_is_not(name: str, action: str) -> None:
    world, task = begun(name)
    before, entries = calls(world), len(trail(world))
    more = looked(world) if action == "retry" else {"external_id": "any"}
    body = problem(decide(world, action, task, **more), 409, "action-not-possible")
    assert body["detail"] == "Possible are: resume, cancel."
    assert (calls(world), len(trail(world))) == (before, entries)
    assert seen(world, task).json["status"] == "open"


@cases
@pytest.mark.parametrize("action", ["resume", "cancel"])
def test_should_decide_once_what_is_decided_twice_and_say_who_did(name: str, action: str) -> None:
    world, task = begun(name)
    entries = len(trail(world))
    path, body, tag = f"{TASKS}/{task.id}/{action}", {"reason": "any"}, seen(world, task).etag
    head = {"Idempotency_Key": "any", "If_Match": tag}
    first = world.call("POST", path, "service-agent", body, **head)
    again = world.call("POST", path, "service-agent", body, **head)
    assert (first.status, again.text) == (200, first.text)
    head["Idempotency_Key"] = "other"
    problem(world.call("POST", path, "operator", body, **head), 412, "task-changed")
    head |= {"Idempotency_Key": "third", "If_Match": "*"}
    problem(world.call("POST", path, "operator", body, **head), 409, "task-closed")
    entry, *older = trail(world)
    assert len(older) == entries
    assert (entry["action"], entry["role"]) == (f"tasks_{action}", "service_agent")
    assert (entry["subject_id"], entry["details"]["cause"]) == (task.id, task.cause)


@cases
def test_should_end_or_be_asked_again_when_resumed(name: str) -> None:
    world, task = begun(name)
    if name == "others' station":
        world.energised.put_station(replace(station(world), contact_id=None))
    decide(world, "resume", task)
    world.run_for(HOUR)
    assert [t.id for t in tasks(world)] == ([task.id] if name == "unknown station" else [])
    assert errands(world) == []


@cases
def test_should_let_nothing_wait_when_cancelled(name: str) -> None:
    world, task = begun(name)
    assert decide(world, "cancel", task).status == 200
    world.run_for(DAY, step=600)
    assert (tasks(world), errands(world)) == ([], [])


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
    world, task = begun("unknown station")
    stored = store(world).get(Wallbox, our_wallbox())
    assert stored
    store(world).commit(Save(stored.record.model_copy(update={"joined": True}), stored))
    body = problem(decide(world, "resume", task), 409, "task-overtaken")
    assert "found since" in body["detail"]
    assert decide(world, "cancel", task).status == 200


def test_should_take_the_station_from_nobody_when_cancelled() -> None:
    world, task = begun("others' station")
    assert decide(world, "cancel", task).status == 200
    world.run_for(HOUR)
    assert (wallbox(world).joined, station(world).contact_id) == (False, SOMEBODY)


@pytest.mark.parametrize("action", ["resume", "cancel"])
def test_should_send_a_refused_proof_only_when_resumed(action: str) -> None:
    world, task = begun("proof")
    assert systems(world)[1] == "refused"
    assert decide(world, action, task).status == 200
    world.run_for(HOUR)
    told = asset_there(world, BOXES[0].asset_id)["InstallationProofHash__c"]
    assert bool(told) == (action == "resume")
    assert systems(world)[1] == "done"


@pytest.mark.parametrize("action", ["resume", "cancel"])
def test_should_set_a_refused_tariff_only_when_resumed(action: str) -> None:
    world, task = begun("tariff")
    assert systems(world)[0] == "refused"
    assert decide(world, action, task).status == 200
    world.run_for(HOUR)
    assert bool(station(world).tariff) == (action == "resume")


def test_should_say_that_something_else_was_wanted_since() -> None:
    world, task = begun("tariff")
    assert set_tariff(world, unit_price="30.00").status == 202
    world.run_for(HOUR)
    problem(decide(world, "resume", task), 409, "task-overtaken")
    assert decide(world, "cancel", task).status == 200
    tariff = station(world).tariff
    assert tariff
    assert tariff["unitPrice"] == "30.00"
