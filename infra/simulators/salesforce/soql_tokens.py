"""Cuts a SOQL query into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from infra.simulators.salesforce.failures import ApiError

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
      | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def malformed(message: str) -> ApiError:
    """400 for a query that cannot be read."""
    return ApiError("MALFORMED_QUERY", message, of_row=False)


@dataclass(frozen=True)
class Token:
    """A token; `kind` is string, datetime, date, number, word, sign or end."""

    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """All tokens of a query. Raises `ApiError` MALFORMED_QUERY."""
    found: list[Token] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise malformed(f"line 1:{at} no viable alternative at character '{text[at]}'")
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind]))
        at = match.end()
    return found


def checked_time(text: str) -> str:
    """A date or time that exists. Raises `ApiError` MALFORMED_QUERY."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise malformed(f"unexpected token: '{text}'") from None
    return text


def unescaped(text: str) -> str:
    """What stands between the quotes of a string."""
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)
