"""What each type of attribute takes, and in which form it is kept.

As lenient as the toolkit: what can only mean one thing is taken and brought into form (a number
where a text is due, one address where a list of them is due); the rest is a mismatch, and the
attribute stays as it is. Nothing here looks at which words an attribute allows.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from busbar.domain.schemas import Attribute

_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECRET = frozenset({"email", "phone", "payment"})
"""Types whose values are somebody's: a key of the table shows their digest only."""
_PLAIN = re.compile("[^~@\\ud800-\\udfff][^@\\ud800-\\udfff]{0,199}")
"""Values that stand in a key as they are: short ones, and no addresses."""


LONGEST_KEPT = 200
"""Characters of a value whose lookup is kept in memory: longer ones would fill it."""


class Mismatch(ValueError):
    """A value does not fit its attribute. The text says what would, and nothing of the value."""


def coerced(attribute: Attribute, value: Any) -> Any:
    """The value as it is kept. Raises `Mismatch`."""
    return value if value is None else _TYPES[attribute.type](value)


def coerced_items(attribute: Attribute, items: list[Any]) -> list[Any]:
    """Items that are added to an attribute. Raises `Mismatch`."""
    if attribute.type in {"address", "payment", "email", "phone", "tags"}:
        listed: list[Any] = _TYPES[attribute.type](items)
        return listed
    return [coerced(attribute, item) for item in items]


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # a select of several; or one address, told as a list of objects
        texts = [_text(_contact_text(item)) for item in value]
        return texts[0] if len(texts) == 1 and isinstance(value[0], dict) else texts
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mismatch("a text")
    return str(value)


def _contact_text(item: Any) -> Any:
    """The text of `{"email": …}` or `{"phone": …}`, as `_type` makes it; else the item."""
    if isinstance(item, dict) and item.keys() <= {"email", "phone", "_tags"}:
        return item.get("email") or item.get("phone")
    return item


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Mismatch("a number")
    number = _read_number(value.strip()) if isinstance(value, str) else value
    if not math.isfinite(number):
        raise Mismatch("a number")
    return number


def _read_number(text: str) -> int | float:
    if not _NUMBER.fullmatch(text):
        raise Mismatch("a number")
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _cents(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise Mismatch("a whole number of cents")
    return int(number)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    raise Mismatch("true or false")


def _date(value: Any) -> str:
    """A day; a time is kept as it is, and shows the day that it begins with."""
    text = value.strip() if isinstance(value, str) else ""
    if _DAY.fullmatch(text):
        return _checked(date.fromisoformat, text, "a date")
    return _checked(datetime.fromisoformat, text, "a date")


def _datetime(value: Any) -> str:
    """A time with an offset: one without is UTC, a day begins at midnight UTC."""
    text = value.strip() if isinstance(value, str) else ""
    if _DAY.fullmatch(text):
        text += "T00:00:00"
    _checked(datetime.fromisoformat, text, "a date-time")
    return text if datetime.fromisoformat(text).tzinfo else f"{text}Z"


def _checked(parse: Callable[[str], object], text: str, expected: str) -> str:
    if not text or not _DAY.match(text):
        raise Mismatch(expected)
    try:
        parse(text)
    except ValueError:
        raise Mismatch(expected) from None
    return text


def _objects(value: Any) -> list[Any]:
    listed = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, Mapping) for item in listed):
        raise Mismatch("an object or a list of them")
    return listed


def _repeated(name: str) -> Callable[[Any], list[Any]]:
    def repeated(value: Any) -> list[Any]:
        listed = list(value) if isinstance(value, list | tuple) else [value]
        made = [{name: str(i)} if _is_scalar(i) else i for i in listed if i not in ("", None)]
        if not all(isinstance(item, Mapping) for item in made):
            raise Mismatch(f"a list of objects with {name}")
        return made

    return repeated


def _tags(value: Any) -> list[Any]:
    listed = list(value) if isinstance(value, list | tuple) else [value]
    if not all(_is_scalar(item) for item in listed):
        raise Mismatch("a list of texts")
    return [str(item) for item in listed]


def _no_plain_value(_value: Any) -> Any:
    raise Mismatch("a relation")


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "number": _number,
    "currency": _cents,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "address": _objects,
    "payment": _objects,
    "email": _repeated("email"),
    "phone": _repeated("phone"),
    "tags": _tags,
    "relation": _no_plain_value,
    "json": lambda value: value,
}


def lookup_values(attribute: Attribute, value: Any) -> frozenset[str]:
    """Under which texts an entity with this value is found by the attribute; none if it is empty.

    E-mail addresses and phone numbers are looked for in the list, in any spelling.
    """
    if isinstance(value, list):
        found = (lookup_values(attribute, item) for item in value if not isinstance(item, list))
        return frozenset().union(*found)
    if isinstance(value, dict):
        value = _contact_text(value)
    return _found_under(attribute.type, str(value)) if _is_scalar(value) else frozenset()


def _found_under(kind: str, value: str) -> frozenset[str]:
    return _kept_lookups(kind, value) if len(value) <= LONGEST_KEPT else _lookups(kind, value)


def _lookups(kind: str, value: str) -> frozenset[str]:
    text = _spelling(kind, value)
    if not text:
        return frozenset()
    if kind in _SECRET or not _PLAIN.fullmatch(text):
        digest = hashlib.sha256(text.encode(errors="surrogatepass"))
        text = f"~{digest.hexdigest()[:32]}"
    return frozenset({text})


_kept_lookups = lru_cache(maxsize=4096)(_lookups)
"""Each value of an entity is asked for when it is looked for, compared and written."""


def _spelling(kind: str, text: str) -> str:
    if kind == "email":
        return text.strip().lower()
    if kind == "phone":
        return re.sub("[^+0-9]", "", text)
    return text.strip()
