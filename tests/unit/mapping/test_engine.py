"""The mapping engine: results in plain JSON, limits, and errors without values."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from busbar.errors import Unmappable
from busbar.mapping import engine
from busbar.mapping.limits import Guard, Limits, TooMuchError


def run(text: str, source: dict[str, Any] | None = None, limits: Limits | None = None) -> Any:
    return engine.compile(text).run(source or {}, limits)


@pytest.mark.parametrize(
    ("text", "source", "value"),
    [
        ('"BP-" & n', {"n": 5890840712243076}, "BP-5890840712243076"),
        ("$string(n)", {"n": 5890840712243076}, "5890840712243076"),
        ('"" & 1.5 & true & absent', {}, "1.5true"),
        ('{"a": a, "b": b}', {"a": None}, {"a": None}),
        ("$exists(a)", {"a": None}, True),
        ("items.(a)", {"items": [{"a": 1}, {"a": 2}]}, [1, 2]),
        ("items[a = 1].a", {"items": [{"a": 1}, {"a": 2}]}, 1),
        ("[1..3]", {}, [1, 2, 3]),
        ("[1, [2]]", {}, [1, [2]]),
        ('$number("32.4500")', {}, 32.45),
        ('$number("5.00")', {}, 5),
        ("absent", {}, None),
        ("n", {"n": 2**53}, 2**53),
        ("$$", {"a": (1, 2)}, {"a": [1, 2]}),
    ],
)
def test_should_give_the_value_that_json_would_hold(
    text: str, source: dict[str, Any], value: Any
) -> None:
    result = run(text, source)
    assert result == value
    assert type(result) is type(value)


def test_should_give_copies_so_that_the_source_stays_as_it_is() -> None:
    source = {"a": {"b": [1, None]}}
    result = run("a", source)
    result["b"].append(2)
    assert source == {"a": {"b": [1, None]}}
    assert type(result["b"]) is list


def test_should_stay_usable_when_it_has_been_warm_for_longer_than_the_time_limit() -> None:
    program = engine.compile("a")
    moments = iter([100.0, 100.5, 900.0, 900.5])
    for _ in range(2):
        guard = Guard(Limits(milliseconds=1000), lambda: next(moments))
        guard.enter()
        guard.leave()
    assert program.run({"a": 1}) == program.run({"a": 1}) == 1


def test_should_stop_an_evaluation_that_takes_too_long() -> None:
    moments = iter([0.0, 0.9, 1.1])
    guard = Guard(Limits(milliseconds=1000), lambda: next(moments))
    guard.enter()
    with pytest.raises(TooMuchError, match="D1012"):
        guard.enter()


def test_should_not_lose_depth_over_many_lists() -> None:
    assert run("$map([1..500], function($i) { [$i, 2, 3] })[499]") == [500, 2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("($f := function() { 1 + $f() }; $f())", "D1011"),
        ("($f := function() { $f() }; $f())", "D1012"),
        ('{"a": ', "S0203 at position 6"),
        ('$error("Jana Petersen")', "D3137"),
        ('"Jana" + 1', "T2001"),
        ('$number("Jana")', "ValueError"),
        ("1 / 0", "ZeroDivisionError"),
        ("$sum", "no JSON type"),
        ("big", "number.big is above 2^53"),
        ("wrong", "number.wrong.?"),
        ("[1..100000]", "D2014"),
    ],
)
def test_should_name_code_and_place_but_no_value(text: str, message: str) -> None:
    source: dict[str, Any] = {"name": "Jana"}
    if text == "big":
        source["big"] = 2**53 + 1
    if text == "wrong":
        source["wrong"] = {"jana@example.org": float("nan")}
    with pytest.raises(Unmappable) as caught:
        run(text, source, Limits(milliseconds=200))
    assert message in str(caught.value)
    assert "Jana" not in str(caught.value)
    assert "jana" not in str(caught.value)


@pytest.mark.parametrize("bad", [{"a": {1: 2}}, {"a": object()}, {"a": {1, 2}}])
def test_should_refuse_a_source_that_is_no_json(bad: dict[str, Any]) -> None:
    with pytest.raises(Unmappable):
        run("a", bad)


def test_should_refuse_a_source_that_nests_too_deep() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"a": deep}
    with pytest.raises(Unmappable, match="D2014"):
        run("a", deep)


def test_should_refuse_an_expression_that_is_too_long() -> None:
    with pytest.raises(Unmappable, match="too long"):
        engine.compile("a" * 200_000)


def test_should_tell_the_time_of_the_run_and_not_of_the_last_compilation() -> None:
    program = engine.compile("$millis()")
    first = program.run({})
    engine.compile("1")
    while program.run({}) == first:
        pass
    assert program.run({}) > first


def test_should_import_the_engine_only_when_the_first_expression_is_compiled() -> None:
    check = (
        "import sys; import busbar.mapping.registry as r; assert 'jsonata' not in sys.modules; "
        "r.MappingRegistry(own={('a', 'b'): '{}'}).run('a', 'b', {}); "
        "assert 'jsonata' in sys.modules"
    )
    environment = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", check], env=environment, check=True)  # noqa: S603
