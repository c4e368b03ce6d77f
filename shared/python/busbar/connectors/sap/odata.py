"""OData V2 in JSON, as SAP Gateway speaks it: literals, paths, rows, pages and values.

What reads an answer raises `UnreadableError`. Numbers come through `exact_json_of`: a decimal is
text on this wire anyway, and one that is none stays text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from busbar.connectors.reading import UnreadableError, members, rows, text, text_or_none

BASE_PATH = "/sap/opu/odata/sap"
NUMBER_LENGTH = 10
"""Digits of a partner's and of a contract's number, as SAP stores them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"^/Date\((-?[0-9]{1,17})([+-][0-9]{1,4})?\)/$")
_ETAG = re.compile(r'^(W/)?"[!#-~]{0,400}"$')


def literal(value: str) -> str:
    """`value` as a string literal: a quote is doubled."""
    return "'" + value.replace("'", "''") + "'"


def service_path(service: str) -> str:
    """The root of a service, with the slash at its end."""
    return f"{BASE_PATH}/{service}/"


def row_path(service: str, entity_set: str, key: str) -> str:
    """The path of one row by its single key, encoded."""
    return f"{service_path(service)}{entity_set}({quote(literal(key), safe='')})"


def padded(number: str) -> str:
    """A number as SAP stores it: digits get leading zeros, anything else stays as it is."""
    digits = number.isascii() and number.isdigit()
    return number.zfill(NUMBER_LENGTH) if digits else number


def row_of(answer: object) -> dict[str, Any]:
    """The row in `{"d": {…}}`."""
    return members(members(answer).get("d"), "d")


def page_of(answer: object) -> tuple[list[dict[str, Any]], str | None]:
    """The rows in `{"d": {"results": […], "__next": "…"}}`, and where the next ones are."""
    page = row_of(answer)
    return rows(page.get("results"), "results"), text_or_none(page, "__next")


def following(link: str, base_url: str, service: str) -> str:
    """Path and query of the next page, which may be told as an address or from the service's root.

    Whoever writes an answer must not send us, and our password, anywhere else.
    """
    root, ours = service_path(service), urlsplit(base_url)
    try:
        there = urlsplit(urljoin(base_url + root, link))
    except ValueError:
        raise UnreadableError("__next") from None
    outside = (there.scheme, there.netloc) != (ours.scheme, ours.netloc)
    plain = unquote(there.path).replace("\\", "/")
    if outside or not plain.startswith(root) or ".." in plain.split("/"):
        raise UnreadableError("__next")
    return f"{there.path}?{there.query}"


def etag_of(headers: Mapping[str, str], row: dict[str, Any]) -> str | None:
    """The version of a row: from the header, else from its metadata; None if it has none."""
    value = headers.get("etag") or text_or_none(members(row.get("__metadata", {})), "etag")
    if value and not _ETAG.fullmatch(value):
        raise UnreadableError("etag")
    return value or None


def moment(row: dict[str, Any], name: str) -> datetime:
    """A time: `/Date(ms)/` in UTC, or `/Date(ms+offset)/` at an offset in minutes.

    With the offset the time is of the same instant, and its date that of the place.
    """
    found = _MOMENT.fullmatch(text(row, name))
    if not found:
        raise UnreadableError(name)
    try:
        zone = timezone(timedelta(minutes=int(found[2] or 0)))
        return (_EPOCH + timedelta(milliseconds=int(found[1]))).astimezone(zone)
    except (ValueError, OverflowError):
        raise UnreadableError(name) from None


def day_or_none(row: dict[str, Any], name: str) -> date | None:
    """The day of a time, or None where the field is absent, null or empty."""
    return moment(row, name).date() if text_or_none(row, name) else None


def flag(row: dict[str, Any], name: str) -> bool:
    """A boolean."""
    value = row.get(name)
    if not isinstance(value, bool):
        raise UnreadableError(name)
    return value
