"""A run of `reconcile` that time has ended keeps its place, and the next one goes on from there."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from busbar.domain.cards import ChargeCard, card_id
from busbar.domain.tasks import Task
from busbar.ports.store import Put, Save
from busbar.process.ledger import LedgerRow, ledger_id
from busbar.settings.function import Tuning
from busbar.usecases.deps import Deps
from busbar.usecases.reconcile import PLACE, reconcile
from busbar.usecases.reconcile_walk import Place, Report
from busbar.wiring.parts import Parts
from infra.simulators.faults import Fault
from infra.simulators.record_ids import record_id
from tests.doubles.world import ORG, Boundaries, World
from tests.functions.divergences import PLANTS, Thing
from tests.functions.given import errands, forget_calls, put_errand, store, tasks, writes
from tests.functions.test_reconcile import QUIET, RECONCILE, run, things
from tests.functions.test_sync_cards_walk import Slow

CARDS = 330
"""More than three pages."""


class Hourglass:
    """Time that runs out after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self._left = looks

    def __call__(self) -> float:
        self._left -= 1
        return 100.0 if self._left >= 0 else 0.0


def ports(world: World) -> Deps:
    """What the use case is given."""
    return Parts(world.settings, world._clients()).deps(ORG)


def fleet(world: World, count: int) -> list[Thing]:
    """Cards of one order, as all systems hold them, by their number; the first is a real one."""
    (thing,) = things(world, 1, 1)
    card = thing.card
    asset = world.salesforce.org.rows.get("Asset", str(card.asset_id))
    (changed, there), cards = world.energised.backend._cards[card.energised_id].latest, [card.id]
    assert asset
    row_id = ledger_id("energised", "card", card.energised_id)
    ledger = thing.stored(LedgerRow, row_id).record
    for number in range(1, count):
        energised_id, shown = str(5_000_000 + number), f"DE-BBX-{number:08d}"
        twin_there = replace(there, id=energised_id, tag=f"09{number:012d}", number=shown)
        world.energised.backend.load((), [twin_there], changed)
        row = {**asset, "EnergisedCardId__c": energised_id, "SerialNumber": shown}
        asset_id = record_id("02i", 10**6 + number)
        world.salesforce.org.rows.put("Asset", asset_id, {**row, "Id": asset_id})
        ours = card_id(ORG, energised_id)
        twin = {"id": ours, "energised_id": energised_id, "number": shown, "asset_id": asset_id}
        copied = ledger.model_copy(update={"id": ledger_id("energised", "card", energised_id)})
        store(world).commit(Save(card.model_copy(update=twin)), Save(copied))
        cards.append(ours)
    world.clock.advance(QUIET)
    return [Thing(world, thing.order, (ours,)) for ours in cards]


def runs(world: World, looks: int, most: int = 20) -> list[Report]:
    """Runs of so many looks at the time, one after the other, until one is through."""
    reports = []
    for _ in range(most):
        reports.append(reconcile(ports(world), Hourglass(looks)))
        if reports[-1].complete:
            return reports
    raise AssertionError(f"not through after {most} runs")


def planted(cards: list[Thing]) -> Counter[str]:
    """What goes wrong with some cards, from the first page to the last; what has to be found."""
    names = {"card_deleted", "card_bills_another", "card_renamed_there", "asset_unassigned"}
    names |= {"asset_of_another_account", "asset_overwritten"}
    plants = [plant for plant in PLANTS if plant.plant.__name__ in names]
    some = cards[2 :: len(cards) // (3 * len(plants))]
    for number, thing in enumerate(some):
        plants[number % len(plants)].plant(thing)
    return Counter(plants[n % len(plants)].found[0] for n in range(len(some)))


def divergences(world: World) -> list[Task]:
    """What a person is asked about."""
    return [task for task in tasks(world) if task.kind == "divergence"]


def found(reports: list[Report]) -> Counter[str]:
    return sum((report.found for report in reports), Counter())


# --- the door, the schedule and the queue ------------------------------------------------------


def test_goes_on_should_do_the_rest_and_end_its_errand(world: World, event: Any) -> None:
    cards = fleet(world, 3)
    PLANTS[9].plant(cards[2])
    world.clock.advance(QUIET)
    put_errand(world, json.loads(event["Records"][0]["body"]))
    assert world.invoke("reconcile", event) == {"batchItemFailures": []}
    assert errands(world) == []
    (task,) = tasks(world)
    assert task.reason == "missing card"


def test_should_go_on_by_itself_when_a_portal_could_wait_no_longer(world: World) -> None:
    cards = fleet(world, CARDS)
    expected = planted(cards)
    world.clock.advance(QUIET)
    world.energised.backend.page_clamp = 60
    world.boundaries = Slow(world, seconds=5.0)
    asked = world.call("POST", RECONCILE, "operator").json
    assert (asked["complete"], asked["reasons"]) == (False, ["out_of_time"])
    assert "reconcile" in {row.command.queue for row in errands(world)}
    world.run_for(600)
    assert errands(world) == []
    world.boundaries = Boundaries()
    again = run(world)
    assert again["complete"]
    repaired = sum(expected[kind] for kind in ("drifted", "stale", "stuck"))
    assert sum(again["found"].values()) == expected.total() - repaired
    assert len(divergences(world)) == expected.total() - repaired


def test_should_not_go_on_where_all_the_time_there_is_came_to_nothing(world: World) -> None:
    """A chain of runs that only read the lists would call the systems without end."""
    fleet(world, 3)
    for _ in range(2):
        assert reconcile(ports(world), Hourglass(6)).reasons == ["out_of_time"]
    assert len(errands(world)) <= 1
    world.invoke("outbox_sweep", {})
    world.run_for(600)
    assert errands(world) == []


# --- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize("looks", [490, 550, 620, 680])
def test_should_find_everything_once_in_however_many_runs(world: World, looks: int) -> None:
    cards = fleet(world, CARDS)
    expected = planted(cards)
    world.clock.advance(QUIET)
    reports = runs(world, looks)
    assert len(reports) > 1
    # A page in which the time ran out is read again: what it has asked, it does not ask again.
    assert found(reports) >= expected
    repaired = expected["drifted"]
    assert sum(report.repaired for report in reports) == repaired
    assert sum(report.tasks for report in reports) == expected.total() - repaired
    assert len(divergences(world)) == expected.total() - repaired
    world.pump()
    world.clock.advance(QUIET)
    forget_calls(world)
    written = world.table.bill.write_units
    last = reconcile(ports(world), Hourglass(10**6))
    assert (last.complete, last.repaired, last.tasks) == (True, 0, 0)
    assert last.found.keys() <= {"missing", "doubled", "wrongly_linked", "orphan"}
    assert world.table.bill.write_units == written
    assert not writes(world.salesforce, world.energised)


def test_should_begin_at_the_beginning_after_all_of_it(world: World) -> None:
    fleet(world, CARDS)
    first = reconcile(ports(world), Hourglass(CARDS + 100))
    assert not first.complete
    stored = store(world).get(Place, PLACE)
    assert stored
    assert (stored.record.listed, stored.record.company_id) == ("charge_card", "00000000N0RDW")
    runs(world, 10**6)
    stored = store(world).get(Place, PLACE)
    assert stored
    assert stored.record == Place(id=PLACE)
    assert reconcile(ports(world), Hourglass(10**6)).cards == CARDS


def test_should_read_a_list_anew_whose_cursor_nobody_knows(world: World) -> None:
    fleet(world, 3)
    place = Place(id=PLACE, company_id="00000000N0RDW", listed="charge_card", cursor="any")
    store(world).commit(Put(place))
    report = reconcile(ports(world), Hourglass(10**6))
    assert (report.complete, report.cards) == (True, 3)


def test_should_go_on_behind_a_company_that_is_gone(world: World) -> None:
    fleet(world, 3)
    store(world).commit(Put(Place(id=PLACE, company_id="000000000000A", listed="charge_card")))
    report = reconcile(ports(world), Hourglass(10**6))
    assert (report.complete, report.cards) == (True, 3)


def test_should_compare_nothing_with_a_list_that_is_older_than_what_it_passes_over() -> None:
    world = World(tuning=Tuning(reconcile_after=100))
    cards = fleet(world, 3)
    PLANTS[9].plant(cards[2])
    world.clock.advance(QUIET)
    world.energised.backend.page_clamp = 1
    world.boundaries = Slow(world, seconds=5.0)
    report = reconcile(ports(world), Hourglass(10**6))
    assert (report.found, report.reasons) == ({}, ["out_of_time"])


def test_should_keep_its_place_when_a_system_goes_down_on_the_way(world: World) -> None:
    cards = fleet(world, CARDS)
    listed = store(world).listed(ChargeCard, "company#00000000N0RDW", limit=100)
    behind = next(c for c in cards if c.cards[0] not in {s.record.id for s in listed.items})
    PLANTS[9].plant(behind)
    world.clock.advance(QUIET)
    world.energised.add_fault(Fault("status", operation="read_card"))
    report = reconcile(ports(world), Hourglass(10**6))
    assert (report.found, report.reasons) == ({}, ["energised_unavailable"])
    assert errands(world) == []
    world.run_for(600)  # until it is called again
    report = reconcile(ports(world), Hourglass(10**6))
    assert (report.complete, report.found) == (True, {"missing": 1})
    assert report.cards < CARDS
