"""Configurations that mean harm, when they are saved and when they are used: each ends in time and
with a code, and the next one is looked at and used as if it had not been."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from busbar.mapping.child import SECONDS, Child
from busbar.mapping.sources import Context
from busbar.usecases.event_mapping import TARGET, EventMapper

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")

SLACK = 5.0
"""Seconds that a busy machine may add, killing included."""


def entity(*fields: Any, **more: Any) -> dict[str, Any]:
    """A configuration of one entity with these fields."""
    number = {"attribute": "number", "constant": "1"}
    of = {"entity_schema": "contact", "unique_ids": ["number"], "fields": [number, *fields]}
    return {"entities": [{**of, **more}]}


def formula(text: str, number: int = 0) -> dict[str, str]:
    """A field that is made by an expression."""
    return {"attribute": f"a{number}", "jsonataExpression": text}


def deep(levels: int) -> Any:
    """A payload of so many levels."""
    made: Any = [1]
    for _ in range(levels):
        made = {"a": made}
    return made


SAVED = {
    "comments without an end": entity(formula("/*a" * 33_000)),
    "thousands of long expressions": entity(*[formula("a" + ".a" * 300, n) for n in range(10_000)]),
    "thousands of faults": entity(*[{"x": 1}] * 50_000),
}
"""What is refused already when it is saved."""
USED: dict[str, tuple[dict[str, Any], Any]] = {
    "path that multiplies": (
        entity({"attribute": "a", "field": "$" + "..*" * 10}),
        deep(50),
    ),
    "path that unites": (entity({"attribute": "a", "field": "$" + "[*,*]" * 40}), deep(45)),
    "items times fields": (
        entity(
            *[formula("$string($) & $$.a", n) for n in range(100)], jsonataExpression="[1..9999]"
        ),
        {},
    ),
    "too many items": (entity(jsonataExpression="[1..10001]"), {}),
    "condition that backtracks": (entity(enabled=f'$match("{"a" * 40}b", /^(a+)+$/)'), {}),
    "objects that nobody could hold": (
        entity(formula("$map([1..100], function($i) { {} })"), jsonataExpression="[1..9999]"),
        {},
    ),
    "text that nobody could hold": (
        entity({"attribute": "a", "constant": "x" * 100_000}, jsonataExpression="[1..9999]"),
        {},
    ),
    "table that ends never": (
        entity(formula("($f := function() { $f() }; $mapValue({}, 1, $f()))")),
        {},
    ),
}
"""What is found out only when it is used."""
NAMED = {"TIMEOUT", "MAPPING_EXPRESSION_FAILED", "INVALID_MAPPING"}


@pytest.fixture(scope="module")
def mapper() -> Iterator[EventMapper]:
    with closing(Child(TARGET)) as child:
        yield EventMapper(child)


def use(mapper: EventMapper, configuration: dict[str, Any], payload: Any) -> set[str]:
    """The codes of what goes wrong with an event."""
    mapped = mapper.try_out(configuration, payload, "json", Context(explain=True))
    return {fault.code for fault in mapped.faults}


@pytest.mark.parametrize("kind", SAVED)
def test_should_refuse_it_in_time_when_it_is_saved(mapper: EventMapper, kind: str) -> None:
    assert mapper.check(entity(), {}).faults == ()
    began = time.monotonic()
    seen = mapper.check(SAVED[kind], {})
    assert time.monotonic() - began < SECONDS + SLACK
    assert seen.faults
    assert {fault.code for fault in seen.faults} <= NAMED
    assert mapper.check(entity(), {}).faults == ()


@pytest.mark.parametrize("kind", USED)
def test_should_end_it_in_time_when_it_is_used(mapper: EventMapper, kind: str) -> None:
    configuration, payload = USED[kind]
    assert mapper.check(configuration, {}).faults == ()
    assert use(mapper, entity(), {}) == set()
    began = time.monotonic()
    codes = use(mapper, configuration, payload)
    assert time.monotonic() - began < SECONDS + SLACK
    assert codes
    assert codes <= NAMED
    assert use(mapper, entity(), {}) == set()
