"""Filters of a JSONPath: `?(@.type == 'main' && (@.rank < 3 || !@.old))`.

A comparison has a path of the item (`@`, `@.a.b`, `@['a b']`, `@.a[0]`) on its left and a text, a
number, `true`, `false` or `null` on its right. A path alone asks whether it is there, and neither
null nor false. Values of different types are unequal, and never less or greater.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from typing import Any

from busbar.mapping.jsonpath_text import Text
from busbar.mapping.undefined import UNDEFINED

Wanted = Callable[[Any], bool]

DEEPEST = 16
"""Brackets within brackets."""
_SIGN = re.compile(r"===?|!==?|<=?|>=?")
_NAME = re.compile(r"\.([^\s.\[\]()'\"*?,@:$=!<>&|]+)")
_INDEX = re.compile(r"\[(-?\d{1,9})\]")
_LITERAL = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true\b|false\b|null\b")
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def parse_filter(text: Text) -> Wanted:
    """What stands after the question mark. Raises `NoPathError`."""
    return _either(text, 0)


def _either(text: Text, depth: int) -> Wanted:
    parts = [_both(text, depth)]
    while _next(text, "||"):
        parts.append(_both(text, depth))
    return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)


def _both(text: Text, depth: int) -> Wanted:
    parts = [_term(text, depth)]
    while _next(text, "&&"):
        parts.append(_term(text, depth))
    return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)


def _term(text: Text, depth: int) -> Wanted:
    if depth > DEEPEST:
        raise text.fault("too many brackets")
    text.skip()
    if text.takes("!"):
        refused = _term(text, depth + 1)
        return lambda item: not refused(item)
    if text.takes("("):
        inner = _either(text, depth + 1)
        text.skip()
        text.expect(")")
        return inner
    return _comparison(text)


def _comparison(text: Text) -> Wanted:
    keys = _keys(text)
    text.skip()
    sign = text.match(_SIGN)
    if sign is None:
        return lambda item: not _absent(_value(item, keys))
    return _compared(keys, sign.group(), _literal(text))


def _compared(keys: list[str | int], sign: str, literal: Any) -> Wanted:
    if sign in _ORDERED:
        holds = _ORDERED[sign]
        return lambda item: (
            _comparable(_value(item, keys), literal) and holds(_value(item, keys), literal)
        )
    equal = sign[0] == "="
    return lambda item: _same(_value(item, keys), literal) is equal


def _keys(text: Text) -> list[str | int]:
    text.skip()
    text.expect("@")
    keys: list[str | int] = []
    while True:
        if (name := text.match(_NAME)) is not None:
            keys.append(name.group(1))
        elif (index := text.match(_INDEX)) is not None:
            keys.append(int(index.group(1)))
        elif text.takes("["):
            quoted = text.quoted()
            if quoted is None:
                raise text.fault("a name in quotation marks or an index has to follow")
            keys.append(quoted)
            text.expect("]")
        else:
            return keys


def _literal(text: Text) -> Any:
    text.skip()
    quoted = text.quoted()
    if quoted is not None:
        return quoted
    found = text.match(_LITERAL)
    if found is None:
        raise text.fault("a text, a number, true, false or null has to follow")
    return json.loads(found.group())


def _next(text: Text, word: str) -> bool:
    text.skip()
    return text.takes(word)


def _value(item: Any, keys: list[str | int]) -> Any:
    for key in keys:
        if isinstance(key, str):
            item = item.get(key, UNDEFINED) if isinstance(item, dict) else UNDEFINED
        elif isinstance(item, list) and -len(item) <= key < len(item):
            item = item[key]
        else:
            return UNDEFINED
    return item


def _absent(value: Any) -> bool:
    return value is UNDEFINED or value is None or value is False


def _same(value: Any, literal: Any) -> bool:
    return _kind(value) == _kind(literal) and value == literal


def _comparable(value: Any, literal: Any) -> bool:
    return _kind(value) == _kind(literal) and _kind(value) in {"number", "str"}


def _kind(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__
