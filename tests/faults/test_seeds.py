"""Random faults. What fails says its seed; `python -m tests.faults seeds` shrinks and keeps it."""

from __future__ import annotations

import pytest

from tests.faults.boundaries import MODES
from tests.faults.playlist import AFTER_PROVISIONING, SCENARIOS
from tests.faults.run import play_setup
from tests.faults.setups import Mode, Setup
from tests.faults.shrinking import fewest_of, kept
from tests.faults.trouble import KINDS, WEIGHTS

PIECE = 20
THREE_ORDERS = 500
OTHERS = 40
AFTER = 12
"""Seeds of each scenario that begins with a wallbox order, in CI."""


def _wrong(setup: Setup, first: int, count: int) -> list[str]:
    return [
        f"{setup}, seed {seed}: {found}"
        for seed in range(first, first + count)
        for found in play_setup(setup, seed).found
    ]


@pytest.mark.parametrize("first", range(0, THREE_ORDERS, PIECE))
def test_should_bring_three_orders_through_whatever_happens(first: int) -> None:
    mode: Mode = MODES[first // PIECE % len(MODES)]
    assert _wrong(Setup("three orders", mode), first, PIECE) == []


@pytest.mark.parametrize("first", range(0, OTHERS, PIECE))
@pytest.mark.parametrize("name", sorted({*SCENARIOS} - {"three orders"} - AFTER_PROVISIONING))
def test_should_end_well_in_every_scenario(name: str, first: int) -> None:
    assert _wrong(Setup(name), first, PIECE) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", sorted(AFTER_PROVISIONING))
def test_should_end_well_after_a_wallbox_order(name: str, mode: Mode) -> None:
    first = AFTER // len(MODES) * MODES.index(mode)
    assert _wrong(Setup(name, mode), first, AFTER // len(MODES)) == []


@pytest.mark.parametrize("mode", MODES)
def test_should_bring_a_company_and_its_driver_through_in_every_mode(mode: Mode) -> None:
    assert _wrong(Setup("company", mode), 0, OTHERS) == []


@pytest.mark.parametrize("mode", MODES)
def test_should_make_one_order_when_everything_comes_three_times_at_once(mode: Mode) -> None:
    for name in SCENARIOS:
        assert _wrong(Setup(name, mode, "crowd"), 0, 1) == []


@pytest.mark.parametrize("mode", ["probe", "none"])
def test_should_end_as_clerks_decided(mode: Mode) -> None:
    assert _wrong(Setup("parked", mode), 0, PIECE) == []
    assert _wrong(Setup("hasty clerk", mode, "storm"), 0, PIECE) == []


def test_should_set_cards_right_when_every_third_change_gets_no_answer() -> None:
    assert _wrong(Setup("one card", trouble="storm"), 0, 2 * PIECE) == []


def test_should_keep_its_books_when_workers_sleep_beyond_all_limits() -> None:
    assert _wrong(Setup("deaf card", trouble="sleepers"), 0, 2 * PIECE) == []


def test_should_never_fail_again_where_it_once_did() -> None:
    assert [(regression, found) for regression in kept() if (found := regression.play())] == []


def test_should_come_to_every_kind_of_fault() -> None:
    setups = [*(Setup("outage", mode) for mode in MODES), Setup("one customer")]
    words = {
        fault.word
        for setup in setups
        for seed in range(2 * PIECE if setup.scenario == "one customer" else PIECE)
        for fault in play_setup(setup, seed).happened.values()
    }
    assert words == {word for weights in WEIGHTS.values() for word in weights}


def test_should_know_how_often_each_kind_of_fault_is() -> None:
    assert set(KINDS) == set(WEIGHTS)


def test_should_repeat_a_run_exactly() -> None:
    first, again = (play_setup(Setup("one card"), 7) for _ in range(2))
    assert first == again


def test_should_let_only_the_named_faults_happen() -> None:
    every = play_setup(Setup(), 8).happened
    chosen = list(every)[:1]
    assert list(play_setup(Setup(), 8, chosen).happened) == chosen


@pytest.mark.parametrize("needed", [["c"], ["a", "h"], ["b", "c", "g"], list("abcdefgh")])
def test_should_shrink_to_what_is_needed(needed: list[str]) -> None:
    assert fewest_of(list("abcdefgh"), lambda some: set(needed) <= set(some)) == needed
