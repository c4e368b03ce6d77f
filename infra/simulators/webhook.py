"""Sends platform events to the product's webhook, signed as our Apex caller signs them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import httpx

from busbar.domain.webhook_signature import ID, SIGNATURE, TIMESTAMP, key_of, sign
from infra.simulators.salesforce.events import Envelope, Send

SECONDS = 30.0


class RefusedError(Exception):
    """The webhook answered something else than 2xx. The message is its status."""


def message(envelope: Envelope) -> tuple[str, bytes]:
    """Id and body of the message that carries one event. A copy of an event has its own id."""
    event = {"event": envelope["detail-type"], "payload": envelope["detail"]["payload"]}
    return f"msg_{envelope['id']}", json.dumps({"events": [event]}).encode()


def headers(secret: str, message_id: str, body: bytes, now: float) -> Mapping[str, str]:
    """The headers of a message that is sent now (Unix seconds)."""
    timestamp = str(int(now))
    return {
        "content-type": "application/json",
        ID: message_id,
        TIMESTAMP: timestamp,
        SIGNATURE: sign(key_of(secret), message_id, timestamp, body),
    }


def webhook_publisher(url: str, transport: httpx.BaseTransport | None = None) -> Send:
    """A publisher for `SalesforceSimulator(webhook=…)`; raises what keeps an event from going."""
    client = httpx.Client(timeout=SECONDS, trust_env=False, transport=transport)

    def publish(envelope: Envelope, key: str) -> None:
        message_id, body = message(envelope)
        signed = headers(key, message_id, body, time.time())
        answer = client.post(url, content=body, headers=dict(signed))
        if not answer.is_success:
            raise RefusedError(str(answer.status_code))

    return publish
