"""POST /v1/reconcile, and its schedule: what disagrees is found, and repaired or asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from busbar.domain.cards import ChargeCard
from infra.simulators.faults import Fault
from tests.doubles.world import World
from tests.functions.divergences import (
    NAMES,
    PLANTS,
    Plant,
    Thing,
    assignment_never_told,
    order_deleted,
)
from tests.functions.given import (
    any_blank_card,
    card_in_portal,
    forget_calls,
    order,
    store,
    sync,
    tasks,
    writes,
)
from tests.functions.portal import answer, place, problem

RECONCILE = "/v1/reconcile"
QUIET = 1000.0
"""Longer than `reconcile_after`."""
FRESH = [p for p in PLANTS if p.repaired and p.plant is not assignment_never_told]
"""What looks like work under way if it was planted just now."""


def things(world: World, count: int, quantity: int) -> list[Thing]:
    """Delivered orders of the fleet manager, whose cards stand in the portal and in all systems."""
    placed = [place(world, quantity, key=f"any {n}").json for n in range(count)]
    for one in placed:
        world.salesforce.assign_cards(one["salesforce_order_number"])
        world.salesforce.set_order_status(
            one["salesforce_order_number"], "Geliefert", tracking_id="T-1"
        )
        world.pump()
    world.clock.advance(120)
    while sync(world)["taken_over"]:
        pass
    world.clock.advance(QUIET)
    by_order: dict[str, list[str]] = {one["id"]: [] for one in placed}
    for card in _all_cards(world):
        by_order[card.order_id].append(card.id)
    return [Thing(world, order_id, tuple(sorted(cards))) for order_id, cards in by_order.items()]


def _all_cards(world: World) -> Iterator[ChargeCard]:
    cursor, lists = None, store(world)
    while True:
        page = lists.listed(ChargeCard, "company#00000000N0RDW", limit=100, cursor=cursor)
        yield from (c.record for c in page.items)
        cursor = page.cursor
        if cursor is None:
            return


def run(world: World) -> Any:
    """One run, which changes no other system, and all that follows from it; its report."""
    changed = writes(world.salesforce, world.energised)
    answered = world.call("POST", RECONCILE, "operator")
    assert answered.status == 200, answered.text
    assert writes(world.salesforce, world.energised) == changed
    world.pump()
    return answered.json


def kinds(plants: Iterable[Plant]) -> Counter[str]:
    return Counter(plant.found[0] for plant in plants)


@pytest.fixture
def thing(world: World) -> Thing:
    """One order with two cards."""
    (found,) = things(world, 1, 2)
    return found


def test_schedule_should_find_nothing_where_all_agree(
    world: World, event: Any, thing: Thing
) -> None:
    forget_calls(world)
    written = world.table.bill.write_units
    world.invoke("reconcile", event)
    assert not writes(world.salesforce, world.energised)
    assert world.table.bill.write_units == written
    assert tasks(world) == []
    assert thing.cards


def test_on_demand_should_report_what_it_did(world: World, event: Any) -> None:
    things(world, 1, 2)
    report = answer(world, "reconcile", event)
    assert report.status == 200
    assert report.json == {
        "orders": 1,
        "cards": 2,
        "found": {},
        "repaired": 0,
        "tasks": 0,
        "complete": True,
        "reasons": [],
    }


def test_fleet_manager_should_be_refused(world: World, event: Any) -> None:
    order(world)
    card_in_portal(world)
    problem(answer(world, "reconcile", event), 403, "forbidden")
    assert not world.salesforce.calls


@pytest.mark.parametrize("plant", PLANTS, ids=NAMES)
def test_should_find_what_was_planted_and_nothing_else(
    world: World, thing: Thing, plant: Plant
) -> None:
    plant.plant(thing)
    world.clock.advance(QUIET)
    report = run(world)
    assert report["complete"]
    assert report["found"] == {plant.found[0]: 1}
    assert (report["repaired"], report["tasks"]) == ((1, 0) if plant.repaired else (0, 1))
    kind, system, detail = plant.found
    if not plant.repaired:
        (task,) = tasks(world)
        assert (task.kind, task.system, task.reason) == ("divergence", system, f"{kind} {detail}")


@pytest.mark.parametrize("plant", PLANTS, ids=NAMES)
def test_should_write_nothing_in_a_second_run(world: World, thing: Thing, plant: Plant) -> None:
    plant.plant(thing)
    world.clock.advance(QUIET)
    run(world)
    asked = tasks(world)
    for wait in (0.0, QUIET):
        world.clock.advance(wait)
        forget_calls(world)
        written = world.table.bill.write_units
        report = run(world)
        assert world.table.bill.write_units == written
        assert not writes(world.salesforce, world.energised)
        assert report["found"] == ({} if plant.repaired else {plant.found[0]: 1})
        assert tasks(world) == asked


@pytest.mark.parametrize("plant", FRESH, ids=lambda p: p.plant.__name__)
def test_should_leave_alone_what_was_changed_just_now(
    world: World, thing: Thing, plant: Plant
) -> None:
    """Work is under way: its event or its errand may still come."""
    plant.plant(thing)
    written = world.table.bill.write_units
    report = run(world)
    assert report["found"] == {}
    assert world.table.bill.write_units == written


def test_should_pass_over_what_a_person_has_closed(world: World, thing: Thing) -> None:
    order_deleted(thing)
    world.clock.advance(QUIET)
    run(world)
    (task,) = tasks(world)
    shown = world.call("GET", f"/v1/tasks/{task.id}", "service-agent")
    closed = world.call(
        "POST",
        f"/v1/tasks/{task.id}/cancel",
        "service-agent",
        {"reason": "deleted on purpose"},
        Idempotency_Key="closed",
        If_Match=shown.etag,
    )
    assert closed.status == 200, closed.text
    world.clock.advance(QUIET)
    report = run(world)
    assert (report["found"], report["tasks"]) == ({"missing": 1}, 0)
    assert tasks(world) == []


@pytest.mark.parametrize("system", ["salesforce", "energised"])
def test_should_say_so_and_change_nothing_while_a_system_is_down(
    world: World, thing: Thing, system: str
) -> None:
    PLANTS[-1].plant(thing)
    world.clock.advance(QUIET)
    getattr(world, system).is_down = True
    report = run(world)
    assert (report["complete"], report["reasons"]) == (False, [f"{system}_unavailable"])
    assert report["found"] == {}


def test_should_ask_nobody_because_a_system_went_down_meanwhile(world: World, thing: Thing) -> None:
    world.clock.advance(QUIET)
    order_deleted(thing)
    # The order is missed in the list, and asked for once more by itself.
    world.salesforce.add_fault(Fault("status", operation="read_by_key", count=None))
    assert run(world)["complete"] is False
    assert tasks(world) == []


def test_should_not_take_a_lagging_list_for_the_truth(world: World, thing: Thing) -> None:
    """A card that the list of be.ENERGISED does not show is read by itself before it is missed."""
    world.energised.add_fault(Fault("search_lag", operation="list_cards", seconds=5 * QUIET))
    assert thing.cards
    assert run(world)["found"] == {}


def test_should_see_a_blank_card_as_nobodys(world: World) -> None:
    world.energised.change_card(any_blank_card().energised_id, label="stock")
    world.clock.advance(QUIET)
    assert run(world)["found"] == {}
