"""A change without an ETag goes on where somebody was faster; one with an ETag is told so."""

from __future__ import annotations

import pytest

from busbar.errors import Conflict, Problem
from busbar.usecases.changes import stale, unless_seen


class Work:
    """Work that others spoil so many times."""

    def __init__(self, spoilt: int, problem: Problem | None = None) -> None:
        self.spoilt = spoilt
        self.problem = problem or stale("user")
        self.done = 0

    def __call__(self) -> str:
        self.done += 1
        if self.done <= self.spoilt:
            raise self.problem
        return "done"


def test_should_begin_anew_where_the_caller_named_no_version() -> None:
    work = Work(spoilt=2)
    assert unless_seen(None, work) == "done"
    assert work.done == 3


def test_should_tell_a_caller_who_named_one() -> None:
    work = Work(spoilt=1)
    with pytest.raises(Problem, match="412 user-changed"):
        unless_seen(7, work)
    assert work.done == 1


def test_should_not_try_again_what_is_refused() -> None:
    work = Work(1, Problem(409, "company-has-users", "any"))
    with pytest.raises(Problem, match="409"):
        unless_seen(None, work)
    assert work.done == 1


def test_should_give_up_where_others_are_faster_every_time() -> None:
    with pytest.raises(Conflict):
        unless_seen(None, Work(spoilt=100))
