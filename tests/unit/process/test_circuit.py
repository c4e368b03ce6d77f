"""The circuit of a system: when it opens, who may probe, when it closes, how it drains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from busbar.errors import Conflict, StoreUnavailable, Withheld
from busbar.ports.store import Put, Save
from busbar.process.circuit import Circuit
from busbar.process.circuit_row import (
    CIRCUIT_DRAINING,
    CIRCUIT_LIMITED,
    CIRCUIT_OPEN,
    QUIET,
    CircuitRow,
    Slots,
)
from busbar.process.outbox import Command, OutboxRow
from busbar.settings.function import Tuning
from busbar.store.records import TableStore
from busbar.store.table import Write
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable

SYSTEM = "salesforce"
TUNING = Tuning()
LIMIT = 90
LONG = TUNING.circuit_probe_most * 1.6
"""Seconds after which any probe is due."""


class BrokenTable(MemoryTable):
    """A table that does not answer while `broken`."""

    broken = False

    def get_many(self, keys: Sequence[Any], *, consistent: bool = False) -> Any:
        """BatchGetItem."""
        return self._or_fail(partial(super().get_many, consistent=consistent), keys)

    def get(self, key: Any) -> Any:
        """GetItem."""
        return self._or_fail(super().get, key)

    def write(self, writes: Sequence[Write]) -> None:
        """PutItem."""
        self._or_fail(super().write, writes)

    def _or_fail(self, call: Any, *arguments: Any) -> Any:
        if self.broken:
            raise StoreUnavailable("any")
        return call(*arguments)


class Site:
    """Workers of one system, each with a circuit of its own over one table."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.table = BrokenTable()
        self.store = TableStore(self.table, self.clock, "demo")

    def worker(self, *, errands: bool = True) -> Circuit:
        """A process that has not looked yet."""
        return Circuit(SYSTEM, self.store, self.clock, TUNING, LIMIT, carries_errands=errands)

    @property
    def row(self) -> CircuitRow:
        """The row in the table."""
        stored = self.store.get(CircuitRow, SYSTEM)
        assert stored
        return stored.record

    @property
    def state(self) -> str:
        """Where the circuit stands."""
        return self.row.state(self.clock.now())

    def opened(self) -> Site:
        """The system has just been found down."""
        worker = self.worker()
        for _ in range(TUNING.circuit_failures):
            worker.failed("any", writes=False)
        assert self.state == "open"
        return self

    def drains(self, *, line: bool = True) -> Site:
        """It has just been found up again; with `line` somebody waits."""
        self.opened()
        if line:
            self.wait()
        self.clock.advance(LONG)
        worker = self.worker()
        worker.enter("any", writes=False)
        worker.succeeded(writes=False)
        assert self.state == "draining"
        return self

    def wait(self) -> None:
        """An errand waits in the lane."""
        now = self.clock.now()
        command = Command(
            org="demo", queue="any", schema_of="any", id="1", token="1", correlation_id="any"
        )
        row = OutboxRow(
            id=command.row_id,
            command=command,
            not_before=now,
            sweep_from=now,
            wake=False,
            since=now,
            lane=SYSTEM,
        )
        self.store.commit(Put(row))

    def calls(self, worker: Circuit, most: int = 1000, *, writes: bool = False) -> int:
        """How many calls of a worker pass now."""
        for number in range(most):
            if self.code(worker, writes=writes):
                return number
        return most

    def code(self, worker: Circuit, *, writes: bool = False) -> str:
        """Why a call is held back; empty if it is not."""
        try:
            worker.enter("any", writes=writes)
        except Withheld as withheld:
            return withheld.code if (withheld.retry_after or 0) >= 1 else "at no time"
        return ""


@pytest.fixture
def site() -> Site:
    return Site()


# --- closed ------------------------------------------------------------------------------------


def test_should_cost_an_eventual_read_in_two_seconds_and_no_write_while_all_is_well(
    site: Site,
) -> None:
    worker = site.worker()
    for _ in range(20):
        worker.enter("any", writes=True)
        worker.succeeded(writes=True)
        site.clock.advance(0.1)
    bill = site.table.bill
    assert (bill.read_units, bill.write_units) == (0.5, 0)
    site.clock.advance(0.1)
    worker.enter("any", writes=True)
    assert bill.read_units == 1.0


def test_should_open_after_failures_in_a_row_of_different_workers(site: Site) -> None:
    for _ in range(TUNING.circuit_failures - 1):
        site.worker().failed("any", writes=False)
    assert site.state == "closed"
    site.worker().failed("the last", writes=False)
    assert (site.state, site.row.reason) == ("open", "the last")


@pytest.mark.parametrize(
    ("failed", "succeeded", "state"),
    [(False, False, "closed"), (False, True, "closed"), (True, True, "closed"),
     (True, False, "open")],
)  # fmt: skip
def test_should_begin_a_new_row_after_a_success_but_a_read_says_nothing_of_writes(
    site: Site, failed: bool, succeeded: bool, state: str
) -> None:
    for _ in range(TUNING.circuit_failures):
        worker = site.worker()
        worker.failed("any", writes=failed)
        site.clock.advance(TUNING.circuit_cache)
        if site.code(worker, writes=succeeded):
            break
        worker.succeeded(writes=succeeded)
    assert site.state == state


def test_should_stay_closed_when_failures_are_far_apart(site: Site) -> None:
    for _ in range(3 * TUNING.circuit_failures):
        site.worker().failed("any", writes=False)
        site.clock.advance(TUNING.circuit_window)
    assert site.state == "closed"


def test_should_open_at_once_for_as_long_as_the_system_says(site: Site) -> None:
    site.worker().failed("HTTP_429", writes=True, retry_after=300.0)
    assert site.row.probe_at == site.clock.now() + timedelta(seconds=300)
    site.clock.advance(299)
    assert site.code(site.worker()) == CIRCUIT_OPEN
    site.clock.advance(1)
    assert site.code(site.worker()) == ""


# --- open --------------------------------------------------------------------------------------


def test_should_hold_every_call_back_without_a_write_while_open(site: Site) -> None:
    site.opened()
    before = site.table.bill.write_units
    workers = [site.worker(), site.worker(errands=False)]
    assert {site.code(w, writes=x) for w in workers for x in (True, False)} == {CIRCUIT_OPEN}
    assert site.table.bill.write_units == before


def test_should_call_for_two_seconds_at_most_on_a_stale_picture(site: Site) -> None:
    worker = site.worker()
    worker.enter("any", writes=False)
    site.opened()
    assert site.code(worker) == ""
    site.clock.advance(TUNING.circuit_cache)
    assert site.code(worker) == CIRCUIT_OPEN


def test_should_let_one_of_many_probe_each_interval(site: Site) -> None:
    site.opened()
    for _ in range(5):
        site.clock.advance(LONG)
        passed = []
        for _ in range(10):
            worker = site.worker()
            if not site.code(worker):
                passed.append(worker)
        (prober,) = passed
        prober.failed("any", writes=False)
        assert site.code(prober) == CIRCUIT_OPEN
    assert site.state == "open"


def test_should_let_one_of_two_probe_who_saw_the_same_row(site: Site) -> None:
    site.opened()
    site.clock.advance(LONG)
    first, second = site.worker(), site.worker()
    real = site.store.commit
    claimed: list[str] = []

    def racing(*changes: Any) -> None:
        if not claimed:
            claimed.append(site.code(second))
        real(*changes)

    first._store = Racing(site.store, racing)
    codes = [site.code(first), *claimed]
    assert sorted(codes) == ["", CIRCUIT_OPEN]


class Racing:
    """A store in whose commits others are faster."""

    def __init__(self, store: TableStore, commit: Any) -> None:
        self.org, self.get, self.get_many, self.due = (
            store.org,
            store.get,
            store.get_many,
            store.due,
        )
        self.commit = commit

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(name)


def test_should_let_another_probe_after_the_prober_died(site: Site) -> None:
    site.opened()
    site.clock.advance(LONG)
    assert site.code(site.worker()) == ""  # and is never heard of again
    assert site.code(site.worker()) == CIRCUIT_OPEN
    site.clock.advance(LONG)
    assert site.code(site.worker()) == ""


def test_should_not_believe_a_prober_who_was_paused_beyond_his_interval(site: Site) -> None:
    site.opened()
    site.clock.advance(LONG)
    late, second = site.worker(), site.worker()
    assert site.code(late) == ""
    site.clock.advance(LONG)
    assert site.code(second) == ""
    second.failed("any", writes=False)
    late.succeeded(writes=False)
    assert site.state == "open"


def test_should_never_probe_by_a_write(site: Site) -> None:
    site.opened()
    site.clock.advance(LONG)
    worker = site.worker()
    assert site.code(worker, writes=True) == CIRCUIT_OPEN
    assert site.code(worker) == ""
    assert site.code(worker, writes=True) == CIRCUIT_OPEN  # nor while a probe runs


def test_should_let_the_call_follow_the_login_of_a_probe(site: Site) -> None:
    site.opened()
    site.clock.advance(LONG)
    worker = site.worker()
    assert [site.code(worker) for _ in range(2)] == ["", ""]
    worker.succeeded(writes=False)
    assert site.state == "draining"


def test_should_ask_less_and_less_often(site: Site) -> None:
    site.opened()
    waits = []
    for _ in range(6):
        worker = site.worker()
        waited = 0
        while site.code(worker):
            site.clock.advance(1)
            waited += 1
        worker.failed("any", writes=False)
        waits.append(waited)
    assert 20 <= waits[0] <= 31
    assert all(120 <= wait <= 181 for wait in waits[3:])


# --- draining ----------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [24, 60, 83, 84, 90, 300, 600, 6000])
def test_should_never_let_a_minute_see_more_windows_than_the_limit_has(limit: int) -> None:
    slots = Slots(limit)
    windows = 60 // slots.seconds + 2
    assert windows * slots.of_window <= limit
    assert slots.of_window >= 5


def test_should_share_the_slots_of_a_window_among_all_workers(site: Site) -> None:
    site.drains()
    workers = [site.worker() for _ in range(4)]
    assert sum(site.calls(worker) for worker in workers) == Slots(LIMIT).of_window
    assert {site.code(worker) for worker in workers} == {CIRCUIT_LIMITED}
    site.clock.advance(Slots(LIMIT).seconds)
    assert site.calls(workers[0]) == Slots(LIMIT).of_window


def test_should_leave_half_of_the_slots_to_what_waits(site: Site) -> None:
    site.drains()
    half = Slots(LIMIT).of_window // 2
    assert site.calls(site.worker(errands=False)) == half
    assert site.calls(site.worker()) == Slots(LIMIT).of_window - half


def test_should_lose_slots_that_are_not_used_in_time(site: Site) -> None:
    site.drains()
    worker = site.worker()
    assert site.code(worker) == ""
    window = site.row.window
    site.clock.advance(2 * Slots(LIMIT).seconds)
    assert site.code(worker) == ""
    assert site.row.window > window


@pytest.mark.parametrize(("line", "code"), [(True, CIRCUIT_DRAINING), (False, "")])
def test_should_have_new_writes_join_the_line_if_there_is_one(
    site: Site, line: bool, code: str
) -> None:
    site.drains(line=line)
    other = site.worker(errands=False)
    assert site.code(other, writes=True) == code
    assert site.code(other) == ""
    assert site.code(site.worker(), writes=True) == ""


def test_should_cost_nothing_again_when_the_drain_is_over(site: Site) -> None:
    site.drains()
    site.clock.advance(QUIET.total_seconds())
    worker, before = site.worker(errands=False), site.table.bill.write_units
    assert site.calls(worker, writes=True) == 1000
    assert site.table.bill.write_units == before


def test_should_open_again_when_the_system_fails_in_the_drain(site: Site) -> None:
    site.drains()
    for _ in range(TUNING.circuit_failures):
        site.worker().failed("any", writes=True)
    assert site.state == "open"
    assert site.code(site.worker(), writes=True) == CIRCUIT_OPEN


# --- the table ---------------------------------------------------------------------------------


def test_should_hold_nothing_back_and_fail_nothing_while_the_table_does_not_answer(
    site: Site,
) -> None:
    site.opened()
    site.clock.advance(LONG)
    prober, other = site.worker(), site.worker()
    assert site.code(prober) == ""
    site.table.broken = True
    prober.succeeded(writes=False)
    other.failed("any", writes=True)
    assert site.code(other, writes=True) == ""


def test_should_count_though_others_write_at_the_same_time(site: Site) -> None:
    site.worker().failed("any", writes=False)
    worker, real, times = site.worker(), site.store.commit, [2]

    def racing(*changes: Any) -> None:
        if times[0]:
            times[0] -= 1
            raise Conflict("any")
        real(*changes)

    worker._store = Racing(site.store, racing)
    worker.failed("any", writes=False)
    assert site.row.failures == 2


def test_should_read_a_row_of_an_older_release(site: Site) -> None:
    site.store.commit(Save(CircuitRow(id=SYSTEM)))
    assert site.state == "closed"
    assert site.code(site.worker(), writes=True) == ""
