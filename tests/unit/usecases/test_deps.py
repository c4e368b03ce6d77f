"""Work that meets others is done anew until it is written, for as long as its caller waits."""

from __future__ import annotations

import pytest

from busbar.errors import Conflict, Problem
from busbar.usecases.deps import LINES_CONTEST, LONGEST_CONTEST, LONGEST_PAUSE, until_written
from busbar.usecases.imports import LONGEST_IMPORT
from infra.catalog import use_case
from tests.doubles.clock import ManualClock


class Work:
    """Work that others spoil so many times."""

    def __init__(self, spoilt: int, error: Exception | None = None) -> None:
        self.spoilt = spoilt
        self.error = error or Conflict("any")
        self.done = 0

    def __call__(self) -> str:
        self.done += 1
        if self.done <= self.spoilt:
            raise self.error
        return "done"


def test_should_begin_anew_where_somebody_else_wrote_first() -> None:
    work = Work(spoilt=2)
    assert until_written(work, ManualClock()) == "done"
    assert work.done == 3


def test_should_not_try_again_what_is_refused() -> None:
    work = Work(1, Problem(409, "company-has-users", "any"))
    with pytest.raises(Problem, match="409"):
        until_written(work, ManualClock())
    assert work.done == 1


def test_should_make_way_longer_and_longer_and_give_up_in_time() -> None:
    clock, work = ManualClock(), Work(spoilt=10_000)
    began = clock.now()
    with pytest.raises(Conflict):
        until_written(work, clock)
    waited = (clock.now() - began).total_seconds()
    assert LONGEST_CONTEST <= waited <= LONGEST_CONTEST + LONGEST_PAUSE
    assert work.done < 30


def test_should_let_changes_and_lines_contend_within_the_time_limit_of_their_function() -> None:
    longest = max(LONGEST_IMPORT + LINES_CONTEST, LONGEST_CONTEST) + LONGEST_PAUSE
    for name in ("companies", "users", "vehicles"):
        assert longest < use_case(name).timeout_seconds
