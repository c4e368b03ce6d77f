"""The table's stream: sends outbox rows as soon as they are written."""

from __future__ import annotations

import base64
from typing import Any

from busbar.observability import begin, cause, logger
from busbar.process.outbox import OutboxRow
from busbar.settings import Settings
from busbar.store.records import decode_body
from busbar.usecases.outbox_relay import send
from busbar.wiring import Clients, Handler, Parts, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler. Ends a batch at the first row that fails; the stream brings it again."""
    parts = Parts(settings, clients)

    def relay(record: dict[str, Any]) -> None:
        image = record["dynamodb"].get("NewImage") or {}
        if image.get("schema", {}).get("S") != OutboxRow.schema_name or "wake" not in image:
            return
        row = decode_body(OutboxRow, base64.b64decode(image["body"]["B"]))
        begin(row.command.correlation_id)
        send(row, parts.store(row.command.org), parts.queues, parts.clock)

    def handler(event: dict[str, Any], _context: Any) -> Any:
        for record in event.get("Records", []):
            try:
                relay(record)
            except Exception as error:  # noqa: BLE001  (the stream must hear where to go on)
                logger.warning("relay failed", extra={"error": cause(error)})
                number = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": number}]}
        return {"batchItemFailures": []}

    return handler


lambda_handler = lambda_entry(make_handler)
