"""Queue contact_forward: companies and drivers come to be.ENERGISED as contacts, once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from busbar.domain.customers import CUSTOMER_NUMBERS, Company, Role, User
from busbar.domain.identifiers import reference
from busbar.ports.store import Bind, Put, Save
from infra.simulators.energised.backend import Contact
from infra.simulators.faults import Fault
from infra.simulators.sample import HEIDE, HEIDE_LATER_ENERGISED_ID, NORDWIND
from tests.doubles.world import ORG, World
from tests.functions.given import (
    NORDWIND_ID,
    assigned,
    batch,
    bodies,
    card_in_portal,
    command,
    errand,
    errands,
    failed,
    order,
    ordered,
    store,
    stored_card,
    tasks,
    writes,
)

COMPANY, DRIVER = "C0MPANY000001", "any-new-driver"
"""Those of the sample events."""
NUMBER = "K-200001"
NAME = "Wattwurm Logistik GmbH"
REFERENCE = reference("CU", COMPANY)
DAY = 86_400


def company(world: World, **fields: Any) -> Company:
    """The company of the sample events, not in be.ENERGISED yet."""
    known = store(world).get(Company, NORDWIND_ID)
    assert known
    address = known.record.address
    made = Company(
        **{
            "id": COMPANY,
            "name": NAME,
            "customer_number": NUMBER,
            "email": "any@any.example",
            "address": address,
            "waiting_for": "contact_in_energised",
            **fields,
        }
    )
    bound = Bind("company", COMPANY, CUSTOMER_NUMBERS, made.customer_number)
    store(world).commit(Save(made), bound)
    return made


def driver(world: World, company_id: str = NORDWIND_ID) -> User:
    """The driver of the sample events."""
    made = User(
        id=DRIVER,
        role=Role.DRIVER,
        name="Dora Driver",
        company_id=company_id,
        waiting_for="contact_in_energised",
    )
    store(world).commit(Put(made))
    return made


def come(world: World, schema: str = "company", record_id: str = COMPANY) -> Any:
    """The errand comes."""
    message = errand(world, command("contact_forward", record_id, schema))
    return world.invoke("contact_forward", batch(message))


def deliver(world: World, event: Any) -> Any:
    """The sample event comes, and its errand lies in the outbox."""
    for message in bodies(event):
        errand(world, message)
    return world.invoke("contact_forward", event)


def contacts(world: World, name: str = NAME) -> list[Contact]:
    """The contacts of this name."""
    return [c for c in world.energised.backend.contacts.values() if c.name == name]


def bound(world: World, schema: str = "company", record_id: str = COMPANY) -> str | None:
    """What be.ENERGISED calls it, as we know it."""
    return store(world).external_id(schema, record_id, "energised")


def waits_for(world: World) -> str | None:
    """What the company waits for."""
    stored = store(world).get(Company, COMPANY)
    assert stored
    return stored.record.waiting_for


def clerks(world: World, **fields: Any) -> Contact:
    """A contact that a clerk has made in be.ENERGISED."""
    made = Contact(**{"id": "clerks", "name": NAME, "customer_number": NUMBER, **fields})
    world.energised.put_contact(made)
    return made


def in_mode(mode: str) -> World:
    """A world whose be.ENERGISED can be searched, or not."""
    world = World()
    org = world.settings.orgs[ORG]
    assert org.energised
    known = replace(org, energised=replace(org.energised, contact_mode=mode))  # type: ignore[arg-type]
    world.settings = replace(world.settings, orgs={ORG: known})
    return world


def test_company_should_be_created_with_our_reference_and_bound(world: World, event: Any) -> None:
    company(world)
    assert failed(deliver(world, event)) == []
    (made,) = contacts(world)
    assert (made.customer_reference, made.customer_number) == (REFERENCE, NUMBER)
    assert (bound(world), waits_for(world)) == (made.id, None)
    assert errands(world) == []


def test_company_should_be_one_contact_when_its_errand_comes_three_times(
    world: World, event: Any
) -> None:
    company(world)
    for _ in range(3):
        deliver(world, event)
    assert len(contacts(world)) == 1
    assert len(writes(world.energised)) == 1


def test_driver_should_be_created_below_his_company_and_bound(world: World, event: Any) -> None:
    driver(world)
    assert failed(deliver(world, event)) == []
    (made,) = contacts(world, "Dora Driver")
    assert made.company_id == NORDWIND.energised_id
    assert made.customer_reference.startswith("BBDR")
    stored = store(world).get(User, DRIVER)
    assert stored
    assert (stored.record.energised_uuid, stored.record.waiting_for) == (made.id, None)
    assert store(world).internal_id("user", "energised", made.id) == DRIVER


def test_should_have_a_driver_wait_for_his_company_and_go_on_when_it_is_bound(
    world: World,
) -> None:
    company(world)
    driver(world, COMPANY)
    come(world, "user", DRIVER)
    stored = store(world).get(User, DRIVER)
    assert stored
    assert stored.record.waiting_for == "company_not_in_energised"
    assert not world.energised.calls
    store(world).commit(Bind("company", COMPANY, "energised", clerks(world).id))
    world.run_for(400)
    (made,) = contacts(world, "Dora Driver")
    assert made.company_id == "clerks"
    assert bound(world, "user", DRIVER) == made.id


def test_should_have_cards_and_orders_go_on_by_themselves_when_their_company_is_bound(
    world: World,
) -> None:
    number = ordered(world, 1, HEIDE)
    assigned(world, number)
    assert stored_card(world).waiting_for == "company_not_in_energised"
    world.call(
        "PATCH",
        f"/v1/companies/{HEIDE.reference.removeprefix('BBCU')}",
        "operator",
        {"energised_contact_id": HEIDE_LATER_ENERGISED_ID},
        If_Match="*",
    )
    world.energised.put_contact(Contact(HEIDE_LATER_ENERGISED_ID, HEIDE.name))
    world.run_for(400)
    assert stored_card(world).waiting_for is None
    assert stored_card(world).billing_contact_id == HEIDE_LATER_ENERGISED_ID


def test_should_have_an_order_go_on_when_its_account_is_given(world: World) -> None:
    company(world)
    order(world, company_id=COMPANY)
    message = errand(world, command("order_forward", "0RDER00000001"))
    world.invoke("order_forward", batch(message))
    assert not writes(world.salesforce)
    world.salesforce.load({"Account": [{"Id": "001000000000050AAA", "Name": NAME}]})
    account = {"salesforce_account_id": "001000000000050AAA"}
    path = f"/v1/companies/{COMPANY}"
    assert world.call("PATCH", path, "operator", account, If_Match="*").status == 200
    world.run_for(400)
    assert [o["AccountId"] for o in world.salesforce.records("Order")] == ["001000000000050AAA"]


# --- what is there already ---------------------------------------------------------------------


def test_should_adopt_the_contact_that_a_clerk_has_made(world: World) -> None:
    company(world)
    there = clerks(world, name=f"  {NAME.upper()} ")
    come(world)
    assert bound(world) == there.id
    assert not writes(world.energised)
    assert not tasks(world)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "Somebody Else"}, "refused CONTACT_DIFFERS"),
        (
            {"customer_number": "K-7", "customer_reference": REFERENCE},
            "refused CONTACT_DIFFERS",
        ),
    ],
    ids=["name", "number"],
)
def test_should_never_merge_a_contact_that_differs(
    world: World, fields: dict[str, Any], reason: str
) -> None:
    company(world)
    clerks(world, **fields)
    come(world)
    (task,) = tasks(world)
    assert (task.kind, task.subject_id, task.reason) == ("parked_step", COMPANY, reason)
    assert "zusammengeführt" in world.call("GET", f"/v1/tasks/{task.id}", "operator").json["text"]
    assert (bound(world), waits_for(world)) == (None, f"task:{reason}")
    assert not writes(world.energised)
    assert errands(world) == []


def test_should_never_pick_one_of_several(world: World) -> None:
    company(world)
    clerks(world)
    clerks(world, id="clerks-2")
    come(world)
    assert [t.reason for t in tasks(world)] == ["refused SEVERAL_CONTACTS"]
    assert bound(world) is None


def test_should_never_take_the_contact_of_another_company(world: World) -> None:
    company(world)
    there = clerks(world)
    store(world).commit(Bind("company", "0THER00000001", "energised", there.id))
    come(world)
    assert [t.reason for t in tasks(world)] == ["refused CONTACT_OF_ANOTHER"]


def test_should_let_a_person_give_the_contact_after_a_task(world: World) -> None:
    company(world)
    there = clerks(world, name="Old Name")
    come(world)
    path = f"/v1/companies/{COMPANY}"
    given = {"energised_contact_id": there.id}
    shown = world.call("PATCH", path, "operator", given, If_Match="*").json
    assert (shown["energised_contact_id"], shown["waiting_for"]) == (there.id, None)
    come(world)
    assert (bound(world), waits_for(world)) == (there.id, None)


def test_should_ask_a_person_about_a_contact_that_was_made_while_another_was_given(
    world: World,
) -> None:
    company(world)
    world.energised.add_fault(Fault("timeout_after", operation="create_contact"))
    come(world)
    store(world).commit(Bind("company", COMPANY, "energised", "given"))
    world.run_for(900)
    assert [t.reason for t in tasks(world)] == ["contact_not_used"]
    assert bound(world) == "given"
    assert len(contacts(world)) == 1
    assert errands(world) == []


def test_should_make_no_contact_when_one_was_given_after_a_try_that_failed(world: World) -> None:
    company(world)
    world.energised.add_fault(Fault("timeout_before", operation="create_contact"))
    come(world)
    store(world).commit(Bind("company", COMPANY, "energised", "given"))
    world.run_for(900)
    assert (bound(world), waits_for(world)) == ("given", None)
    assert not contacts(world)
    assert not tasks(world)
    assert errands(world) == []


# --- what may go wrong -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after"])
def test_should_find_what_was_made_by_a_create_without_answer(world: World, kind: str) -> None:
    company(world)
    world.energised.add_fault(Fault(kind, operation="create_contact"))
    come(world)
    assert waits_for(world) == "contact_in_energised"
    world.run_for(600)
    (made,) = contacts(world)
    assert bound(world) == made.id
    assert not tasks(world)


def test_should_create_again_only_after_the_settle_window(world: World) -> None:
    company(world)
    world.energised.add_fault(Fault("timeout_before", operation="create_contact"))
    come(world)
    world.run_for(150)
    assert len(writes(world.energised)) == 1
    world.run_for(300)
    assert len(writes(world.energised)) == 2
    assert len(contacts(world)) == 1


def test_should_wait_out_an_outage(world: World) -> None:
    company(world)
    world.energised.is_down = True
    come(world)
    world.run_for(1800)
    assert waits_for(world) == "contact_in_energised"
    world.energised.is_down = False
    world.run_for(600)
    assert len(contacts(world)) == 1
    assert waits_for(world) is None


def test_should_open_a_task_when_energised_does_not_come_back_within_14_days(
    world: World,
) -> None:
    company(world)
    world.energised.is_down = True
    come(world)
    world.clock.advance(14 * DAY)
    world.pump()
    assert [t.kind for t in tasks(world)] == ["waited_too_long"]
    assert str(waits_for(world)).startswith("task:")
    assert errands(world) == []


def test_should_park_an_unknown_outcome_where_nothing_can_be_searched() -> None:
    world = in_mode("none")
    company(world)
    world.energised.add_fault(Fault("timeout_after", operation="create_contact"))
    come(world)
    world.run_for(900)
    assert [t.reason for t in tasks(world)] == ["outcome_unknown"]
    assert waits_for(world) == "task:outcome_unknown"
    assert len(writes(world.energised)) == 1


def test_should_create_without_a_search_where_there_is_none() -> None:
    world = in_mode("none")
    company(world)
    come(world)
    assert len(contacts(world)) == 1
    assert {c.operation for c in world.energised.calls} == {"create_contact"}


def test_should_park_what_energised_refuses(world: World) -> None:
    company(world)
    fault = Fault("status", operation="create_contact", status=422, body={"message": "email: no."})
    world.energised.add_fault(fault)
    come(world)
    assert [t.reason for t in tasks(world)] == ["refused HTTP_422"]


def test_should_not_make_a_contact_for_who_has_left_meanwhile(world: World) -> None:
    company(world, removed_at=world.clock.now())
    come(world)
    assert not world.energised.calls
    assert errands(world) == []


def test_should_make_no_contact_for_a_user_who_drives_nothing(world: World) -> None:
    made = driver(world).model_copy(update={"role": Role.WALLBOX_OWNER})
    store(world).commit(Put(made))
    come(world, "user", DRIVER)
    assert not world.energised.calls
    assert errands(world) == []


def test_should_take_an_errand_of_nobody_off_the_queue(world: World) -> None:
    assert failed(come(world)) == []
    assert errands(world) == []


def test_should_bind_a_driver_who_was_made_a_driver_later(world: World) -> None:
    card_in_portal(world)
    made = driver(world).model_copy(update={"role": Role.WALLBOX_OWNER, "waiting_for": None})
    store(world).commit(Put(made))
    path = f"/v1/users/{DRIVER}"
    changed = world.call("PATCH", path, "operator", {"role": "driver"}, If_Match="*").json
    assert changed["waiting_for"] == "contact_in_energised"
    world.pump()
    assert bound(world, "user", DRIVER)
