"""Sends the key of each stream record to a queue; fails as a whole for a record that is poison."""

from __future__ import annotations

import json
from typing import Any

from busbar.settings.function import Settings
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """A stream worker that knows no partial answers."""
    queue = clients.aws("sqs")

    def handler(event: dict[str, Any], _context: Any) -> Any:
        keys = [r["dynamodb"]["NewImage"]["pk"]["S"] for r in event["Records"]]
        if any("poison" in key for key in keys):
            raise ValueError("a poisoned batch")
        for record in event["Records"]:
            queue.send_message(QueueUrl=settings.queues["seen"], MessageBody=json.dumps(record))
        return None

    return handler


lambda_handler = lambda_entry(make_handler)
