"""What a meter reading has to be like: its required attributes, its time, its value, its words."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from busbar.mapping.engine import UNDEFINED

REQUIRED = ("external_id", "timestamp", "source", "value")
SOURCES = ("ECP", "ERP", "360", "journey-submission")
REASONS = (
    *("regular", "irregular", "last", "first"),
    *("meter_change", "contract_change", "meter_adjustment"),
)
DIRECTIONS = ("feed-in", "feed-out")
STATES = ("valid", "in-validation", "implausible")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)


def missing_fields(attributes: Collection[str], mode: str, matching: str) -> list[str]:
    """Which attributes a mapping of readings does not have, and needs.

    A deletion only has to find its reading: by external id, or by its day.
    """
    if mode != "delete":
        return [name for name in REQUIRED if name not in attributes]
    if matching == "strict-date" and "timestamp" in attributes:
        return []
    return [name for name in ("external_id",) if name not in attributes]


def utc(value: Any) -> str | None:
    """An ISO date or date-time in UTC, `2026-01-31T23:00:00Z`; None if it is none.

    A date is its midnight in UTC, a time without an offset is one in UTC. Fractions of a second
    stay as they are written.
    """
    if not isinstance(value, str):
        return None
    if _DAY.fullmatch(value):
        day = _instant(f"{value}T00:00:00+00:00")
        return None if day is None else f"{value}T00:00:00Z"
    match = _MOMENT.fullmatch(value)
    if match is None:
        return None
    day_text, time, fraction, offset = match.groups()
    moment = _instant(f"{day_text}T{time}{'+00:00' if offset in {None, 'Z'} else offset}")
    if moment is None:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}{f'.{fraction}' if fraction else ''}Z"


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # strftime writes earlier years without their zeros; the German day of the last one may be past
    # all that can be told.
    return found if 1000 <= found.year < 9999 else None


def number(value: Any) -> int | float | None:
    """A value as a number, also if it is written as one; None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return None
        value = float(text)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) <= 2**53 else value


def is_missing(value: Any) -> bool:
    """Whether a required attribute is not there."""
    return value is UNDEFINED or value is None or value == ""


def wrong_words(attributes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Attributes whose word is not one that the toolkit takes, each with what it takes."""
    if "source" in attributes and attributes["source"] not in SOURCES:
        yield "source", f"has to be one of: {', '.join(SOURCES)}"
    # Values may be lists and objects, which no set takes.
    if attributes.get("reason") not in (None, "", *REASONS):
        yield "reason", f"has to be empty or one of: {', '.join(REASONS)}"


def strange_words(attributes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Attributes whose word is borne, though the toolkit has others."""
    for name, words in (("direction", DIRECTIONS), ("status", STATES)):
        if attributes.get(name) not in (None, *words):
            yield name, f"is none of: {', '.join(words)}"
