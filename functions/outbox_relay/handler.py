"""The table's stream: sends outbox rows as soon as they are written."""

from __future__ import annotations

from typing import Any

from busbar.observability import begin, cause, logger
from busbar.process.outbox import OutboxRow
from busbar.settings.function import Settings
from busbar.store.records import stored_in
from busbar.usecases.outbox_relay import send
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.wiring.parts import Parts


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler. Ends a batch at the first row that fails; the stream brings it again."""
    parts = Parts(settings, clients)

    def relay(record: dict[str, Any]) -> None:
        image = record["dynamodb"].get("NewImage") or {}
        if image.get("schema", {}).get("S") != OutboxRow.schema_name or "wake" not in image:
            return
        stored = stored_in(OutboxRow, image)
        begin(stored.record.command.correlation_id)
        store = parts.store(stored.record.command.org)
        send(stored, store, parts.queues, parts.clock, settings.tuning)

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
