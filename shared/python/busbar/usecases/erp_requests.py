"""Requests with events of an ERP, as the toolkit's three versions send them.

What is wrong with the request as a whole is answered 400. What is wrong with one event is that
event's own result, and nothing to its neighbours. Unknown keys are passed over, as the toolkit's
own guides send some.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from busbar.domain.erp_events import MOST_EVENTS, UPLOAD_PATTERN, Format, RequestVersion
from busbar.domain.integrations import SLUG_PATTERN
from busbar.domain.outcome_rows import EventType
from busbar.errors import FieldError, Problem

LONGEST_CORRELATION = 255
LONGEST_GROUP = 128
LONGEST_NAME = 255
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DEDUPLICATION = re.compile("[a-zA-Z0-9_-]{1,255}")
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)
_SLUG = re.compile(SLUG_PATTERN)
_UPLOAD = re.compile(UPLOAD_PATTERN)
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What JSON can escape, and no encoding can hold."""
_NO_NAME = f"has to be a text of 1 to {LONGEST_NAME} characters that can be printed"


@dataclass(frozen=True, slots=True)
class ErpRequest:
    """A request whose frame is right. In version 1 `integration_id` is empty, and an app and its
    component stand for it."""

    version: RequestVersion
    integration_id: str
    app: tuple[str, str]
    correlation_id: str
    group_id: str
    events: list[Any]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event that can be routed. `timestamp` is in microseconds since 1970."""

    slug: str
    event_name: str
    timestamp: int
    format: Format
    payload: str
    size: int
    """Bytes of the payload in UTF-8."""
    deduplication_id: str
    correlation_id: str
    group_id: str
    payload_ref: str = ""
    """Stands for the payload, if that was uploaded: `payload` is empty then."""
    event_type: EventType = "UPDATE"
    etag: str = ""
    """That of an uploaded payload: another one has another."""

    @property
    def name(self) -> str:
        """What its sender calls the use case."""
        return self.slug or self.event_name


@dataclass(frozen=True, slots=True)
class Unfit:
    """An event that nobody can route: its code, and what is wrong, without its values."""

    code: str
    message: str
    correlation_id: str = ""


def read_request(version: RequestVersion, body: Mapping[str, Any]) -> ErpRequest:
    """The frame of a request. Raises a 400 `Problem` that names the fields at fault."""
    faults: list[FieldError] = []
    names = ("app_id", "component_id") if version == 1 else ("integration_id",)
    ids = [_uuid(body, name, faults) for name in names]
    meta = body.get("meta")
    if version == 1 and not isinstance(meta, dict):
        faults.append(FieldError("meta", "has to be an object"))
    inner = meta.get("correlation_id") if isinstance(meta, dict) else None
    correlation = _text(body, "correlation_id", LONGEST_CORRELATION, faults) or _text(
        {"meta.correlation_id": inner}, "meta.correlation_id", LONGEST_CORRELATION, faults
    )
    group = _text(body, "group_id", LONGEST_GROUP, faults) if version == 3 else ""
    events = body.get("events")
    if not isinstance(events, list):
        faults.append(FieldError("events", "has to be a list"))
        events = []
    elif len(events) > MOST_EVENTS:
        faults.append(FieldError("events", f"may hold {MOST_EVENTS} events"))
    if faults:
        said = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
        raise Problem(400, "invalid-request", "The request is invalid", said, tuple(faults))
    app = (ids[0], ids[1]) if version == 1 else ("", "")
    return ErpRequest(version, "" if version == 1 else ids[0], app, correlation, group, events)


def read_event(raw: Any, request: ErpRequest) -> Incoming | Unfit:
    """One event of the request, with what it inherits."""
    if not isinstance(raw, dict):
        return Unfit("MALFORMED_PAYLOAD", "the event has to be an object", request.correlation_id)
    faults: list[FieldError] = []
    correlation = _text(raw, "correlation_id", LONGEST_CORRELATION, faults)
    correlation = correlation or request.correlation_id
    slug, name = _names(raw, request.version, faults)
    group = _text(raw, "group_id", LONGEST_GROUP, faults) if request.version == 3 else ""
    deduplication = raw.get("deduplication_id")
    if deduplication is not None and not _fits(_DEDUPLICATION, deduplication):
        faults.append(FieldError("deduplication_id", "has to be 1 to 255 of a-z, A-Z, 0-9, _, -"))
    if (form := raw.get("format", "json")) not in ("json", "xml"):
        faults.append(FieldError("format", "has to be json or xml"))
    ref = _reference(raw, faults) if request.version == 3 else ""
    payload = "" if ref else _payload(raw.get("payload"), form, faults)
    if faults:
        said = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
        return Unfit("MALFORMED_PAYLOAD", said, correlation)
    timestamp = microseconds(raw.get("timestamp"))
    if timestamp is None:
        message = "timestamp has to be a date and time in ISO 8601, as 2026-03-02T08:00:00Z"
        return Unfit("INVALID_TIMESTAMP", message, correlation)
    return Incoming(
        slug=slug,
        event_name=name,
        timestamp=timestamp,
        format=form,
        payload=payload,
        size=len(payload.encode()),
        deduplication_id=deduplication or "",
        correlation_id=correlation,
        group_id=group or request.group_id,
        payload_ref=ref,
        event_type="UPDATE" if request.version == 3 else raw["event_type"],
    )


def microseconds(text: Any) -> int | None:
    """A point in time as microseconds since 1970; None if it is none, or none of the years 1 to
    9999 in UTC, which nobody could show again.

    A time without offset is one of UTC, as the toolkit anchors it.
    """
    if not isinstance(text, str) or not _TIMESTAMP.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text.upper().replace(" ", "T"))
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        whole = int(at.replace(microsecond=0).timestamp())
    except (ValueError, OverflowError):
        return None
    return whole * 1_000_000 + at.microsecond


def _names(
    raw: Mapping[str, Any], version: RequestVersion, faults: list[FieldError]
) -> tuple[str, str]:
    """Slug and name of the use case. The event types of versions 1 and 2 decide nothing there."""
    if version < 3:
        name = raw.get("object_type")
        if not _is_name(name):
            faults.append(FieldError("object_type", _NO_NAME))
        if raw.get("event_type") not in ("CREATE", "UPDATE", "DELETE"):
            faults.append(FieldError("event_type", "has to be CREATE, UPDATE or DELETE"))
        return "", str(name)
    slug, name = raw.get("use_case_slug"), raw.get("event_name")
    if slug is not None and not _fits(_SLUG, slug):
        faults.append(FieldError("use_case_slug", "has to be of a-z, 0-9, _ and -"))
    if name is not None and not _is_name(name):
        faults.append(FieldError("event_name", _NO_NAME))
    if slug is None and name is None:
        faults.append(FieldError("event_name", "or use_case_slug is needed"))
    return str(slug or ""), str(name or "")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()


def _reference(raw: Mapping[str, Any], faults: list[FieldError]) -> str:
    """Ours: what stands for a payload that was uploaded."""
    ref = raw.get("payload_ref")
    if ref is None:
        return ""
    if not _fits(_UPLOAD, ref):
        faults.append(FieldError("payload_ref", "is none that was given here"))
    if raw.get("payload") is not None:
        faults.append(FieldError("payload_ref", "and payload cannot both be given"))
    return str(ref)


def _payload(payload: Any, form: Any, faults: list[FieldError]) -> str:
    text = ""
    if isinstance(payload, dict) and payload:
        if form == "xml":
            faults.append(FieldError("payload", "has to be a text if its format is xml"))
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    elif isinstance(payload, str) and len(payload) >= 2:
        text = payload
    else:
        faults.append(FieldError("payload", "has to be an object with a key, or a text"))
    if _SURROGATE.search(text):
        faults.append(FieldError("payload", "holds half of a character"))
    return text


def _uuid(body: Mapping[str, Any], name: str, faults: list[FieldError]) -> str:
    value = body.get(name)
    if _fits(_UUID, value):
        return str(value).lower()
    faults.append(FieldError(name, "has to be a UUID"))
    return ""


def _text(body: Mapping[str, Any], name: str, most: int, faults: list[FieldError]) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if isinstance(value, str) and len(value) <= most and value.isprintable():
        return value
    faults.append(FieldError(name, f"has to be a text of at most {most} characters"))
    return ""


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))
