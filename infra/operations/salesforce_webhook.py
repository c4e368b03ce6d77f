"""POST /v1/webhooks/salesforce/{org}."""

from __future__ import annotations

from busbar.usecases.salesforce_webhook import Message
from infra.operations import Json, Operation, Says, View
from infra.operations.parts import AT, ORDER_ID


class MessageTaken(View):
    """A message whose events are on their queues."""

    webhook_id: str
    accepted: int


_OF_ORDER: Json = {"OrderReference__c": f"BBCO{ORDER_ID}", "CreatedDate": AT}
ASSIGNED: Json = {
    "event": "ChargeCardAssigned__e",
    "payload": {
        **_OF_ORDER,
        "AssetId__c": "02iWA0000000001YAA",
        "CardId__c": "410001",
        "SourceVersion__c": "1772438401000",
        "EventUuid": "5b1f2c9e-0000-4000-8001-000000000001",
    },
}
CHANGED: Json = {
    "event": "OrderStatusChanged__e",
    "payload": {
        **_OF_ORDER,
        "Status__c": "Bearbeitung",
        "SourceVersion__c": "1772438402000",
        "EventUuid": "5b1f2c9e-0000-4000-8001-000000000002",
    },
}
MESSAGE_ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
OPERATIONS = {
    "salesforce_webhook": Operation(
        "Take platform events of an org without Event Relay, and put them on their queues",
        {
            202: Says(
                "All of them are on their queues; the same message again changes nothing",
                MessageTaken,
                {"webhook_id": MESSAGE_ID, "accepted": 2},
                ("Idempotent-Replayed",),
            )
        },
        body=Message,
        bodies={
            "a card was assigned": {"events": [ASSIGNED]},
            "two events": {"events": [ASSIGNED, CHANGED]},
        },
        problems={404: ("webhook-unknown",), 422: ("event-unknown", "webhook-id-reused")},
    ),
}
