"""Workers of one create step that pause, meet, come too late, or die between any two lines."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from busbar.process.contract import Done, Later, Parked
from busbar.process.create import StepState
from busbar.settings.modes import Mode
from tests.unit.process.creating import CreateLab
from tests.unit.process.lab import LAG, SETTLE, TUNING, Pause, Plan, parked

MODES = list(get_args(Mode))
PROBING = [m for m in MODES if m != "none"]
each_mode = pytest.mark.parametrize("mode", MODES)
each_probing_mode = pytest.mark.parametrize("mode", PROBING)
BOUNDARIES = range(6)
"""Of a create that goes well: intent, call and end, before and after each."""


@each_probing_mode
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_should_finish_with_one_object_when_a_worker_died_anywhere(
    mode: Mode, boundary: int
) -> None:
    lab = CreateLab(mode)
    assert lab.work(Plan(at={boundary: "die"})) is None
    assert isinstance(lab.finish(), Done)
    assert lab.objects() == [lab.bound] == [lab.entity.record.external_id] == [lab.row.external_id]


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_should_never_repeat_what_cannot_be_probed_when_a_worker_died_anywhere(
    boundary: int,
) -> None:
    lab = CreateLab("none")
    lab.work(Plan(at={boundary: "die"}))
    outcome = lab.finish()
    assert isinstance(outcome, Done if boundary in {0, 5} else Parked)
    assert len(lab.objects()) == (0 if boundary in {1, 2} else 1)


@each_probing_mode
@pytest.mark.parametrize(("first", "second"), list(itertools.product(range(6), range(8))))
def test_should_finish_with_one_object_when_the_next_worker_dies_too(
    mode: Mode, first: int, second: int
) -> None:
    lab = CreateLab(mode)
    lab.work(Plan(at={first: "die"}))
    lab.clock.advance(TUNING.lease + SETTLE + 60)
    lab.work(Plan(at={second: "die"}))
    assert isinstance(lab.finish(), Done)
    assert lab.objects() == [lab.bound]


@each_mode
def test_should_send_nothing_when_paused_past_the_deadline(mode: Mode) -> None:
    lab = CreateLab(mode)
    outcome = lab.work(Plan(at={1: Pause(lab.timeout)}))
    assert isinstance(outcome, Later)
    assert lab.made == []


@each_mode
def test_should_create_later_without_a_probe_when_the_paused_worker_sent_nothing(
    mode: Mode,
) -> None:
    lab = CreateLab(mode)
    lab.work(Plan(at={1: Pause(lab.timeout)}))
    assert lab.row.state is StepState.PLANNED
    assert isinstance(lab.work(), Done)
    assert (lab.probes, lab.objects()) == (0, ["object-1"])


@each_mode
def test_should_send_nothing_when_there_is_no_time_left_from_the_start(mode: Mode) -> None:
    lab = CreateLab(mode, timeout=-1.0)
    assert isinstance(lab.work(), Later)
    assert lab.made == []
    lab.timeout = 10.0
    assert isinstance(lab.finish(), Done)


@each_mode
def test_should_leave_the_intent_of_another_worker_alone_after_a_pause(mode: Mode) -> None:
    lab = CreateLab(mode)
    other = Plan(at={4 if mode != "none" else 0: "die"})
    lab.work(Plan(at={1: Pause(TUNING.lease + 1, other)}))
    assert lab.row.state in {StepState.INTENT, StepState.PARKED, StepState.PLANNED}
    assert isinstance(lab.finish(), Done | Parked)
    assert len(lab.objects()) == 1


def test_should_be_fenced_off_when_another_worker_ended_the_step_meanwhile() -> None:
    lab = CreateLab("unique_key", lag=0.0)
    outcome = lab.work(Plan(at={3: Pause(TUNING.lease + 1, Plan())}))
    assert isinstance(outcome, Done)
    assert outcome.found.external_id == lab.bound == "object-1"
    assert lab.row.attempt == 1


def test_should_not_undo_the_end_of_another_worker_when_its_own_outcome_is_unknown() -> None:
    lab = CreateLab("unique_key", lag=0.0)
    outcome = lab.work(Plan("lost", at={3: Pause(TUNING.lease + 1, Plan())}))
    assert isinstance(outcome, Later)
    assert lab.row.state is StepState.DONE
    assert isinstance(lab.work(), Done)


@pytest.mark.parametrize("answer", ["lost", "never", "unavailable", "refused", "ok"])
def test_should_not_touch_a_parked_step_when_its_answer_comes_late(answer: str) -> None:
    lab = CreateLab("none")
    outcome = lab.work(Plan(answer, at={3: Pause(TUNING.lease + 1, Plan())}))
    assert isinstance(outcome, Later)
    assert lab.row.state is StepState.PARKED
    assert lab.row.reason == "outcome_unknown"
    assert parked(lab.work()) == "outcome_unknown"
    assert len(lab.made) <= 1


@each_mode
@pytest.mark.parametrize("times", [1, 4])
def test_should_try_the_end_again_when_the_entity_moves_meanwhile(mode: Mode, times: int) -> None:
    lab = CreateLab(mode)
    outcome = lab.work(Plan(at=dict.fromkeys(range(4, 4 + times), "touch")))
    assert isinstance(outcome, Done)
    assert (lab.entity.record.touched, lab.bound) == (times, "object-1")


@each_mode
def test_should_come_back_later_when_the_entity_never_stands_still(mode: Mode) -> None:
    lab = CreateLab(mode)
    outcome = lab.work(Plan(at=dict.fromkeys(range(4, 12), "touch")))
    assert isinstance(outcome, Later)
    assert outcome.reason == "fenced"
    assert isinstance(lab.finish(), Parked if mode == "none" else Done)
    assert len(lab.objects()) == 1


@each_mode
def test_should_park_with_the_true_reason_when_the_entity_moves_meanwhile(mode: Mode) -> None:
    lab = CreateLab(mode)
    assert parked(lab.work(Plan("refused", at={4: "touch"}))) == "refused CODE"
    assert lab.task
    assert lab.entity.record.touched == 1


@each_probing_mode
def test_should_let_only_one_of_two_probing_workers_create_again(mode: Mode) -> None:
    lab = CreateLab(mode)
    lab.work(Plan("never"))
    lab.clock.advance(SETTLE + 1)
    lab.work(Plan(at={1: Pause(0, Plan())}))
    assert isinstance(lab.finish(), Done)
    assert lab.objects() == ["object-1"]


def test_should_see_a_late_object_within_the_settle_window() -> None:
    lab = CreateLab("probe")
    lab.work(Plan("late", delay=SETTLE - TUNING.pause_bound - LAG))
    lab.clock.advance(SETTLE - TUNING.pause_bound - 1)
    assert isinstance(lab.work(), Later)
    lab.clock.advance(TUNING.pause_bound + 1)
    assert isinstance(lab.work(), Done)
    assert lab.objects() == ["object-1"]
