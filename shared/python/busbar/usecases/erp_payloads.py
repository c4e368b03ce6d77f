"""Payloads that are too large for a request: uploaded first, then named by an event.

A file goes from the sender to S3 directly, by a form that is signed for one key of ours. An event
names it by `payload_ref`. Before that event is answered, S3 copies the file to a place of the
event's own, which no form can write to, and only if it is still the file that was looked at. So
what was accepted never changes, and is kept as long as its request.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from busbar.domain.erp_events import (
    LARGEST_PAYLOAD,
    MOST_UPLOADED,
    UPLOAD_SECONDS,
    UPLOADED_KEPT_DAYS,
    Format,
    payload_key,
    request_id,
    upload_key,
)
from busbar.ports.files import Files
from busbar.ports.runtime import Ids, Json
from busbar.usecases.deps import Deps
from busbar.usecases.erp_requests import Incoming, Unfit

CONTENT_TYPES: dict[Format, str] = {"json": "application/json", "xml": "application/xml"}


class UploadWish(BaseModel):
    """What is to be uploaded: `format` as the event will have it."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["json", "xml"] = "json"


def payload_form(wish: UploadWish, deps: Deps, ids: Ids) -> Json:
    """A form that takes one payload of the org, and the `payload_ref` to name it by. It may be
    asked for as often as one likes: nothing is written."""
    now = deps.clock.now()
    ref = request_id(now, ids.new())
    key = upload_key(deps.store.org, ref)
    form = deps.files.upload_form(key, LARGEST_PAYLOAD, UPLOAD_SECONDS, CONTENT_TYPES[wish.format])
    return {
        "payload_ref": ref,
        "url": form.url,
        "fields": dict(form.fields),
        "largest": LARGEST_PAYLOAD,
        "valid_until": (now + timedelta(seconds=UPLOAD_SECONDS)).isoformat(),
        "name_until": (now + timedelta(days=UPLOADED_KEPT_DAYS)).isoformat(),
    }


class Uploads:
    """The uploaded payloads of one request of an org."""

    def __init__(self, files: Files, org: str) -> None:
        self._files = files
        self._org = org
        self._claimed = 0

    def claim(self, event: Incoming, event_id: str) -> Incoming | Unfit:
        """Copy what an event names to its own place. The event with its size and mark, or what is
        wrong; a payload of another org is one that is not there. Raises `Unavailable`."""
        source, target = upload_key(self._org, event.payload_ref), payload_key(self._org, event_id)
        if self._claimed == MOST_UPLOADED:
            message = f"payload_ref: {MOST_UPLOADED} events of a request may have one"
            return Unfit("PAYLOAD_TOO_LARGE", message)
        there = self._files.look(source)
        if there is None:
            message = "payload_ref: nothing was uploaded there, or it was more than a day ago"
            return Unfit("PAYLOAD_REF_NOT_FOUND", message)
        if there.size > LARGEST_PAYLOAD:
            message = f"an uploaded payload may have {LARGEST_PAYLOAD} bytes"
            return Unfit("PAYLOAD_TOO_LARGE", message)
        if not self._files.copy(source, target, there.etag):
            message = "payload_ref: it was uploaded anew at this moment; send the event again"
            return Unfit("PAYLOAD_REF_CHANGED", message)
        self._claimed += 1
        return replace(event, size=there.size, etag=there.etag)
