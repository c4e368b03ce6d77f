"""POST /v1/tasks/{task_id}/…: a wallbox order that waited too long; any decision, at any step."""

from __future__ import annotations

import pytest

from busbar.domain.wallbox_orders import Step
from infra.local.people import PEOPLE
from tests.doubles.world import WorkerDiedError
from tests.functions.given import errands, tasks
from tests.functions.portal import problem
from tests.functions.wallbox_clerk import enter, there
from tests.functions.wallbox_tasks import (
    HOUR,
    is_through,
    looked,
    seen,
    trail,
    waited_at,
)
from tests.functions.wallbox_world import (
    CREATED,
    TASKS,
    decide,
    held,
    parked_at,
    stored_order,
)

ACTIONS = ("resume", "retry", "adopt", "cancel")


# --- what has waited too long --------------------------------------------------------------------


@pytest.mark.parametrize("step", CREATED)
@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_should_wait_once_more_and_make_it_once_when_resumed(step: Step, kind: str) -> None:
    world, placed = waited_at(step, kind)
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)


@pytest.mark.parametrize("step", CREATED)
def test_should_take_what_was_made_meanwhile_when_it_is_adopted(step: Step) -> None:
    world, placed = waited_at(step, "timeout_after")
    (made,) = there(world, placed, step)
    assert decide(world, "adopt", external_id=made).status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)


@pytest.mark.parametrize("step", CREATED[:-1])
@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_should_take_back_what_an_attempt_of_unknown_outcome_has_made(
    step: Step, kind: str
) -> None:
    world, placed = waited_at(step, kind)
    assert decide(world, "cancel").status == 200
    world.run_for(HOUR)
    taken_back = {"blocked", "CANCELLED", "out of use", "Storniert"}
    left = held(world)[step]
    assert len(left) == (1 if kind == "timeout_after" else 0)
    assert set(left) <= (taken_back if step is not Step.CONTACT else {"in use"})
    assert stored_order(world, placed).gone_back_at
    assert (tasks(world), errands(world)) == ([], [])


def test_should_not_cancel_after_a_long_wait_what_salesforce_holds() -> None:
    world, placed = waited_at(Step.ORDER, "timeout_after")
    body = problem(decide(world, "cancel"), 409, "task-overtaken")
    assert "Salesforce holds this order" in body["detail"]
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)


# --- any decision --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", CREATED)
@pytest.mark.parametrize("action", ACTIONS)
def test_should_stand_in_the_trail_with_who_decided_what_and_why(step: Step, action: str) -> None:
    world, placed = parked_at(step, "none" if action == "retry" else "probe")
    (task,) = tasks(world)
    more = looked(world) if action == "retry" else {}
    if action == "adopt":
        more = {"external_id": enter(world, placed, step)}
    assert decide(world, action, **more).status == 200
    world.run_for(HOUR)
    (entry,) = trail(world)
    assert (entry["actor"], entry["role"]) == (PEOPLE["operator"], "operator")
    assert (entry["action"], entry["reason"]) == (f"tasks_{action}", "any reason")
    assert entry["subject_id"] == task.id
    assert entry["details"] == {
        "kind": "parked_step",
        "cause": task.cause,
        "subject_schema": "wallbox_order",
        "subject_id": placed.json["id"],
        **{name: str(value) for name, value in more.items()},
    }
    assert world.call("POST", "/v1/audit/verify", "operator").json["intact"] is True


@pytest.mark.parametrize("step", CREATED)
@pytest.mark.parametrize("action", ["resume", "cancel"])
def test_should_decide_once_what_is_decided_twice(step: Step, action: str) -> None:
    world, placed = parked_at(step)
    (task,) = tasks(world)
    path, body, tag = f"{TASKS}/{task.id}/{action}", {"reason": "any"}, seen(world, task).etag
    head = {"Idempotency_Key": "any", "If_Match": tag}
    first = world.call("POST", path, "operator", body, **head)
    world.run_for(HOUR)
    calls = len(world.sap.calls), len(world.salesforce.calls), len(world.energised.calls)
    again = world.call("POST", path, "operator", body, **head)
    assert (first.status, again.status, again.text) == (200, 200, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = {**head, "Idempotency_Key": "other"}
    problem(world.call("POST", path, "service-agent", body, **other), 412, "task-changed")
    blind = {"Idempotency_Key": "third", "If_Match": "*"}
    problem(world.call("POST", path, "service-agent", body, **blind), 409, "task-closed")
    world.run_for(HOUR)
    assert (len(world.sap.calls), len(world.salesforce.calls), len(world.energised.calls)) == calls
    assert len(trail(world)) == 1
    assert stored_order(world, placed).executions == 2


@pytest.mark.parametrize("step", [Step.PARTNER, Step.SHARED_CONTRACT, Step.ORDER])
@pytest.mark.parametrize("action", ["resume", "adopt"])
def test_should_stand_wholly_or_not_at_all_wherever_the_worker_dies(
    step: Step, action: str
) -> None:
    for boundary in range(1, 60):
        world, placed = parked_at(step, "probe")
        (task,) = tasks(world)
        more = {"external_id": enter(world, placed, step)} if action == "adopt" else {}
        world.boundaries.count, world.boundaries.die_at = 0, boundary
        try:
            decide(world, action, task, **more)
        except WorkerDiedError:
            world.boundaries.die_at = -1
        else:
            break
        world.clock.advance(31)  # the lease of the key
        if tasks(world):
            assert stored_order(world, placed).executions == 1
            assert decide(world, action, task, **more).status == 200
        world.run_for(HOUR)
        assert is_through(world, placed), boundary
        assert len(trail(world)) == 1, boundary
    assert boundary > 3
