"""GET /v1/charge-card-orders[/{order_id}]."""

from __future__ import annotations

from typing import Any

import pytest

from infra.simulators.sample import ELBE, NORDWIND
from tests.doubles.world import World
from tests.functions.given import NORDWIND_ID, ORDER, REFERENCE, order, ordered
from tests.functions.portal import ORDERS, answer, fields_at_fault, place, problem


def test_list_should_show_the_orders_of_the_company(world: World, event: Any) -> None:
    number = ordered(world)
    listed = answer(world, "orders", event)
    assert listed.status == 200
    (one,) = listed.json["orders"]
    assert (one["id"], one["salesforce_order_number"]) == (ORDER, number)
    assert (one["status"], one["status_text"]) == ("submitted", "Ausgangsstatus")
    assert listed.json["next_cursor"] is None


def test_show_should_tell_the_history_with_tracking_id_and_delivery_date(
    world: World, event: Any
) -> None:
    number = ordered(world)
    world.clock.advance(60)
    world.salesforce.set_order_status(number, "Bearbeitung")
    world.salesforce.set_order_status(
        number, "Geliefert", tracking_id="T-1", delivery_date="2026-03-05"
    )
    world.pump()
    one = answer(world, "orders", event).json
    assert (one["tracking_id"], one["delivery_date"]) == ("T-1", "2026-03-05")
    assert [(h["status_text"], h["source"], h["tracking_id"]) for h in one["history"]] == [
        ("Angenommen", "portal", None),
        ("Ausgangsstatus", "salesforce", None),
        ("Bearbeitung", "salesforce", None),
        ("Geliefert", "salesforce", "T-1"),
    ]
    assert not any(h["refused"] for h in one["history"])


def test_other_company_should_be_answered_as_if_the_order_did_not_exist(
    world: World, event: Any
) -> None:
    missing = problem(answer(world, "orders", event), 404, "order-not-found")
    order(world)
    hidden = problem(answer(world, "orders", event), 404, "order-not-found")
    assert hidden == missing


def test_service_agent_should_see_the_orders_of_a_named_company(world: World, event: Any) -> None:
    order(world)
    listed = answer(world, "orders", event)
    assert [o["id"] for o in listed.json["orders"]] == [ORDER]


def test_garbage_cursor_should_be_refused_with_400(world: World, event: Any) -> None:
    refused = answer(world, "orders", event)
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["cursor"]


def test_limit_is_text_should_be_refused_with_400(world: World, event: Any) -> None:
    refused = answer(world, "orders", event)
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["limit"]


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_should_refuse_a_limit_out_of_range(world: World, limit: int) -> None:
    refused = world.call("GET", f"{ORDERS}?limit={limit}")
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["limit"]


def test_should_page_through_all_orders_newest_change_first(world: World) -> None:
    made = []
    for number in range(5):
        world.clock.advance(number // 2)  # some in one instant, some not
        made.append(place(world, key=str(number)).json["id"])
    seen, following = [], f"{ORDERS}?limit=2"
    while following:
        page = world.call("GET", following).json
        seen += [o["id"] for o in page["orders"]]
        cursor = page["next_cursor"]
        following = f"{ORDERS}?limit=2&cursor={cursor}" if cursor else ""
    assert sorted(seen) == sorted(made)
    assert seen[0] == made[-1]


def test_should_refuse_the_cursor_of_another_companys_list(world: World) -> None:
    for number in range(2):
        place(world, key=str(number))
    cursor = world.call("GET", f"{ORDERS}?limit=1").json["next_cursor"]
    refused = world.call("GET", f"{ORDERS}?limit=1&cursor={cursor}", "other-fleet-manager")
    problem(refused, 400, "invalid-parameter")


@pytest.mark.parametrize("name", ["W0NT.EX1ST", "0RDER0000000Z", "x", ORDER.lower()])
def test_should_answer_404_to_an_id_that_is_none_of_ours(world: World, name: str) -> None:
    order(world)
    problem(world.call("GET", f"{ORDERS}/{name}"), 404, "order-not-found")


def test_should_answer_404_to_the_list_of_another_company(world: World) -> None:
    company = ELBE.reference.removeprefix("BBCU")
    problem(world.call("GET", f"{ORDERS}?company_id={company}"), 404, "company-not-found")


def test_should_answer_404_to_the_list_of_a_company_that_is_not_there(world: World) -> None:
    for user in ("operator", "service-agent"):
        answered = world.call("GET", f"{ORDERS}?company_id=00000000NB0DY", user)
        problem(answered, 404, "company-not-found")


def test_should_ask_an_agent_without_a_company_for_one(world: World) -> None:
    refused = world.call("GET", ORDERS, "service-agent")
    problem(refused, 400, "company-missing")
    assert fields_at_fault(refused) == ["company_id"]


def test_should_show_only_the_callers_own_company_by_default(world: World) -> None:
    place(world)
    place(world, user="other-fleet-manager")
    (mine,) = world.call("GET", ORDERS).json["orders"]
    (theirs,) = world.call("GET", ORDERS, "other-fleet-manager").json["orders"]
    assert mine["company_id"] == NORDWIND_ID
    assert theirs["company_id"] != NORDWIND_ID


def test_should_never_call_an_outside_system(world: World) -> None:
    order(world)
    world.call("GET", ORDERS)
    world.call("GET", f"{ORDERS}/{ORDER}")
    assert not world.salesforce.calls
    assert not world.energised.calls
    assert REFERENCE not in {o["BusbarReference__c"] for o in world.salesforce.records("Order")}
    assert NORDWIND.email not in world.call("GET", ORDERS).text
