"""State that is set: absolute, one worker at a time, nothing sent while an older call may land."""

from __future__ import annotations

from datetime import timedelta

import pytest

from busbar.errors import Unavailable
from busbar.ports.store import Save
from busbar.process.contract import Done, Later
from busbar.process.ledger import LedgerRow
from tests.unit.process.lab import TUNING, Pause, Plan, parked
from tests.unit.process.setting import SETTLE, SetLab, wanting


def later(outcome: object, reason: str) -> Later:
    assert isinstance(outcome, Later), outcome
    assert outcome.reason == reason
    return outcome


def test_should_do_nothing_when_nothing_is_wanted() -> None:
    lab = SetLab()
    assert isinstance(lab.work(), Done)
    assert (lab.passed, lab.reads) == ([], 0)


def test_should_set_the_whole_wanted_state_and_record_it_in_one_transaction() -> None:
    lab = wanting(value=1)
    lab.want(text="a")
    assert isinstance(lab.work(), Done)
    assert [fields for _, _, fields in lab.puts] == [{"value": 1, "text": "a"}]
    assert lab.passed == [
        "before write ledger",
        "after write ledger",
        "before read",
        "after read",
        "before write",
        "after write",
        "before write ledger+entity",
        "after write ledger+entity",
    ]
    assert (lab.row.applied, lab.row.revision, lab.row.open) == (2, 2, False)
    assert (lab.entity.record.holds, lab.row.written_at) == (1, lab.now)


def test_should_do_nothing_more_when_the_state_is_set() -> None:
    lab = wanting(value=1)
    lab.work()
    for _ in range(3):
        assert isinstance(lab.work(), Done)
        assert lab.passed == []


def test_should_write_nothing_when_the_object_holds_it_already() -> None:
    lab = wanting(value=0)
    assert isinstance(lab.work(), Done)
    assert (lab.puts, lab.row.applied, lab.reads) == ([], 1, 1)


def test_should_send_absolute_values_when_a_wish_was_taken_back_meanwhile() -> None:
    lab = wanting(value=1)
    lab.work()
    lab.want(value=2)
    lab.want(value=1)
    assert isinstance(lab.work(), Done)
    assert ([f["value"] for _, _, f in lab.puts], lab.row.applied) == ([1], 3)


@pytest.mark.parametrize("answer", ["lost", "late", "never"])
@pytest.mark.parametrize("new_wish", [False, True])
def test_should_send_nothing_until_a_write_of_unknown_outcome_has_settled(
    answer: str, new_wish: bool
) -> None:
    lab = wanting(value=1)
    later(lab.work(Plan(answer, delay=100.0)), "outcome_unknown")
    failed_at, sent = lab.now, len(lab.puts)
    if new_wish:
        lab.want(value=2)
    lab.clock.advance(SETTLE - 1)
    assert later(lab.work(), "settling").at == failed_at + timedelta(seconds=SETTLE)
    assert (len(lab.puts), lab.reads) == (sent, 1)
    lab.clock.advance(1)
    assert isinstance(lab.work(), Done)
    assert lab.state["value"] == 1 + new_wish
    assert len(lab.puts) == sent + (new_wish or answer == "never")


@pytest.mark.parametrize("answer", ["unavailable"])
def test_should_try_again_without_settling_when_certainly_nothing_happened(answer: str) -> None:
    lab = wanting(value=1)
    later(lab.work(Plan(answer)), "unavailable")
    assert not lab.row.intent
    assert isinstance(lab.work(), Done)


@pytest.mark.parametrize("answer", ["unavailable", "lost"])
def test_should_try_again_without_settling_when_only_the_read_failed(answer: str) -> None:
    lab = wanting(value=1)
    lab.read_answer = answer
    later(lab.work(), "unavailable")
    lab.read_answer = "ok"
    assert isinstance(lab.work(), Done)
    assert lab.state["value"] == 1


def test_should_wait_longer_with_each_failure_and_start_anew_after_success() -> None:
    lab = wanting(value=1)
    for failures in range(1, 9):
        again = later(lab.work(Plan("unavailable")), "unavailable")
        assert lab.row.failures == failures
        lab.clock.advance((again.at - lab.now).total_seconds())
    assert isinstance(lab.work(), Done)
    assert lab.row.failures == 0


def test_should_wait_as_long_as_the_system_asks() -> None:
    lab = wanting(value=1)

    def busy(*_any: object) -> None:
        raise Unavailable("system", "read", retry_after=999.0)

    lab.read = busy  # type: ignore[method-assign, assignment]
    assert later(lab.work(), "unavailable").at == lab.now + timedelta(seconds=999)


@pytest.mark.parametrize(
    ("answer", "reason"), [("refused", "CODE"), ("missing", "CODE"), ("unmappable", "Unmappable")]
)
def test_should_park_with_a_task_what_is_refused(answer: str, reason: str) -> None:
    lab = wanting(value=1)
    lab.mappable = answer != "unmappable"
    assert parked(lab.work(Plan(answer if lab.mappable else "ok"))) == reason
    assert (lab.row.parked, lab.row.refused, lab.row.open) == (reason, {"value": 1}, False)
    assert lab.task
    assert (lab.task.kind, lab.task.reason, lab.task.subject_id) == ("parked_state", reason, "1")
    assert lab.entity.record.external_id == reason


def test_should_leave_a_refused_object_alone_until_something_is_wanted_again() -> None:
    lab = wanting(value=1)
    lab.work(Plan("refused"))
    for _ in range(3):
        lab.work()
        assert (lab.passed, lab.reads, lab.puts) == ([], 1, [])


@pytest.mark.parametrize("value", [1, 2])
def test_should_go_on_when_something_is_wanted_of_a_refused_object(value: int) -> None:
    lab = wanting(value=1)
    lab.work(Plan("refused"))
    lab.want(value=value)
    assert isinstance(lab.work(), Done)
    assert (lab.state["value"], lab.row.parked, lab.row.refused) == (value, "", {})


def test_should_want_no_more_what_was_refused_but_keep_what_holds() -> None:
    lab = wanting(value=0, text="no")
    lab.work(Plan("refused"))
    assert (lab.row.wanted, lab.row.refused) == ({"value": 0}, {"text": "no"})
    lab.want(value=2)
    assert isinstance(lab.work(), Done)
    assert lab.state == {"value": 2, "text": ""}


def test_should_carry_out_again_what_somebody_insists_on() -> None:
    lab = wanting(value=1)
    lab.work()
    lab.puts.append((lab.now, len(lab.puts), {"value": 9, "text": ""}))
    lab.store.commit(Save(lab.row.wanting({"value": 1}, insist=True), lab.stored))
    assert isinstance(lab.work(), Done)
    assert lab.state["value"] == 1


def test_should_leave_the_object_alone_while_another_worker_holds_the_lease() -> None:
    lab = wanting(value=1)
    lab.work(Plan(at={4: "die"}))
    lab.clock.advance(TUNING.lease - 1)
    assert later(lab.work(), "in_progress").at == lab.row.lease_until
    assert lab.reads == 1


def test_should_count_the_settle_window_from_the_deadline_when_the_worker_died() -> None:
    lab = wanting(value=1)
    started = lab.now
    lab.work(Plan(at={4: "die"}))
    lab.clock.advance(TUNING.lease)
    at = later(lab.work(), "settling").at
    assert at == started + timedelta(seconds=lab.timeout + SETTLE)


# --- the row by itself -------------------------------------------------------------------------


def test_should_be_the_same_row_when_all_of_it_is_wanted_already() -> None:
    row = LedgerRow(id="any").wanting({"a": 1, "b": None})
    assert row.wanting({"a": 1}) is row
    assert row.wanting({"b": None}) is row
    assert row.wanting({"a": 1, "c": None}).revision == 2


def test_should_want_null_although_nothing_was_said_of_the_field() -> None:
    assert LedgerRow(id="any").wanting({"contact_id": None}).open


def test_should_follow_the_leading_system_without_an_effect() -> None:
    row = LedgerRow(id="any").wanting({"a": 1, "b": 2}).model_copy(update={"applied": 1})
    adopted = row.adopting({"a": 9, "b": 2, "c": 3})
    assert (adopted.wanted, adopted.revision, adopted.open) == ({"a": 9, "b": 2}, 1, False)
    assert adopted.adopting({"a": 9, "b": 2}) is adopted


def test_should_send_again_what_was_wanted_before_the_leading_system_changed_it() -> None:
    lab = wanting(value=1)
    lab.work()
    lab.puts.append((lab.now, len(lab.puts), {"value": 7, "text": ""}))
    lab.store.commit(Save(lab.row.adopting(lab.state), lab.stored))
    assert isinstance(lab.work(), Done)
    assert lab.state["value"] == 7
    lab.want(text="new")
    lab.work()
    assert lab.state == {"value": 7, "text": "new"}
    lab.want(value=1)
    lab.work()
    assert lab.state == {"value": 1, "text": "new"}


@pytest.mark.parametrize(("seconds", "recent"), [(0, True), (59.9, True), (60, False)])
def test_should_say_that_it_was_written_while_lists_may_lag(seconds: float, recent: bool) -> None:
    lab = wanting(value=1)
    assert not lab.row.recently_written(lab.now, 60.0)
    lab.work()
    lab.clock.advance(seconds)
    assert lab.row.recently_written(lab.now, 60.0) is recent


def test_should_pause_within_one_call_without_sending_after_the_deadline() -> None:
    lab = wanting(value=1)
    later(lab.work(Plan(at={3: Pause(lab.timeout)})), "unavailable")
    assert (lab.puts, lab.row.intent) == ([], False)
    assert isinstance(lab.work(), Done)


def test_should_send_nothing_when_there_is_no_time_left_from_the_start() -> None:
    lab = wanting(value=1)
    lab.timeout = 0.0
    later(lab.work(), "unavailable")
    assert (lab.reads, lab.puts) == (0, [])
