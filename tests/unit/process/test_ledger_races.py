"""Workers and wishes of one outside object that meet, come late, or die between any two lines."""

from __future__ import annotations

import itertools

import pytest

from busbar.process.contract import Done, Later
from tests.unit.process.lab import PROCESSING, TUNING, Pause, Plan, parked
from tests.unit.process.setting import SETTLE, SetLab, wanting

BOUNDARIES = range(8)


def all_agree(lab: SetLab, value: int) -> None:
    lab.clock.advance(PROCESSING + TUNING.pause_bound)
    assert lab.state["value"] == lab.entity.record.holds == value
    assert not lab.row.open


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_should_end_in_the_wanted_state_when_a_worker_died_anywhere(boundary: int) -> None:
    lab = wanting(value=1)
    assert lab.work(Plan(at={boundary: "die"})) is None
    assert isinstance(lab.finish(), Done)
    all_agree(lab, 1)
    assert len(lab.puts) == 1


@pytest.mark.parametrize(("first", "second"), list(itertools.product(range(8), range(8))))
def test_should_end_in_the_last_wanted_state_when_two_workers_died(first: int, second: int) -> None:
    lab = wanting(value=1)
    lab.work(Plan(at={first: "die"}))
    lab.want(value=2)
    lab.clock.advance(TUNING.lease + SETTLE)
    lab.work(Plan(at={second: "die"}))
    lab.want(value=3)
    assert isinstance(lab.finish(), Done)
    all_agree(lab, 3)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_should_carry_out_a_wish_that_comes_while_the_lease_is_held(boundary: int) -> None:
    lab = wanting(value=1)
    lab.work(Plan(at={boundary: "wish:2"}))
    assert isinstance(lab.finish(), Done)
    all_agree(lab, 2)


@pytest.mark.parametrize("boundary", range(2, 6))
def test_should_go_on_with_a_wish_that_comes_before_a_refusal(boundary: int) -> None:
    lab = wanting(value=1)
    lab.refuses = {1}
    assert isinstance(lab.work(Plan(at={boundary: "wish:2"})), Done)
    all_agree(lab, 2)
    assert lab.task is None
    assert lab.entity.record.external_id == ""


@pytest.mark.parametrize("boundary", range(2, 6))
def test_should_park_the_newer_wish_too_when_it_is_refused(boundary: int) -> None:
    lab = wanting(value=1)
    lab.refuses = {1, 2}
    assert parked(lab.work(Plan(at={boundary: "wish:2"}))) == "CODE"
    assert (lab.row.refused, lab.row.attempt, lab.puts) == ({"value": 2}, 2, [])


@pytest.mark.parametrize("answer", ["lost", "never", "late", "unavailable"])
def test_should_keep_a_wish_that_comes_before_a_failure(answer: str) -> None:
    lab = wanting(value=1)
    lab.work(Plan(answer, at={5: "wish:2"}, delay=50.0))
    assert isinstance(lab.finish(), Done)
    all_agree(lab, 2)


def test_should_carry_out_new_wishes_in_one_go_but_not_for_ever() -> None:
    lab = wanting(value=1)
    lab.work(Plan(at={5: "wish:2", 13: "wish:3", 21: "wish:4"}))
    assert [fields["value"] for _, _, fields in lab.puts] == [1, 2, 3]
    assert lab.row.open
    assert isinstance(lab.finish(), Done)
    all_agree(lab, 4)


def test_should_not_say_done_while_something_is_still_wanted() -> None:
    lab = wanting(value=1)
    outcome = lab.work(Plan(at={5: "wish:2", 13: "wish:3", 21: "wish:4"}))
    assert isinstance(outcome, Later)


@pytest.mark.parametrize("answer", ["ok", "lost", "unavailable", "refused"])
def test_should_be_fenced_off_when_another_worker_took_over(answer: str) -> None:
    lab = wanting(value=1)
    lab.time_limit = float("inf")  # no platform ends the paused worker: only the fence is left
    other = Plan(at={3: "die"})
    outcome = lab.work(Plan(answer, at={5: Pause(TUNING.lease + SETTLE, other)}))
    assert isinstance(outcome, Later)
    assert outcome.reason == ("fenced" if answer in {"ok", "refused"} else outcome.reason)
    assert (lab.row.attempt, lab.row.intent, lab.row.parked) == (2, True, "")
    assert lab.task is None


@pytest.mark.parametrize("times", [1, 3])
def test_should_try_the_end_again_when_the_entity_moves_meanwhile(times: int) -> None:
    lab = wanting(value=1)
    outcome = lab.work(Plan(at=dict.fromkeys(range(6, 6 + times), "touch")))
    assert isinstance(outcome, Done)
    assert lab.entity.record.touched == times
    all_agree(lab, 1)


def test_should_come_back_later_when_the_entity_never_stands_still() -> None:
    lab = wanting(value=1)
    outcome = lab.work(Plan(at=dict.fromkeys(range(6, 20), "touch")))
    assert isinstance(outcome, Later)
    assert isinstance(lab.finish(), Done)
    all_agree(lab, 1)


def test_should_give_way_when_another_worker_leases_first() -> None:
    lab = wanting(value=1)
    outcome = lab.work(Plan(at={0: Pause(0, Plan(at={4: "die"}))}))
    assert isinstance(outcome, Later)
    assert outcome.reason == "in_progress"
    assert (lab.puts, lab.row.attempt) == ([], 1)


def test_should_not_lose_a_wish_that_comes_together_with_the_lease() -> None:
    lab = wanting(value=1)
    outcome = lab.work(Plan(at={0: "wish:2"}))
    assert isinstance(outcome, Later)
    assert isinstance(lab.finish(), Done)
    all_agree(lab, 2)
