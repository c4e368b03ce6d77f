"""JSONPath as the `field` of a mapping uses it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.mapping import jsonpath
from busbar.mapping.undefined import UNDEFINED

EVENT: dict[str, Any] = {
    "id": "42",
    "nothing": None,
    "zero": 0,
    "address": {"street": "Ringstr.", "geo": {"lat": 50.1}, "a b": 1, "a.b": 2},
    "lines": [
        {"price": 5, "type": "main", "tags": ["x", "y"]},
        {"price": 7, "type": "side", "old": False},
        {"type": "main", "price": "9", "old": True},
    ],
    "nested": [[1, 2], [3]],
    "Straße": "ß",
    "x-y_z": 1,
}


def read(path: str, value: Any = EVENT) -> Any:
    return jsonpath.compile(path).read(value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.id", "42"),
        ("$.nothing", None),
        ("$.zero", 0),
        ("$.address.street", "Ringstr."),
        ("$.address.geo.lat", 50.1),
        ("$['address']['a b']", 1),
        ('$["address"]["a.b"]', 2),
        ("$.address['a.b']", 2),
        ("$.lines[0].price", 5),
        ("$.lines[-1].price", "9"),
        ("$.lines[ 1 ].type", "side"),
        ("$.lines[0].tags[1]", "y"),
        ("$.nested[0][1]", 2),
        ("$.Straße", "ß"),
        ("$.x-y_z", 1),
    ],
)
def test_should_give_the_value_at_a_path_that_leads_to_one_place(path: str, value: Any) -> None:
    assert read(path) == value


@pytest.mark.parametrize(
    "path",
    [
        "$.absent",
        "$.absent.deeper",
        "$.id.length",
        "$.nothing.more",
        "$.lines.price",
        "$.lines[3]",
        "$.lines[-4]",
        "$.address[0]",
        "$.id[0]",
        "$.lines[*].absent",
        "$..absent",
        "$.lines[?(@.price > 100)]",
        "$.lines[5:]",
        "$.address.*.absent",
    ],
)
def test_should_give_undefined_where_there_is_nothing(path: str) -> None:
    assert read(path) is UNDEFINED


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.lines[*].price", [5, 7, "9"]),
        ("$.lines.*.type", ["main", "side", "main"]),
        ("$.lines[0,2].type", ["main", "main"]),
        ("$.lines[0:2].price", [5, 7]),
        ("$.lines[1:].price", [7, "9"]),
        ("$.lines[::2].price", [5, "9"]),
        ("$.lines[-2:].price", [7, "9"]),
        ("$..price", [5, 7, "9"]),
        ("$..['street']", ["Ringstr."]),
        ("$.nested[*][*]", [1, 2, 3]),
        ("$.address['street','a b']", ["Ringstr.", 1]),
        ("$.lines[?(@.type == 'main')].price", [5, "9"]),
        ("$.lines[?(@.type=='main')].price", [5, "9"]),
        ("$.lines[?@.type == 'main'].price", [5, "9"]),
        ("$.lines[?(@.type === 'main' && @.price < 6)].price", [5]),
        ("$.lines[?(@.type != 'main')].price", [7]),
        ("$.lines[?(@.price >= 5)].price", [5, 7]),
        ("$.lines[?(@.price < 6 || @.price > 6)].price", [5, 7]),
        ("$.lines[?(@.old)].price", ["9"]),
        ("$.lines[?(!@.old)].price", [5, 7]),
        ("$.lines[?(@.tags)].price", [5]),
        ("$.lines[?(@.tags[0] == 'x')].price", [5]),
        ("$.lines[?(@['type'] == 'side')].price", [7]),
        ("$.lines[?((@.price == 5 || @.price == 7) && !(@.type == 'main'))].price", [7]),
        ("$.lines[?(@.old == false)].price", [7]),
        ("$.nested[0][?(@ > 1)]", [2]),
        ("$.lines[?(@.old == null)].price", UNDEFINED),
    ],
)
def test_should_give_a_list_where_a_path_may_lead_to_several_places(path: str, value: Any) -> None:
    found = read(path)
    assert found == value or (found is value)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "id",
        "$id",
        "$.",
        "$..",
        "$[",
        "$[]",
        "$['a",
        "$.a[1",
        "$.a[x]",
        "$.a[?]",
        "$.a[?(@.b == )]",
        "$.a[?(@.b == 'x']",
        "$.a[?(@.b == x)]",
        "$.a[(@.length-1)]",
        "$.a b",
        "$.a[?(" + "(" * 40 + "@" + ")" * 40 + ")]",
        "$." + "a" * 1001,
    ],
)
def test_should_refuse_what_is_no_path_of_ours(path: str) -> None:
    with pytest.raises(jsonpath.NoPathError):
        jsonpath.compile(path)


def test_should_say_at_which_character_a_path_is_wrong() -> None:
    with pytest.raises(jsonpath.NoPathError, match=r"position 5"):
        jsonpath.compile("$.ax]")


@given(st.text(max_size=30))
def test_should_never_fail_with_anything_else(text: str) -> None:
    with contextlib.suppress(jsonpath.NoPathError):
        jsonpath.compile("$" + text).read(EVENT)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=10,
    ),
    st.lists(st.text(max_size=4) | st.integers(-3, 3), max_size=3),
)
def test_should_walk_as_the_quoted_keys_say(value: Any, keys: list[str | int]) -> None:
    def quoted(key: str | int) -> str:
        if isinstance(key, int):
            return f"[{key}]"
        escaped = key.replace("\\", "\\\\").replace("'", "\\'")
        return f"['{escaped}']"

    expected: Any = value
    for key in keys:
        try:
            is_place = isinstance(expected, dict if isinstance(key, str) else list)
            expected = expected[key] if is_place else UNDEFINED
        except (KeyError, IndexError, TypeError):
            expected = UNDEFINED
    assert read("$" + "".join(map(quoted, keys)), value) == expected
