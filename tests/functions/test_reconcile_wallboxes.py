"""reconcile and drivers' own cards: they are no company's, and nothing of its business."""

from __future__ import annotations

from typing import Any

from infra.simulators.sample import NORDWIND
from tests.doubles.world import World
from tests.functions.given import forget_calls, sync, tasks, writes
from tests.functions.wallbox_given import (
    PRIVATE,
    REFUND,
    approved,
    assigned,
    ordered,
    quietly,
)
from tests.functions.wallbox_world import wallbox_world

QUIET = 1000.0


def run(world: World) -> Any:
    """One run after a while, and all that follows from it; its report."""
    world.clock.advance(QUIET)
    answered = world.call("POST", "/v1/reconcile", "operator")
    assert answered.status == 200, answered.text
    world.pump()
    return answered.json


def test_should_find_nothing_where_all_agree() -> None:
    world = wallbox_world()
    approved(world)
    world.run_for(300)
    sync(world)
    forget_calls(world)
    report = run(world)
    assert (report["cards"], report["found"]) == (0, {})
    assert not tasks(world)
    assert not writes(world.energised)
    assert not writes(world.salesforce)


def test_should_leave_drivers_own_cards_to_the_sync() -> None:
    world = wallbox_world()
    approved(world)
    world.run_for(300)
    there = {"billing_contact_id": NORDWIND.energised_id}
    world.energised.change_card(PRIVATE[0].energised_id, **there)
    assert run(world)["found"] == {}


def test_should_ask_nothing_of_a_card_without_a_kind_that_is_a_task_already() -> None:
    world = wallbox_world()
    order = ordered(world)
    with quietly(world):
        assigned(world, order)
        world.salesforce.org.change("Asset", REFUND[0].asset_id, AssetKind__c=None)
    assert run(world)["found"] == {}
