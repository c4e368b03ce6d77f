"""POST /v1/tasks/{task_id}/adopt: what is there is taken for what a wallbox order wants."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.wallbox_orders import Step
from busbar.settings.modes import Mode
from tests.doubles.world import Reply, World
from tests.functions.given import errands, tasks
from tests.functions.portal import problem
from tests.functions.wallbox_clerk import enter, enter_wrongly, there, unlink
from tests.functions.wallbox_tasks import (
    DAY,
    HOUR,
    SEEN,
    is_through,
    lost_at,
)
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

IN_USE = {
    Step.PARTNER: ["in use"],
    Step.CONTRACT: ["ACTIVE"],
    Step.ACCOUNT: ["in use"],
    Step.SHARED_CONTRACT: ["Aktiv"],
}
"""What nobody has blocked or cancelled."""


# --- what is right -------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "mode"), SEEN)
def test_should_go_on_with_what_a_clerk_has_entered(step: Step, mode: Mode) -> None:
    world, placed = parked_at(step, mode)
    by_hand = enter(world, placed, step)
    assert decide(world, "adopt", external_id=by_hand).json["decision"]["external_id"] == by_hand
    world.run_for(HOUR)
    assert is_through(world, placed)
    done = stored_order(world, placed).done(step)
    assert done
    assert (done.external_id, done.made_here) == (by_hand, False)


@pytest.mark.parametrize("step", CREATED)
def test_should_go_on_with_what_was_made_though_nobody_can_look_for_it(step: Step) -> None:
    world, placed = lost_at(step, "timeout_after")
    (made,) = there(world, placed, step)
    assert decide(world, "adopt", external_id=made).status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)


@pytest.mark.parametrize("step", [Step.PARTNER, Step.CONTRACT])
def test_should_know_a_number_of_sap_without_its_leading_zeros(step: Step) -> None:
    world, placed = parked_at(step)
    by_hand = enter(world, placed, step)
    assert by_hand.startswith("0") or len(by_hand) == 10
    assert decide(world, "adopt", external_id=by_hand.lstrip("0")).status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)


@pytest.mark.parametrize("step", [*IN_USE])
@pytest.mark.parametrize("action", ["adopt", "resume"])
def test_should_never_take_back_what_a_clerk_has_entered(step: Step, action: str) -> None:
    world, placed = parked_at(step, "probe")
    by_hand = enter(world, placed, step)
    refuse_call(world, *_next(step))
    assert decide(world, action, **_naming(action, by_hand)).status == 200
    world.run_for(HOUR)
    assert decide(world, "cancel").status == 200
    world.run_for(HOUR)
    assert stored_order(world, placed).gone_back_at
    assert held(world)[step] == IN_USE[step]
    assert (tasks(world), errands(world)) == ([], [])


@pytest.mark.parametrize("step", [*IN_USE])
def test_should_never_take_back_what_a_clerk_has_mended(step: Step) -> None:
    """What he had entered first was wrong, and was refused."""
    world, placed = parked_at(step, "probe")
    by_hand = enter_wrongly(world, placed, step)
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert [task.reason for task in tasks(world)] == ["probe_refused OBJECT_DIFFERS"]
    unlink(world, step, by_hand)
    enter(world, placed, step)
    refuse_call(world, *_next(step))
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert decide(world, "cancel").status == 200
    world.run_for(HOUR)
    assert stored_order(world, placed).gone_back_at
    assert held(world)[step][-1:] == IN_USE[step]


def _next(step: Step) -> tuple[str, str]:
    return CREATES[CREATED[CREATED.index(step) + 1]][:2]


def _naming(action: str, external_id: str) -> dict[str, Any]:
    return {"external_id": external_id} if action == "adopt" else {}


# --- several -------------------------------------------------------------------------------------


def with_two(step: Step) -> tuple[World, Reply]:
    """The answer to a create was lost, and a clerk has entered what he missed, twice."""
    world = wallbox_world("probe")
    go_wrong(world, step, "timeout_before")
    placed = place(world)
    world.pump()
    for number in range(2):
        enter(world, placed, step, **({"id": f"c-{number}"} if step is Step.CONTACT else {}))
    world.run_for(HOUR)
    assert [task.reason for task in tasks(world)] == ["several_found"]
    return world, placed


@pytest.mark.parametrize("step", CREATED)
def test_should_go_on_with_the_one_of_several_that_a_clerk_names(step: Step) -> None:
    world, placed = with_two(step)
    first, second = there(world, placed, step)
    assert decide(world, "adopt", external_id=second).status == 200
    world.run_for(HOUR)
    assert set(states(shown(world, placed)).values()) == {"done"}
    done = stored_order(world, placed).done(step)
    assert done
    assert (done.external_id, done.made_here) == (second, False)
    assert there(world, placed, step) == [first, second]


@pytest.mark.parametrize("step", CREATED[:-1])
def test_should_not_cancel_while_there_are_several(step: Step) -> None:
    world, placed = with_two(step)
    body = problem(decide(world, "cancel"), 409, "task-overtaken")
    assert body["detail"].endswith("Leave one there at most.")
    unlink(world, step, there(world, placed, step)[0])
    assert decide(world, "cancel").status == 200
    world.run_for(HOUR)
    assert stored_order(world, placed).gone_back_at


# --- for two orders ------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [Step.PARTNER, Step.ACCOUNT, Step.CONTACT])
def test_should_bring_both_orders_of_a_driver_through_by_one_adoption(step: Step) -> None:
    world, first = parked_at(step, "probe")
    second = place(world, "two")
    world.pump()
    by_hand = enter(world, first, step)
    (task,) = tasks(world)
    assert (
        world.call("GET", f"{TASKS}/{task.id}", "operator").json["subject"]["id"]
        == (first.json["id"])
    )
    assert decide(world, "adopt", external_id=by_hand).status == 200
    world.run_for(DAY)
    for placed in (first, second):
        assert set(states(shown(world, placed)).values()) == {"done"}
    assert there(world, second, step) == [by_hand]
    assert (tasks(world), errands(world)) == ([], [])
