"""An event of an ERP, from its acceptance to its end.

An event's id says where it is kept: `<request>-<position>`, and a request's id begins with its day,
which leads to the object in S3 that holds the whole request. So to send an event again nothing has
to be looked up.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from busbar.domain.identifiers import ID_PATTERN

FORMAT = 1
"""Version of the messages on the queue. A release reads its own and the one before."""
RECEIVED = "inbound/"
"""Prefix of the requests in the bucket."""
RECEIVED_KEPT_DAYS = 14
UPLOADED = "payloads/"
"""Prefix of the payloads that were uploaded, until an event names them. Such an event gets a copy
of its own, beside its request: what is uploaded later by the same form changes nothing."""
UPLOADED_KEPT_DAYS = 1
UPLOAD_SECONDS = 900
"""How long a form takes a payload. S3 looks at the clock when an upload begins."""
MOST_EVENTS = 100
LARGEST_EVENT = 256 * 1024
LARGEST_READINGS = 1024 * 1024
LARGEST_REQUEST = 5 * 1024 * 1024
LARGEST_PAYLOAD = 20 * 1024 * 1024
"""Of an uploaded one: what the process for mappings reads in half of its time and memory, if it is
made of many small values."""
MOST_UPLOADED = 10
"""Events of one request with an uploaded payload: each costs S3 a copy, while the sender waits."""
_REQUEST = rf"(2[0-9]{{7}})({ID_PATTERN.strip('^$')})"
_ID = re.compile(rf"{_REQUEST}-([0-9]{{3}})")
UPLOAD_PATTERN = f"^{_REQUEST}$"
"""Of what names an uploaded payload."""
REPLAYED = "replay_"
"""How the correlation id of events begins that were sent again; their request's id follows."""
_OURS = re.compile(rf"(?!2[0-9]{{20}}$)(?:{REPLAYED})?{_REQUEST}(?:-[0-9]{{3}}(?:[0-9]{{6}})?)?")
"""Of an event, of its request, or of a line of a load (`busbar.domain.erp_loads`). 21 digits are
somebody else's, such as a time of SAP: the day that it names may be that of another time zone."""

Format = Literal["json", "xml"]
RequestVersion = Literal[1, 2, 3]
"""Of the toolkit's endpoint for events; the first two are deprecated."""


class Place(NamedTuple):
    """Where an event is kept: the object in S3, and the position in its list of events."""

    key: str
    position: int


def request_id(at: datetime, drawn: str) -> str:
    """The id of a request, or of an uploaded payload: its day and a fresh entity id."""
    return f"{at:%Y%m%d}{drawn}"


def event_id(request: str, position: int) -> str:
    """The id of an event of a request, counted from 0."""
    return f"{request}-{position:03}"


def request_key(org: str, request: str) -> str:
    """The object that holds a request."""
    return f"{RECEIVED}{org}/{request[:4]}-{request[4:6]}-{request[6:8]}/{request}.json"


def upload_key(org: str, ref: str) -> str:
    """Where an uploaded payload lies until an event names it."""
    return f"{UPLOADED}{org}/{ref}"


def payload_key(org: str, event: str) -> str:
    """The copy of an uploaded payload that is an event's own. Raises `ValueError` for no event."""
    place = place_of(org, event)
    if place is None:
        raise ValueError("that is no event's id")
    return f"{place.key.removesuffix('.json')}-{place.position:03}.payload"


def place_of(org: str, event: str) -> Place | None:
    """Where an event is kept; None if that is no event's id."""
    found = _ID.fullmatch(event)
    if not found:
        return None
    return Place(request_key(org, found[1] + found[2]), int(found[3]))


def request_of(event: str) -> str | None:
    """The request that an event came with; None if that is no event's id."""
    found = _ID.fullmatch(event)
    return found[1] + found[2] if found else None


def day_of(name: str) -> datetime | None:
    """When the day began that an id of ours names, of an event or what belongs to one."""
    found = _OURS.fullmatch(name)
    try:
        return datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


class EventMessage(BaseModel):
    """One event on its way to the worker. With `payload` None it is to be read from S3.

    `payload` is the text as it came, or the text of the object that came; an uploaded one never
    travels here. `timestamp` is the ERP's
    and orders the events about one entity; `accepted` is ours, and the same on every delivery. Both
    are in microseconds since 1970.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = FORMAT
    org: str
    integration_id: str
    use_case: str
    event_id: str
    correlation_id: str
    group: str = ""
    timestamp: int
    accepted: int
    request_version: RequestVersion = 3
    format: Format
    payload: str | None = None
    waited: bool = False
    """Whether it comes again as a relation of it has waited (`busbar.usecases.erp_waiting`)."""

    def text(self) -> str:
        """As it is sent: in ASCII, as a queue refuses some characters that a text may have."""
        return json.dumps(self.model_dump(exclude_defaults=True), separators=(",", ":"))

    def pointer(self) -> EventMessage:
        """The same without the event itself, which lies in S3."""
        return self.model_copy(update={"payload": None})
