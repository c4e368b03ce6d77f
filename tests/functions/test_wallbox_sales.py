"""How a function comes to the wallboxes of Salesforce."""

from __future__ import annotations

import pytest

from busbar.errors import MisconfiguredError, Unavailable
from busbar.ports.systems import Systems
from busbar.wiring.parts import Parts
from infra.simulators import sample_wallboxes
from tests.doubles.world import ORG, World


def systems(world: World) -> Systems:
    return Parts(world.settings, world._clients()).deps(ORG).systems


def selling() -> World:
    """An org that sells wallboxes."""
    world = World(wallbox_price_book_id=sample_wallboxes.PRICE_BOOK_ID)
    world.salesforce.load_sample(2, wallboxes=2)
    return world


def test_should_say_which_setting_is_missing_where_an_org_sells_no_wallboxes(
    world: World,
) -> None:
    with pytest.raises(MisconfiguredError, match="wallbox_price_book_id"):
        _ = systems(world).wallbox_sales


def test_should_sell_wallboxes_under_the_login_of_the_orders() -> None:
    world = selling()
    there = systems(world)
    assert len(there.wallbox_sales.read_products(5)) == 4
    assert there.wallbox_sales is there.wallbox_sales
    there.salesforce.read_offer(5)
    assert sum("oauth2/token" in call.path for call in world.salesforce.calls) == 1


def test_should_pass_the_gate_of_salesforce() -> None:
    world = selling()
    there = systems(world)
    world.salesforce.is_down = True
    for _ in range(world.settings.tuning.circuit_failures):
        with pytest.raises(Unavailable):
            there.wallbox_sales.read_products(5)
    assert there.is_down("salesforce")
