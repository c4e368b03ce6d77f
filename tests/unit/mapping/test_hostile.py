"""Expressions that mean harm: each ends in time, within its memory, with a code, and alone."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from busbar.mapping.child import MEMORY, SECONDS, Child, JobLost

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")

HOSTILE = {
    "endless recursion": "($f := function() { 1 + $f() }; $f())",
    "endless tail call": "($f := function() { $f() }; $f())",
    "two that call each other": (
        "($f := function($n) { $g($n) }; $g := function($n) { $f($n) }; $f(1))"
    ),
    "branching recursion": (
        "($f := function($n) { $n = 0 ? 0 : $f($n - 1) + $f($n - 1) }; $f(60))"
    ),
    "regex that backtracks": f'$match("{"a" * 40}b", /^(a+)+$/)',
    "regex that counts": f'$replace("{"a" * 40}!", /(.*a){{25}}$/, "")',
    "regex with a reference back": rf'$contains("{"a" * 40}", /^(a*)*\1b/)',
    "large range": "[1..9000000]",
    "large pad": '$pad("x", 900000000)',
    "10 GB by replacing": '($s := $pad("", 100000, "a"); $replace($s, "a", $s))',
    "replacing by a regex": '($s := $pad("", 300000, "a"); $replace($s, /a/, $s))',
    "string that doubles": (
        '($s := function($x, $n) { $n = 0 ? $x : $s($x & $x, $n - 1) }; $s("ab", 40))'
    ),
    "list that doubles": (
        "($s := function($x, $n) { $n = 0 ? $x : $s($append($x, $x), $n - 1) }; $s([1], 40))"
    ),
    "object that doubles": (
        '($s := function($x, $n) { $n = 0 ? $x : $s({"a": $x, "b": $x}, $n - 1) }; $s(1, 40))'
    ),
    "cartesian product": "[1..1000].($a := $; [1..1000].($b := $; [1..1000].($a + $b + $)))",
    "cartesian ranges": "[1..3000].([1..3000])",
    "mapping within mapping": (
        "$sum($map([1..90000], function($i) { $sum($map([1..90000], function($j) { $i * $j })) }))"
    ),
    "sort by a slow comparison": (
        "$sort([1..99999], function($a, $b) { $string($a) > $string($b) })"
    ),
    "deep literal": '{"a":' * 300 + "1" + "}" * 300,
    "deep brackets": "(" * 40_000 + "1" + ")" * 40_000,
    "deep lists": "[" * 40_000 + "1" + "]" * 40_000,
    "deep paths": "a" + ".a" * 40_000,
    "deep functions": "function($x){" * 7_000 + "1" + "}" * 7_000,
    "deep regex": '$match("a", /' + "(" * 20_000 + "a" + ")" * 20_000 + "/)",
    "deep result": '($f := function($x) { $f({"a": $x}) }; $f(1))',
    "evaluation that branches": (
        '($f := function($n) { $eval("$f(" & $n & ") + $f(" & $n & ")") }; $f(1))'
    ),
    "evaluation that grows": (
        """($f := function($x) { $f($eval("'" & $x & $x & "'")) }; $f("ab"))"""
    ),
    "picture of a date": f'$fromMillis(1, "{"[Y,*-90000]" * 5000}")',
    "long join": '$join($map([1..90000], function($i) { $pad("x", 9000) }), ",")',
    "descendants of descendants": (
        '($d := [1..300].{"a": {"b": {"c": [1..30]}}}; $count($d.**.**.**.**))'
    ),
    "transform that grows": (
        "($f := function($x) { $f($x ~> |**|{'n': $}|) }; $f($ ~> |$|{'a': [1..9000]}|))"
    ),
    "slow distinct": '$distinct([1..99999].{"a": $, "b": [1..5]})',
    "group of everything": "[1..99999]{$string($): [1..99]}",
    "large result": '[1..60000].{"a": $pad("", 200, "x")}',
    "sort that ends in itself": (
        "$sort([3, 2, 1], function($a, $b) { ($f := function() { 1 + $f() }; $f()) })"
    ),
    "order by very much": "[1..99999]^(" + ",".join([">$string($)"] * 200) + ")",
    "reduction that doubles": '$reduce([1..60], function($a, $i) { $a & $a }, "ab")',
    "lists that are shared": (
        "($l := $reduce([1..60], function($a, $i) { [[$a, $a]] }, 0); $count($l) = 1 ? $l : $l)"
    ),
    "comparing what is shared": (
        "($s := function() { $reduce([1..40], function($a, $i) {"
        " {'x': $a, 'y': $a} }, {'a': 1}) }; $s() = $s())"
    ),
    "picture of a number": '$formatNumber(1e300, "' + "###," * 24_000 + '##0")',
    "matcher that finds nothing for ever": (
        '($m := function($s) { {"match": "", "start": 0, "end": 0, "groups": [],'
        ' "next": function() { $m($s) }} }; $replace("aaa", $m, "b"))'
    ),
    "comments without an end": "/*a" * 33_000,
    "keys that are long": ('$keys($merge([1..50000].{$pad("", 1000, "x") & $string($): $}))'),
    "splitting again and again": '$count([1..90000].($split($pad("", 90000, "x"), "")))',
    "function in a function": "($f := function($x) { $x($x) }; $f($f))",
    "number out of range": "$power(10, 400)",
    "too long": "1" + "+1" * 60_000,
}
"""By what they do."""
NAMED = {"TIMEOUT", "OUT_OF_MEMORY", "CRASHED", "TooLong", "NotJson"}
BY_BOTH = (
    *("endless recursion", "endless tail call", "branching recursion"),
    *("regex that backtracks", "regex that counts", "large range", "large pad"),
    *("10 GB by replacing", "string that doubles", "list that doubles", "cartesian product"),
    *("deep brackets", "deep result", "evaluation that branches", "evaluation that grows"),
    *("transform that grows", "comparing what is shared", "sort that ends in itself"),
)
"""Kinds that the second engine is tried with as well; it has no code for all that Python refuses,
and then names the kind of error."""
SLACK = 5.0
"""Seconds that a busy machine may add, killing included."""


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    made = Child("tests.doubles.child_targets:evaluate")
    yield made
    made.close()


def ask(child: Child, text: str, source: str = '{"a": [1, 49], "b": {"c": null}}') -> Any:
    try:
        return json.loads(child.ask(f'{{"text": {json.dumps(text)}, "source": {source}}}'.encode()))
    except JobLost as error:
        return {"code": error.code}


@pytest.mark.parametrize("kind", HOSTILE)
def test_should_end_it_in_time_with_a_code_and_map_the_next_event(child: Child, kind: str) -> None:
    ask(child, "1")
    began = time.monotonic()
    answer = ask(child, HOSTILE[kind])
    assert time.monotonic() - began < SECONDS + SLACK
    assert set(answer) == {"code"}
    code = answer["code"]
    assert code in NAMED or (len(code) == 5 and code[0] in "DST" and code[1:].isdigit())
    assert ask(child, "$sum(a)") == {"value": 50}


@pytest.fixture(scope="module")
def python_child() -> Iterator[Child]:
    made = Child("tests.doubles.child_targets:evaluate", engine="jsonata-python")
    yield made
    made.close()


@pytest.mark.parametrize("kind", BY_BOTH)
def test_should_end_it_in_time_by_the_second_engine_too(python_child: Child, kind: str) -> None:
    ask(python_child, "1")
    began = time.monotonic()
    answer = ask(python_child, HOSTILE[kind])
    assert time.monotonic() - began < SECONDS + SLACK
    assert set(answer) == {"code"}
    assert answer["code"].isalnum() or answer["code"] in NAMED
    assert ask(python_child, "$sum(a)") == {"value": 50}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('{"a":' * 500 + "1" + "}" * 500, "D2014"),
        ("[" * 200_000 + "]" * 200_000, "CRASHED"),
        ("[" + "0," * 200_000 + "0]", "D2014"),
        ('{"a": 9007199254740993}', "NotJson"),
        ('{"a": 1e999}', "NotJson"),
        ('{"a": 1' + "0" * 5_000 + "}", "CRASHED"),
    ],
)
def test_should_end_a_hostile_event_as_well(child: Child, source: str, code: str) -> None:
    assert ask(child, "a", source) == {"code": code}
    assert ask(child, "$sum(a)") == {"value": 50}


def test_should_never_have_needed_more_than_the_memory_it_may_use(child: Child) -> None:
    ask(child, "1")
    limits = dict(_limits(child))
    assert limits["Max address space"] == MEMORY
    assert limits["Max core file size"] == limits["Max file size"] == 0


def _limits(child: Child) -> Iterator[tuple[str, int]]:
    with Path(f"/proc/{child.pid}/limits").open(encoding="ascii") as lines:
        for line in lines:
            name, soft = line[:26].strip(), line[26:].split()[0]
            if soft.isdigit():
                yield name, int(soft)
