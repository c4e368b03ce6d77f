"""Several wallbox orders of one driver: one partner, one account, one contact, whatever happens."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from busbar.domain.customers import User
from busbar.domain.identifiers import reference
from busbar.domain.private_customers import PERSON_KIND, customer_id
from busbar.domain.wallbox_orders import Step
from busbar.settings.modes import Mode
from infra.local.people import PEOPLE
from infra.simulators.sample import DRIVERS
from tests.doubles.world import ORG, Reply, World
from tests.functions.given import errands, store, tasks
from tests.functions.wallbox_world import (
    CREATES,
    DRIVER,
    decide,
    go_wrong,
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

PERSON = reference(PERSON_KIND, customer_id(ORG, PEOPLE[DRIVER]))
ONE = {Step.PARTNER: ["in use"], Step.ACCOUNT: ["in use"], Step.CONTACT: ["in use"]}
"""What belongs to the driver."""
HOUR = 3600.0
REFERENCE = "BusinessPartnerIDByExtSystem"


def numbers(order: Any) -> dict[str, str]:
    """Step -> the number that the system gave its object."""
    return {step["step"]: step["number"] for step in order["steps"]}


def of_person(world: World) -> dict[Step, list[str]]:
    """What the systems hold of persons."""
    return {step: state for step, state in held(world).items() if step in ONE}


def is_through(world: World, placed: Reply) -> bool:
    """Whether every step of an order is done."""
    return set(states(shown(world, placed)).values()) == {"done"}


def check_two(world: World, first: Reply, second: Reply) -> None:
    """Both orders are through; what belongs to the driver is there once, the rest twice."""
    one, two = numbers(shown(world, first)), numbers(shown(world, second))
    assert (is_through(world, first), is_through(world, second)) == (True, True)
    assert of_person(world) == ONE
    shared = {"partner", "account", "contact", "identities"}
    assert {step for step in one if one[step] == two[step]} == shared
    assert {step: len(there) for step, there in held(world).items() if step not in ONE} == {
        Step.CONTRACT: 2,
        Step.SHARED_CONTRACT: 2,
        Step.ORDER: 2,
    }
    assert (tasks(world), errands(world)) == ([], [])


@pytest.mark.parametrize("mode", ["unique_key", "probe", "none"])
def test_should_find_by_their_references_what_the_first_order_has_made(mode: Mode) -> None:
    world = wallbox_world(mode)
    first = place(world, "one")
    world.pump()
    second = place(world, "two")
    world.pump()
    check_two(world, first, second)
    creates = [c.operation for c in world.sap.calls if c.method == "POST"]
    assert creates == ["create_partner", "create_contract", "create_contract"]


@pytest.mark.parametrize("mode", ["unique_key", "probe", "none"])
def test_should_make_no_second_one_when_both_come_at_once(mode: Mode) -> None:
    world = wallbox_world(mode)
    first, second = place(world, "one"), place(world, "two")
    world.run_for(HOUR)
    check_two(world, first, second)


@pytest.mark.parametrize("step", [Step.PARTNER, Step.ACCOUNT, Step.CONTACT])
@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
@pytest.mark.parametrize("mode", ["unique_key", "probe"])
def test_should_make_no_second_one_when_the_answer_is_lost(
    step: Step, kind: str, mode: Mode
) -> None:
    world = wallbox_world(mode)
    go_wrong(world, step, kind)
    first, second = place(world, "one"), place(world, "two")
    world.run_for(HOUR)
    check_two(world, first, second)


def test_should_have_the_user_carry_the_ids_of_all_systems() -> None:
    world, user = wallbox_world(), "fleet-manager"
    placed = place(world, user=user)
    world.pump()
    there = numbers(shown(world, placed, user))
    assert bound(world, user) == {
        "sap": there["partner"],
        "salesforce": there["account"],
        "energised": there["contact"],
    }


def test_should_leave_a_driver_the_contact_by_which_his_fleet_knows_him() -> None:
    world = wallbox_world()
    placed = place(world)
    world.pump()
    there = numbers(shown(world, placed))
    assert bound(world, DRIVER) == {
        "sap": there["partner"],
        "salesforce": there["account"],
        "energised": DRIVERS[0].energised_id,
    }


def bound(world: World, user: str) -> dict[str, str | None]:
    """What a portal user is called in the systems."""
    names, schema = ("sap", "salesforce", "energised"), User.schema_name
    return {name: store(world).external_id(schema, PEOPLE[user], name) for name in names}


# --- one waits for the other ---------------------------------------------------------------------


def both_waiting(step: Step) -> tuple[World, Reply, Reply]:
    """The first of two orders is parked at what both need; the second one waits for that."""
    world, first = parked_at(step)
    second = place(world, "two")
    world.pump()
    return world, first, second


@pytest.mark.parametrize("step", [Step.PARTNER, Step.ACCOUNT, Step.CONTACT])
def test_should_ask_once_about_what_two_orders_need(step: Step) -> None:
    world, first, second = both_waiting(step)
    (task,) = tasks(world)
    assert task.subject_id == first.json["id"]
    order = shown(world, second)
    assert order["waiting_for"] == "customer_in_review"
    assert order["waiting_text"] == "Die Kundendaten werden von unserem Service geprüft."
    assert states(order)[step] == "waiting"


@pytest.mark.parametrize("step", [Step.PARTNER, Step.ACCOUNT, Step.CONTACT])
def test_should_bring_both_through_after_one_decision(step: Step) -> None:
    world, first, second = both_waiting(step)
    decide(world, "resume")
    world.run_for(HOUR)
    check_two(world, first, second)


@pytest.mark.parametrize("step", [Step.PARTNER, Step.ACCOUNT, Step.CONTACT])
def test_should_bring_the_second_through_when_the_first_is_cancelled(step: Step) -> None:
    world, first, second = both_waiting(step)
    decide(world, "cancel")
    world.run_for(HOUR)
    assert stored_order(world, first).gone_back_at
    assert is_through(world, second)
    assert of_person(world) == ONE
    made = {done.step: done.made_here for done in stored_order(world, second).steps}
    assert made[step]
    assert stored_customer(world).live_orders == (second.json["id"],)


# --- one goes back -------------------------------------------------------------------------------


def test_should_leave_alone_what_a_live_order_refers_to() -> None:
    world, first = parked_at(Step.SHARED_CONTRACT)
    second = place(world, "two")
    world.pump()
    assert is_through(world, second)
    decide(world, "cancel")
    world.pump()
    assert of_person(world) == ONE
    assert held(world)[Step.CONTRACT] == ["CANCELLED", "ACTIVE"]
    order = shown(world, first)
    kept = {step for step, state in states(order).items() if state == "kept"}
    assert kept == {"partner", "account"}
    assert states(order)["contract"] == "undone"


@pytest.mark.parametrize("step", [Step.CONTRACT, Step.SHARED_CONTRACT, Step.ORDER])
def test_should_leave_alone_the_partner_of_the_first_when_the_second_fails(step: Step) -> None:
    world = wallbox_world()
    first = place(world, "one")
    world.pump()
    # The first order's account and shared contract are made: one graph fewer is to come.
    refuse_second(world, step)
    second = place(world, "two")
    world.pump()
    decide(world, "cancel")
    world.pump()
    assert is_through(world, first)
    assert stored_order(world, second).gone_back_at
    assert of_person(world) == ONE
    made = [] if step is Step.CONTRACT else ["CANCELLED"]
    assert held(world)[Step.CONTRACT] == ["ACTIVE", *made]


def test_should_put_back_into_use_what_an_earlier_order_has_taken_out_of_it() -> None:
    world, _first = parked_at(Step.CONTACT)
    decide(world, "cancel")
    world.pump()
    assert of_person(world)[Step.PARTNER] == ["blocked"]
    second = place(world, "two")
    world.pump()
    assert is_through(world, second)
    assert of_person(world) == ONE


def test_should_wait_and_say_so_while_it_cannot_be_put_back_into_use() -> None:
    world, _first = parked_at(Step.CONTACT)
    decide(world, "cancel")
    world.pump()
    world.sap.is_down = True
    second = place(world, "two")
    world.run_for(HOUR)
    waiting = shown(world, second)
    assert waiting["waiting_text"] == "SAP ist gerade nicht erreichbar; die Bestellung folgt."
    assert states(waiting)["partner"] == "waiting"
    world.sap.is_down = False
    world.run_for(HOUR)
    assert is_through(world, second)
    assert of_person(world) == ONE


def test_should_ask_a_person_when_it_is_refused_to_put_it_back_into_use() -> None:
    world, _first = parked_at(Step.CONTACT)
    decide(world, "cancel")
    world.pump()
    refuse_call(world, "sap", "change_partner")
    second = place(world, "two")
    world.pump()
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("parked_state", second.json["id"])
    assert decide(world, "resume").status == 200
    world.pump()
    assert is_through(world, second)
    assert of_person(world) == ONE


def test_should_cancel_an_order_whose_partner_stays_blocked() -> None:
    world, _first = parked_at(Step.CONTACT)
    decide(world, "cancel")
    world.pump()
    refuse_call(world, "sap", "change_partner")
    second = place(world, "two")
    world.pump()
    assert decide(world, "cancel").status == 200
    world.pump()
    assert stored_order(world, second).gone_back_at
    assert of_person(world)[Step.PARTNER] == ["blocked"]
    assert (tasks(world), errands(world)) == ([], [])


@pytest.mark.parametrize("fast", [False, True], ids=["then goes its way", "goes all its way"])
def test_should_bring_the_second_through_wherever_it_comes_while_the_first_goes_back(
    fast: bool,
) -> None:
    world, _first = parked_at(Step.CONTACT)
    begins = world.boundaries.count
    decide(world, "cancel")
    world.pump()
    for boundary in range(begins + 1, world.boundaries.count + 1):
        world, first = parked_at(Step.CONTACT)
        came: list[Reply] = []
        world.boundaries.meddle_at = boundary
        world.boundaries.meddle = partial(_come, world, came, fast)
        decide(world, "cancel")
        world.run_for(HOUR)
        name = world.boundaries.names[boundary - 1]
        assert is_through(world, came[0]), name
        assert stored_order(world, first).gone_back_at, name
        assert of_person(world) == ONE, name
        assert held(world)[Step.CONTRACT] == ["CANCELLED", "ACTIVE"], name
        assert (tasks(world), errands(world)) == ([], []), name


def refuse_second(world: World, step: Step) -> None:
    """Let the system refuse the create of the second order's step, which makes no account."""
    system, operation, before = CREATES[step]
    skip = before - 1 if system == "salesforce" else 0
    refuse_call(world, system, operation, skip=skip)


def enter_partner(world: World, **fields: Any) -> None:
    """A clerk has entered the driver in SAP, with our reference."""
    person = {"FirstName": "Wiebke", "LastName": "Janssen", "BirthDate": "1984-05-17T00:00:00"}
    world.sap.enter(
        "A_BusinessPartner",
        BusinessPartnerCategory="1",
        **{REFERENCE: PERSON, **person, **fields},
    )


def _come(world: World, came: list[Reply], fast: bool) -> None:
    came.append(place(world, "two"))
    if fast:
        world.pump()


# --- what was there before -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["probe", "unique_key"])
def test_should_never_block_what_it_has_not_made(mode: Mode) -> None:
    world = wallbox_world(mode)
    enter_partner(world)
    refuse(world, Step.CONTRACT)
    placed = place(world)
    world.pump()
    decide(world, "cancel")
    world.pump()
    assert held(world)[Step.PARTNER] == ["in use"]
    assert states(shown(world, placed))["partner"] == "kept"


@pytest.mark.parametrize("mode", ["probe", "unique_key"])
def test_should_never_block_what_it_has_not_made_wherever_its_worker_dies(mode: Mode) -> None:
    names = _went_back(with_partner_and_account(mode))
    for number, name in enumerate(names, 1):
        world = with_partner_and_account(mode)
        _went_back(world, number)
        assert (held(world)[Step.PARTNER], held(world)[Step.ACCOUNT]) == (["in use"],) * 2, name


def _went_back(world: World, dies_at: int = 0) -> list[str]:
    """Have an order be refused by be.ENERGISED, and then cancelled by a clerk.

    The boundaries between its acceptance and the task; at one of them a worker dies.
    """
    refuse(world, Step.CONTACT)
    place(world)
    begins = world.boundaries.count
    if dies_at:
        world.boundaries.die_at = begins + dies_at
    world.run_for(HOUR)
    passed = world.boundaries.names[begins:]
    assert decide(world, "cancel").status == 200
    world.run_for(HOUR)
    return passed


def with_partner_and_account(mode: Mode) -> World:
    """A world in which SAP and Salesforce have had the driver before, with our reference."""
    world = wallbox_world(mode)
    enter_partner(world)
    (partner,) = (p for p in world.sap.records("A_BusinessPartner") if p[REFERENCE] == PERSON)
    account = {
        "Name": "Janssen",
        "BusbarReference__c": PERSON,
        "GpNumber__c": partner["BusinessPartner"],
        "BusbarActive__c": True,
    }
    with world.salesforce.working():
        org = world.salesforce.org
        org.insert(org.object("Account"), account)
    return world


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "not_unique"])
def test_should_never_block_what_it_has_not_made_when_its_answer_is_lost(kind: str) -> None:
    world = with_partner_and_account("unique_key")
    go_wrong(world, Step.PARTNER, kind)
    _went_back(world)
    assert (held(world)[Step.PARTNER], held(world)[Step.ACCOUNT]) == (["in use"],) * 2


def test_should_ask_a_person_when_what_is_there_is_somebody_else() -> None:
    world = wallbox_world()
    enter_partner(world, LastName="Harms")
    placed = place(world)
    world.pump()
    (task,) = tasks(world)
    assert task.reason == "refused OBJECT_DIFFERS"
    assert (
        shown(world, placed)["waiting_text"] == "Die Bestellung wird von unserem Service geprüft."
    )
