"""POST /v1/webhooks/salesforce/{org}: platform events of an org without Event Relay."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Delivery
from busbar.settings.function import Settings
from busbar.usecases.salesforce_webhook import Message, take
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.wiring.parts import Parts


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)
    queues = Parts(settings, clients).queues

    @door.signed("POST", "/v1/webhooks/salesforce/{org}", "salesforce_webhook")
    def receive(delivery: Delivery) -> Answer:
        events = delivery.parse(Message).events
        taken = take(delivery.message_id, delivery.body_hash, events, delivery.deps, queues)
        replayed = {"Idempotent-Replayed": "true"} if taken.replayed else {}
        body = {"webhook_id": delivery.message_id, "accepted": taken.events}
        return Answer(202, body, replayed)

    return door.handler


lambda_handler = lambda_entry(make_handler)
