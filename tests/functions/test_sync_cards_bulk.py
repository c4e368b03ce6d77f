"""sync_cards tells Salesforce of many cards by collections, and writes only what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from busbar.domain.cards import ChargeCard
from busbar.errors import Unmappable
from busbar.mapping.registry import MappingRegistry
from busbar.ports.outside import Mapper
from busbar.ports.runtime import Json
from busbar.process.outbox import Command, Errand
from busbar.usecases.card_bulk import Untold, batches
from infra.simulators.faults import Fault
from infra.simulators.sample import ELBE, NORDWIND
from tests.doubles.world import Boundaries, WorkerDiedError, World
from tests.faults.mapper import PythonMapper
from tests.functions.given import (
    any_blank_card,
    asset,
    card_in_portal,
    errands,
    forget_calls,
    stored_card,
    sync,
    tasks,
    writes,
)

SIZE = 2000
EITHER = pytest.mark.parametrize("lists_changes", [True, False], ids=["changes", "walk"])


def fleet(count: int, *, lists_changes: bool = True, mapper: Mapper | None = None) -> World:
    """So many cards of two companies, which all systems agree about."""
    world = World(cards=count, lists_changes=lists_changes, mapper=mapper)
    for number in range(1, count + 1):
        card_in_portal(world, number, (NORDWIND, ELBE)[number % 2])
    world.clock.advance(600)
    while not sync(world)["complete"]:
        world.run_for(60)
    world.run_for(600)
    forget_calls(world)
    return world


def block(world: World, numbers: Sequence[int]) -> None:
    """A clerk blocks these cards."""
    for number in numbers:
        world.energised.change_card(any_blank_card(number).energised_id, blocked=True)


def blocked(world: World) -> int:
    """How many Assets say so."""
    return sum(a["CardBlocked__c"] for a in world.salesforce.records("Asset"))


def operations(world: World) -> Counter[str]:
    """The calls to Salesforce."""
    return Counter(c.operation for c in world.salesforce.calls if c.operation != "token")


# --- at size -----------------------------------------------------------------------------------


@EITHER
def test_should_tell_of_2000_cards_by_collections_and_write_nothing_in_a_second_run(
    lists_changes: bool,
) -> None:
    # The mapping in Python: 2,000 of JSONata take a while, and each has its limit of time.
    world = fleet(SIZE, lists_changes=lists_changes, mapper=PythonMapper())
    block(world, range(1, SIZE + 1))
    report = sync(world)
    assert (report["followed"], report["complete"]) == (SIZE, True)
    assert blocked(world) == SIZE
    # A page of 500 fills two and a half, and what is over 200 is told at once; the walk reads ten
    # rows of each page again, and comes to a fifth one of 30.
    collections = 12 if lists_changes else 13
    assert operations(world) == {"read_rows": collections, "update_rows": collections}
    assert errands(world) == []
    world.run_for(600)
    forget_calls(world)
    bill = world.table.bill
    written, read, calls = bill.write_units, bill.read_units, dict(bill.calls)
    assert sync(world)["followed"] == 0
    assert bill.write_units == written
    assert not writes(world.salesforce, world.energised)
    assert operations(world) == {}
    if not lists_changes:
        assert len(world.energised.calls) == 5
        assert bill.read_units - read < 270
        # All marks at once, and the circuits.
        assert bill.calls["BatchGetItem"] - calls["BatchGetItem"] == 2


def test_should_gather_what_changed_on_many_pages_into_one_collection() -> None:
    world = fleet(40, lists_changes=False)
    world.energised.backend.page_clamp = 7
    block(world, range(1, 41, 3))
    assert sync(world)["followed"] == 14
    assert operations(world) == {"read_rows": 1, "update_rows": 1}


@EITHER
def test_should_read_records_only_of_cards_that_changed(lists_changes: bool) -> None:
    world = fleet(400, lists_changes=lists_changes)
    block(world, (7, 8))
    assert sync(world)["followed"] == 2
    assert [c.operation for c in world.energised.calls].count("read_card") == 2
    assert operations(world) == {"read_rows": 1, "update_rows": 1}


# --- grouping ----------------------------------------------------------------------------------


def untold(*companies: str) -> list[Untold]:
    """Cards of these companies."""
    command = Command(
        org="demo", queue="any", schema_of="any", id="any", token="1", correlation_id="any"
    )
    return [
        Untold(
            ChargeCard(id=str(n), energised_id=str(n), number=str(n), order_id="any", company_id=c),
            Errand(command),
        )
        for n, c in enumerate(companies)
    ]


@pytest.mark.parametrize(
    ("companies", "expected"),
    [
        ("", []),
        ("abab", ["aabb"]),
        ("aaabbb", ["aaa", "bbb"]),
        ("aabbbc", ["aa", "bbbc"]),
        ("aaaaaabb", ["aaaa", "aabb"]),
        ("aaaab", ["aaaa", "b"]),
        ("abbbbb", ["abbb", "bb"]),
    ],
)
def test_should_keep_the_cards_of_an_account_together(companies: str, expected: list[str]) -> None:
    made = [
        "".join(one.card.company_id for one in batch) for batch in batches(untold(*companies), 4)
    ]
    assert made == expected


# --- single records ----------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    """Six cards that all systems agree about."""
    return fleet(6)


def test_should_try_a_locked_record_again_and_write_the_others_at_once(world: World) -> None:
    block(world, range(1, 7))
    world.salesforce.add_fault(Fault("lock_row", operation="update_rows", number=3))
    sync(world)
    assert blocked(world) == 5
    world.run_for(300)
    assert blocked(world) == 6
    assert (tasks(world), errands(world)) == ([], [])


def test_should_open_a_task_for_a_record_that_is_refused_and_write_the_others(
    world: World,
) -> None:
    block(world, range(1, 7))
    broken = any_blank_card(2)
    world.energised.change_card(broken.energised_id, label="x" * 256)
    sync(world)
    assert blocked(world) == 5
    (task,) = tasks(world)
    assert (task.subject_id, task.reason) == (stored_card(world, 2).id, "STRING_TOO_LONG")
    assert errands(world) == []


def test_should_open_a_task_for_a_record_that_is_gone_and_write_the_others(world: World) -> None:
    block(world, range(1, 7))
    world.salesforce.org.rows.put("Asset", any_blank_card(2).asset_id, None)
    sync(world)
    world.run_for(300)
    assert blocked(world) == 5
    (task,) = tasks(world)
    assert (task.subject_id, task.reason) == (stored_card(world, 2).id, "ENTITY_IS_DELETED")
    assert errands(world) == []


class PickyMapper(MappingRegistry):
    """A mapping that one card breaks."""

    broken = ""

    def run(self, system: str, use_case: str, source: Mapping[str, Any]) -> Json:
        """See `Mapper.run`."""
        if self.broken and source.get("card", {}).get("number") == self.broken:
            raise Unmappable("any mapping")
        return super().run(system, use_case, source)


@EITHER
def test_should_open_a_task_for_a_card_that_breaks_the_mapping_and_follow_it_when_it_is_mended(
    lists_changes: bool,
) -> None:
    mapper = PickyMapper()
    world = fleet(6, lists_changes=lists_changes, mapper=mapper)
    mapper.broken = any_blank_card(2).number
    block(world, range(1, 7))
    report = sync(world)
    assert (report["followed"], report["postponed"], blocked(world)) == (5, 1, 5)
    assert [(t.subject_id, t.reason) for t in tasks(world)] == [
        (stored_card(world, 2).id, "unmappable")
    ]
    mapper.broken = ""
    world.run_for(120)
    assert sync(world)["followed"] == 1
    assert blocked(world) == 6


@pytest.mark.parametrize(
    ("fault", "at_once"),
    [
        (Fault("timeout_before", operation="update_rows"), 0),
        (Fault("timeout_after", operation="update_rows"), 6),
        (Fault("status", operation="update_rows", status=503), 0),
        (Fault("status", operation="update_rows", status=200, body=[{"success": True}]), 0),
        (Fault("timeout_before", operation="read_rows"), 0),
        (Fault("late_commit", operation="update_rows", seconds=100), 0),
    ],
    ids=["lost", "no answer", "5xx", "answer cut short", "not read", "late"],
)
def test_should_bring_all_through_when_a_collection_went_wrong(
    world: World, fault: Fault, at_once: int
) -> None:
    block(world, range(1, 7))
    world.salesforce.add_fault(fault)
    sync(world)
    assert blocked(world) == at_once
    world.run_for(1200)
    assert blocked(world) == 6
    assert (tasks(world), errands(world)) == ([], [])


def test_should_not_write_an_older_state_over_a_newer_one_of_a_late_collection(
    world: World,
) -> None:
    block(world, [1])
    world.salesforce.add_fault(Fault("late_commit", operation="update_rows", seconds=100))
    sync(world)
    world.energised.change_card(any_blank_card(1).energised_id, blocked=False)
    world.run_for(90)
    sync(world)
    world.run_for(1200)
    assert asset(world, 1)["CardBlocked__c"] is False


def test_should_leave_a_card_to_its_errand_when_a_wish_for_it_is_in_flight(world: World) -> None:
    """The wish came between copying the card and telling of it."""
    block(world, [1])

    class WishMeanwhile(Boundaries):
        def _pass(self, name: str) -> None:
            super()._pass(name)
            if name == "before salesforce GET" and self.names.count(name) == 1:
                world.energised.add_fault(Fault("timeout_before", operation="write_card"))
                path = f"/v1/charge-cards/{stored_card(world, 1).id}/activate"
                assert world.call("POST", path, "other-fleet-manager").status == 202

    world.boundaries = WishMeanwhile()
    sync(world)
    world.run_for(1200)
    assert (asset(world, 1)["CardActive__c"], blocked(world)) == (True, 1)
    assert errands(world) == []


# --- a worker that dies ------------------------------------------------------------------------


def killed(at: int, *, lists_changes: bool) -> tuple[World, list[str]]:
    """A run that dies at this boundary."""
    world = fleet(6, lists_changes=lists_changes)
    world.energised.backend.page_clamp = 2
    block(world, (1, 2, 5))
    world.boundaries = Boundaries(die_at=at)
    world._handlers.clear()
    try:
        world.call("POST", "/v1/charge-cards/sync", "operator")
    except WorkerDiedError:
        world._handlers.clear()
    return world, world.boundaries.names


@EITHER
def test_should_lose_nothing_wherever_the_worker_dies(lists_changes: bool) -> None:
    _, names = killed(-1, lists_changes=lists_changes)
    assert len(names) > 30
    for at in range(1, len(names) + 1):
        world, reached = killed(at, lists_changes=lists_changes)
        world.run_for(600)
        sync(world)
        world.run_for(600)
        assert blocked(world) == 3, reached[-1]
        assert (tasks(world), errands(world)) == ([], []), reached[-1]
        forget_calls(world)
        units = world.table.bill.write_units
        assert sync(world)["followed"] == 0
        assert not writes(world.salesforce)
        assert world.table.bill.write_units == units, reached[-1]
