"""When a step is tried again."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.process.contract import backoff, content_hash
from busbar.settings.function import Tuning

TUNING = Tuning(retry_first=5.0, retry_most=300.0)


def seconds(seed: str, failures: int, tuning: Tuning = TUNING) -> float:
    return backoff(seed, failures, tuning).total_seconds()


@given(st.text(), st.integers(-5, 10**6))
def test_should_wait_within_bounds(seed: str, failures: int) -> None:
    most = min(300.0, 5.0 * 2 ** (min(max(failures, 1), 40) - 1))
    assert 2.5 <= seconds(seed, failures) <= most


@given(st.text(), st.integers(0, 100))
def test_should_wait_as_long_again_when_asked_again(seed: str, failures: int) -> None:
    assert seconds(seed, failures) == seconds(seed, failures)


@pytest.mark.parametrize("failures", [3, 7, 50])
def test_should_spread_different_objects_over_the_whole_span(failures: int) -> None:
    most = min(300.0, 5.0 * 2 ** (failures - 1))
    waits = [seconds(f"object-{n}", failures) for n in range(400)]
    assert statistics.mean(waits) == pytest.approx(most / 2, rel=0.15)
    assert max(waits) > 0.95 * most
    assert min(waits) < max(0.1 * most, 2.6)
    assert len(set(waits)) > 300


def test_should_spread_the_tries_of_one_object() -> None:
    assert len({seconds("object", n) for n in range(10, 60)}) == 50


def test_should_double_the_longest_wait_with_each_failure_until_the_cap() -> None:
    longest = [max(seconds(f"object-{n}", f) for n in range(300)) for f in range(1, 10)]
    caps = [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert all(0.9 * cap <= wait <= cap for wait, cap in zip(longest, caps, strict=True))


def test_should_never_wait_longer_than_the_cap_even_if_it_is_below_the_first_wait() -> None:
    assert seconds("any", 1, replace(TUNING, retry_first=10.0, retry_most=1.0)) <= 1.0


def test_should_tell_contents_apart_and_not_their_order() -> None:
    assert content_hash({"a": 1, "b": [1, 2]}) == content_hash({"b": [1, 2], "a": 1})
    others: list[dict[str, object]] = [
        {"a": 1},
        {"a": "1"},
        {"a": None},
        {"a": [1, 2]},
        {"a": [2, 1]},
        {"b": 1},
        {},
    ]
    assert len({content_hash(o) for o in others}) == len(others)
