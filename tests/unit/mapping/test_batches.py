"""Expressions that are evaluated together: each gives what it gives by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.errors import Unmappable
from busbar.mapping import engine
from busbar.mapping.batches import batch_of
from busbar.mapping.configuration import parse
from busbar.mapping.inbound import Context, map_event
from tests.bench.inbound_event import CONFIGURATION, EVENT, FORMULAS

SOURCE: dict[str, Any] = {
    "a": 1,
    "b": "text",
    "nothing": None,
    "empty": "",
    "list": [1, 2, 3],
    "one": [{"x": 1}],
    "none": [],
    "lines": [{"n": 2, "t": "x"}, {"n": 1, "t": "y"}, {"n": 2, "t": "z"}],
    "deep": {"er": {"x": [{"y": 1}, {"y": 2}]}},
    "$odd name": 1,
}
EXPRESSIONS = [
    *("a", "b", "nothing", "empty", "absent", "none", "list", "one", "one.x", "one.x[]", "null"),
    *("$", "$$", "*", "**.y", "deep.er.x.y", "deep.*.x", "`$odd name`", "$keys($)", "$count($)"),
    *("a + 1", "-a", "a & b", "a = 1", "a in list", "a = 1 ? b", "a = 2 ? b", "a and b"),
    *("[a]", "[a, b]", "[]", "{}", "{'k': a}", "{'k': absent}", "[1..3]", "[absent]", "[[1]]"),
    *("lines.n", "lines[n = 2].t", "lines[n = 1].t", "lines[n = 9]", "lines[0]", "lines[-1].t"),
    *("lines^(n).t", "lines^(>n, t).t", "lines{t: n}", "lines{$string(n): t}", "lines.{'q': n}"),
    *("lines.%.a", "lines@$l.$l.n", "lines#$i.($i & t)", "lines.n[]", "$sum(lines.n)"),
    *("$x := a; $x", "($x := a; $x + 1)", "($x := 5)", "$x", "$lines := lines; $lines.n"),
    *("function($n) { $n }", "$sum", "[$sum]", "{'f': $sum}", "λ($n) { $n }(3)"),
    *("$map(list, function($v) { $v * 2 })", "$filter(list, function($v) { $v > 1 })"),
    *("$reduce(list, function($p, $q) { $p + $q })", "list ~> $sum()", "list[$ > 1] ~> $join"),
    *("$match(b, /t(e)/).groups", "$replace(b, /x/, '/* no comment */')", "/te/", "b ~> /te/"),
    *("a /* comment */", "/* comment */ a", "a /* : ( { */", "b & '\"' & \"'\" & '}'"),
    *("$merge([{'a': 1}, {'b': 2}])", "$lookup($, 'b')", "$each(deep, function($v, $k) { $k })"),
    *("$sort(lines, function($l, $r) { $l.n > $r.n }).t", "$distinct(lines.n)", "$string(deep)"),
    *("$ ~> |deep|{'new': 1}|", "$exists(absent)", "$type(nothing)", "$boolean(none)"),
    *("absent ?: 'x'", "nothing ?? 'x'", "$number('abc')", "$error('no')", "-b", "b + 1"),
    *("$formatNumber(1234.5, '#,##0.00')", "$fromMillis(0)", "$toMillis('x')", "1e400", "1/0"),
]


def is_expression(text: str) -> bool:
    try:
        engine.compile(text)
    except Unmappable:
        return False
    return True


VALID = [text for text in EXPRESSIONS if is_expression(text)]


def alone(text: str, source: Any) -> Any:
    """The attribute by itself; a function is as nothing. Raises if it fails."""
    fields = [{"attribute": "id", "constant": "1"}, {"attribute": "v", "jsonataExpression": text}]
    return mapped(fields, source)


def mapped(fields: list[dict[str, Any]], source: Any) -> Any:
    configuration = parse(
        {"entities": [{"entity_schema": "s", "unique_ids": ["id"], "fields": fields}]}
    )
    made = map_event(configuration, source)
    return made.entity_updates[0].attributes if made.entity_updates else made.faults


def field(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {"attribute": f"v{number}", "jsonataExpression": text, **more}


ID = {"attribute": "id", "constant": "1"}


@pytest.mark.parametrize("text", VALID)
@pytest.mark.parametrize("source", [SOURCE, {}, {"a": [1], "lines": {"n": 1}}])
def test_should_give_in_company_what_it_gives_alone(text: str, source: Any) -> None:
    by_itself = alone(text, source)
    pair = mapped([ID, field(0, text), field(1, "'other'")], source)
    if isinstance(by_itself, tuple):
        if by_itself[0].message == "result has no JSON type":
            assert pair == {"id": "1", "v1": "other"}
        else:
            assert [(f.code, f.message) for f in pair] == [(f.code, f.message) for f in by_itself]
        return
    expected = {"v0": by_itself["v"]} if "v" in by_itself else {}
    assert pair == {"id": "1", **expected, "v1": "other"}


def test_should_have_something_to_compare() -> None:
    assert len(VALID) > 90
    assert batch_of(parse(CONFIGURATION).entities[0].fields) is not None


def test_should_give_the_same_for_all_sound_expressions_together() -> None:
    expected: dict[str, Any] = {"id": "1"}
    fields = [ID]
    for number, text in enumerate(VALID):
        found = alone(text, SOURCE)
        if isinstance(found, dict):
            fields.append(field(number, text))
            if "v" in found:
                expected[f"v{number}"] = found["v"]
    assert mapped(fields, SOURCE) == expected


@given(
    st.lists(
        st.tuples(st.sampled_from(VALID), st.sampled_from([None, "a", "absent", "b = 'x'", "-b"])),
        max_size=5,
    ),
    st.sampled_from([SOURCE, {"a": 2, "b": "x"}]),
)
def test_should_give_the_same_for_any_company(chosen: list[tuple[str, Any]], source: Any) -> None:
    fields = [field(n, text, enabled=enabled) for n, (text, enabled) in enumerate(chosen)]
    apart = [mapped([ID, each], source) for each in fields]
    if any(isinstance(each, tuple) for each in apart):
        return
    together = mapped([ID, *fields], source)
    assert together == {"id": "1"} | {name: value for each in apart for name, value in each.items()}


def test_should_fall_back_to_each_by_itself_for_items_that_are_no_objects() -> None:
    fields = [
        {"attribute": "id", "jsonataExpression": "$string($)"},
        {"attribute": "twice", "jsonataExpression": "$ * 2"},
    ]
    entity = {
        "entity_schema": "s",
        "unique_ids": ["id"],
        "jsonataExpression": "list",
        "fields": fields,
    }
    made = map_event(parse({"entities": [entity]}), SOURCE)
    assert [update.attributes for update in made.entity_updates] == [
        {"id": "1", "twice": 2},
        {"id": "2", "twice": 4},
        {"id": "3", "twice": 6},
    ]


def test_should_find_variables_and_the_whole_payload_in_company() -> None:
    fields = [
        {"attribute": "id", "jsonataExpression": "t"},
        {"attribute": "of", "jsonataExpression": "$$.b & $env.x & $mapValue($env.m, 'k')"},
    ]
    entity = {
        "entity_schema": "s",
        "unique_ids": ["id"],
        "jsonataExpression": "lines",
        "fields": fields,
    }
    context = Context(env={"x": "!", "m": {"k": "v"}})
    made = map_event(parse({"entities": [entity]}), SOURCE, context)
    assert [update.attributes["of"] for update in made.entity_updates] == ["text!v"] * 3


def test_should_map_the_event_of_the_benchmark_as_each_expression_does() -> None:
    (update,) = map_event(parse(CONFIGURATION), EVENT).entity_updates
    source = engine.source(EVENT)
    for name, text in FORMULAS.items():
        assert update.attributes[name] == engine.compile(text).run(source), name


def test_should_not_join_more_than_an_expression_may_have() -> None:
    fields = [ID, *(field(n, f"'{'x' * 9_000}'") for n in range(12))]
    configuration = parse(
        {"entities": [{"entity_schema": "s", "unique_ids": ["id"], "fields": fields}]}
    )
    assert configuration.entities[0].batch is None
    assert len(map_event(configuration, {}).entity_updates[0].attributes) == 13
