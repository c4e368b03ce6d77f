"""A worker of one order is stopped at any boundary, or at any two: nothing doubles or is lost.

All single boundaries, and one in forty of the pairs; `python -m tests.faults boundaries` plays all.
So are door and workers of an ERP's events: nothing that was answered is lost, or done twice.
"""

from __future__ import annotations

from functools import cache

import pytest

from tests.faults.boundaries import (
    FOLLOWING,
    INBOUND,
    MODES,
    SYNCS,
    Boundaries,
    pairs,
    singles,
    stopped_at,
)
from tests.faults.playlist import SCENARIOS
from tests.faults.setups import Mode
from tests.faults.trouble import POINTS

ONE_IN = 40
ONE_SYNC_IN = 16
ONE_WALLBOX_IN = 4
ONE_EVENT_IN = {"many events at once": 5, "a file of events": 3}
ONE_FOLLOWING_IN = 40


@cache
def names(mode: Mode) -> list[str]:
    """All boundaries of the order, in the order in which they are passed."""
    return stopped_at(mode, ())[1]


SINGLES = [(mode, one) for mode in MODES for one in singles(mode)]


def _some_pairs(mode: Mode, number: int) -> list[Boundaries]:
    found = list(pairs(mode, number))
    return found[number % ONE_IN :: ONE_IN]


@pytest.mark.parametrize("mode", MODES)
def test_should_count_every_kind_of_boundary(mode: Mode) -> None:
    kinds = {tuple(name.split()[:2]) for name in names(mode)}
    assert kinds == {(p, k) for p in POINTS for k in ("write", "send", "salesforce", "energised")}


def test_should_say_when_a_boundary_is_never_reached() -> None:
    found, reached = stopped_at("unique_key", (9999,))
    assert found == ["boundary 9999 is never reached"]
    assert len(reached) == len(names("unique_key"))


@pytest.mark.parametrize(("mode", "one"), SINGLES, ids=str)
def test_should_end_well_when_a_worker_is_stopped(mode: Mode, one: Boundaries) -> None:
    assert stopped_at(mode, one)[0] == []


@pytest.mark.parametrize("number", range(0, 160, 8))
@pytest.mark.parametrize("mode", MODES)
def test_should_end_well_when_workers_are_stopped_twice(mode: Mode, number: int) -> None:
    for both in _some_pairs(mode, number):
        assert stopped_at(mode, both)[0] == [], both


@pytest.mark.parametrize("piece", range(ONE_WALLBOX_IN))
@pytest.mark.parametrize("mode", MODES)
def test_should_end_well_when_a_worker_of_a_wallbox_order_is_stopped(
    mode: Mode, piece: int
) -> None:
    scenario = SCENARIOS["one wallbox"]
    _, reached = stopped_at(mode, (), scenario)
    # Every boundary is played in one of the modes.
    for one in range(MODES.index(mode), len(reached), len(MODES)):
        if one % ONE_WALLBOX_IN == piece:
            assert stopped_at(mode, (one,), scenario)[0] == [], (one, reached[one])


@pytest.mark.parametrize("name", FOLLOWING)
def test_should_end_well_when_a_worker_is_stopped_after_a_wallbox_order(name: str) -> None:
    scenario = SCENARIOS[name]
    for mode in MODES:
        _, reached = stopped_at(mode, (), scenario)
        for one in range(7 * MODES.index(mode), len(reached), ONE_FOLLOWING_IN):
            assert stopped_at(mode, (one,), scenario)[0] == [], (mode, one, reached[one])


@pytest.mark.parametrize("piece", range(4))
@pytest.mark.parametrize("name", SYNCS)
def test_should_follow_every_card_when_a_worker_of_the_sync_is_stopped(
    name: str, piece: int
) -> None:
    scenario = SCENARIOS[name]
    _, reached = stopped_at("unique_key", (), scenario)
    for one in range(piece * 4 + piece, len(reached), ONE_SYNC_IN):
        assert stopped_at("unique_key", (one,), scenario)[0] == [], (one, reached[one])


OWN_BOUNDARIES = {
    "a relation waits": {"write outbox"},
    "a file of events": {"s3 get", "send erp_load_slices", "write erp_load_slice"},
    "uploaded payloads": {"s3 head", "s3 copy", "s3 get", "send erp_apply-dead"},
    "a scope is told in full": {"write binding"},
}
"""Of scenarios in which nothing of a queue is parked."""


@pytest.mark.parametrize("name", INBOUND)
def test_should_count_every_kind_of_boundary_of_an_event(name: str) -> None:
    _, reached = stopped_at("unique_key", (), SCENARIOS[name])
    kinds = {one.partition(" ")[2] for one in reached}
    assert kinds >= {"s3 put", "send erp_apply", "map", "write erp_outcomes"}
    assert kinds >= OWN_BOUNDARIES.get(name, {"send erp_apply-dead"})


@pytest.mark.parametrize("piece", range(4))
@pytest.mark.parametrize(
    ("name", "one_in"), [(name, ONE_EVENT_IN.get(name, 1)) for name in INBOUND]
)
def test_should_apply_every_event_once_when_a_worker_is_stopped(
    name: str, one_in: int, piece: int
) -> None:
    scenario = SCENARIOS[name]
    _, reached = stopped_at("unique_key", (), scenario)
    for one in range(piece * one_in, len(reached), 4 * one_in):
        assert stopped_at("unique_key", (one,), scenario)[0] == [], (one, reached[one])
