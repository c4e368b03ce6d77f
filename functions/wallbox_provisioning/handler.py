"""Queue wallbox_provisioning: errands of the outbox, tasks of the state machine, and its ends."""

from __future__ import annotations

import json
from typing import Any

from busbar.observability import begin, cause, logger
from busbar.process.executions import read_ended
from busbar.process.outbox import Command, Errand
from busbar.settings import Settings
from busbar.usecases.wallbox_provisioning import StepAsked, begin_execution, go_on, work
from busbar.wiring import Clients, Handler, Parts, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    parts = Parts(settings, clients)

    def one(body: str) -> None:
        message = json.loads(body)
        begin(message.get("correlation_id"))
        if ended := read_ended(message):
            go_on(ended, parts.deps(ended.org))
        elif "task_token" in message:
            asked = StepAsked.model_validate(message)
            work(asked, parts.deps(asked.org))
        else:
            errand = Errand(Command.model_validate(message))
            deps = parts.deps(errand.command.org)
            if deps.outbox.is_current(errand):
                begin_execution(errand, deps)

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        failed = []
        for record in event["Records"]:
            try:
                one(record["body"])
            except Exception as error:  # noqa: BLE001  (one bad message must not fail its neighbours)
                failed.append({"itemIdentifier": record["messageId"]})
                logger.warning("message failed", extra={"error": cause(error)})
        return {"batchItemFailures": failed}

    return handler


lambda_handler = lambda_entry(make_handler)
