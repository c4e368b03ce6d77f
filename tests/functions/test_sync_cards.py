"""sync_cards: cards of delivered orders are taken over into the portal."""

from __future__ import annotations

from typing import Any

from infra.simulators.faults import Fault
from infra.simulators.sample import NORDWIND, cards
from tests.doubles.world import World
from tests.functions.given import (
    ORDER,
    REFERENCE,
    any_blank_card,
    asset,
    assigned,
    card_in_portal,
    forget_calls,
    ordered,
    portal_cards,
    shown,
    sync,
    tasks,
    writes,
)
from tests.functions.portal import answer, problem


def on_its_way(world: World, quantity: int = 2, *, lost_events: bool = False) -> str:
    """An order whose cards are assigned and delivered, but not taken over yet."""
    number = ordered(world, quantity)
    assigned(world, number, quietly=lost_events)
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    world.clock.advance(120)
    return number


def numbers(world: World) -> list[str]:
    """The numbers of the company's cards in the portal."""
    return [c.record.number for c in portal_cards(world)]


def test_schedule_should_take_over_the_cards_of_a_delivered_order(world: World, event: Any) -> None:
    on_its_way(world)
    world.invoke("sync_cards", event)
    assert numbers(world) == [c.number for c in cards(2)]
    assert shown(world)["cards_in_portal"] == 2


def test_on_demand_should_report_what_it_did(world: World, event: Any) -> None:
    on_its_way(world)
    report = answer(world, "sync_cards", event)
    assert report.status == 200
    assert report.json == {
        "orders": 1,
        "taken_over": 2,
        "followed": 0,
        "postponed": 0,
        "complete": True,
        "reasons": [],
    }


def test_fleet_manager_should_be_refused(world: World, event: Any) -> None:
    problem(answer(world, "sync_cards", event), 403, "forbidden")
    assert not world.salesforce.calls


def test_should_tell_salesforce_what_it_took_over(world: World) -> None:
    on_its_way(world, quantity=1)
    sync(world)
    held = asset(world)
    assert held["CardBillingContact__c"] == NORDWIND.energised_id
    assert (held["CardActive__c"], held["CardBlocked__c"]) == (False, False)


def test_should_do_nothing_before_the_order_is_delivered(world: World) -> None:
    assigned(world, ordered(world))
    forget_calls(world)
    assert sync(world)["orders"] == 0
    assert numbers(world) == []
    assert not world.salesforce.calls


def test_should_write_nothing_anywhere_in_a_second_run(world: World) -> None:
    on_its_way(world)
    sync(world)
    world.run_for(600)
    forget_calls(world)
    units = world.table.bill.write_units
    report = sync(world)
    world.run_for(600)
    assert (report["taken_over"], report["followed"], report["postponed"]) == (0, 0, 0)
    assert not writes(world.salesforce, world.energised)
    assert world.table.bill.write_units == units


def test_should_take_over_only_the_cards_of_a_part_delivery_and_the_rest_later(
    world: World,
) -> None:
    number = ordered(world, quantity=3)
    first, *_ = assigned(world, number)
    world.salesforce.set_order_status(number, "Teilgeliefert", delivered_assets=[first])
    world.pump()
    world.clock.advance(120)
    assert sync(world)["taken_over"] == 1
    assert numbers(world) == [any_blank_card(1).number]
    assert shown(world)["cards_in_portal"] == 1

    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    assert sync(world)["taken_over"] == 2
    assert numbers(world) == [c.number for c in cards(3)]


def test_should_go_on_awaiting_the_rest_of_a_part_delivery_without_another_event(
    world: World,
) -> None:
    number = ordered(world)
    assets = assigned(world, number)
    world.salesforce.set_order_status(number, "Teilgeliefert", delivered_assets=assets[:1])
    world.pump()
    world.clock.advance(120)
    sync(world)
    world.salesforce.org.change("Asset", assets[1], Status="Shipped")
    world.run_for(300)
    assert sync(world)["taken_over"] == 1


def test_should_take_over_nothing_of_a_cancelled_order(world: World) -> None:
    number = ordered(world)
    assigned(world, number)
    world.salesforce.set_order_status(number, "Storniert")
    world.pump()
    assert sync(world)["orders"] == 0
    assert numbers(world) == []


def test_should_take_over_what_was_delivered_before_the_rest_was_cancelled(world: World) -> None:
    number = ordered(world)
    first, *_ = assigned(world, number)
    world.salesforce.set_order_status(number, "Teilgeliefert", delivered_assets=[first])
    world.salesforce.set_order_status(number, "Storniert")
    world.pump()
    world.clock.advance(120)
    assert sync(world)["taken_over"] == 1
    assert numbers(world) == [any_blank_card(1).number]
    world.run_for(600)
    assert sync(world)["orders"] == 0


def test_should_heal_a_lost_card_event_from_the_asset(world: World) -> None:
    on_its_way(world, quantity=1, lost_events=True)
    sync(world)
    world.clock.advance(600)
    sync(world)
    assert numbers(world) == [any_blank_card().number]
    held = world.energised.card(any_blank_card().energised_id)
    assert held.billing_contact_id == NORDWIND.energised_id


def test_should_pass_over_the_lost_event_when_it_comes_after_all(world: World) -> None:
    on_its_way(world, quantity=1, lost_events=True)
    sync(world)
    world.salesforce.release_events()
    world.pump()
    world.clock.advance(600)
    sync(world)
    assert len(writes(world.energised)) == 1
    assert len(numbers(world)) == 1


def test_should_open_a_task_for_an_asset_that_fits_no_card_and_take_over_the_others(
    world: World,
) -> None:
    on_its_way(world, quantity=2)
    wrong = any_blank_card(1).asset_id
    world.salesforce.org.change("Asset", wrong, EnergisedCardId__c="410019")
    report = sync(world)
    assert report["taken_over"] == 1
    assert numbers(world) == [any_blank_card(2).number]
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("card_not_synchronised", ORDER)
    assert wrong in task.cause
    world.run_for(600)
    sync(world)
    assert len(tasks(world)) == 1


def test_should_take_over_later_when_energised_is_down(world: World) -> None:
    on_its_way(world)
    world.energised.is_down = True
    report = sync(world)
    assert report["complete"] is False
    assert report["reasons"] == ["energised_unavailable"]
    world.energised.is_down = False
    world.clock.advance(300)
    assert sync(world)["taken_over"] == 2


def test_should_still_follow_energised_when_salesforce_is_down(world: World) -> None:
    card_in_portal(world, number=5)
    on_its_way(world)
    world.energised.change_card(any_blank_card(5).energised_id, label="Neu")
    world.salesforce.is_down = True
    report = sync(world)
    assert (report["followed"], report["reasons"]) == (1, ["salesforce_unavailable"])


def test_should_read_all_pages_of_the_assets(world: World) -> None:
    on_its_way(world, quantity=5)
    world.salesforce.add_fault(Fault("page_clamp", match="/query", number=2, count=None))
    assert sync(world)["taken_over"] == 5
    assert world.salesforce.order(REFERENCE)["Status"] == "Geliefert"
