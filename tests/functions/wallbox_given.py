"""Orders of wallboxes that tests begin with, what clerks do with them, and what came of it."""

from __future__ import annotations

from typing import Any

from busbar.domain.wallbox_orders import WallboxOrder
from tests.doubles.world import World
from tests.functions.given import store
from tests.functions.wallbox_world import DRIVER, ORDERS, place


def ordered(world: World, key: str = "one", user: str = DRIVER, **changes: Any) -> WallboxOrder:
    """An order that has come through all systems."""
    placed = place(world, key, user, **changes)
    assert placed.status == 202, placed.text
    world.pump()
    order = order_of(world, placed.json["id"])
    assert order.salesforce_order_id
    return order


def order_of(world: World, order_id: str) -> WallboxOrder:
    """Our record of an order."""
    stored = store(world).get(WallboxOrder, order_id)
    assert stored is not None
    return stored.record


def shown_again(world: World, order: WallboxOrder, user: str = DRIVER) -> Any:
    """An order as the portal shows it now."""
    return world.call("GET", f"{ORDERS}/{order.id}", user).json
