"""Parses the part of SOQL that integrations use.

    SELECT path [, path …] | COUNT() FROM object
    [WHERE condition] [ORDER BY path [ASC|DESC] [NULLS FIRST|LAST] [, …]] [LIMIT n] [OFFSET n]

A condition compares paths with literals by = != < <= > >= LIKE IN NOT IN, joined by AND, OR, NOT
and parentheses; AND and OR may not stand side by side without parentheses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from infra.simulators.salesforce.soql_tokens import (
    Token,
    checked_time,
    malformed,
    tokens,
    unescaped,
)

_COMPARISONS = {"=", "!=", "<", "<=", ">", ">=", "LIKE"}


@dataclass(frozen=True)
class Literal:
    """A value in a query; `kind` is string, number, date, datetime, boolean or null."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Comparison:
    """`path sign literals`; only IN and NOT IN have other than one literal."""

    path: str
    sign: str
    literals: tuple[Literal, ...]


@dataclass(frozen=True)
class Junction:
    """Conditions joined by `word`: AND, OR, or NOT (of one)."""

    word: str
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


@dataclass(frozen=True)
class SortKey:
    """One entry of ORDER BY."""

    path: str
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """A parsed query. With `count` set, `paths` is empty."""

    paths: tuple[str, ...]
    count: bool
    sobject: str
    where: Condition | None
    order: tuple[SortKey, ...]
    limit: int | None
    offset: int


def parse(text: str) -> Query:
    """Parse a query. Raises `ApiError` MALFORMED_QUERY."""
    return _Parser(tokens(text)).query()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    def query(self) -> Query:
        self._need("SELECT")
        count, paths = self._selection()
        self._need("FROM")
        sobject = self._word()
        where = self._condition() if self._take("WHERE") else None
        order = self._order() if self._take("ORDER") else ()
        limit = self._whole() if self._take("LIMIT") else None
        offset = self._whole() if self._take("OFFSET") else 0
        if self._at < len(self._tokens):
            self._unexpected()
        return Query(paths, count, sobject, where, order, limit, offset or 0)

    def _selection(self) -> tuple[bool, tuple[str, ...]]:
        if self._take("COUNT"):
            self._need("(")
            self._need(")")
            return True, ()
        return False, self._list(self._word)

    def _list(self, item: Any) -> tuple[Any, ...]:
        items = [item()]
        while self._take(","):
            items.append(item())
        return tuple(items)

    def _condition(self) -> Condition:
        first = self._part()
        word = self._peek().text.upper()
        if word not in {"AND", "OR"}:
            return first
        parts = [first]
        while self._take(word):
            parts.append(self._part())
        if self._peek().text.upper() in {"AND", "OR"}:
            self._unexpected()
        return Junction(word, tuple(parts))

    def _part(self) -> Condition:
        if self._take("NOT"):
            return Junction("NOT", (self._part(),))
        if self._take("("):
            inner = self._condition()
            self._need(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = self._word()
        token = self._next()
        sign = {"<>": "!="}.get(token.text, token.text.upper())
        if sign in _COMPARISONS:
            return Comparison(path, sign, (self._literal(),))
        if sign == "NOT":
            self._need("IN")
            sign = "NOT IN"
        if sign not in {"IN", "NOT IN"}:
            self._at -= 1
            self._unexpected()
        self._need("(")
        literals = self._list(self._literal)
        self._need(")")
        return Comparison(path, sign, literals)

    def _order(self) -> tuple[SortKey, ...]:
        self._need("BY")
        return self._list(self._sort_key)

    def _sort_key(self) -> SortKey:
        path = self._word()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        nulls_last = False
        if self._take("NULLS"):
            nulls_last = self._take("LAST")
            if not nulls_last:
                self._need("FIRST")
        return SortKey(path, descending, nulls_last)

    def _literal(self) -> Literal:
        token = self._next()
        word = token.text.lower()
        if token.kind == "string":
            return Literal("string", unescaped(token.text[1:-1]))
        if token.kind == "number":
            return Literal("number", float(token.text))
        if token.kind in {"date", "datetime"}:
            return Literal(token.kind, checked_time(token.text))
        if token.kind == "word" and word in {"true", "false"}:
            return Literal("boolean", word == "true")
        if token.kind != "word" or word != "null":
            self._at -= 1
            self._unexpected()
        return Literal("null", None)

    def _whole(self) -> int:
        token = self._next()
        if not token.text.isdigit():
            self._at -= 1
            self._unexpected()
        return int(token.text)

    def _word(self) -> str:
        token = self._next()
        if token.kind != "word":
            self._at -= 1
            self._unexpected()
        return token.text

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token("end", "<EOF>")

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, text: str) -> bool:
        token = self._peek()
        if token.kind in {"word", "sign"} and token.text.upper() == text:
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._unexpected(f", expecting {text}")

    def _unexpected(self, more: str = "") -> NoReturn:
        raise malformed(f"unexpected token: '{self._peek().text}'{more}")
