"""What an event about an ended execution tells, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.errors import EventRejected
from busbar.process.executions import DETAIL_TYPE, Ended, read_ended

INPUT = {"v": 1, "org": "demo", "order_id": "0RDER00000001", "way": "forward"}


def any_event(**detail: Any) -> dict[str, Any]:
    """An event as EventBridge puts it on a queue."""
    usual = {
        "executionArn": "arn:aws:states:eu-central-1:111122223333:execution:any:0RDER00000001-1",
        "name": "0RDER00000001-1",
        "status": "FAILED",
        "input": json.dumps(INPUT),
        "output": None,
        "error": "States.Runtime",
        "cause": "any",
    }
    return {"source": "aws.states", "detail-type": DETAIL_TYPE, "detail": {**usual, **detail}}


def test_should_tell_whose_execution_it_was_and_how_it_ended() -> None:
    assert read_ended(any_event()) == Ended(
        org="demo",
        order_id="0RDER00000001",
        way="forward",
        execution="0RDER00000001-1",
        status="FAILED",
        error="States.Runtime",
    )


@pytest.mark.parametrize("status", ["TIMED_OUT", "ABORTED"])
def test_should_read_an_end_without_an_error(status: str) -> None:
    for event in (any_event(status=status, error=None), any_event(status=status)):
        del event["detail"]["cause"]
        ended = read_ended(event)
        assert ended
        assert ended.status == status


@pytest.mark.parametrize(
    ("error", "ours"),
    [("Parked", True), ("Rejected", True), ("States.Timeout", False), (None, False)],
)
def test_should_know_whether_we_have_ended_it_ourselves(error: str | None, *, ours: bool) -> None:
    ended = read_ended(any_event(error=error))

    assert ended
    assert ended.by_our_answer is ours


@pytest.mark.parametrize("message", [{"v": 1, "task_token": "t"}, {}, [], "text", None])
def test_should_pass_over_what_tells_of_no_end(message: object) -> None:
    assert read_ended(message) is None


@pytest.mark.parametrize(
    "detail",
    [
        {"input": "{}"},
        {"input": "no JSON"},
        {"input": None},
        {"input": "[]"},
        {"input": json.dumps({**INPUT, "org": 3})},
        {"status": "RUNNING"},
        {"name": None},
    ],
)
def test_should_refuse_an_execution_that_we_have_not_started(detail: dict[str, Any]) -> None:
    with pytest.raises(EventRejected, match="unknown_execution"):
        read_ended(any_event(**detail))


def test_should_refuse_an_event_without_a_detail() -> None:
    with pytest.raises(EventRejected):
        read_ended({"detail-type": DETAIL_TYPE})
