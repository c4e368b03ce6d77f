"""Every arrow of the picture in `busbar.process.create`, for each mode."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from busbar.errors import Missing, Refused, Unavailable, Unknown, Withheld
from busbar.process.circuit_row import CIRCUIT_OPEN
from busbar.process.contract import LEASE_MARGIN, Done, Later, Parked
from busbar.process.create import StepState
from busbar.settings.modes import Mode
from tests.unit.process.creating import BY_HAND, CreateLab
from tests.unit.process.lab import LAG, SETTLE, TUNING, Pause, Plan, parked

MODES = list(get_args(Mode))
PROBING = [m for m in MODES if m != "none"]
each_mode = pytest.mark.parametrize("mode", MODES)
each_probing_mode = pytest.mark.parametrize("mode", PROBING)


def later(outcome: object, reason: str) -> Later:
    assert isinstance(outcome, Later), outcome
    assert outcome.reason == reason
    return outcome


@each_mode
def test_should_create_once_and_record_it_in_one_transaction(mode: Mode) -> None:
    lab = CreateLab(mode)
    outcome = lab.work()
    assert isinstance(outcome, Done)
    assert (outcome.found.external_id, dict(outcome.found.fields)) == (
        "object-1",
        {"number": "object-1"},
    )
    assert lab.objects() == ["object-1"]
    assert (lab.row.state, lab.row.external_id, lab.row.process) == (
        StepState.DONE,
        "object-1",
        "order#1",
    )
    assert (lab.entity.record.external_id, lab.bound) == ("object-1", "object-1")


@each_mode
def test_should_answer_at_once_and_do_nothing_when_it_is_done(mode: Mode) -> None:
    lab = CreateLab(mode)
    first = lab.work()
    for _ in range(3):
        assert lab.work() == first
        assert lab.passed == []
    assert lab.objects() == ["object-1"]


@each_mode
def test_should_write_the_intent_before_the_call(mode: Mode) -> None:
    lab = CreateLab(mode)
    lab.work()
    assert lab.passed == [
        "before write step",
        "after write step",
        "before create",
        "after create",
        "before write step+entity+binding+binding",
        "after write step+entity+binding+binding",
    ]


@each_mode
def test_should_try_again_without_a_probe_when_certainly_nothing_happened(mode: Mode) -> None:
    lab = CreateLab(mode)
    for _ in range(3):
        again = later(lab.work(Plan("unavailable")), "unavailable")
        assert (lab.row.state, lab.row.may_be_ours) == (StepState.PLANNED, False)
        lab.clock.advance((again.at - lab.now).total_seconds())
    assert isinstance(lab.work(), Done)
    assert (lab.probes, lab.objects(), lab.row.attempt) == (0, ["object-1"], 4)


@each_mode
def test_should_wait_as_long_as_the_system_asks(mode: Mode) -> None:
    lab = CreateLab(mode)

    def busy(*_any: object) -> None:
        raise Unavailable("system", "create", retry_after=999.0)

    lab.create = busy  # type: ignore[method-assign, assignment]
    assert later(lab.work(), "unavailable").at == lab.now + timedelta(seconds=999)


@each_probing_mode
@pytest.mark.parametrize("answer", ["lost", "late"])
def test_should_adopt_what_a_call_of_unknown_outcome_made(mode: Mode, answer: str) -> None:
    lab = CreateLab(mode)
    later(lab.work(Plan(answer)), "outcome_unknown")
    lab.clock.advance(LAG)
    assert isinstance(lab.work(), Done)
    assert (lab.objects(), lab.bound) == (["object-1"], "object-1")
    assert lab.row.may_be_ours


def test_should_wait_for_the_settle_window_when_nothing_is_found() -> None:
    lab = CreateLab("probe")
    later(lab.work(Plan("never")), "outcome_unknown")
    failed_at = lab.now
    lab.clock.advance(SETTLE - 1)
    assert later(lab.work(), "settling").at == failed_at + timedelta(seconds=SETTLE)
    assert lab.made == []
    lab.clock.advance(1)
    assert isinstance(lab.work(), Done)
    assert lab.objects() == ["object-1"]


def test_should_create_at_once_when_nothing_is_found_and_the_key_is_unique() -> None:
    lab = CreateLab("unique_key")
    later(lab.work(Plan("never")), "outcome_unknown")
    assert isinstance(lab.work(), Done)
    assert lab.objects() == ["object-1"]


def test_should_count_the_settle_window_from_the_deadline_when_the_worker_died() -> None:
    lab = CreateLab("probe")
    started = lab.now
    assert lab.work(Plan(at={2: "die"})) is None
    lab.clock.advance(TUNING.lease)
    assert later(lab.work(), "settling").at == started + timedelta(seconds=lab.timeout + SETTLE)


@pytest.mark.parametrize("answer", ["lost", "late", "never"])
def test_should_park_what_cannot_be_probed_when_the_outcome_is_unknown(answer: str) -> None:
    lab = CreateLab("none")
    later(lab.work(Plan(answer)), "outcome_unknown")
    assert parked(lab.work()) == "outcome_unknown"
    assert (lab.probes, len(lab.made)) == (0, answer != "never")
    assert lab.task
    assert (lab.task.reason, lab.task.subject_id) == ("outcome_unknown", "1")


@each_probing_mode
def test_should_park_and_pick_none_when_several_are_found(mode: Mode) -> None:
    lab = CreateLab(mode)
    later(lab.work(Plan("never")), "outcome_unknown")
    lab.seen = lambda: ["object-1", "object-2"]  # type: ignore[method-assign]
    assert parked(lab.work()) == "several_found"
    assert (lab.made, lab.bound) == ([], None)


@each_mode
@pytest.mark.parametrize("answer", ["refused", "missing"])
def test_should_park_with_a_task_when_the_system_says_no(mode: Mode, answer: str) -> None:
    lab = CreateLab(mode)
    for _ in range(3):
        assert parked(lab.work(Plan(answer))) == "refused CODE"
    assert (lab.row.attempt, lab.row.may_be_ours) == (1, False)
    assert lab.entity.record.external_id == "!refused CODE"
    assert lab.task
    assert (lab.task.kind, lab.task.system, lab.task.reason) == (
        "parked_step",
        "system",
        "refused CODE",
    )


@each_mode
def test_should_park_what_cannot_be_mapped_without_a_call(mode: Mode) -> None:
    lab = CreateLab(mode)
    lab.mappable = False
    assert parked(lab.work()) == "unmappable"
    assert lab.timeouts == []
    assert lab.task


@each_mode
def test_should_say_no_more_than_the_truth_when_two_workers_cannot_map(mode: Mode) -> None:
    lab = CreateLab(mode)
    lab.mappable = False
    outcome = lab.work(Plan(at={0: Pause(0, Plan())}))
    assert isinstance(outcome, Later | Parked)
    assert parked(lab.work()) == "unmappable"


def test_should_adopt_when_the_unique_key_refuses_a_duplicate() -> None:
    lab = CreateLab("unique_key")
    lab.made.append((lab.now, "from-elsewhere"))
    later(lab.work(), "outcome_unknown")
    assert lab.row.reason == "DUPLICATE_VALUE"
    lab.clock.advance(LAG)
    assert isinstance(lab.work(), Done)
    assert (lab.bound, lab.row.may_be_ours) == ("from-elsewhere", False)


@each_probing_mode
def test_should_not_forget_an_attempt_of_unknown_outcome_when_the_next_one_is_refused(
    mode: Mode,
) -> None:
    lab = CreateLab(mode)
    later(lab.work(Plan("never")), "outcome_unknown")
    lab.clock.advance(SETTLE)
    assert parked(lab.work(Plan("refused"))) == "refused CODE"
    assert (lab.row.attempt, lab.row.may_be_ours) == (2, True)


@each_probing_mode
@pytest.mark.parametrize("error", [Unavailable, Unknown])
def test_should_probe_again_later_when_the_probe_does_not_answer(
    mode: Mode, error: type[Exception]
) -> None:
    lab = CreateLab(mode)
    later(lab.work(Plan("lost")), "outcome_unknown")
    lab.clock.advance(10 * SETTLE)
    lab.probe_error = error("system", "find")
    later(lab.work(), "probe_failed")
    assert lab.row.state is StepState.INTENT
    lab.probe_error = None
    assert isinstance(lab.work(), Done)
    assert lab.objects() == ["object-1"]


@each_probing_mode
def test_should_probe_less_and_less_often_while_the_system_is_down(mode: Mode) -> None:
    lab = CreateLab(mode)
    later(lab.work(Plan("lost")), "outcome_unknown")
    lab.probe_error = Unavailable("system", "find")
    started, waits = lab.now, []
    while lab.now < started + timedelta(hours=2):
        again = later(lab.work(), "probe_failed")
        waits.append((again.at - lab.now).total_seconds())
        lab.clock.advance(waits[-1])
    assert sum(waits[-10:]) / 10 > TUNING.retry_most / 4
    assert len(waits) < 120


@each_probing_mode
@pytest.mark.parametrize("error", [Refused, Missing])
def test_should_park_when_the_probe_is_refused(mode: Mode, error: type[Exception]) -> None:
    lab = CreateLab(mode)
    later(lab.work(Plan("lost")), "outcome_unknown")
    lab.probe_error = error("system", "find", code="NO_FIELD")  # type: ignore[call-arg]
    assert parked(lab.work()) == "probe_refused NO_FIELD"
    assert len(lab.made) == 1


@each_mode
def test_should_leave_it_alone_while_another_worker_holds_the_lease(mode: Mode) -> None:
    lab = CreateLab(mode)
    lab.work(Plan(at={2: "die"}))
    lab.clock.advance(TUNING.lease - 0.001)
    held = later(lab.work(), "in_progress")
    assert held.at == lab.row.lease_until
    assert (lab.probes, len(lab.timeouts)) == (0, 1)


@each_mode
@pytest.mark.parametrize("boundary", [0, 1])
def test_should_give_way_when_another_worker_intends_first(mode: Mode, boundary: int) -> None:
    lab = CreateLab(mode)
    outcome = lab.work(Plan(at={boundary: Pause(0, Plan(at={2: "die"}))}))
    if boundary == 0:
        later(outcome, "in_progress")
    assert len(lab.timeouts) == 1


@each_mode
@pytest.mark.parametrize(("timeout", "most"), [(10.0, 10.0), (500.0, TUNING.lease - LEASE_MARGIN)])
def test_should_give_the_call_less_time_than_the_lease(
    mode: Mode, timeout: float, most: float
) -> None:
    lab = CreateLab(mode, timeout=timeout)
    lab.work(Plan(at={1: Pause(4)}))
    assert lab.timeouts == [most - 4]


# --- a circuit holds back ----------------------------------------------------------------------


@each_mode
def test_should_wait_in_the_lane_of_a_system_whose_circuit_holds_the_create_back(
    mode: Mode,
) -> None:
    lab = CreateLab(mode)
    outcome = later(lab.work(Plan("withheld")), "unavailable")
    assert outcome.lane == "system"
    assert (lab.row.state, lab.made) == ("planned", [])


@each_mode
@pytest.mark.parametrize("answered", [True, False])
def test_should_find_out_by_a_read_whether_a_system_that_was_down_is_back(
    mode: Mode, answered: bool
) -> None:
    lab = CreateLab(mode)
    lab.work(Plan("withheld"))
    lab.probe_error = None if answered else Withheld("system", "find", code=CIRCUIT_OPEN)
    attempts = lab.row.attempt
    outcome = lab.work()
    assert lab.probes == 1
    if answered:
        assert isinstance(outcome, Done)
    else:
        assert later(outcome, "unavailable").lane == "system"
        assert lab.row.attempt == attempts  # nothing is written for a look


def test_should_go_on_when_a_system_that_was_down_only_refuses_to_be_asked() -> None:
    lab = CreateLab()
    lab.work(Plan("withheld"))
    lab.probe_error = Refused("system", "find")
    assert isinstance(lab.work(), Done)


# --- what was there before us --------------------------------------------------------------------


def there_before(mode: Mode) -> CreateLab:
    """An object that shall exist, and does so already."""
    lab = CreateLab(mode, looks_first=True)
    lab.enter()
    return lab


@each_probing_mode
def test_should_take_what_was_there_before_without_an_intent(mode: Mode) -> None:
    lab = there_before(mode)
    assert isinstance(lab.work(), Done)
    assert (lab.objects(), lab.bound) == ([BY_HAND], BY_HAND)
    assert (lab.row.attempt, lab.row.may_be_ours, lab.timeouts) == (0, False, [])
    assert lab.passed == [
        "before find",
        "after find",
        "before write step+entity+binding+binding",
        "after write step+entity+binding+binding",
    ]


@each_probing_mode
def test_should_never_take_for_ours_what_was_there_before_wherever_a_worker_dies(
    mode: Mode,
) -> None:
    first = there_before(mode)
    first.work()
    for boundary in range(len(first.passed)):
        lab = there_before(mode)
        lab.work(Plan(at={boundary: "die"}))
        lab.clock.advance(2 * SETTLE)
        assert isinstance(lab.work(), Done), first.passed[boundary]
        assert (lab.bound, lab.row.may_be_ours, lab.timeouts) == (BY_HAND, False, [])


@each_probing_mode
@pytest.mark.parametrize("answer", ["lost", "late"])
def test_should_take_for_ours_what_was_not_there_before(mode: Mode, answer: str) -> None:
    lab = CreateLab(mode, looks_first=True)
    later(lab.work(Plan(answer)), "outcome_unknown")
    lab.clock.advance(LAG)
    assert isinstance(lab.work(), Done)
    assert (lab.objects(), lab.row.may_be_ours) == (["object-1"], True)


@each_probing_mode
def test_should_not_take_for_ours_what_came_while_nothing_could_be_made(mode: Mode) -> None:
    lab = CreateLab(mode, looks_first=True)
    later(lab.work(Plan("unavailable")), "unavailable")
    lab.enter()
    lab.clock.advance(TUNING.retry_most)
    assert isinstance(lab.work(), Done)
    assert (lab.bound, lab.row.may_be_ours, len(lab.timeouts)) == (BY_HAND, False, 1)


def test_should_not_take_for_ours_what_came_between_look_and_attempt() -> None:
    lab = CreateLab("unique_key", looks_first=True)
    lab.made.append((lab.now, BY_HAND))  # no search sees it yet
    later(lab.work(), "outcome_unknown")
    lab.clock.advance(LAG)
    assert isinstance(lab.work(), Done)
    assert (lab.bound, lab.row.may_be_ours) == (BY_HAND, False)


def test_should_look_for_nothing_where_nothing_can_be_searched() -> None:
    lab = CreateLab("none", looks_first=True)
    assert isinstance(lab.work(), Done)
    assert (lab.probes, lab.objects()) == (0, ["object-1"])


@each_probing_mode
def test_should_make_nothing_and_ask_less_and_less_while_it_cannot_look(mode: Mode) -> None:
    lab = CreateLab(mode, looks_first=True)
    lab.probe_error = Unavailable("system", "find")
    started, waits = lab.now, []
    while lab.now < started + timedelta(hours=2):
        again = later(lab.work(), "unavailable")
        waits.append((again.at - lab.now).total_seconds())
        lab.clock.advance(waits[-1])
    assert (lab.timeouts, lab.row.attempt, lab.row.state) == ([], 0, StepState.PLANNED)
    assert sum(waits[-10:]) / 10 > TUNING.retry_most / 4
    lab.probe_error = None
    assert isinstance(lab.work(), Done)
    assert (lab.objects(), lab.row.may_be_ours) == (["object-1"], True)


@each_probing_mode
def test_should_write_nothing_for_a_look_that_a_circuit_held_back(mode: Mode) -> None:
    lab = CreateLab(mode, looks_first=True)
    lab.probe_error = Withheld("system", "find", code=CIRCUIT_OPEN)
    assert later(lab.work(), "unavailable").lane == "system"
    assert lab.passed == ["before find"]


@each_probing_mode
def test_should_make_nothing_and_park_when_the_look_is_refused(mode: Mode) -> None:
    lab = CreateLab(mode, looks_first=True)
    lab.probe_error = Refused("system", "find", code="NO_FIELD")
    assert parked(lab.work()) == "refused NO_FIELD"
    assert (lab.timeouts, lab.row.attempt, lab.row.may_be_ours) == ([], 0, False)
    assert lab.task


@each_probing_mode
def test_should_make_none_and_pick_none_when_several_were_there_before(mode: Mode) -> None:
    lab = CreateLab(mode, looks_first=True)
    lab.seen = lambda: ["object-1", "object-2"]  # type: ignore[method-assign]
    assert parked(lab.work()) == "several_found"
    assert (lab.timeouts, lab.bound) == ([], None)


@each_probing_mode
@pytest.mark.parametrize("boundary", range(6))
def test_should_make_one_when_another_worker_comes_between(mode: Mode, boundary: int) -> None:
    lab = CreateLab(mode, looks_first=True)
    lab.work(Plan(at={boundary: Pause(1.0, Plan())}))
    lab.clock.advance(2 * SETTLE)
    assert isinstance(lab.work(), Done)
    assert (lab.objects(), lab.bound, lab.row.may_be_ours) == (["object-1"], "object-1", True)
