"""Values as they are sent, kept, compared and answered.

Kept are JSON values: text, booleans, times of day and decimals as text, dates and moments as whole
milliseconds since 1970 (UTC), nothing as None. An empty text is "", as in SAP's own tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from infra.simulators.sap.edm import EntitySet, Kind, Property
from infra.simulators.sap.failures import SapError, malformed

_UNCODED = "'"
_DAY = 24 * 60 * 60 * 1000
_TICKS = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_TIME = re.compile(r"PT(?=\d)(?:\d{1,2}H)?(?:\d{1,2}M)?(?:\d{1,2}S)?")
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_LITERALS: dict[Kind, re.Pattern[str]] = {
    "String": re.compile(r"'((?:[^']|'')*)'"),
    "Boolean": re.compile(r"(true|false)"),
    "DateTime": re.compile(r"datetime'([^']+)'"),
    "DateTimeOffset": re.compile(r"datetimeoffset'([^']+)'"),
    "Time": re.compile(r"time'([^']+)'"),
    "Decimal": re.compile(r"(-?\d+(?:\.\d+)?)[mMdD]?"),
    "Guid": re.compile(r"guid'([^']+)'"),
}


def milliseconds(moment: datetime) -> int:
    """A moment as it is kept."""
    return int(moment.timestamp() * 1000)


def blank(prop: Property) -> Any:
    """What a property holds that nobody has filled."""
    return {"String": "", "Boolean": False}.get(prop.kind)


def empty(entity_set: EntitySet) -> dict[str, Any]:
    """A row of which nothing is filled."""
    return {p.name: blank(p) for p in entity_set.properties}


def kept(prop: Property, value: Any) -> Any:
    """The value of a request's JSON as it is kept. Raises `SapError` 400."""
    return blank(prop) if value is None else _READERS[prop.kind](prop, value)


def literal(prop: Property, text: str) -> Any:
    """The value of a literal in a key or filter as it is kept. Raises `SapError` 400."""
    if text == "null":
        return blank(prop)
    found = _LITERALS[prop.kind].fullmatch(text)
    if found is None:
        raise malformed(f"Invalid value {text} for property {prop.name}", prop.name)
    inner = found[1]
    if prop.kind == "Boolean":
        return inner == "true"
    if prop.kind == "String":
        # A search for a text that is too long finds nothing, and is no error.
        return numbered(prop, inner.replace("''", "'"))
    return _READERS[prop.kind](prop, inner)


def numbered(prop: Property, text: str) -> str:
    """A text with the leading zeros that a number of SAP's has inside."""
    return text.zfill(prop.length) if prop.padded and text.isdigit() else text


def comparable(prop: Property, value: Any) -> Any:
    """A kept value in the form in which it is ordered."""
    return Decimal(value) if prop.kind == "Decimal" and value is not None else value


def written(prop: Property, value: Any, *, short: bool) -> Any:
    """A kept value as JSON; with `short`, numbers without leading zeros."""
    if value is None:
        return None
    if prop.kind == "DateTime":
        return f"/Date({value})/"
    if prop.kind == "DateTimeOffset":
        return f"/Date({value}+0000)/"
    return value.lstrip("0") if short and prop.padded else value


def in_key(prop: Property, value: Any, *, short: bool) -> str:
    """A kept value as a literal in an address. Keys are texts."""
    text = str(written(prop, value, short=short)).replace("'", "''")
    return f"'{quote(text, safe=_UNCODED)}'"


def _wrong(prop: Property, value: Any) -> SapError:
    # The real one repeats the value too, whoever it belongs to.
    return malformed(f"Property {prop.name} at offset 1 has invalid value '{value}'", prop.name)


def _text(prop: Property, value: Any) -> str:
    if not isinstance(value, str) or len(value) > prop.length:
        raise _wrong(prop, value)
    return numbered(prop, value.upper() if prop.upper else value)


def _boolean(prop: Property, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(prop, value)
    return value


def _moment(prop: Property, value: Any) -> int:
    ticks = _TICKS.fullmatch(str(value))
    if ticks:
        return int(ticks[1])
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(prop, value) from None
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _date(prop: Property, value: Any) -> int:
    moment = _moment(prop, value)
    return moment - moment % _DAY


def _time(prop: Property, value: Any) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise _wrong(prop, value)
    return value


def _decimal(prop: Property, value: Any) -> str:
    # A JSON number has been through a float somewhere: decimals are text.
    try:
        number = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        raise _wrong(prop, value) from None
    fits = number.is_finite() and abs(number) < Decimal(10) ** (prop.digits - prop.scale)
    exact = number.quantize(Decimal(1).scaleb(-prop.scale)) if fits else number
    if not fits or exact != number:
        raise _wrong(prop, value)
    return str(exact)


def _guid(prop: Property, value: Any) -> str:
    if not isinstance(value, str) or not _GUID.fullmatch(value.lower()):
        raise _wrong(prop, value)
    return value.lower()


_READERS: dict[Kind, Callable[[Property, Any], Any]] = {
    "String": _text,
    "Boolean": _boolean,
    "DateTime": _date,
    "DateTimeOffset": _moment,
    "Time": _time,
    "Decimal": _decimal,
    "Guid": _guid,
}
