"""Platform events that Salesforce sends itself, where an org has no Event Relay.

Each goes on to the queue of its worker, in the envelope in which Event Relay would have brought it.
A message is answered once all its events are on their queues, and remembered only then: after a
failure, or a death, Salesforce sends it again and all its events go out again. Two that come at
once may do the same. The workers bear that, as they go by the version of each event.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from busbar.domain.record import Record
from busbar.errors import Conflict, FieldError, Problem
from busbar.observability import cause, logger
from busbar.ports.queues import Queues
from busbar.ports.store import Save, Stored
from busbar.settings.webhook import WebhookSettings
from busbar.usecases.deps import Deps

MOST_EVENTS = 100
_SPACE = uuid.UUID("0c2a5f1e-7d43-4f0e-9a76-3b8f4f1f6d52")


class Event(BaseModel):
    """One platform event: its API name, and its fields as Salesforce calls them."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    event: str = Field(min_length=1, max_length=255)
    payload: dict[str, Any]


class Message(BaseModel):
    """The body of a call."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    events: list[Event] = Field(min_length=1, max_length=MOST_EVENTS)


class WebhookMessage(Record):
    """A message whose events are on their queues. Its id is the sender's."""

    schema_name: ClassVar[str] = "webhook_message"

    body_hash: str
    events: int
    expires: AwareDatetime

    def kept_until(self) -> datetime:
        """The table forgets it then; by its time stamp a copy is refused much earlier."""
        return self.expires


@dataclass(frozen=True)
class Taken:
    """How many events a message had, and whether it had been here before."""

    events: int
    replayed: bool = False


def take(
    message_id: str, body_hash: str, events: Sequence[Event], deps: Deps, queues: Queues
) -> Taken:
    """Put the events of a signed message on their queues, all or (as far as known) none.

    Raises a `Problem`: 422 for an event that is unknown, or an id that was another message's; 503
    if a queue could not be reached.
    """
    stored = deps.store.get(WebhookMessage, message_id)
    now = deps.clock.now()
    if stored and stored.record.expires > now:
        return _again(stored.record, body_hash)
    messages = _messages(message_id, events, _settings(deps))
    _send(messages, queues)
    record = WebhookMessage(
        id=message_id,
        body_hash=body_hash,
        events=len(messages),
        expires=now + timedelta(seconds=deps.tuning.idempotency_kept),
    )
    _remember(record, stored, deps)
    return Taken(len(messages))


def _again(record: WebhookMessage, body_hash: str) -> Taken:
    if record.body_hash != body_hash:
        fault = FieldError("webhook-id", "was used for a message with another body")
        raise Problem(
            422,
            "webhook-id-reused",
            "webhook-id was used for another message",
            "Give every new message an id of its own, and keep it when you send it again.",
            errors=(fault,),
        )
    return Taken(record.events, replayed=True)


def _settings(deps: Deps) -> WebhookSettings:
    if deps.org.webhook is None:
        raise LookupError("this function has no settings for webhook")
    return deps.org.webhook


def _messages(
    message_id: str, events: Sequence[Event], settings: WebhookSettings
) -> list[tuple[str, str]]:
    """(queue, body) of each event. Raises a 422 `Problem` naming all events that are unknown."""
    queues = settings.queues
    unknown = tuple(
        FieldError(f"events[{number}].event", f"{event.event[:80]!r} is unknown; {_known(queues)}")
        for number, event in enumerate(events)
        if event.event not in queues
    )
    if unknown:
        detail = "Nothing was taken. Send the events that are known again."
        raise Problem(422, "event-unknown", "Some events are unknown", detail, errors=unknown)
    try:
        return [
            (queues[event.event], json.dumps(_envelope(f"{message_id}/{number}", event, settings)))
            for number, event in enumerate(events)
        ]
    except RecursionError:
        raise Problem(400, "body-invalid", "The body is nested too deep") from None


def _known(names: Mapping[str, str]) -> str:
    return f"known are {', '.join(sorted(names))}"


def _envelope(key: str, event: Event, settings: WebhookSettings) -> dict[str, Any]:
    """The event as EventBridge hands it on. The same event gets the same envelope at every try."""
    return {
        "version": "0",
        "id": str(uuid.uuid5(_SPACE, f"{settings.event_source}/{key}")),
        "detail-type": event.event,
        "source": settings.event_source,
        "account": "",
        "time": str(event.payload.get("CreatedDate", "")),
        "region": "",
        "resources": [],
        "detail": {"id": event.payload.get("EventUuid"), "payload": event.payload},
    }


def _send(messages: Sequence[tuple[str, str]], queues: Queues) -> None:
    for number, (queue, body) in enumerate(messages):
        try:
            queues.send(queue, body)
        except Exception as error:  # noqa: BLE001  (whatever it is, the sender has to repeat)
            logger.error("event not sent", extra={"queue": queue, "error": cause(error)})
            raise Problem(
                503,
                "try-again",
                "Not possible at the moment",
                f"{number} of {len(messages)} events were taken. Send the same message again:"
                " that does no harm.",
                headers={"Retry-After": "5"},
            ) from None


def _remember(record: WebhookMessage, before: Stored[WebhookMessage] | None, deps: Deps) -> None:
    try:
        deps.store.commit(Save(record, before))
    except Conflict:
        return  # the same message came twice at once, and the other one was faster
