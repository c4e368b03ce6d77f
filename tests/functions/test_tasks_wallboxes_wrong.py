"""POST /v1/tasks/{task_id}/adopt: what is not the right object is refused; near matches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.wallbox_orders import Step
from busbar.settings.modes import Mode
from tests.doubles.world import Reply, World
from tests.functions.given import store, tasks
from tests.functions.portal import fields_at_fault, problem
from tests.functions.wallbox_clerk import enter, enter_wrongly, ours, there, unlink
from tests.functions.wallbox_tasks import (
    DAY,
    HOUR,
    SEEN,
    is_through,
    lost_at,
    trail,
)
from tests.functions.wallbox_world import (
    CREATED,
    CREATES,
    decide,
    held,
    parked_at,
    place,
    refuse,
    refuse_call,
    shown,
    states,
    stored_customer,
    stored_order,
    wallbox_world,
)

OTHER = "second-driver"
NOWHERE = {
    "sap": "0000000007",
    "salesforce": "001000000000001AAA",
    "energised": "c0c7ac70-0000-4000-8000-00000000dead",
}


def refused_as_wrong(world: World, placed: Reply, external_id: str) -> str:
    """An adoption that is refused, and has changed nothing; what is wrong with it."""
    before = held(world)
    reply = decide(world, "adopt", external_id=external_id)
    problem(reply, 422, "fields-invalid")
    assert fields_at_fault(reply) == ["external_id"]
    world.run_for(HOUR)
    assert (held(world), trail(world)) == (before, [])
    assert stored_order(world, placed).executions == 1
    assert len(tasks(world)) == 1
    return str(reply.json["errors"][0]["message"])


@pytest.mark.parametrize(("step", "mode"), SEEN)
def test_should_refuse_what_is_not_there(step: Step, mode: Mode) -> None:
    world, placed = parked_at(step, mode)
    assert "is no " in refused_as_wrong(world, placed, NOWHERE[CREATES[step][0]])


@pytest.mark.parametrize("step", [s for s in CREATED if s is not Step.CONTACT])
def test_should_refuse_what_is_not_there_where_nobody_can_look_for_it(step: Step) -> None:
    world, placed = lost_at(step, "timeout_after")
    assert "is no " in refused_as_wrong(world, placed, NOWHERE[CREATES[step][0]])


@pytest.mark.parametrize(("step", "mode"), SEEN)
def test_should_refuse_what_does_not_carry_our_reference(step: Step, mode: Mode) -> None:
    world, placed = parked_at(step, mode)
    by_hand = enter(world, placed, step)
    unlink(world, step, by_hand)
    assert ours(world, placed, step) in refused_as_wrong(world, placed, by_hand)


WRONG: Mapping[Step, str] = {
    Step.CONTRACT: "partner",
    Step.ACCOUNT: "gp_number",
    Step.SHARED_CONTRACT: "account_id",
    Step.ORDER: "account_id",
}
"""Steps -> how that is called which links their object to something else."""


@pytest.mark.parametrize("step", [*WRONG])
@pytest.mark.parametrize("mode", ["unique_key", "probe"])
def test_should_refuse_what_is_linked_to_something_else(step: Step, mode: Mode) -> None:
    world, placed = parked_at(step, mode)
    by_hand = enter_wrongly(world, placed, step)
    assert WRONG[step] in refused_as_wrong(world, placed, by_hand)


@pytest.mark.parametrize("step", [Step.PARTNER, Step.ACCOUNT, Step.CONTACT])
@pytest.mark.parametrize("mode", ["probe", "none"])
def test_should_refuse_what_belongs_to_another_customer(step: Step, mode: Mode) -> None:
    world = wallbox_world(mode)
    first = place(world, user=OTHER, person=_another())
    world.pump()
    (theirs,) = [d.external_id for d in stored_order(world, first).steps if d.step is step]
    system, operation, before = CREATES[step]
    refuse_call(world, system, operation, before)
    placed = place(world)
    world.pump()
    _relabel(world, placed, step, theirs)
    assert "somebody else" in refused_as_wrong(world, placed, theirs)
    assert stored_customer(world).live_orders == (placed.json["id"],)


def _another() -> dict[str, Any]:
    names = {"first_name": "Ole", "last_name": "Harms", "birth_date": "1990-11-30"}
    iban = "DE89370400440532013000"
    return {**names, "email": "ole.harms@example.test", "phone": "+49 441 1", "iban": iban}


def _relabel(world: World, placed: Reply, step: Step, theirs: str) -> None:
    """A clerk has put our reference onto what belongs to somebody else, and all else that fits."""
    wanted = ours(world, placed, step)
    if step is Step.PARTNER:
        world.sap.change("A_BusinessPartner", theirs, BusinessPartnerIDByExtSystem=wanted)
    elif step is Step.CONTACT:
        enter(world, placed, step, id=theirs)
    else:
        made = {d.step: d.external_id for d in stored_order(world, placed).steps}
        fields = {"BusbarReference__c": wanted, "GpNumber__c": made[Step.PARTNER]}
        with world.salesforce.working():
            world.salesforce.org.change("Account", theirs, **fields)


def test_should_refuse_another_object_where_the_step_has_its_own_already() -> None:
    """The customer's partner is there, and could not be put back into use for two weeks."""
    world, _first = parked_at(Step.CONTACT, "probe")
    decide(world, "cancel")
    world.pump()
    world.sap.is_down = True
    second = place(world, "two")
    world.run_for(15 * DAY, step=4 * HOUR)
    world.sap.is_down = False
    (its_own,) = there(world, second, Step.PARTNER)
    other = enter(world, second, Step.PARTNER)
    body = problem(decide(world, "adopt", external_id=other), 409, "action-not-possible")
    assert its_own in body["detail"]
    assert body["detail"].endswith("Possible are: resume, cancel.")
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert set(states(shown(world, second)).values()) == {"done"}
    known = store(world).external_id(PrivateCustomer.schema_name, stored_customer(world).id, "sap")
    assert known == its_own


def test_should_refuse_the_contract_of_another_order_of_the_same_driver() -> None:
    world = wallbox_world("probe")
    first = place(world)
    world.pump()
    theirs = there(world, first, Step.CONTRACT)[0]
    refuse_call(world, "sap", "create_contract")
    placed = place(world, "two")
    world.pump()
    world.sap.change("Contracts", theirs, ExternalReference=ours(world, placed, Step.CONTRACT))
    assert "somebody else" in refused_as_wrong(world, placed, theirs)


def test_should_not_adopt_for_an_order_that_goes_back() -> None:
    world, placed = parked_at(Step.ACCOUNT)
    refuse(world, Step.ACCOUNT)
    by_hand = enter(world, placed, Step.ACCOUNT)
    refuse_call(world, "sap", "change_contract")
    decide(world, "cancel")
    world.pump()
    (task,) = tasks(world)
    assert task.kind == "parked_state"
    body = problem(decide(world, "adopt", external_id=by_hand), 409, "action-not-possible")
    assert body["detail"] == "Possible are: resume, cancel."


# --- who looks like the driver -------------------------------------------------------------------


NEAR: Mapping[Step, dict[str, Any]] = {
    Step.PARTNER: {"LastName": "Jansen"},
    Step.CONTACT: {"name": "Wiebke Jansen"},
}
"""A person who carries our reference, and whose name is almost his."""


def near(step: Step) -> tuple[World, Reply, str]:
    """An order that waits since the system holds somebody who is almost the driver."""
    world, placed = parked_at(step, "probe")
    like = enter(world, placed, step, **NEAR[step])
    decide(world, "resume")
    world.run_for(HOUR)
    (task,) = tasks(world)
    assert task.reason == "probe_refused OBJECT_DIFFERS"
    return world, placed, like


@pytest.mark.parametrize("step", [*NEAR])
def test_should_take_somebody_for_the_driver_when_a_clerk_says_so(step: Step) -> None:
    world, placed, like = near(step)
    assert decide(world, "adopt", external_id=like).status == 200
    world.run_for(HOUR)
    assert is_through(world, placed)
    assert there(world, placed, step) == [like]


@pytest.mark.parametrize("step", [*NEAR])
def test_should_ask_again_while_he_still_differs(step: Step) -> None:
    world, placed, _like = near(step)
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert [task.reason for task in tasks(world)] == ["probe_refused OBJECT_DIFFERS"]
    assert len(there(world, placed, step)) == 1


@pytest.mark.parametrize("step", [*NEAR])
def test_should_make_the_driver_beside_somebody_who_no_longer_carries_our_reference(
    step: Step,
) -> None:
    world, placed, like = near(step)
    unlink(world, step, like)
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    (made,) = there(world, placed, step)
    assert made != like
    assert set(states(shown(world, placed)).values()) == {"done"}


@pytest.mark.parametrize("step", [*NEAR])
def test_should_leave_somebody_else_alone_when_cancelled(step: Step) -> None:
    world, placed, _like = near(step)
    assert decide(world, "cancel").status == 200
    world.run_for(HOUR)
    assert held(world)[step] == ["in use"]
    assert stored_order(world, placed).gone_back_at
