"""Reading answers of outside systems, none of which is believed.

Every function raises `UnreadableError`, whose text is the name of a field and never a value, and
nothing else. The connectors turn it into the error tree: an unreadable answer to a read is
`Unavailable`, to a write `Unknown`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NoReturn

_TOKEN = re.compile(r"^[!-~]{1,4096}$")
_FIELD_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_.]{0,79}$")


class UnreadableError(Exception):
    """The answer is not what the system's documentation promises. Its text names the field."""


def json_of(body: bytes) -> Any:
    """The JSON value in `body`; no NaN, no infinity."""
    return _parsed(body)


def exact_json_of(body: bytes) -> Any:
    """As `json_of`, but no number loses a digit.

    Those with a point or an exponent, and those above 2^53, come as the text that was sent.
    """
    return _parsed(body, fraction=str, whole_number=_whole_or_text)


def _parsed(
    body: bytes,
    fraction: Callable[[str], object] | None = None,
    whole_number: Callable[[str], object] | None = None,
) -> Any:
    try:
        return json.loads(
            body, parse_constant=_no_constant, parse_float=fraction, parse_int=whole_number
        )
    except (ValueError, RecursionError):
        # From None: the text of a decoding error may quote the answer.
        raise UnreadableError("body") from None


def _whole_or_text(digits: str) -> int | str:
    value = int(digits)
    return value if abs(value) <= 2**53 else digits


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and infinity are no JSON")


def members(value: object, name: str = "body") -> dict[str, Any]:
    """`value`, if it is an object."""
    if not isinstance(value, dict):
        raise UnreadableError(name)
    return value


def rows(value: object, name: str) -> list[dict[str, Any]]:
    """`value`, if it is a list of objects."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise UnreadableError(name)
    return value


def text(row: dict[str, Any], name: str) -> str:
    """A string of at least one character."""
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableError(name)
    return value


def text_or_none(row: dict[str, Any], name: str) -> str | None:
    """A string, or None where the field is absent, null or empty."""
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise UnreadableError(name)
    return value or None


def token(row: Mapping[str, Any], name: str) -> str:
    """A string that may stand in a header: printable ASCII without blanks."""
    value = row.get(name)
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise UnreadableError(name)
    return value


def whole(row: dict[str, Any], name: str) -> int:
    """A number without a fraction: `10` or, as Salesforce writes it, `10.0`."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 2**53:
        raise UnreadableError(name)
    if value != int(value):
        raise UnreadableError(name)
    return int(value)


def instant(row: dict[str, Any], name: str) -> datetime:
    """An ISO 8601 time with an offset, as UTC; both `Z` and `+0000` occur."""
    try:
        value = datetime.fromisoformat(text(row, name))
    except ValueError:
        raise UnreadableError(name) from None
    if value.tzinfo is None:
        raise UnreadableError(name)
    return value.astimezone(UTC)


def day_or_none(row: dict[str, Any], name: str) -> date | None:
    """An ISO 8601 date, or None where the field is absent, null or empty."""
    value = text_or_none(row, name)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise UnreadableError(name) from None


def nests_at_most(value: object, most: int) -> bool:
    """Whether lists and objects in `value` nest at most `most` levels deep."""
    level = [value]
    for _ in range(most + 1):
        inner = [v for v in level if isinstance(v, dict | list)]
        if not inner:
            return True
        level = [i for v in inner for i in (v.values() if isinstance(v, dict) else v)]
    return False


def field_names(names: object) -> str:
    """At most ten entries of `names` that look like field names, for an error's detail."""
    if not isinstance(names, list):
        return ""
    return ", ".join([n for n in names if isinstance(n, str) and _FIELD_NAME.match(n)][:10])
