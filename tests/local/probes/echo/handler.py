"""Answers with what it was given, or misbehaves as the event says."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from busbar.observability import logger
from busbar.settings.function import Settings
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry

ANSWER = "first"


class OddError(Exception):
    """An error with a name of its own."""


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """One instance: counts its own calls, and refuses two at once."""
    one_at_a_time = threading.Lock()
    calls = 0

    def handler(event: dict[str, Any], context: Any) -> Any:
        nonlocal calls
        if not one_at_a_time.acquire(blocking=False):
            raise RuntimeError("two events at once in one instance")
        try:
            calls += 1
            if event.get("complain"):
                logger.error("this is bad")
            print("echo was called")  # noqa: T201  shows where output goes
            return _do(event, context, settings, clients) | {"calls": calls}
        finally:
            one_at_a_time.release()

    return handler


def _do(
    event: dict[str, Any], context: Any, settings: Settings, clients: Clients
) -> dict[str, Any]:
    time.sleep(event.get("sleep", 0))
    if event.get("raise"):
        raise OddError("as asked for")
    if event.get("put"):
        clients.aws("dynamodb").put_item(TableName=settings.table, Item=event["put"])
    return {
        "answer": {1, 2} if event.get("set") else ANSWER,
        "event": event,
        "table": settings.table,
        "function": context.function_name,
        "left_ms": context.get_remaining_time_in_millis(),
        "pid": os.getpid(),
        "process_table": os.environ.get("BUSBAR_TABLE"),  # noqa: TID251  has to be absent
    }


lambda_handler = lambda_entry(make_handler)
