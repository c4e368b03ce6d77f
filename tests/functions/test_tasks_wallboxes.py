"""POST /v1/tasks/{task_id}/…: a wallbox order that waits at one of its steps goes on, or ends."""

from __future__ import annotations

from collections import Counter

import pytest

from busbar.domain.wallbox_orders import Step
from busbar.settings.modes import Mode
from tests.functions.given import errands, tasks
from tests.functions.portal import fields_at_fault, problem
from tests.functions.wallbox_clerk import enter, there
from tests.functions.wallbox_tasks import (
    HOUR,
    SEEN,
    created,
    is_through,
    looked,
    lost_at,
    seen,
    trail,
)
from tests.functions.wallbox_world import (
    CREATED,
    CREATES,
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
