"""Received events as they came, out of S3: each request is one object, read once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from busbar.domain.erp_events import (
    LARGEST_PAYLOAD,
    LARGEST_REQUEST,
    RECEIVED_KEPT_DAYS,
    Format,
    RequestVersion,
    payload_key,
    place_of,
    request_of,
)
from busbar.domain.numbers import whole_or_text
from busbar.domain.outcome_rows import Received
from busbar.errors import Problem
from busbar.mapping.payload_faults import MalformedPayload
from busbar.mapping.xml_payloads import text_of
from busbar.ports.files import Files
from busbar.ports.store import Store, Stored
from busbar.usecases.erp_requests import (
    ErpRequest,
    Incoming,
    Unfit,
    read_event,
    read_request,
)


class Kept(NamedTuple):
    """An event as it was sent, in its request."""

    raw: Any
    request: ErpRequest

    @property
    def event(self) -> Incoming | Unfit:
        """The event, read as it was when it came."""
        return read_event(self.raw, self.request)


MOST_HELD = 3
"""Requests that are held in memory, where one of 5 MB may take 40. Of those that are asked for one
after the other, each is read once."""


class KeptRequests:
    """Requests of one org as they lie in S3. Raises `Unavailable` if it does not answer.

    `size`: the bytes of all that were read.
    """

    def __init__(self, org: str, files: Files) -> None:
        self._org = org
        self._files = files
        self._read: dict[str, ErpRequest | None] = {}
        self.size = 0

    def event(self, event_id: str, version: RequestVersion) -> Kept | None:
        """An event of a request of this version; None if it is not there, or cannot be read."""
        place = place_of(self._org, event_id)
        if place is None:
            return None
        if place.key not in self._read:
            while len(self._read) >= MOST_HELD:
                del self._read[next(iter(self._read))]
            self._read[place.key] = self._request(place.key, version)
        request = self._read[place.key]
        if request is None or place.position >= len(request.events):
            return None
        return Kept(request.events[place.position], request)

    def payload(self, event_id: str, version: RequestVersion) -> str | Unfit:
        """What an event says, wherever it lies; or why that cannot be told."""
        found = self.event(event_id, version)
        event = found.event if found else None
        if not isinstance(event, Incoming):
            return Unfit("MALFORMED_PAYLOAD", "the event is no longer kept")
        if not event.payload_ref:
            return event.payload
        return self.uploaded(event_id, event.format, LARGEST_PAYLOAD)

    def uploaded(self, event_id: str, form: Format, most: int) -> str | Unfit:
        """The payload that was uploaded for an event, up to so many bytes."""
        file = self._files.read(payload_key(self._org, event_id), most + 1)
        if file is None:
            return Unfit("PAYLOAD_REF_NOT_FOUND", "the uploaded payload is no longer kept")
        if len(file.content) > most:
            return Unfit("PAYLOAD_TOO_LARGE", f"the uploaded payload has more than {most} bytes")
        try:
            return text_of(file.content) if form == "xml" else file.content.decode()
        except UnicodeDecodeError:
            return Unfit("MALFORMED_PAYLOAD", "the uploaded payload is no text in UTF-8")
        except MalformedPayload as error:
            return Unfit(error.code, f"the uploaded payload: {error}")

    def _request(self, key: str, version: RequestVersion) -> ErpRequest | None:
        kept = self._files.read(key, LARGEST_REQUEST + 1)
        if kept is None:
            return None
        self.size += len(kept.content)
        try:
            body: Mapping[str, Any] = json.loads(kept.content, parse_int=whole_or_text)
            return read_request(version, body)
        except (ValueError, Problem):
            return None  # What was accepted can be read: this is another file.


class KeptEvents:
    """The events of one org that S3 still has. Raises `Unavailable` if it does not answer."""

    def __init__(self, store: Store, files: Files, now: datetime) -> None:
        self._store = store
        self._requests = KeptRequests(store.org, files)
        self._oldest = now - timedelta(days=RECEIVED_KEPT_DAYS)

    @property
    def size(self) -> int:
        """Bytes of all requests that were read."""
        return self._requests.size

    def received(self, event_ids: list[str]) -> dict[str, Received]:
        """What was noted of these events' requests, by event: 0.5 RU per request."""
        requests = {one: request for one in event_ids if (request := request_of(one))}
        wanted = sorted(set(requests.values()))
        read: list[Stored[Received]] = []
        if wanted:
            read = self._store.get_many(Received, wanted, consistent=True, skip_unreadable=True)
        found = {stored.record.id: stored.record for stored in read}
        return {one: found[request] for one, request in requests.items() if request in found}

    def read(self, event_id: str, received: Received) -> Kept | None:
        """The event; None if it is too old, or its request was not worth keeping."""
        if received.at < self._oldest:
            return None
        return self._requests.event(event_id, received.version)

    def uploaded(self, event_id: str, form: Format, most: int) -> str | Unfit:
        """The uploaded payload of an event that `read` gave, up to so many bytes."""
        return self._requests.uploaded(event_id, form, most)
