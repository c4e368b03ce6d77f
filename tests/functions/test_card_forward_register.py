"""card_forward where a tenant has only Fleet `register`: a driver's first card makes him known."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.customers import User
from busbar.domain.wallbox_orders import Step, WallboxOrder
from busbar.ports.store import Save, Unbind
from infra.local.people import PEOPLE
from infra.simulators.faults import Fault
from infra.simulators.sample import DRIVERS, NORDWIND
from tests.doubles.world import World
from tests.functions.given import forget_calls, store, tasks
from tests.functions.wallbox_given import (
    BOXES,
    PRIVATE,
    PRIVATE_CARD,
    REFUND,
    REFUND_CARD,
    approved,
    assigned,
    card,
    card_there,
    contact_of,
    customer_there,
    my_cards,
    order_of,
    ordered,
    proven,
    resume,
    reviewed,
    shown_again,
    station,
    wallbox,
    with_energised,
)
from tests.functions.wallbox_world import wallbox_world

FLEET_UUID = DRIVERS[0].energised_id
ASSETS = {
    "wallbox": BOXES[0].asset_id,
    "private": PRIVATE[0].asset_id,
    "refund": REFUND[0].asset_id,
}


def register_world(**energised: Any) -> World:
    """A world whose be.ENERGISED has no route for contacts."""
    world = with_energised(
        wallbox_world(),
        contact_route="register",
        register_company_id=NORDWIND.energised_id,
        register_billing_contact_id=NORDWIND.energised_id,
        private_rate_id="private",
        **energised,
    )
    world.energised.backend.contact_route = "register"
    return world


@pytest.fixture
def world() -> World:
    """A world whose be.ENERGISED has no route for contacts."""
    return register_world()


def persons(world: World) -> list[str]:
    """The contacts of private persons in be.ENERGISED."""
    contacts = world.energised.backend.contacts.values()
    return [c.id for c in contacts if c.customer_number.startswith("BBPE")]


def contact_step(world: World, order: WallboxOrder) -> Any:
    """What the portal shows of the order's step in be.ENERGISED."""
    steps = shown_again(world, order)["steps"]
    return next(step for step in steps if step["step"] == Step.CONTACT.value)


def is_through(world: World) -> bool:
    """Whether the driver is known, and has his wallbox and both cards, by one registration."""
    contact = contact_of(world)
    cards = [card_there(world, purpose) for purpose in (PRIVATE_CARD, REFUND_CARD)]
    ours = [(c.contact_id, c.billing_contact_id) for c in cards] == [(contact, contact)] * 2
    joined = station(world).contact_id == contact and wallbox(world).joined
    return bool(contact) and persons(world) == [contact] and ours and joined


def test_should_show_the_step_as_waiting_for_the_card(world: World) -> None:
    assert contact_step(world, ordered(world))["state"] == "deferred"
    assert persons(world) == []


def test_should_make_contact_user_and_card_by_one_call(world: World) -> None:
    order = ordered(world)
    assigned(world, order, [ASSETS["private"]])
    there, contact = card_there(world, PRIVATE_CARD), contact_of(world)
    assert persons(world) == [contact]
    assert (there.contact_id, there.billing_contact_id, there.active) == (contact, contact, True)
    assert [u.active for u in world.energised.backend.users.values()] == [True]
    calls = [c.operation for c in world.energised.calls]
    assert (calls.count("register"), calls.count("confirm")) == (1, 1)


def test_should_give_the_step_its_number_once_the_driver_is_known(world: World) -> None:
    order = ordered(world)
    assigned(world, order)
    step = contact_step(world, order)
    assert (step["state"], step["number"]) == ("done", contact_of(world))


def test_should_join_the_other_card_and_the_wallbox(world: World) -> None:
    assigned(world, ordered(world))
    world.run_for(600)
    assert is_through(world)
    assert [card_there(world, p).active for p in (PRIVATE_CARD, REFUND_CARD)] == [True, False]
    assert not tasks(world)


@pytest.mark.parametrize(
    "order", [("wallbox", "refund", "private"), ("refund", "private", "wallbox")], ids=str
)
def test_should_end_the_same_whatever_comes_first(world: World, order: tuple[str, ...]) -> None:
    placed = ordered(world)
    for kind in order:
        assigned(world, placed, [ASSETS[kind]])
        world.run_for(60)
    world.run_for(600)
    assert is_through(world)


def test_should_keep_the_refund_card_off_until_the_installation_is_approved(world: World) -> None:
    order = ordered(world)
    assigned(world, order)
    world.run_for(600)
    proven(world)
    assert not card_there(world, REFUND_CARD).active
    reviewed(world, order, "Abgeschlossen")
    assert card_there(world, REFUND_CARD).active


def test_should_activate_a_refund_card_whose_driver_becomes_known_after_the_approval(
    world: World,
) -> None:
    order = ordered(world)
    assigned(world, order, [ASSETS["wallbox"], ASSETS["refund"]])
    proven(world)
    reviewed(world, order, "Abgeschlossen")
    assigned(world, order, [ASSETS["private"]])
    world.run_for(600)
    assert is_through(world)
    assert card_there(world, REFUND_CARD).active


# --- whose ids they are ------------------------------------------------------------------------


def test_should_leave_a_fleets_driver_the_uuid_that_his_fleets_cards_are_found_by(
    world: World,
) -> None:
    assigned(world, ordered(world))
    known = store(world)
    stored = known.get(User, PEOPLE["driver"])
    assert stored
    assert stored.record.energised_uuid == FLEET_UUID
    assert known.external_id("user", PEOPLE["driver"], "energised") == FLEET_UUID
    assert PRIVATE[0].number in my_cards(world)


def test_should_give_a_user_who_has_none_the_uuid_of_his_contact(world: World) -> None:
    user = PEOPLE["driver"]
    stored = store(world).get(User, user)
    assert stored
    forgotten = stored.record.model_copy(update={"energised_uuid": None})
    store(world).commit(Save(forgotten, stored), Unbind("user", user, "energised", FLEET_UUID))
    assigned(world, ordered(world))
    after = store(world).get(User, user)
    assert after
    assert after.record.energised_uuid == contact_of(world)
    assert store(world).external_id("user", user, "energised") == contact_of(world)


def test_should_register_nobody_twice_when_he_orders_again(world: World) -> None:
    assigned(world, ordered(world))
    world.run_for(600)
    second = ordered(world, key="two")
    assert contact_step(world, second)["number"] == contact_of(world)
    assigned(world, second)
    world.run_for(600)
    assert persons(world) == [contact_of(world)]
    assert card_there(world, PRIVATE_CARD, 1).contact_id == contact_of(world)
    assert card_there(world, PRIVATE_CARD, 1).active


def test_should_register_once_when_two_orders_get_their_cards_at_once(world: World) -> None:
    orders = [ordered(world, key="one"), ordered(world, key="two")]
    world.energised.add_fault(Fault("timeout_after", operation="register"))
    for order in orders:
        assigned(world, order)
    world.run_for(1200)
    assert persons(world) == [contact_of(world)]
    assert {card_there(world, PRIVATE_CARD, n).contact_id for n in (0, 1)} == {contact_of(world)}
    steps = [contact_step(world, order_of(world, order.id)) for order in orders]
    assert [step["number"] for step in steps] == [contact_of(world)] * 2


def test_should_confirm_no_card_of_a_driver_who_was_known_before(world: World) -> None:
    customer_there(world)
    order = ordered(world)
    assert contact_step(world, order)["number"] == contact_of(world)
    assigned(world, order)
    assert card_there(world, PRIVATE_CARD).active
    assert not {"register", "confirm"} & {c.operation for c in world.energised.calls}


# --- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_after", "late_commit"])
def test_should_make_one_person_when_the_answer_is_lost(world: World, kind: str) -> None:
    world.energised.add_fault(Fault(kind, operation="register", seconds=20))
    assigned(world, ordered(world))
    world.run_for(1200)
    assert is_through(world)
    assert card_there(world, PRIVATE_CARD).active
    assert not tasks(world)


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_after"])
def test_should_end_switched_on_when_the_answer_to_the_second_call_is_lost(
    world: World, kind: str
) -> None:
    world.energised.add_fault(Fault(kind, operation="confirm"))
    assigned(world, ordered(world))
    world.run_for(1200)
    assert is_through(world)
    assert [u.active for u in world.energised.backend.users.values()] == [True]


def test_should_wait_out_an_hour_in_which_energised_is_down(world: World) -> None:
    order = ordered(world)
    world.energised.is_down = True
    assigned(world, order)
    world.run_for(3600)
    assert contact_step(world, order)["state"] == "deferred"
    world.energised.is_down = False
    world.run_for(1200)
    assert is_through(world)
    assert not tasks(world)


def test_should_make_one_person_wherever_a_worker_dies() -> None:
    at, died = 1, True
    while died:
        world = register_world()
        order = ordered(world)
        world.boundaries.die_at = world.boundaries.count + at
        assigned(world, order, [ASSETS["private"]])
        died = world.boundaries.count >= world.boundaries.die_at
        world.boundaries.die_at = -1
        world.run_for(900, step=60)
        assert persons(world) == [contact_of(world)]
        assert card_there(world, PRIVATE_CARD).active
        assert not tasks(world)
        at += 1


def test_should_open_a_task_when_the_card_is_registered_to_somebody_else(world: World) -> None:
    other = PRIVATE[0].energised_id
    world.energised.change_card(other, contact_id=FLEET_UUID, reference="other")
    world.energised.add_fault(Fault("timeout_before", operation="register"))
    assigned(world, ordered(world), [ASSETS["private"]])
    world.run_for(1200)
    (task,) = tasks(world)
    assert (task.kind, task.subject_schema) == ("parked_step", "charge_card")
    assert "CARD_OF_ANOTHER" in task.reason
    assert card_there(world, PRIVATE_CARD).contact_id == FLEET_UUID


def test_should_go_on_when_a_clerk_resumes_what_was_refused(world: World) -> None:
    world.energised.add_fault(Fault("status", operation="register", status=422, body={}))
    assigned(world, ordered(world))
    world.run_for(600)
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("parked_step", card(world, PRIVATE_CARD).id)
    assert resume(world).status == 200
    world.run_for(1200)
    assert is_through(world)


def test_should_register_a_card_that_salesforce_has_assigned_without_its_number(
    world: World,
) -> None:
    order = ordered(world)
    world.salesforce.org.change("Asset", ASSETS["private"], SerialNumber=None)
    assigned(world, order, [ASSETS["private"]])
    assert persons(world) == [contact_of(world)]
    assert card_there(world, PRIVATE_CARD).active


# --- where nobody can search -------------------------------------------------------------------


@pytest.fixture
def blind() -> World:
    """A world in which nobody can search for cards."""
    return register_world(register_mode="none")


def parked(world: World, kind: str) -> None:
    """The answer to the first registration is lost."""
    world.energised.add_fault(Fault(kind, operation="register"))
    assigned(world, ordered(world), [ASSETS["private"]])
    world.run_for(1200)
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("parked_step", "outcome_unknown")


def test_should_go_on_when_a_clerk_adopts_the_contact_that_was_made(blind: World) -> None:
    parked(blind, "timeout_after")
    (made,) = persons(blind)
    assert resume(blind, "adopt", external_id=FLEET_UUID).status == 422
    assert resume(blind, "adopt", external_id=made).status == 200
    blind.run_for(600)
    assert contact_of(blind) == made
    assert card_there(blind, PRIVATE_CARD).active


def test_should_go_on_when_a_clerk_retries_what_was_not_made(blind: World) -> None:
    parked(blind, "timeout_before")
    assert resume(blind, "retry").status == 200
    blind.run_for(600)
    assert persons(blind) == [contact_of(blind)]
    assert card_there(blind, PRIVATE_CARD).active


def test_should_refuse_to_retry_what_was_made(blind: World) -> None:
    parked(blind, "timeout_after")
    assert resume(blind, "retry").status == 409
    assert len(persons(blind)) == 1


def test_should_offer_no_resume_where_nobody_can_search(blind: World) -> None:
    parked(blind, "timeout_after")
    forget_calls(blind)
    assert resume(blind).status == 409
    assert not blind.energised.calls


def test_should_leave_the_contact_route_alone() -> None:
    world = wallbox_world()
    approved(world)
    assert "register" not in [c.operation for c in world.energised.calls]
