"""GET /v1/wallbox-products: what Salesforce offers, kept for a while."""

from __future__ import annotations

from typing import Any

import pytest

from infra.simulators.sample_wallboxes import CABLE, HOME, PRO, STAND
from tests.doubles.world import World
from tests.functions.given import forget_calls, known_products
from tests.functions.portal import answer, problem
from tests.functions.wallbox_world import wallbox_world

PRODUCTS = "/v1/wallbox-products"
KEPT = 900.0
"""Seconds for which nobody asks again."""


@pytest.fixture
def world() -> World:
    """A world that sells wallboxes."""
    return wallbox_world()


def codes(world: World) -> list[str]:
    """What the portal shows."""
    return [p["code"] for p in world.call("GET", PRODUCTS, "driver").json["products"]]


def sell_no_more(world: World) -> None:
    """A clerk takes the stand off the price list."""
    with world.salesforce.working():
        world.salesforce.org.change("Product2", STAND.product_id, IsActive=False)


def test_list_should_show_the_active_products_with_price_tax_and_limits(
    world: World, event: Any
) -> None:
    shown = answer(world, "wallbox_products", event)
    assert shown.status == 200, shown.text
    assert shown.json["read_at"] == "2026-03-02T08:00:00+00:00"
    found = {p["code"]: p for p in shown.json["products"]}
    assert set(found) == {of.code for of in (HOME, PRO, CABLE, STAND)}
    assert found[CABLE.code] == {
        "code": "CABLE-5",
        "name": "Ladekabel Typ 2, 5 m",
        "family": "Zubehör",
        "unit_price": "119.99",
        "currency": "EUR",
        "tax_rate": "19",
        "quantity": {"minimum": 1, "maximum": 4},
    }


def test_list_should_tell_no_ids_of_salesforce(world: World, event: Any) -> None:
    shown = answer(world, "wallbox_products", event)
    assert HOME.product_id not in shown.text
    assert HOME.entry_id not in shown.text


def test_should_ask_salesforce_once_for_all_who_look(world: World) -> None:
    codes(world)
    forget_calls(world)
    world.clock.advance(KEPT - 1)
    assert STAND.code in codes(world)
    assert not world.salesforce.calls


def test_should_show_what_is_offered_now_after_the_stated_time(world: World) -> None:
    codes(world)
    sell_no_more(world)
    assert STAND.code in codes(world)
    world.clock.advance(KEPT)
    assert STAND.code not in codes(world)


def test_should_show_what_was_known_and_how_old_it_is_while_salesforce_is_down(
    world: World,
) -> None:
    codes(world)
    world.salesforce.is_down = True
    world.clock.advance(7 * 86_400)
    shown = world.call("GET", PRODUCTS, "driver").json
    assert shown["read_at"] == "2026-03-02T08:00:00+00:00"
    assert len(shown["products"]) == 4


def test_should_say_that_nothing_is_known_yet_while_salesforce_is_down(world: World) -> None:
    world.salesforce.is_down = True
    refused = world.call("GET", PRODUCTS, "driver")
    problem(refused, 503, "products-unknown")
    assert refused.headers["Retry-After"] == "30"


def test_should_answer_within_the_time_of_the_portal_when_salesforce_hangs(world: World) -> None:
    known_products(world)
    world.clock.advance(KEPT)
    world.hanging.add("salesforce")
    begun = world.clock.now()
    assert codes(world) == [HOME.code, CABLE.code]
    waited = (world.clock.now() - begun).total_seconds()
    assert waited <= world.settings.tuning.answer_within


def test_should_show_an_empty_catalogue_where_nothing_is_sold(world: World) -> None:
    with world.salesforce.working():
        for of in (HOME, PRO, CABLE, STAND):
            world.salesforce.org.change("Product2", of.product_id, IsActive=False)
    assert codes(world) == []


def test_should_refuse_query_parameters(world: World) -> None:
    problem(world.call("GET", f"{PRODUCTS}?limit=1", "driver"), 400, "invalid-parameter")
