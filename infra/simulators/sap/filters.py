"""`$filter`: comparisons, `and`, `or`, `not`, parentheses, and the functions for parts of a text.

BusinessPartnerIDByExtSystem eq 'BBPE…' and BusinessPartnerIsBlocked ne true
substringof('wind',OrganizationBPName1) or startswith(SearchTerm1,'K-')
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from infra.simulators.sap.edm import EntitySet, Property
from infra.simulators.sap.failures import malformed, no_property
from infra.simulators.sap.rows import Row
from infra.simulators.sap.values import comparable, literal

Test = Callable[[Row], bool]
_TOKEN = re.compile(r"\s*((?:\w+)?'(?:[^']|'')*'|-?\d[\w.]*|\w+(?:/\w+)*|[(),])")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "substringof": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


@dataclass(frozen=True)
class Filter:
    """A condition. `equals` is the (property, value) of an `eq` without which no row fits."""

    test: Test
    equals: tuple[tuple[str, Any], ...] = ()


def parse(entity_set: EntitySet, text: str) -> Filter:
    """Parse a filter on a set. Raises `SapError` 400."""
    return _Parser(entity_set, text).whole()


class _Parser:
    def __init__(self, entity_set: EntitySet, text: str) -> None:
        self._set = entity_set
        self._text = text
        self._tokens = self._cut(text.rstrip())
        self._at = 0

    def whole(self) -> Filter:
        found = self._either()
        if self._at < len(self._tokens):
            self._wrong()
        return found

    def _cut(self, text: str) -> list[str]:
        tokens, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                self._wrong()
            tokens.append(match[1])
            at = match.end()
        return tokens

    def _either(self) -> Filter:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        tests = [p.test for p in parts]
        return Filter(lambda row: any(test(row) for test in tests))

    def _both(self) -> Filter:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        tests = [p.test for p in parts]
        equals = tuple(pair for part in parts for pair in part.equals)
        return Filter(lambda row: all(test(row) for test in tests), equals)

    def _one(self) -> Filter:
        if self._take("not"):
            test = self._one().test
            return Filter(lambda row: not test(row))
        if self._take("("):
            inner = self._either()
            self._need(")")
            return inner
        word = self._next()
        return self._function(word) if word in _FUNCTIONS else self._comparison(word)

    def _function(self, name: str) -> Filter:
        self._need("(")
        first = self._next()
        self._need(",")
        second = self._next()
        self._need(")")
        text, part = (second, first) if name == "substringof" else (first, second)
        prop = self._property(text)
        if prop.kind != "String":
            self._wrong()
        wanted, call = str(literal(prop, part)), _FUNCTIONS[name]
        test: Test = lambda row: call(row[prop.name], wanted)  # noqa: E731
        if not self._take("eq"):
            return Filter(test)
        return Filter(test) if self._truth() else Filter(lambda row: not test(row))

    def _truth(self) -> bool:
        word = self._next()
        if word not in {"true", "false"}:
            self._wrong()
        return word == "true"

    def _comparison(self, word: str) -> Filter:
        prop, sign = self._property(word), self._next()
        value = literal(prop, self._next())
        if sign == "eq":
            return Filter(lambda row: row[prop.name] == value, ((prop.name, value),))
        if sign == "ne":
            return Filter(lambda row: row[prop.name] != value)
        if sign not in _SIGNS:
            self._wrong()
        return Filter(_ordered(prop, _SIGNS[sign], value))

    def _property(self, name: str) -> Property:
        prop = self._set.property(name)
        if prop is None:
            raise no_property(name, self._set.type_name)
        return prop

    def _next(self) -> str:
        if self._at == len(self._tokens):
            self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, text: str) -> bool:
        taken = self._at < len(self._tokens) and self._tokens[self._at] == text
        self._at += taken
        return taken

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._wrong()

    def _wrong(self) -> NoReturn:
        raise malformed(f"Invalid system query option value: $filter={self._text}")


def _ordered(prop: Property, compare: Callable[[Any, Any], bool], value: Any) -> Test:
    wanted = comparable(prop, value)

    def test(row: Row) -> bool:
        mine = comparable(prop, row[prop.name])
        return mine is not None and wanted is not None and compare(mine, wanted)

    return test
