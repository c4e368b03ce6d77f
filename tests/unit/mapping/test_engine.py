"""The mapping engine: results in plain JSON, limits, and errors without values; by both engines."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from busbar.errors import Unmappable
from busbar.mapping import engine
from busbar.mapping.engine import UNDEFINED, Bindings
from busbar.mapping.limits import Guard, Limits, TooMuchError

Run = Callable[..., Any]
MISSING = object()


@pytest.fixture(params=["jlens", "jsonata-python"])
def run(request: pytest.FixtureRequest) -> Run:
    """Evaluates an expression; a test that takes it runs with each engine."""

    def evaluate(
        text: str, source: Any = MISSING, limits: Limits | None = None, **bindings: Any
    ) -> Any:
        given = {} if source is MISSING else source
        return engine.compile(text, request.param).run(given, limits, Bindings(**bindings))

    return evaluate


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
        ("absent", {}, UNDEFINED),
        ("n", {"n": 2**53}, 2**53),
        ("$$", {"a": (1, 2)}, {"a": [1, 2]}),
    ],
)
def test_should_give_the_value_that_json_would_hold(
    run: Run, text: str, source: dict[str, Any], value: Any
) -> None:
    result = run(text, source)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("absent", UNDEFINED),
        ("null", None),
        ("nothing", None),
        ("nothing.below", UNDEFINED),
        ("[absent, nothing]", [None]),
        ("$lookup($, 'nothing')", None),
        ("false ? 1", UNDEFINED),
        ("(nothing)", None),
        ("$f := function() { nothing }; $f()", None),
    ],
)
def test_should_tell_undefined_from_null(run: Run, text: str, value: Any) -> None:
    made = run(f"({text})", {"nothing": None})
    assert made == value
    assert (made is UNDEFINED) == (value is UNDEFINED)


@pytest.mark.parametrize("source", [None, 0, False, "", [], [None], "text", [1, 2]])
def test_should_take_any_json_for_a_source(run: Run, source: Any) -> None:
    assert run("{'is': $$}", {"a": 1}, root=source) == {"is": source}
    assert run("$type($)", source) == run("$type($$)", 1, root=source)


def test_should_have_one_undefined_that_is_false_and_stays_itself_when_copied() -> None:
    assert not UNDEFINED
    assert copy.deepcopy({"a": UNDEFINED})["a"] is UNDEFINED
    assert pickle.loads(pickle.dumps(UNDEFINED)) is UNDEFINED  # noqa: S301  our own bytes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("items.a", 1),
        ("items[0]", {"a": 1}),
        ("items.a[]", [1]),
        ("[items.a]", [1]),
        ("items", [{"a": 1}]),
        ("$map(items, function($i) { $i.a })", 1),
        ("items.[a]", [1]),
    ],
)
def test_should_unwrap_a_list_of_one_as_the_reference_does(run: Run, text: str, value: Any) -> None:
    assert run(text, {"items": [{"a": 1}]}) == value


def test_should_give_copies_so_that_the_source_stays_as_it_is(run: Run) -> None:
    source = {"a": {"b": [1, None]}}
    result = run("a", source)
    result["b"].append(2)
    assert source == {"a": {"b": [1, None]}}
    assert type(result["b"]) is list


@pytest.mark.parametrize("name", ["jlens", "jsonata-python"])
def test_should_evaluate_many_expressions_on_a_source_that_was_checked_once(name: Any) -> None:
    source = engine.source({"a": [1, 2], "b": None})
    programs = [engine.compile(text, name) for text in ("$sum(a)", "b", "c", "$")]
    assert [p.run(source) for p in programs] == [3, None, UNDEFINED, {"a": [1, 2], "b": None}]


def test_should_stay_usable_when_it_has_been_warm_for_longer_than_the_time_limit() -> None:
    program = engine.compile("a", "jsonata-python")
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


def test_should_not_lose_depth_over_many_lists(run: Run) -> None:
    assert run("$map([1..500], function($i) { [$i, 2, 3] })[499]") == [500, 2, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$a := 1; $a", "S0201 at position 8: this sign cannot stand here"),
        ("$trim(name", "S0203 at position 10: something is missing at its end"),
        ("-name", ": what is negated is no number"),
        ("$foo(1)", ": there is no such function"),
        ("$length(1)", ": an argument of the function is of the wrong type"),
        ('"a" < 1', ": both sides of the operator have to be of one type"),
        ("($f := function() { $f() }; $f())", ": it takes too long"),
        ("[1..100000]", ": it makes, or is given, too many"),
    ],
)
def test_should_say_in_words_what_fails(run: Run, text: str, said: str) -> None:
    with pytest.raises(Unmappable) as caught:
        run(text, {"name": "Jana"}, Limits(milliseconds=200))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("($f := function() { 1 + $f() }; $f())", "D1011"),
        ("($f := function() { $f() }; $f())", "D1012"),
        ('{"a": ', "S0203 at position 6"),
        ('$error("Jana Petersen")', "D3137"),
        ('"Jana" + 1', "T2001"),
        ("$sum", "result has no JSON type"),
        ("big", "number.big is above 2^53"),
        ("wrong", "number.wrong.?"),
        ("[1..100000]", "D2014"),
    ],
)
def test_should_name_code_and_place_but_no_value(run: Run, text: str, message: str) -> None:
    source: dict[str, Any] = {"name": "Jana"}
    if text == "big":
        source["big"] = 2**53 + 1
    if text == "wrong":
        source["wrong"] = {"jana@example.org": float("nan")}
    with pytest.raises(Unmappable) as caught:
        run(text, source, Limits(milliseconds=200))
    assert message in str(caught.value)
    assert caught.value.code
    assert "jana" not in str(caught.value).lower()


@pytest.mark.parametrize("bad", [{"a": {1: 2}}, {"a": object()}, {"a": {1, 2}}])
def test_should_refuse_a_source_that_is_no_json(run: Run, bad: dict[str, Any]) -> None:
    with pytest.raises(Unmappable):
        run("a", bad)


def test_should_refuse_an_integer_above_2_to_the_53_wherever_it_comes_in(run: Run) -> None:
    too_large = {"id": 2**53 + 1}
    for text, source, given in (
        ("a", {"b": too_large}, {}),
        ("$env.id", {}, {"env": too_large}),
        ("$$.id", {}, {"root": too_large}),
    ):
        with pytest.raises(Unmappable, match="above 2\\^53: an id has to be a string"):
            run(text, source, **given)


def test_should_refuse_a_source_that_nests_too_deep(run: Run) -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"a": deep}
    with pytest.raises(Unmappable, match="D2014: it makes, or is given, too many"):
        run("a", deep)


def test_should_refuse_an_expression_that_is_too_long() -> None:
    with pytest.raises(Unmappable, match="too long"):
        engine.compile("a" * 200_000)


def test_should_refuse_an_engine_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="no such engine"):
        engine.use("perl")


@pytest.mark.parametrize("name", ["jlens", "jsonata-python"])
def test_should_tell_the_time_of_the_run_and_not_of_the_last_compilation(name: Any) -> None:
    program = engine.compile("$millis()", name)
    first = program.run({})
    engine.compile("1", name)
    while program.run({}) == first:
        pass
    assert program.run({}) > first


def test_should_tell_which_paths_an_expression_reads() -> None:
    text = "a.b.c[d = 1].e & items.(f & $$.h) & $mapKey($env.s, `x y`)"
    reads = engine.compile(text, "jlens").reads()
    assert reads == ("a.b.c.d", "a.b.c.e", "items.f", "`x y`", "$$.h", "$env.s")
    assert engine.compile("$", "jlens").reads() == ("$",)
    assert engine.compile("1", "jlens").reads() == ()
    assert engine.compile(text, "jsonata-python").reads() == ()


@pytest.mark.parametrize("name", ["jlens", "jsonata-python"])
def test_should_import_one_engine_and_only_when_the_first_expression_is_compiled(name: str) -> None:
    check = (
        "import sys; import busbar.mapping.registry as r; from busbar.mapping import engine; "
        "engines = {'jlens', 'jsonata'}; assert not engines & set(sys.modules); "
        f"engine.use('{name}'); engine.compile('1'); "
        f"r.MappingRegistry(own={{('a', 'b'): '{{}}'}}, engine='{name}').run('a', 'b', {{}}); "
        f"assert engines & set(sys.modules) == {{'{name}'.split('-')[0]}}"
    )
    environment = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", check], env=environment, check=True)  # noqa: S603
