"""sync_cards on orders of wallboxes: what an event that never came would have said is read."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.cards import CardPurpose
from busbar.domain.wallbox_assets import Review
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.domain.wallboxes import Wallbox
from busbar.ports.store import Save
from tests.doubles.world import World
from tests.functions.given import forget_calls, store, sync, tasks
from tests.functions.wallbox_given import (
    BOXES,
    ORDER,
    PRIVATE,
    PRIVATE_CARD,
    REFUND,
    REFUND_CARD,
    approved,
    asset_there,
    assigned,
    card,
    card_there,
    contact_of,
    my_cards,
    order_of,
    order_there,
    ordered,
    our_wallbox,
    proven,
    quietly,
    resume,
    reviewed,
    station,
    wallbox,
    with_energised,
)
from tests.functions.wallbox_world import wallbox_world

DAY = 86_400


def delivered(world: World, order: WallboxOrder, assets: Any = ()) -> None:
    """A clerk has assigned all, or these, and delivered the order; no assignment was heard of."""
    with quietly(world):
        assigned(world, order, assets)
        world.salesforce.events.held.clear()
    world.salesforce.set_order_status(order.reference, "Geliefert")
    world.pump()


def due(world: World) -> list[str]:
    """The orders of wallboxes that the next run looks at."""
    found = store(world).due(WallboxOrder, world.clock.now())
    return [stored.record.id for stored in found]


def test_should_take_over_all_whose_events_never_came() -> None:
    world = wallbox_world()
    order = ordered(world)
    delivered(world, order)
    assert sync(world)["taken_over"] == 3
    assert station(world).contact_id == contact_of(world)
    assert [card_there(world, p).active for p in (PRIVATE_CARD, REFUND_CARD)] == [True, False]
    assert len(my_cards(world)) == 2
    assert not tasks(world)


def test_should_look_no_more_once_all_is_there() -> None:
    world = wallbox_world()
    delivered(world, ordered(world))
    sync(world)
    assert due(world) == []
    forget_calls(world)
    world.clock.advance(DAY)
    assert sync(world)["orders"] == 0


def test_should_change_nothing_where_all_events_came() -> None:
    world = wallbox_world()
    order = ordered(world)
    assigned(world, order)
    world.salesforce.set_order_status(order.reference, "Geliefert")
    world.pump()
    before = (wallbox(world).joined, card(world, PRIVATE_CARD), card_there(world, REFUND_CARD))
    assert sync(world)["taken_over"] == 0
    after = (wallbox(world).joined, card(world, PRIVATE_CARD), card_there(world, REFUND_CARD))
    assert after == before
    assert due(world) == []


def test_should_look_again_until_the_cards_are_there_too() -> None:
    world = wallbox_world()
    order = ordered(world)
    delivered(world, order, [BOXES[0].asset_id])
    assert sync(world)["taken_over"] == 1
    assert due(world) == []
    world.clock.advance(600)
    assert due(world) == [order.id]
    with quietly(world):
        assigned(world, order)
    assert sync(world)["taken_over"] == 2
    world.clock.advance(600)
    assert due(world) == []


def test_should_open_a_task_after_14_days_when_a_card_never_comes() -> None:
    world = wallbox_world()
    delivered(world, ordered(world), [BOXES[0].asset_id])
    sync(world)
    world.clock.advance(15 * DAY)
    sync(world)
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("card_not_synchronised", "assets_never_came")
    assert due(world) == []


def test_should_await_nothing_of_an_order_without_a_wallbox() -> None:
    world = wallbox_world()
    order = ordered(world, products=[{"product_code": "CABLE-5", "quantity": 1}])
    world.salesforce.set_order_status(order.reference, "Geliefert")
    world.pump()
    assert due(world) == [order.id]
    sync(world)
    world.clock.advance(DAY)
    assert due(world) == []
    assert not tasks(world)


def test_should_ask_about_an_asset_of_an_unknown_kind_and_take_the_others_over() -> None:
    world = wallbox_world(asset_kinds={"wallbox": "wallbox", "private": "private_card"})
    delivered(world, ordered(world))
    assert sync(world)["taken_over"] == 2
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("card_not_synchronised", "unknown_kind")
    assert task.subject_schema == WallboxOrder.schema_name
    assert not world.energised.card(REFUND[0].energised_id).contact_id


def test_should_take_a_card_over_once_its_kind_is_mended_and_a_clerk_resumes() -> None:
    world = wallbox_world()
    order = ordered(world)
    org, asset = world.salesforce.org, REFUND[0].asset_id
    with quietly(world):
        assigned(world, order)
        world.salesforce.events.held.clear()
    org.change("Asset", asset, AssetKind__c=None)
    world.salesforce.set_order_status(order.reference, "Geliefert")
    world.pump()
    sync(world)
    org.change("Asset", asset, AssetKind__c="refund")
    assert resume(world).status == 200
    sync(world)
    assert card(world, REFUND_CARD).purpose is CardPurpose.REFUND
    assert not tasks(world)


def test_should_go_on_in_the_next_run_when_salesforce_is_down() -> None:
    world = wallbox_world()
    order = ordered(world)
    delivered(world, order)
    world.salesforce.is_down = True
    report = sync(world)
    assert (report["complete"], report["reasons"]) == (False, ["salesforce_unavailable"])
    world.salesforce.is_down = False
    world.run_for(600)
    sync(world)
    assert wallbox(world).joined


# --- reviews -----------------------------------------------------------------------------------


def test_should_find_an_approval_whose_event_never_came_within_a_day() -> None:
    world = wallbox_world()
    order = ordered(world)
    assigned(world, order)
    proven(world)
    with quietly(world):
        reviewed(world, order, "Abgeschlossen")
    sync(world)
    assert not card_there(world, REFUND_CARD).active
    world.clock.advance(DAY)
    sync(world)
    assert wallbox(world).review is Review.APPROVED
    assert card_there(world, REFUND_CARD).active
    assert not tasks(world)


def test_should_ask_once_a_day_while_a_proof_is_under_review_and_then_no_more() -> None:
    world = wallbox_world()
    order = ordered(world)
    assigned(world, order)
    proven(world)
    for _ in range(3):
        world.clock.advance(DAY)
        assert sync(world)["orders"] == 1
        assert sync(world)["orders"] == 0
    reviewed(world, order, "Abgeschlossen")
    world.clock.advance(DAY)
    assert sync(world)["orders"] == 0


def test_should_not_ask_for_a_review_before_there_is_a_proof() -> None:
    world = wallbox_world()
    assigned(world, ordered(world))
    world.clock.advance(DAY)
    assert sync(world)["orders"] == 0


def test_should_open_a_task_for_a_review_that_no_setting_maps() -> None:
    world = wallbox_world(review_map={"Abgeschlossen": "approved"})
    assigned(world, ordered(world))
    proven(world)
    world.clock.advance(DAY)
    sync(world)
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("card_not_synchronised", "unknown_review")


def test_should_pass_over_a_wallbox_that_salesforce_has_taken_from_its_order() -> None:
    world = wallbox_world()
    assigned(world, ordered(world))
    proven(world)
    world.salesforce.org.change("Asset", BOXES[0].asset_id, BusbarOrder__c=None)
    world.clock.advance(DAY)
    sync(world)
    assert wallbox(world).looked_at == world.clock.now()
    assert not tasks(world)


# --- what changes in be.ENERGISED ----------------------------------------------------------------


def test_should_follow_a_card_that_a_clerk_has_blocked_and_tell_salesforce() -> None:
    world = wallbox_world()
    assigned(world, ordered(world))
    world.clock.advance(300)
    world.energised.change_card(card(world, PRIVATE_CARD).energised_id, blocked=True)
    sync(world)
    assert card(world, PRIVATE_CARD).blocked
    assert my_cards(world)[PRIVATE[0].number]["blocked"] is True
    assert asset_there(world, PRIVATE[0].asset_id)["CardBlocked__c"] is True


def test_should_keep_the_status_of_an_approved_card_when_it_follows_a_change() -> None:
    world = wallbox_world()
    approved(world)
    world.clock.advance(300)
    world.energised.change_card(REFUND[0].energised_id, label="mine")
    sync(world)
    world.run_for(300)
    asset = asset_there(world, REFUND[0].asset_id)
    assert (asset["CardLabel__c"], asset["Status"]) == ("mine", "Registered")


@pytest.mark.parametrize("lists_changes", [True, False], ids=["by time", "by a walk"])
def test_should_write_nothing_when_nothing_has_changed(lists_changes: bool) -> None:
    world = with_energised(wallbox_world(), lists_changes=lists_changes)
    world.energised.backend.lists_changes = lists_changes
    approved(world)
    world.run_for(600)
    sync(world)
    sync(world)
    written = world.table.bill.write_units
    forget_calls(world)
    sync(world)
    assert world.table.bill.write_units == written


def test_should_not_lose_an_order_that_others_change_meanwhile() -> None:
    world = wallbox_world()
    order = order_there(world)
    stored = store(world).get(WallboxOrder, ORDER)
    assert stored
    now = world.clock.now()
    store(world).commit(Save(order.model_copy(update={"next_takeover_at": now}), stored))
    sync(world)
    assert order_of(world, ORDER).next_takeover_at is None
    assert store(world).get(Wallbox, our_wallbox()) is None
