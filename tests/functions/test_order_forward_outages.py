"""Queue order_forward: Salesforce hangs for hours, workers are killed, offers grow old."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.settings.function import Tuning
from infra.simulators.faults import Fault
from infra.simulators.sample import PRICE_BOOK_ENTRY_ID
from tests.doubles.world import Reply, World
from tests.functions.given import errands, tasks, writes
from tests.functions.portal import ORDERS, place

ORDERED = 12
HOUR = 3600.0
GRAPH = "composite/graph"


def seen(world: World, placed: Reply) -> Any:
    """The order, as its `Location` shows it."""
    return world.call("GET", placed.headers["Location"]).json


def all_arrived(world: World) -> bool:
    """Whether every order stands in Salesforce, once, with its number in the portal."""
    listed = world.call("GET", f"{ORDERS}?limit=100").json["orders"]
    numbers = {o["salesforce_order_number"] for o in listed}
    made = {o["OrderNumber"] for o in world.salesforce.records("Order")}
    return (
        len(listed) == len(numbers) == ORDERED
        and numbers == made
        and dict(world.counts()) == {"Order": ORDERED, "OrderItem": ORDERED}
        and not errands(world)
        and not tasks(world)
    )


def test_should_bring_all_orders_through_after_salesforce_hung_for_hours(world: World) -> None:
    world.call("GET", f"{ORDERS}/form")
    world.hanging.add("salesforce")
    for number in range(ORDERED):
        assert place(world, key=str(number)).status == 202
    world.run_for(3 * HOUR)
    assert world.sqs.dead == {}
    world.hanging.clear()
    world.run_for(HOUR)
    assert all_arrived(world)
    assert world.sqs.dead == {}


def test_should_bring_all_orders_through_whose_create_was_lost_before_salesforce_hung(
    world: World,
) -> None:
    world.salesforce.add_fault(Fault("timeout_after", match=GRAPH, count=ORDERED // 2))
    world.salesforce.add_fault(Fault("timeout_before", match=GRAPH, count=ORDERED // 2))
    for number in range(ORDERED):
        assert place(world, key=str(number)).status == 202
    world.hanging.add("salesforce")
    world.run_for(3 * HOUR)
    world.hanging.clear()
    world.run_for(HOUR)
    assert all_arrived(world)
    assert world.sqs.dead == {}


def test_should_bring_all_orders_through_though_every_worker_was_killed_at_its_time_limit() -> None:
    # Longer than the function may run, and no circuit that spares Salesforce and the workers.
    world = World(tuning=Tuning(call_timeout=100.0, circuit_failures=10**6))
    world.salesforce.add_fault(Fault("timeout_after", match=GRAPH, count=ORDERED // 2))
    world.salesforce.add_fault(Fault("timeout_before", match=GRAPH, count=ORDERED // 2))
    for number in range(ORDERED):
        assert place(world, key=str(number)).status == 202
    world.hanging.add("salesforce")
    world.run_for(3 * HOUR)
    assert len(world.sqs.dead["order_forward"]) > 0  # the messages die, the errands do not
    world.hanging.clear()
    world.run_for(3 * HOUR)
    assert all_arrived(world)


def test_should_call_salesforce_no_more_than_the_backoff_allows_while_it_hangs(
    world: World,
) -> None:
    world.call("GET", f"{ORDERS}/form")
    world.salesforce.is_down = True
    for number in range(ORDERED):
        place(world, key=str(number))
    world.run_for(HOUR)
    world.salesforce.calls.clear()
    world.run_for(HOUR)
    assert len(world.salesforce.calls) <= ORDERED * 60


# --- a kept offer ------------------------------------------------------------------------------


@pytest.fixture
def stale(world: World) -> World:
    """Salesforce went down after the form was shown: the offer is a kept one."""
    world.call("GET", f"{ORDERS}/form")
    world.salesforce.is_down = True
    return world


def change_offer(world: World, **fields: Any) -> None:
    """Salesforce is back, and a clerk has changed the product meanwhile."""
    world.salesforce.is_down = False
    product = world.salesforce.records("Product2")[0]["Id"]
    world.salesforce.org.change("Product2", product, **fields)


@pytest.mark.parametrize(
    ("quantity", "limits"),
    [(8, {"MaximumQuantity__c": 7.0}), (2, {"MinimumQuantity__c": 3.0})],
    ids=["above", "below"],
)
def test_should_check_an_order_of_a_kept_offer_against_the_live_limits(
    stale: World, quantity: int, limits: dict[str, float]
) -> None:
    placed = place(stale, quantity)
    assert placed.status == 202
    change_offer(stale, **limits)
    stale.run_for(600)
    order = seen(stale, placed)
    assert (order["status_text"], order["rejected_reason"]) == (
        "Abgelehnt",
        "quantity_out_of_range",
    )
    assert order["waiting_for"] is None
    assert stale.counts()["Order"] == 0
    assert errands(stale) == []
    assert not tasks(stale)


def test_should_send_an_order_of_a_kept_offer_at_the_live_price(stale: World) -> None:
    placed = place(stale, 7)
    change_offer(stale, MaximumQuantity__c=7.0)
    stale.salesforce.org.change("PricebookEntry", PRICE_BOOK_ENTRY_ID, UnitPrice=12.5)
    stale.run_for(600)
    assert seen(stale, placed)["salesforce_order_number"]
    (item,) = stale.salesforce.records("OrderItem")
    assert (item["Quantity"], item["UnitPrice"]) == (7, 12.5)


def test_should_not_reject_an_order_that_salesforce_took_before_the_limits_changed(
    stale: World,
) -> None:
    placed = place(stale, 8)
    stale.salesforce.add_fault(Fault("timeout_after", match=GRAPH))
    stale.salesforce.is_down = False
    while not writes(stale.salesforce):
        stale.run_for(30)
    change_offer(stale, MaximumQuantity__c=7.0)
    stale.run_for(900)
    order = seen(stale, placed)
    assert order["rejected_reason"] is None
    assert order["salesforce_order_number"] == stale.salesforce.records("Order")[0]["OrderNumber"]
