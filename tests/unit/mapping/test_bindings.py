"""What an expression finds beside its source: `$env`, the helpers for maps, and `$$`."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.errors import Unmappable
from busbar.mapping import engine
from busbar.mapping.engine import UNDEFINED, Bindings

ENGINES: list[engine.Engine] = ["jlens", "jsonata-python"]
SALUTATION = {"Mr.": "1", "Mr": "1", "Ms. / Mrs.": "2", "None": None, "Number": 3}
ENV = {"salutation": SALUTATION, "erp.country": {"D": "DE"}, "erp.system": "S4", "system": "P01"}


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$env.system & $env.erp.system", "P01S4"),
        ("$env.nothing", UNDEFINED),
        ('$mapValue($env.salutation, "Mr.")', "1"),
        ('$mapValue($env.erp.country, "D")', "DE"),
        ('$mapValue($env.salutation, "Dr.")', UNDEFINED),
        ('$mapValue($env.salutation, "Dr.", "!")', "!"),
        ('$mapValue($env.salutation, "Dr.", null)', None),
        ('$mapValue($env.salutation, "None", "!")', None),
        ("$mapValue($env.salutation, absent)", UNDEFINED),
        ('$mapValue($env.salutation, absent, "!")', "!"),
        ('$mapValue({"1": "one"}, 1)', "one"),
        ('$mapKey($env.salutation, "1")', "Mr."),
        ('$mapKey($env.salutation, "2")', "Ms. / Mrs."),
        ("$mapKey($env.salutation, 1)", UNDEFINED),
        ("$mapKey($env.salutation, 3)", "Number"),
        ('$mapKey($env.salutation, "3", "?")', "?"),
        ("$mapKey($env.salutation, null)", "None"),
        ("$mapKey($env.salutation, absent)", UNDEFINED),
        ('$mapKey({}, "1")', UNDEFINED),
        ('{"a": $mapKey($env.salutation, "9")}', {}),
        ('$mapKey($env.salutation, "1") /* the first */', "Mr."),
    ],
)
def test_should_look_up_in_the_maps_of_the_environment(name: Any, text: str, value: Any) -> None:
    made = engine.compile(text, name).run({}, bindings=Bindings(ENV))
    assert made == value
    assert (made is UNDEFINED) == (value is UNDEFINED)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("helper", ["$mapValue", "$mapKey"])
@pytest.mark.parametrize("no_map", ["$env.missing", '"text"', "[1, 2]", "null", "1"])
def test_should_refuse_to_look_up_in_what_is_no_map(name: Any, helper: str, no_map: str) -> None:
    program = engine.compile(f"{helper}({no_map}, 1)", name)
    with pytest.raises(Unmappable, match=f"\\{helper}: first argument must be an object"):
        program.run({}, bindings=Bindings(ENV))


def test_should_count_positions_in_the_expression_and_not_in_what_the_helpers_are_made_of() -> None:
    with pytest.raises(Unmappable, match="S0203 at position 16"):
        engine.compile("$mapKey($env.s,{")
    with pytest.raises(Unmappable, match="T2001 at position 20"):
        engine.compile('$mapKey({"a":1},1) + 1').run({}, bindings=Bindings({"s": {}}))


@pytest.mark.parametrize(
    ("env", "nested"),
    [
        ({"a.b.c": 1, "a.b": {"d": 2}}, {"a": {"b": {"d": 2, "c": 1}}}),
        ({"a": "text", "a.b": 1}, {"a": "text"}),
        ({}, {}),
    ],
)
def test_should_nest_the_environment_by_the_dots_of_its_keys(
    env: dict[str, Any], nested: dict[str, Any]
) -> None:
    before = repr(env)
    assert Bindings(env).nested == nested
    assert repr(env) == before


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$$.number & '-' & item", "P1-7"),
        ("'$$' & \"$$\" & item", "$$$$7"),
        ("parts.($$.number & $)", ["P1a", "P1b"]),
        ("parts[$ = $$.wanted]", "b"),
        ("$map(parts, function($p) { $p & $$.wanted })", ["ab", "bb"]),
        ("item /* $$ */", 7),
        ("$match(path, /a$$/)", UNDEFINED),
        ("`$$`", "odd"),
        ("item/$$.two/$$.two", 1.75),
        ("$count($keys($$))", 3),
    ],
)
def test_should_take_the_payload_for_the_root_where_the_source_is_one_item_of_it(
    name: Any, text: str, value: Any
) -> None:
    payload = {"number": "P1", "wanted": "b", "two": 2}
    item = {"item": 7, "parts": ["a", "b"], "path": "a$$.number", "$$": "odd"}
    assert engine.compile(text, name).run(item, bindings=Bindings(root=payload)) == value


@pytest.mark.parametrize("name", ENGINES)
def test_should_take_the_source_for_the_root_where_there_is_no_other(name: Any) -> None:
    program = engine.compile("items.($$.a & b)", name)
    assert program.run({"a": 1, "items": [{"b": 2}]}) == "12"
    bindings = Bindings(root=engine.source({"a": 3}))
    assert program.run({"a": 1, "items": [{"b": 2}]}, bindings=bindings) == "32"
    assert program.run({"a": 1, "items": [{"b": 2}]}) == "12"
