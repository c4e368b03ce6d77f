"""POST /v1/tasks/{task_id}/…: any decision of an order that goes back, a driver, a wallbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from busbar.domain.tasks import Task
from tests.doubles.world import World
from tests.functions.given import errands, tasks
from tests.functions.portal import problem
from tests.functions.wallbox_given import (
    station,
)
from tests.functions.wallbox_tasks import (
    DAY,
    HOUR,
    TAKEN_BACK,
    going_back,
    like_another,
    looked,
    others_station,
    refused_proof,
    refused_tariff,
    seen,
    trail,
    unknown_review,
    unknown_station,
)
from tests.functions.wallbox_world import (
    TASKS,
    decide,
)


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
