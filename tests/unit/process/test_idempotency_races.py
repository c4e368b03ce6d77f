"""Requests with one key that meet, fail, die, or are refused: one effect, one entity."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.identifiers import encode
from busbar.errors import Problem
from busbar.process.idempotency import FinalAnswer
from tests.unit.process.desk import NO, TUNING, Desk, DiedError, raising


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- while it runs -----------------------------------------------------------------------------


@pytest.mark.parametrize(("passed", "after"), [(0.0, "30"), (10.5, "20"), (29.9, "1")])
def test_should_answer_409_while_the_first_request_is_at_work(
    desk: Desk, passed: float, after: str
) -> None:
    problems: list[Problem] = []

    def meanwhile() -> None:
        desk.clock.advance(passed)
        problems.append(desk.refused())

    desk.send(meanwhile)
    assert [(p.status, p.slug) for p in problems] == [(409, "request-still-running")]
    assert problems[0].headers == {"Retry-After": after}
    assert len(desk.made) == 1


def test_should_refuse_another_body_even_while_the_first_request_is_at_work(desk: Desk) -> None:
    problems: list[Problem] = []
    desk.send(lambda: problems.append(desk.refused(body={"other": 1})))
    assert problems[0].status == 422


def test_should_let_only_one_of_two_requests_claim_the_key(desk: Desk) -> None:
    inner, problems = desk.table.write, []

    def write(writes: Any) -> None:
        desk.table.write = inner  # type: ignore[method-assign]
        desk.send()
        inner(writes)

    desk.table.write = write  # type: ignore[method-assign]
    problems.append(desk.refused())
    assert (problems[0].status, len(desk.made)) == (409, 1)
    assert desk.send().replayed


# --- when the worker fails ---------------------------------------------------------------------


def test_should_go_on_with_the_same_entity_when_the_worker_died(desk: Desk) -> None:
    with pytest.raises(DiedError):
        desk.send(raising(DiedError()))
    assert desk.refused().status == 409
    desk.clock.advance(TUNING.idempotency_lease)
    desk.send()
    assert desk.made == [encode(1)]


def test_should_go_on_at_once_with_the_same_entity_when_the_work_failed(desk: Desk) -> None:
    with pytest.raises(RuntimeError):
        desk.send(raising(RuntimeError("any")))
    (item,) = desk.table.items.values()
    assert item["version"] == 2
    answer = desk.send()
    assert (answer.replayed, desk.made) == (False, [encode(1)])


def test_should_give_the_key_back_when_the_request_is_refused(desk: Desk) -> None:
    assert desk.refused(raising(NO)) is NO
    assert desk.records() == 0
    assert not desk.send(body={"quantity": 1}).replayed


def test_should_not_give_back_the_claim_of_somebody_else(desk: Desk) -> None:
    def slow() -> None:
        desk.clock.advance(TUNING.idempotency_lease)
        desk.send()
        raise NO

    assert desk.refused(slow) is NO
    assert desk.send().replayed
    assert len(desk.made) == 1


def test_should_keep_the_entity_when_a_repeat_of_a_failed_request_is_refused(desk: Desk) -> None:
    """The first worker may have made something of it: another id would make a second one."""
    with pytest.raises(RuntimeError):
        desk.send(raising(RuntimeError("any")))
    assert desk.refused(raising(NO)) is NO
    desk.send()
    assert desk.made == [encode(1)]


def test_should_make_one_entity_when_a_slow_worker_ends_after_its_repeat_was_refused(
    desk: Desk,
) -> None:
    def slow() -> None:
        desk.clock.advance(TUNING.idempotency_lease)
        desk.refused(raising(NO))
        desk.send()

    desk.send(slow)
    assert len(set(desk.made)) == 1
    assert desk.send().body == f'{{"id":"{desk.made[0]}","ö":1}}'


def test_should_not_end_the_lease_of_somebody_else(desk: Desk) -> None:
    def taken_over() -> None:
        desk.clock.advance(TUNING.idempotency_lease)
        desk.send(lambda: desk.made.append("second at work"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        desk.send(taken_over)
    assert desk.send().replayed


def test_should_answer_what_counts_when_another_worker_was_faster(desk: Desk) -> None:
    answers: list[FinalAnswer] = []

    def slow() -> None:
        desk.clock.advance(TUNING.idempotency_lease)
        answers.append(desk.send())

    late = desk.send(slow)
    assert late.replayed
    assert late.body == answers[0].body
    assert len(set(desk.made)) == 1


def test_should_answer_409_when_another_worker_has_taken_over_and_is_not_done(desk: Desk) -> None:
    outcomes: list[int] = []

    def second() -> None:
        outcomes.append(1)

    def slow() -> None:
        desk.clock.advance(TUNING.idempotency_lease)
        with pytest.raises(DiedError):
            desk.send(raising(DiedError()))

    problem = desk.refused(slow)
    assert (problem.status, problem.headers) == (409, {"Retry-After": "30"})
    desk.clock.advance(TUNING.idempotency_lease)
    desk.send(second)
    assert len(set(desk.made)) == 1
