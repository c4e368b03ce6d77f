"""Keeps each queue message in the table, and reports those as failed that say so."""

from __future__ import annotations

import json
import time
from typing import Any

from busbar.settings.function import Settings
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """A queue worker with partial batch answers."""
    table = clients.aws("dynamodb")

    def handler(event: dict[str, Any], _context: Any) -> Any:
        failed = []
        for record in event["Records"]:
            body = json.loads(record["body"])
            item = {"pk": {"S": f"tried#{body['id']}"}, "sk": {"S": record["messageId"]}}
            table.put_item(TableName=settings.table, Item=item)
            time.sleep(body.get("sleep", 0))
            if body.get("fail"):
                failed.append({"itemIdentifier": record["messageId"]})
                continue
            item = {"pk": {"S": f"kept#{body['id']}"}, "sk": {"S": record["messageId"]}}
            table.put_item(TableName=settings.table, Item=item)
        return {"batchItemFailures": failed}

    return handler


lambda_handler = lambda_entry(make_handler)
