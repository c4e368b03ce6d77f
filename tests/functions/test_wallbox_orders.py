"""GET /v1/wallbox-orders and /{order_id}."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.customers import Role
from busbar.domain.wallbox_orders import Step
from infra.local.people import PEOPLE
from infra.simulators.faults import Fault
from tests.doubles.world import World
from tests.functions.given import ORDER, any_user, tasks, wallbox_order
from tests.functions.portal import answer, call_as, fields_at_fault, problem
from tests.functions.wallbox_world import (
    DRIVER,
    ORDERS,
    any_person,
    go_wrong,
    parked_at,
    place,
    shown,
    states,
    wallbox_world,
)

OTHER = "second-driver"
HOUR = 3600.0


# --- list ----------------------------------------------------------------------------------------


def test_list_should_show_the_callers_own_orders(world: World, event: Any) -> None:
    wallbox_order(world)
    page = answer(world, "wallbox_orders", event)
    assert page.status == 200, page.text
    (order,) = page.json["orders"]
    assert (order["id"], order["status_text"]) == (ORDER, "Angenommen")
    assert page.json["next_cursor"] is None


def test_service_agent_should_see_the_orders_of_the_user_he_names(world: World, event: Any) -> None:
    wallbox_order(world)
    assert [o["id"] for o in answer(world, "wallbox_orders", event).json["orders"]] == [ORDER]


def test_list_of_another_should_be_refused_by_the_name_of_the_parameter(
    world: World, event: Any
) -> None:
    wallbox_order(world)
    refused = answer(world, "wallbox_orders", event)
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["user_id"]


def test_garbage_cursor_should_be_refused_with_400(world: World, event: Any) -> None:
    refused = answer(world, "wallbox_orders", event)
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["cursor"]


def test_should_page_through_all_orders_of_a_user_newest_change_first() -> None:
    world = wallbox_world()
    placed = []
    for number in range(5):
        world.clock.advance(1)
        placed.append(place(world, str(number)).json["id"])
    place(world, user=OTHER, person=any_person(last_name="Harms", email="harms@example.test"))
    seen, following = [], "?limit=2"
    while following:
        page = world.call("GET", f"{ORDERS}{following}", DRIVER).json
        seen += [order["id"] for order in page["orders"]]
        following = f"?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == placed[::-1]


def test_should_refuse_the_cursor_of_another_users_list() -> None:
    world = wallbox_world()
    for number in range(2):
        place(world, str(number))
    cursor = world.call("GET", f"{ORDERS}?limit=1", DRIVER).json["next_cursor"]
    refused = world.call("GET", f"{ORDERS}?cursor={cursor}", OTHER)
    problem(refused, 400, "invalid-parameter")


# --- show ----------------------------------------------------------------------------------------


def test_show_should_tell_every_step_with_its_system_and_where_it_stands(
    world: World, event: Any
) -> None:
    wallbox_order(world)
    order = answer(world, "wallbox_orders", event).json
    assert [(s["step"], s["system"], s["state_text"]) for s in order["steps"]] == [
        ("partner", "sap", "offen"),
        ("contract", "sap", "offen"),
        ("account", "salesforce", "offen"),
        ("shared_contract", "salesforce", "offen"),
        ("contact", "energised", "offen"),
        ("order", "salesforce", "offen"),
        ("identities", "busbar", "offen"),
    ]
    (line,) = order["products"]
    assert (line["code"], line["quantity"], line["currency"]) == ("WALLBOX-11", 1, "EUR")


def test_show_of_another_should_be_answered_as_if_there_were_none(world: World, event: Any) -> None:
    wallbox_order(world)
    problem(answer(world, "wallbox_orders", event), 404, "order-not-found")


@pytest.mark.parametrize("role", [Role.FLEET_MANAGER, Role.DRIVER, Role.WALLBOX_OWNER])
def test_should_show_nobody_the_order_of_a_colleague(world: World, role: Role) -> None:
    wallbox_order(world)
    sub = any_user(world, role)
    problem(call_as(world, sub, "GET", f"{ORDERS}/{ORDER}"), 404, "order-not-found")


@pytest.mark.parametrize("user", ["service-agent", "operator"])
def test_should_show_every_order_to_the_staff(world: World, user: str) -> None:
    wallbox_order(world)
    assert world.call("GET", f"{ORDERS}/{ORDER}", user).json["id"] == ORDER
    page = world.call("GET", f"{ORDERS}?user_id={PEOPLE[DRIVER]}", user).json
    assert [order["id"] for order in page["orders"]] == [ORDER]


@pytest.mark.parametrize("order_id", ["0RDER00000002", "x", "..", "%2e", "0rder00000001"])
def test_should_answer_404_to_an_id_of_nothing(world: World, order_id: str) -> None:
    wallbox_order(world)
    problem(world.call("GET", f"{ORDERS}/{order_id}", "operator"), 404, "order-not-found")


def test_should_show_each_step_that_is_done_with_reference_number_and_time() -> None:
    world = wallbox_world()
    placed = place(world)
    world.pump()
    order = shown(world, placed)
    ours, now = placed.json["id"], world.clock.now().isoformat()
    assert (order["status_text"], order["salesforce_order_number"]) == (
        "Ausgangsstatus",
        world.salesforce.records("Order")[0]["OrderNumber"],
    )
    steps = {step["step"]: step for step in order["steps"]}
    assert steps["contract"] == {
        "step": "contract",
        "system": "sap",
        "text": "Vertrag in SAP",
        "state": "done",
        "state_text": "erledigt",
        "at": now,
        "reference": f"BBCT{ours}",
        "number": world.sap.records("Contracts")[0]["ContractID"],
    }
    assert {step["at"] for step in order["steps"]} == {now}
    assert steps["order"]["reference"] == f"BBWO{ours}"
    assert steps["identities"]["number"] is None
    assert [line["status_text"] for line in order["history"]] == ["Angenommen", "Ausgangsstatus"]


# --- what is waited for --------------------------------------------------------------------------

DOWN = "{} ist gerade nicht erreichbar; die Bestellung folgt."
UNCONFIRMED = "Die Bestätigung von {} steht noch aus."
SYSTEM_OF = {
    Step.PARTNER: "SAP",
    Step.CONTRACT: "SAP",
    Step.ACCOUNT: "Salesforce",
    Step.SHARED_CONTRACT: "Salesforce",
    Step.CONTACT: "be.ENERGISED",
    Step.ORDER: "Salesforce",
}


@pytest.mark.parametrize("step", SYSTEM_OF)
def test_should_name_the_system_that_is_down_at_the_step_that_waits(step: Step) -> None:
    world = wallbox_world()
    go_wrong(world, step, "refuse", count=None)
    placed = place(world)
    world.pump()
    order = shown(world, placed)
    assert order["waiting_text"] == DOWN.format(SYSTEM_OF[step])
    assert states(order)[step] == "waiting"
    assert [s for s, state in states(order).items() if state == "waiting"] == [step]


@pytest.mark.parametrize("step", SYSTEM_OF)
def test_should_name_the_system_that_has_not_confirmed(step: Step) -> None:
    world = wallbox_world("probe")
    go_wrong(world, step, "timeout_after")
    placed = place(world)
    world.pump()
    assert shown(world, placed)["waiting_text"] == UNCONFIRMED.format(SYSTEM_OF[step])
    world.run_for(HOUR)
    order = shown(world, placed)
    assert (order["waiting_for"], order["waiting_text"]) == (None, None)
    assert set(states(order).values()) == {"done"}


@pytest.mark.parametrize("step", SYSTEM_OF)
def test_should_say_that_a_person_looks_at_it(step: Step) -> None:
    world, placed = parked_at(step)
    order = shown(world, placed)
    assert order["waiting_text"] == "Die Bestellung wird von unserem Service geprüft."
    assert states(order)[step] == "parked"
    texts = {s["step"]: s["state_text"] for s in order["steps"]}
    assert texts[step] == "in Prüfung"
    assert len(tasks(world)) == 1


def test_should_wait_an_hour_for_sap_and_go_on_by_itself() -> None:
    world = wallbox_world()
    world.sap.is_down = True
    placed = place(world)
    world.run_for(HOUR)
    assert shown(world, placed)["waiting_text"] == DOWN.format("SAP")
    assert shown(world, placed)["status_text"] == "Angenommen"
    world.sap.is_down = False
    world.run_for(600)
    assert set(states(shown(world, placed)).values()) == {"done"}


def test_should_write_nothing_and_call_nobody(world: World) -> None:
    wallbox_order(world)
    world.salesforce.add_fault(Fault("refuse", count=None))
    written = world.table.bill.write_units
    world.call("GET", ORDERS, DRIVER)
    world.call("GET", f"{ORDERS}/{ORDER}", DRIVER)
    assert world.table.bill.write_units == written
    assert not world.salesforce.calls
