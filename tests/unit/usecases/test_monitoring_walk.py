"""What was recorded is walked newest first, within a bound, and gone on with from any place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from busbar.domain.outcome_rows import OutcomeBatch, OutcomeRow
from busbar.ports.store import Drop, Put, Stored
from busbar.store.records import TableStore
from busbar.usecases import monitoring_walk
from busbar.usecases.monitoring_tally import Tally
from busbar.usecases.monitoring_walk import Part, Place, Walk, part_of
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STEP = monitoring_walk.STEP


class Recorded:
    """Batches of two rows each, named by their number: `7a` and `7b`."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.table = MemoryTable()
        self.store = TableStore(self.table, self.clock, "demo")

    def batch(self, number: int, *, seconds: float = 1.0) -> None:
        rows = tuple(
            OutcomeRow(id=f"{number}{n}", event_id="", correlation_id="", use_case_id="", code="X")
            for n in "ab"
        )
        made = OutcomeBatch(id=f"{number:05}", integration_id="i", at=self.clock.now(), rows=rows)
        self.store.commit(Put(made))
        self.clock.advance(seconds)

    def walk(self, most: int = 1000, **range_: Any) -> Walk[OutcomeBatch]:
        return Walk(self.store, OutcomeBatch, "i", most=most, **range_)

    def part(
        self, limit: int, after: Place | None = None, most: int = 1000, only: str = ""
    ) -> Part[OutcomeRow]:
        walk = self.walk(most, until=after.at if after else None)
        return part_of(walk, things, lambda r: only in r.id, after=after, limit=limit)


def things(stored: Stored[OutcomeBatch]) -> Iterator[tuple[Place, OutcomeRow]]:
    for row in reversed(stored.record.rows):
        yield Place(stored.changed_at, row.id), row


def names(part: Part[OutcomeRow]) -> list[str]:
    return [row.id for _, row in part.items]


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def test_should_show_the_newest_first_and_say_where_it_ends(recorded: Recorded) -> None:
    for number in range(3):
        recorded.batch(number)
    part = recorded.part(4)
    assert names(part) == ["2b", "2a", "1b", "1a"]
    assert part.after
    rest = recorded.part(4, part.after)
    assert (names(rest), rest.after) == (["0b", "0a"], None)


def test_should_go_on_among_rows_of_one_instant(recorded: Recorded) -> None:
    for number in range(3):
        recorded.batch(number, seconds=0)
    seen, after = list[str](), None
    while True:
        part = recorded.part(1, after)
        seen += names(part)
        after = part.after
        if after is None:
            break
    assert seen == ["2b", "2a", "1b", "1a", "0b", "0a"]


def test_should_go_on_behind_what_was_forgotten_meanwhile(recorded: Recorded) -> None:
    for number in range(3):
        recorded.batch(number)
    part = recorded.part(1)
    recorded.store.commit(Drop(OutcomeBatch, "00002"))
    assert names(recorded.part(9, part.after)) == ["1b", "1a", "0b", "0a"]


def test_should_keep_to_a_range_of_time(recorded: Recorded) -> None:
    for number in range(9):
        recorded.batch(number)
    since, until = START + timedelta(seconds=3), START + timedelta(seconds=5)
    found = [int(stored.record.id) for stored in recorded.walk(since=since, until=until)]
    assert found == [5, 4, 3]


def test_should_end_a_walk_in_time_and_let_it_be_gone_on_with(recorded: Recorded) -> None:
    for number in range(3 * STEP + 1):
        recorded.batch(number)
    part = recorded.part(5, most=STEP, only="only-the-last")
    assert (names(part), part.after is not None) == ([], True)
    seen, after, calls = list[str](), None, 0
    while calls == 0 or after:
        part = recorded.part(5, after, most=STEP, only="0a")
        seen += names(part)
        after, calls = part.after, calls + 1
    assert seen[-1] == "0a"
    assert len(seen) == len(set(seen)) == 31
    assert calls >= 4


def test_should_say_when_a_walk_was_cut(recorded: Recorded) -> None:
    for number in range(STEP + 1):
        recorded.batch(number)
    walk = recorded.walk(STEP)
    assert len(list(walk)) == STEP
    assert walk.cut_at == START + timedelta(seconds=1)
    whole = recorded.walk(STEP * 2)
    assert len(list(whole)) == STEP + 1
    assert whole.cut_at is None


def test_should_cost_what_the_readme_says(recorded: Recorded) -> None:
    for number in range(4 * STEP):
        recorded.batch(number)
    before = recorded.table.bill.read_units
    recorded.part(50)
    assert recorded.table.bill.read_units - before <= 0.6 * STEP
    before = recorded.table.bill.read_units
    list(recorded.walk(4 * STEP))
    assert recorded.table.bill.read_units - before <= 0.6 * 4 * STEP


def test_should_say_from_where_on_was_counted() -> None:
    tally = Tally("code")
    for level, code in (("success", "A"), ("error", "B"), ("info", "A")):
        tally.count(level, START, {"code": code})  # type: ignore[arg-type]
    told = tally.view(START)
    assert (told["truncated"], told["counted_from"]) == (True, START.isoformat())
    assert (told["total_events"], told["success_rate"]) == (3, 50.0)
    assert [(g["code"], g["total_events"]) for g in told["breakdown"]] == [("A", 2), ("B", 1)]
