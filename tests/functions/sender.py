"""Messages as Salesforce signs and sends them to the webhook."""

from __future__ import annotations

import json
from typing import Any

from busbar.domain.webhook_signature import key_of, sign
from tests.doubles.world import ORG, WEBHOOK_KEY, Reply, World, http_event
from tests.functions.given import any_blank_card
from tests.functions.portal import answer

MESSAGE_ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
Event = dict[str, Any]
CARD = any_blank_card()


def card_assigned(**fields: Any) -> Event:
    """`ChargeCardAssigned__e` of the first blank card to the usual order."""
    payload = {
        "OrderReference__c": "BBCO0RDER00000001",
        "AssetId__c": CARD.asset_id,
        "CardId__c": CARD.energised_id,
        "SourceVersion__c": "1772438401000",
        "EventUuid": "5b1f2c9e-0000-4000-8001-000000000001",
        "CreatedDate": "2026-03-02T08:00:01.000Z",
    }
    return {"event": "ChargeCardAssigned__e", "payload": {**payload, **fields}}


def status_changed(**fields: Any) -> Event:
    """`OrderStatusChanged__e` of the usual order."""
    payload = {
        "OrderReference__c": "BBCO0RDER00000001",
        "Status__c": "Bearbeitung",
        "SourceVersion__c": "1772438402000",
        "EventUuid": "5b1f2c9e-0000-4000-8001-000000000002",
        "CreatedDate": "2026-03-02T08:00:02.000Z",
    }
    return {"event": "OrderStatusChanged__e", "payload": {**payload, **fields}}


def body_of(*events: Event, **more: Any) -> bytes:
    """The body of a message."""
    return json.dumps({"events": list(events), **more}).encode()


def signed_headers(
    world: World,
    body: bytes,
    *,
    key: str = WEBHOOK_KEY,
    message_id: str = MESSAGE_ID,
    age: float = 0.0,
) -> dict[str, str]:
    """The headers of a message that was sent `age` seconds ago."""
    timestamp = str(int(world.clock.now().timestamp() - age))
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(key_of(key), message_id, timestamp, body),
    }


def post(
    world: World, body: bytes | str, headers: dict[str, str], org: str = ORG, **event: Any
) -> Reply:
    """What the webhook answers; `event` replaces parts of what API Gateway hands on."""
    path = f"/v1/webhooks/salesforce/{org}"
    text = body if isinstance(body, str) else body.decode()
    made = http_event("POST", path, text, headers, {"org": org}, None)
    return answer(world, "salesforce_webhook", {**made, **event})


def send(world: World, *events: Event, org: str = ORG, **signing: Any) -> Reply:
    """Sign and send."""
    body = body_of(*events)
    return post(world, body, signed_headers(world, body, **signing), org)


def queued(world: World, queue: str) -> list[Any]:
    """The messages on a queue."""
    return [json.loads(message.body) for message in world.sqs.queues.get(queue, [])]
