"""Logs, and the correlation id that joins them.

One id goes from the portal's request to every call that it causes and back. It travels in a
context variable inside a process and as a field of every message between processes. Logs hold ids,
codes and field names: nothing personal, no payloads.
"""

from __future__ import annotations

import logging
import re
import secrets
from contextvars import ContextVar

from aws_lambda_powertools import Logger

CORRELATION_HEADER = "x-correlation-id"
_FORM = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
_current: ContextVar[str] = ContextVar("correlation_id", default="")

logger = Logger(service="busbar", utc=True, level="INFO")
# httpx tells every URL at INFO, and ours carry references.
logging.getLogger("httpx").setLevel(logging.WARNING)


def begin(candidate: str | None = None) -> str:
    """Start a unit of work under `candidate`, if it has the form of an id, else under a new one."""
    chosen = candidate if candidate and _FORM.fullmatch(candidate) else secrets.token_hex(16)
    _current.set(chosen)
    # Per thread: on a laptop many handlers run in one process.
    logger.thread_safe_append_keys(correlation_id=chosen)
    return chosen


def correlation_id() -> str:
    """The id of the unit of work that runs now."""
    return _current.get() or begin()


def cause(error: Exception) -> str:
    """What kind of error it was, for a log line: never its message, which may quote data.

    The type, and for an error of AWS its code and the operation.
    """
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    operation = getattr(error, "operation_name", "")
    return " ".join(filter(None, (type(error).__name__, operation, code)))
