"""Many ledger rows by two calls: each row ends as if it had been carried out by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from busbar.domain.tasks import Task
from busbar.errors import (
    Conflict,
    Missing,
    Refused,
    Unavailable,
    Unknown,
    UpstreamError,
)
from busbar.ports.outside import Found
from busbar.ports.store import Save, Stored
from busbar.process.contract import Done, Later, Outcome, Parked
from busbar.process.ledger import LedgerRow, SetStep, Setter, Wanted, ledger_id
from busbar.process.ledger_bulk import Bulk, run_all
from busbar.store.records import TableStore
from busbar.store.table import Write
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable
from tests.unit.process.lab import TUNING

SETTLE = 180.0
IDS = ("a", "b", "c")


class BusyTable(MemoryTable):
    """A table where others are faster: the next write of each of these rows meets another one."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: list[str] = []

    def write(self, writes: Sequence[Write]) -> None:
        """A write."""
        for row in self.busy:
            if any(w.key.pk.endswith(row) for w in writes):
                self.busy.remove(row)
                raise Conflict("others write the same")
        super().write(writes)


class BulkLab:
    """Objects with one field each, behind a system with one read and one write for all."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.table = BusyTable()
        self.store = TableStore(self.table, self.clock, "demo")
        self.held: dict[str, Any] = dict.fromkeys(IDS, 0)
        self.fails: dict[str, UpstreamError] = {}
        """Errors of single objects."""
        self.read_fails: UpstreamError | None = None
        self.write_fails: UpstreamError | None = None
        self.written: list[list[str]] = []
        self.reads = 0
        self.read_takes = 0.0
        self.while_writing: Callable[[], object] = lambda: None

    def want(self, value: int, *ids: str) -> None:
        """Somebody wants this value of the objects."""
        for object_id in ids or IDS:
            stored = self.row(object_id)
            before = stored.record if stored else LedgerRow(id=_row(object_id))
            self.store.commit(Save(before.wanting({"value": value}), stored))

    def row(self, object_id: str) -> Stored[LedgerRow] | None:
        """A ledger row."""
        return self.store.get(LedgerRow, _row(object_id))

    def state(self, object_id: str) -> LedgerRow:
        """A ledger row that is there."""
        stored = self.row(object_id)
        assert stored
        return stored.record

    def run(self, *ids: str) -> dict[str, Outcome | None]:
        """One worker's job."""
        setter = Setter(self.store, self.clock, TUNING)
        steps = [self.step(i) for i in ids or IDS]
        return run_all(setter, self.store, steps, Bulk(self.read, self.write))

    def single(self, object_id: str) -> Outcome:
        """A worker that comes for one object."""
        return Setter(self.store, self.clock, TUNING).run(self.step(object_id))

    def step(self, object_id: str) -> SetStep:
        """How an object is read and written by itself."""
        return SetStep(
            system="system",
            kind="card",
            object_id=object_id,
            settle=SETTLE,
            timeout=10.0,
            read=lambda i, left: self.read([i], left)[i],
            holds=lambda observed, wanted: bool(observed == wanted["value"]),
            write=lambda i, _observed, wanted, left: self._write_one(i, wanted, left),
            on_done=lambda _wanted: (),
            on_parked=lambda _reason: (),
            task_schema="entity",
            task_subject=object_id,
        )

    def read(self, ids: Sequence[str], left: float) -> Mapping[str, Any]:
        """The call that reads."""
        assert left > 0
        self.reads += 1
        self.clock.advance(self.read_takes)
        if self.read_fails:
            raise self.read_fails
        return {i: self.held[i] for i in ids if i in self.held}

    def write(self, wanted: Mapping[str, Wanted], left: float) -> Mapping[str, UpstreamError]:
        """The call that writes."""
        assert left > 0
        self.written.append(list(wanted))
        self.while_writing()
        if self.write_fails:
            raise self.write_fails
        self.held |= {i: w["value"] for i, w in wanted.items() if i not in self.fails}
        return {i: error for i, error in self.fails.items() if i in wanted}

    def _write_one(self, object_id: str, wanted: Wanted, left: float) -> None:
        if object_id in self.write({object_id: wanted}, left):
            raise self.fails[object_id]

    def tasks(self) -> list[Task]:
        """The open tasks."""
        return [t.record for t in self.store.listed(Task, "open").items]


def _row(object_id: str) -> str:
    return ledger_id("system", "card", object_id)


@pytest.fixture
def lab() -> BulkLab:
    return BulkLab()


def words(outcomes: Mapping[str, Outcome | None]) -> dict[str, str]:
    """What came of each object, in a word."""
    return {
        i: o.reason if isinstance(o, Later | Parked) else type(o).__name__
        for i, o in outcomes.items()
    }


def error(kind: type[UpstreamError]) -> UpstreamError:
    return kind("system", "write_many", code="CODE")


def test_should_read_and_write_all_by_two_calls(lab: BulkLab) -> None:
    lab.want(1)
    assert words(lab.run()) == dict.fromkeys(IDS, "Done")
    assert (lab.reads, lab.written) == (1, [["a", "b", "c"]])
    assert lab.held == dict.fromkeys(IDS, 1)
    assert not any(lab.state(i).open for i in IDS)


def test_should_call_nobody_for_rows_that_are_done(lab: BulkLab) -> None:
    lab.want(1)
    lab.run()
    assert words(lab.run()) == dict.fromkeys(IDS, "Done")
    assert (lab.reads, len(lab.written)) == (1, 1)


def test_should_write_only_what_differs(lab: BulkLab) -> None:
    lab.want(1)
    lab.held["b"] = 1
    lab.run()
    assert lab.written == [["a", "c"]]
    assert not lab.state("b").open


def test_should_leave_out_a_row_that_another_worker_holds(lab: BulkLab) -> None:
    lab.want(1)
    lab.while_writing = lambda: told.append(lab.single("a")) if len(lab.written) == 1 else None
    told: list[Outcome] = []
    assert words(lab.run()) == dict.fromkeys(IDS, "Done")
    assert [o.reason for o in told if isinstance(o, Later)] == ["in_progress"]
    assert lab.written == [["a", "b", "c"]]


def test_should_not_write_before_an_unknown_write_has_settled(lab: BulkLab) -> None:
    lab.want(1)
    lab.write_fails = error(Unknown)
    assert words(lab.run()) == dict.fromkeys(IDS, "outcome_unknown")
    lab.write_fails = None
    lab.clock.advance(SETTLE - 1)
    assert words(lab.run()) == dict.fromkeys(IDS, "settling")
    assert lab.single("a") == lab.run("a")["a"]
    assert len(lab.written) == 1
    lab.clock.advance(2)
    lab.held["a"] = 1  # it had worked for this one
    assert words(lab.run()) == dict.fromkeys(IDS, "Done")
    assert lab.written[1:] == [["b", "c"]]


@pytest.mark.parametrize("kind", [Unavailable, Refused, Missing])
def test_should_try_again_what_a_call_as_a_whole_did_not_do(
    lab: BulkLab, kind: type[UpstreamError]
) -> None:
    lab.want(1)
    lab.write_fails = error(kind)
    assert words(lab.run()) == dict.fromkeys(IDS, "unavailable")
    assert not any(lab.state(i).intent for i in IDS)
    assert lab.tasks() == []
    lab.write_fails = None
    assert words(lab.run()) == dict.fromkeys(IDS, "Done")


def test_should_hold_nothing_when_the_read_failed(lab: BulkLab) -> None:
    lab.want(1)
    lab.read_fails = error(Unknown)
    assert words(lab.run()) == dict.fromkeys(IDS, "unavailable")
    assert (lab.written, [lab.state(i).intent for i in IDS]) == ([], [False] * 3)


def test_should_treat_each_failure_by_its_meaning(lab: BulkLab) -> None:
    lab.want(1)
    lab.fails = {"a": error(Unavailable), "b": error(Refused)}
    outcomes = lab.run()
    assert words(outcomes) == {"a": "unavailable", "b": "CODE", "c": "Done"}
    assert isinstance(outcomes["b"], Parked)
    assert [t.subject_id for t in lab.tasks()] == ["b"]
    assert lab.state("a").open
    lab.fails = {"a": error(Unknown)}
    assert words(lab.run("a")) == {"a": "outcome_unknown"}
    assert lab.state("a").intent


def test_should_leave_an_object_that_is_not_shown_to_a_look_of_its_own(lab: BulkLab) -> None:
    lab.want(1)
    del lab.held["b"]
    assert words(lab.run()) == {"a": "Done", "b": "unavailable", "c": "Done"}
    assert lab.written == [["a", "c"]]


def test_should_keep_a_newer_wish_that_came_meanwhile(lab: BulkLab) -> None:
    lab.want(1)
    lab.while_writing = lambda: lab.want(2, "b") if len(lab.written) == 1 else None
    lab.run()
    assert lab.state("b").open
    assert lab.single("b") == Done(Found("b"))
    assert lab.held["b"] == 2


def test_should_not_let_a_refusal_take_a_newer_wish_away(lab: BulkLab) -> None:
    lab.want(1)
    lab.fails = {"b": error(Refused)}
    lab.while_writing = lambda: lab.want(2, "b") if len(lab.written) == 1 else None
    assert words(lab.run())["b"] == "NoneType"
    lab.fails = {}
    lab.single("b")
    assert lab.held["b"] == 2


def test_should_send_nothing_when_it_was_paused_past_the_deadline(lab: BulkLab) -> None:
    lab.want(1)
    lab.read_takes = 11.0
    assert words(lab.run()) == dict.fromkeys(IDS, "unavailable")
    assert lab.written == []


def test_should_be_fenced_off_when_somebody_took_the_row_over(lab: BulkLab) -> None:
    lab.want(1)

    def taken_over() -> None:
        if len(lab.written) == 1:
            lab.clock.advance(TUNING.lease + SETTLE + 1)
            lab.want(2, "a")
            lab.single("a")

    lab.while_writing = taken_over
    assert words(lab.run()) == {"a": "fenced", "b": "Done", "c": "Done"}


def test_should_go_on_with_the_others_when_one_row_cannot_be_leased(lab: BulkLab) -> None:
    lab.want(1)
    lab.table.busy.append(_row("a"))
    assert words(lab.run()) == {"a": "in_progress", "b": "Done", "c": "Done"}
