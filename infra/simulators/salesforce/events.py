"""Platform events on their way out, in the shape in which Event Relay puts them on EventBridge.

Or, for an org without Event Relay, by the webhook to which our Apex caller sends them.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Envelope = dict[str, Any]
Publish = Callable[[Envelope], None]
Send = Callable[[Envelope, str], None]
"""Sends an event, signed with a key."""
_KNOBS = ("holding", "copies", "epoch_dates", "whole_seconds", "by_webhook")
MOST_AT_ONCE = 500
"""Events that one call sends. More than any one call of a clerk makes; some seconds of work."""
_SPACE = uuid.UUID("5b1f2c9e-3f0a-4a53-9c3c-6f2d8f0b7a11")
_log = logging.getLogger(__name__)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class EventDesk:
    """Makes events, and lets tests hold, reorder and double them.

    `holding` keeps new events back until `release`; `copies` is how often each is sent (the copies
    have the same payload under another envelope id); `epoch_dates` writes `CreatedDate` as epoch
    milliseconds, as some orgs' relays do. `whole_seconds` takes the version from a time stamp of
    whole seconds, as a trigger that reads `SystemModstamp` does: two events can have the same one.
    `by_webhook` sends them by `webhook` in place of the bus, signed with `webhook_key`.
    """

    publish: Publish
    source: str
    now: Callable[[], datetime]
    user_id: str
    holding: bool = False
    copies: int = 1
    epoch_dates: bool = False
    whole_seconds: bool = False
    by_webhook: bool = False
    webhook: Send | None = None
    webhook_key: str = ""
    held: list[Envelope] = field(default_factory=list)
    sent: deque[Envelope] = field(default_factory=lambda: deque(maxlen=1000))
    _ready: deque[Envelope] = field(default_factory=deque)
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _open: list[Envelope] | None = None
    _serial: int = 0

    def emit(self, name: str, fields: dict[str, Any]) -> Envelope:
        """Make an event `name`; it goes out at the end of the call, unless events are held."""
        moment = self.now()
        # A version must grow even when two events fall into one millisecond.
        self._serial = max(self._serial + 1, int(moment.timestamp() * 1000))
        version = int(moment.timestamp()) * 1000 if self.whole_seconds else self._serial
        payload = {
            **fields,
            "SourceVersion__c": str(version),
            "CreatedDate": int(moment.timestamp() * 1000) if self.epoch_dates else _iso(moment),
            "CreatedById": self.user_id,
            "EventUuid": self._uuid("event", self._serial),
        }
        envelope = self._wrapped(name, moment, payload)
        if self._open is None:
            self._place(envelope)
        else:
            self._open.append(envelope)
        return envelope

    def begin(self) -> None:
        """Keep new events until `commit`: what is rolled back says nothing."""
        self._open = []

    def commit(self) -> None:
        """Let go what was emitted since `begin`."""
        ended, self._open = self._open or [], None
        for envelope in ended:
            self._place(envelope)

    def roll_back(self) -> None:
        """Forget what was emitted since `begin`."""
        self._open = None

    def release(self, order: Sequence[int] | None = None) -> int:
        """Send the held events, or those at the positions `order` in that order; how many.

        Raises `IndexError` for a position that does not exist. Holding goes on until it is ended.
        """
        positions = list(range(len(self.held))) if order is None else list(order)
        chosen = [self.held[position] for position in positions]
        gone = set(positions)
        self.held = [e for i, e in enumerate(self.held) if i not in gone]
        for envelope in chosen:
            self._queue(envelope)
        return len(chosen)

    def flush(self) -> None:
        """Publish what is ready. What cannot be published stays, as the relay keeps its place.

        At most `MOST_AT_ONCE`: who calls sends what others have said meanwhile too, and under load
        that never ends. The rest goes out with the next call, or by the server's own flush.
        """
        # One thread sends at a time, or events would overtake each other. The others do not wait
        # for it, since what it publishes may have led to their very call.
        left = MOST_AT_ONCE
        while left and self._ready and self._sending.acquire(blocking=False):
            try:
                while left and self._ready:
                    if not self._send_first():
                        return
                    left -= 1
            finally:
                self._sending.release()

    def _send_first(self) -> bool:
        envelope = self._ready.popleft()
        try:
            self._publisher()(envelope)
        except Exception:  # noqa: BLE001  whatever keeps it from going out, it stays
            _log.exception("event %s not published, kept for later", envelope["id"])
            self._ready.appendleft(envelope)
            return False
        self.sent.append(envelope)
        return True

    def _publisher(self) -> Publish:
        if not self.by_webhook:
            return self.publish
        webhook, key = self.webhook, self.webhook_key
        if webhook is None:
            raise LookupError("the simulator was given no webhook")
        return lambda envelope: webhook(envelope, key)

    def clear(self) -> None:
        """Forget held, waiting and sent events, and the knobs. Versions go on."""
        self.held.clear()
        self._ready.clear()
        self.sent.clear()
        self.holding, self.copies = False, 1
        self.epoch_dates = self.whole_seconds = self.by_webhook = False

    def dump(self) -> dict[str, Any]:
        """The events, the knobs, and the serial number that the next version has to exceed."""
        return {
            "serial": self._serial,
            "held": list(self.held),
            "waiting": list(self._ready),
            "sent": list(self.sent),
            "knobs": {name: getattr(self, name) for name in _KNOBS},
        }

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped. What waited goes out with the next flush."""
        self.clear()
        self._serial = max(self._serial, dumped["serial"])
        self.held += dumped["held"]
        self._ready += dumped["waiting"]
        self.sent += dumped["sent"]
        for name in _KNOBS:
            setattr(self, name, dumped["knobs"].get(name, False))

    @property
    def waiting(self) -> int:
        """How many events could not be published yet."""
        return len(self._ready)

    def _place(self, envelope: Envelope) -> None:
        if self.holding:
            self.held.append(envelope)
        else:
            self._queue(envelope)

    def _queue(self, envelope: Envelope) -> None:
        for copy in range(self.copies):
            self._ready.append({**envelope, "id": self._uuid(envelope["id"], copy)})

    def _wrapped(self, name: str, moment: datetime, payload: dict[str, Any]) -> Envelope:
        return {
            "version": "0",
            "id": self._uuid("envelope", self._serial),
            "detail-type": name,
            "source": self.source,
            "account": "111122223333",
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": "eu-central-1",
            "resources": [],
            "detail": {
                "schemaId": self._uuid("schema", name)[:22],
                "id": payload["EventUuid"],
                "payload": payload,
            },
        }

    def _uuid(self, *parts: object) -> str:
        return str(uuid.uuid5(_SPACE, "/".join(map(str, (self.source, *parts)))))
