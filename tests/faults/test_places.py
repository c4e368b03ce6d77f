"""Runs over a large fleet, as the mutants of their guards are looked at."""

from __future__ import annotations

from tests.faults.places import wrong


def test_should_find_nothing_wrong_with_runs_that_keep_their_place() -> None:
    assert list(wrong()) == []
