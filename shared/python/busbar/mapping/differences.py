"""Where an engine answers otherwise than the reference (npm jsonata 2.2.2), by name.

A mapping that leans on one of these means something else on the other engine: avoid it, or say in
the mapping what is meant. Each entry is tested, so that a new version that changes one is noticed
(`tests/oracle`); a difference that is found and does not stand here fails there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from busbar.mapping.undefined import UNDEFINED


@dataclass(frozen=True)
class Fault:
    """An answer that is an error. `NotJson`: the value is none that JSON can hold."""

    code: str


@dataclass(frozen=True)
class Difference:
    """One expression, and what is made of it."""

    name: str
    text: str
    reference: Any
    jlens: Any
    jsonata_python: Any
    source: Any = field(default_factory=dict)


_TIES = {"a": [{"k": 1, "v": "a"}, {"k": 1, "v": "b"}, {"k": 0, "v": "c"}, {"k": 1, "v": "d"}]}
_NULL = {"g": None}
_ORDER = ["1", "10", "b"]
_WRITTEN = ["b", "10", "1"]
_FEBRUARY, _MARCH = Fault("ValueError"), 636336000000

DIFFERENCES = (
    # Both.
    Difference(
        "the order of keys is that of writing, where JavaScript puts numbers first",
        "$keys($)",
        *(_ORDER, _WRITTEN, _WRITTEN),
        {"b": 1, "10": 2, "1": 3},
    ),
    Difference(
        "a number divided by zero",
        "1 / 0",
        *(Fault("NotJson"), Fault("D1001"), Fault("ZeroDivisionError")),
    ),
    Difference(
        "a month that there is not: to JavaScript, not a number; to jlens, undefined",
        '$toMillis("1990-13-01")',
        *(Fault("NotJson"), UNDEFINED, Fault("ValueError")),
    ),
    Difference(
        "a time zone by its name",
        '$fromMillis(1700000000000, "[H01]:[m01]", "Europe/Berlin")',
        *("NaN:NaN", Fault("D3150"), Fault("ValueError")),
    ),
    # jlens.
    Difference(
        "a function within the result: to jlens, as JSON.stringify has it",
        "[$sum]",
        *(Fault("NotJson"), [None], Fault("NotJson")),
    ),
    Difference(
        "half a surrogate pair is no Unicode: jlens puts U+FFFD in its place",
        "a",
        *("\ud800", "\ufffd", "\ud800"),
        {"a": "\ud800"},
    ),
    # jsonata-python.
    Difference(
        "the 30th of February is the 2nd of March",
        '$toMillis("1990-02-30")',
        *(_MARCH, _MARCH, _FEBRUARY),
    ),
    Difference(
        "a month without a day",
        '$toMillis("2024-06")',
        *(1717200000000, 1717200000000, Fault("ValueError")),
    ),
    Difference(
        "a time without seconds and zone is none",
        '$toMillis("2024-06-01T10:00")',
        *(Fault("D3110"), Fault("D3110"), 1717236000000),
    ),
    Difference(
        "null is a wrong argument, not an absent one",
        '$lookup({"a": 1}, g)',
        *(Fault("T0410"), Fault("T0410"), UNDEFINED),
        _NULL,
    ),
    Difference(
        "null is a wrong text, not an absent one",
        '$contains(g, "a")',
        *(Fault("T0410"), Fault("T0410"), UNDEFINED),
        _NULL,
    ),
    Difference(
        "null is no number to sum",
        "$sum(g)",
        *(Fault("T0412"), Fault("T0412"), UNDEFINED),
        _NULL,
    ),
    Difference("null counts as one", "$count(g)", *(1, 1, 0), _NULL),
    Difference(
        "null is a value to map", "$map(g, function($v) { $v })", *(None, None, UNDEFINED), _NULL
    ),
    Difference(
        "a sort keeps the order of ties",
        "$sort(a, function($l, $r) { $l.k > $r.k }).v",
        *(["c", "a", "b", "d"], ["c", "a", "b", "d"], ["c", "d", "b", "a"]),
        _TIES,
    ),
    Difference(
        "the first group of a match is the first group",
        r'$replace("ab-cd", /(\w+)-(\w+)/, function($m) { $m.groups[0] })',
        *("ab", "ab", "ab-cd"),
    ),
    Difference("a sign binds closer than the default", "-5 ?: 99", *(-5, -5, 5)),
    Difference(
        "a text that is no number",
        '$number("abc")',
        *(Fault("D3030"), Fault("D3030"), Fault("ValueError")),
    ),
    Difference(
        "a number with blanks is none", '$number(" 1 ")', *(Fault("D3030"), Fault("D3030"), 1)
    ),
    Difference("a remainder has a fraction", "5.5 % 2", *(1.5, 1.5, 1)),
    Difference(
        "half is rounded to even", '$formatNumber(0.125, "0.00")', *("0.12", "0.12", "0.13")
    ),
    Difference(
        "a large number is written with an exponent",
        "$string(1e21)",
        *("1e+21", "1e+21", "1000000000000000000000"),
    ),
    Difference(
        "base64 is of Latin-1, not of UTF-8", '$base64encode("ä")', *("5A==", "5A==", "w6Q=")
    ),
    Difference(
        "a dollar sign in what replaces a text", '$replace("a.b", ".", "$$")', "a$$b", "a$$b", "a$b"
    ),
    Difference(
        "a letter of a regex is one of ASCII", r'$contains("ä", /\w/)', *(False, False, True)
    ),
    Difference(
        "a group of a regex may have a name",
        '$replace("a", /(?<n>a)/, "x")',
        *("x", "x", Fault("PatternError")),
    ),
)
