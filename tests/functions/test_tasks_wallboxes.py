"""POST /v1/tasks/{task_id}/…: a wallbox order that waits at one of its steps goes on, or ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from busbar.domain.tasks import Task
from busbar.domain.wallbox_orders import Step
from busbar.settings import Mode
from infra.local.people import PEOPLE
from tests.doubles.world import Reply, WorkerDiedError, World
from tests.functions.given import errands, tasks
from tests.functions.portal import fields_at_fault, problem
from tests.functions.wallbox_clerk import enter, there
from tests.functions.wallbox_world import (
    CREATED,
    CREATES,
    TASKS,
    decide,
    go_wrong,
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
SEEN: Sequence[Any] = [
    pytest.param(step, mode, id=f"{step}-{mode}")
    for step in CREATED
    for mode in ("unique_key", "probe")
    if (step, mode) != (Step.CONTACT, "unique_key")
]
"""Steps whose object can be looked for: by a unique key, or by a search."""
ACTIONS = ("resume", "retry", "adopt", "cancel")
ONCE = dict.fromkeys(CREATED, 1)


def lost_at(step: Step, kind: str) -> tuple[World, Reply]:
    """A world in which nothing can be looked for, and the answer to this step's create was lost."""
    world = wallbox_world("none")
    go_wrong(world, step, kind)
    placed = place(world)
    world.run_for(HOUR)
    assert [task.reason for task in tasks(world)] == ["outcome_unknown"]
    return world, placed


def is_through(world: World, placed: Reply) -> bool:
    """Whether every step is done, each system holds each object once, and nobody waits."""
    counts = {step: len(found) for step, found in held(world).items()}
    done = set(states(shown(world, placed)).values()) == {"done"}
    return done and counts == ONCE and not tasks(world) and not errands(world)


def created(world: World) -> Counter[str]:
    """How often each create was sent."""
    names = {operation for _, operation, _ in CREATES.values()}
    calls = [*world.sap.calls, *world.salesforce.calls, *world.energised.calls]
    return Counter(call.operation for call in calls if call.operation in names)


def trail(world: World) -> list[Any]:
    """The entries of the audit trail, newest first."""
    entries: list[Any] = world.call("GET", "/v1/audit", "operator").json["entries"]
    return entries


def seen(world: World, task: Task) -> Reply:
    """The task as a clerk sees it."""
    return world.call("GET", f"{TASKS}/{task.id}", "operator")


def looked(world: World) -> dict[str, Any]:
    """Somebody has looked just now, in vain."""
    return {"not_found_at": world.clock.now().isoformat()}


# --- resume --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "mode"), SEEN)
def test_should_make_the_object_once_and_no_earlier_one_again_when_resumed(
    step: Step, mode: Mode
) -> None:
    world, placed = parked_at(step, mode)
    before = created(world)
    assert decide(world, "resume").status == 200
    assert shown(world, placed)["waiting_for"] == "in_progress"
    world.run_for(HOUR)
    assert is_through(world, placed)
    rest = CREATED[CREATED.index(step) :]
    assert created(world) - before == Counter(CREATES[one][1] for one in rest)


@pytest.mark.parametrize(("step", "mode"), SEEN)
def test_should_find_what_a_clerk_has_entered_when_resumed(step: Step, mode: Mode) -> None:
    world, placed = parked_at(step, mode)
    by_hand = enter(world, placed, step)
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)
    assert there(world, placed, step) == [by_hand]


@pytest.mark.parametrize("step", CREATED)
def test_should_open_the_task_anew_when_it_is_refused_again(step: Step) -> None:
    world, placed = parked_at(step, "probe")
    (before,) = tasks(world)
    system, operation, _ = CREATES[step]
    refuse_call(world, system, operation)
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    (again,) = tasks(world)
    assert (again.id, again.decision) == (before.id, None)
    assert states(shown(world, placed))[step] == "parked"
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)


# --- retry ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", CREATED)
def test_should_make_again_what_somebody_has_looked_for_in_vain(step: Step) -> None:
    world, placed = lost_at(step, "timeout_before")
    assert decide(world, "retry", **looked(world)).status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)


@pytest.mark.parametrize("step", CREATED)
def test_should_make_nothing_again_unless_somebody_says_when_he_looked(step: Step) -> None:
    world, _placed = lost_at(step, "timeout_after")
    refused = decide(world, "retry")
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["not_found_at"]
    assert "a second time" in refused.text
    world.run_for(HOUR)
    assert len(held(world)[step]) == 1
    assert trail(world) == []


@pytest.mark.parametrize("step", CREATED)
@pytest.mark.parametrize("action", ["retry", "cancel"])
def test_should_wait_until_nothing_can_take_effect_any_more(step: Step, action: str) -> None:
    world = wallbox_world("none")
    go_wrong(world, step, "timeout_before")
    place(world)
    world.run_for(31)
    early = looked(world)
    refused = decide(world, action, **early)
    problem(refused, 409, "not-settled")
    world.clock.advance(int(refused.headers["Retry-After"]) + 1)
    problem(decide(world, action, **early), 409, "not-settled")
    assert decide(world, action, **looked(world)).status == 200


@pytest.mark.parametrize("step", CREATED)
def test_should_have_a_person_look_where_nobody_else_can_though_it_was_refused(step: Step) -> None:
    world, placed = parked_at(step, "none")
    body = problem(decide(world, "resume"), 409, "action-not-possible")
    assert body["detail"] == "Possible are: retry, adopt, cancel."
    assert fields_at_fault(decide(world, "retry")) == ["not_found_at"]
    assert decide(world, "retry", **looked(world)).status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)


@pytest.mark.parametrize(("step", "mode"), SEEN)
def test_should_know_no_retry_where_the_object_can_be_looked_for(step: Step, mode: Mode) -> None:
    world, _placed = parked_at(step, mode)
    (task,) = tasks(world)
    body = problem(decide(world, "retry", **looked(world)), 409, "action-not-possible")
    assert body["detail"] == "Possible are: resume, adopt, cancel."
    assert seen(world, task).json["actions"] == ["resume", "adopt", "cancel"]


# --- cancel --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", CREATED)
def test_should_cancel_blindly_nothing_that_may_be_there(step: Step) -> None:
    world, placed = lost_at(step, "timeout_before")
    refused = decide(world, "cancel")
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["not_found_at"]
    assert "cancelled here" in refused.text
    assert decide(world, "cancel", **looked(world)).status == 200
    world.run_for(HOUR)
    assert stored_order(world, placed).gone_back_at
    assert held(world)[step] == []
    assert (tasks(world), errands(world)) == ([], [])


@pytest.mark.parametrize("step", CREATED[:-1])
def test_should_leave_alone_what_a_clerk_has_entered_when_cancelled(step: Step) -> None:
    world, placed = parked_at(step, "probe")
    enter(world, placed, step)
    before = held(world)[step]
    assert decide(world, "cancel").status == 200
    world.run_for(HOUR)
    assert held(world)[step] == before
    assert stored_order(world, placed).gone_back_at


def test_should_not_cancel_an_order_that_salesforce_holds() -> None:
    world, placed = parked_at(Step.ORDER)
    by_hand = enter(world, placed, Step.ORDER)
    body = problem(decide(world, "cancel"), 409, "task-overtaken")
    assert body["detail"].endswith("delete it there and cancel again.")
    assert stored_order(world, placed).rejected_reason is None
    world.salesforce.delete_order(by_hand)
    assert decide(world, "cancel").status == 200


# --- what has waited too long --------------------------------------------------------------------


def waited_at(step: Step, kind: str) -> tuple[World, Reply]:
    """An answer was lost at this step, and its system out of reach for two weeks since."""
    world = wallbox_world("probe")
    system, operation, _ = CREATES[step]
    go_wrong(world, step, kind)
    placed = place(world)
    world.pump()
    assert states(shown(world, placed))[step] == "waiting", operation
    getattr(world, system).is_down = True
    world.run_for(15 * DAY, step=4 * HOUR)
    getattr(world, system).is_down = False
    (task,) = tasks(world)
    assert task.kind == "waited_too_long"
    assert seen(world, task).json["actions"] == ["resume", "adopt", "cancel"]
    return world, placed


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
