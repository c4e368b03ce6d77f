"""Logs, the correlation id that joins them, and metrics.

One id goes from the portal's request to every call that it causes and back. It travels in a
context variable inside a process and as a field of every message between processes. Logs hold ids,
codes and field names: nothing personal, no payloads.

Metrics are added up over an invocation and written to stdout at its end, as lines in CloudWatch's
Embedded Metric Format: no call, no right and no import more than the log line costs. What happened
is counted where it happened, so a worker that is killed has counted nothing: metrics show the
course of things, the table is the truth.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import Enum
from typing import Any

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


# --- metrics -----------------------------------------------------------------------------------

NAMESPACE = "Busbar"
MOST_VALUES = 100
"""Values that one metric may have in one line (EMF specification, "Target members")."""


class Metric(Enum):
    """Every metric: its name, its unit, and the one dimension it has beside `Stage`.

    Dimensions are words of the catalogue and the settings, never ids: each value is paid for.
    """

    HANDLED = ("Handled", "Count", "UseCase")
    """Requests, messages, rows or runs that will not come again, parked ones too."""
    FAILED = ("Failed", "Count", "UseCase")
    """Those answered 5xx, reported as failed, or raised."""
    PARKED = ("Parked", "Count", "UseCase")
    """Work that went to a person: a message moved to the dead-letter queue, an errand given up."""
    SCHEDULED_RUNS = ("ScheduledRuns", "Count", "UseCase")
    ERRANDS_WAITING = ("ErrandsWaiting", "Count", "UseCase")
    OLDEST_ERRAND = ("OldestErrand", "Seconds", "UseCase")
    CALLS = ("Calls", "Count", "System")
    CALLS_FAILED = ("CallsFailed", "Count", "System")
    """No answer, or a 5xx."""
    THROTTLED = ("Throttled", "Count", "System")
    LATENCY = ("Latency", "Milliseconds", "System")
    ORDERS_ACCEPTED = ("OrdersAccepted", "Count", "Org")
    ORDERS_IN_SALESFORCE = ("OrdersInSalesforce", "Count", "Org")
    ORDERS_DELIVERED = ("OrdersDelivered", "Count", "Org")
    ORDERS_REJECTED = ("OrdersRejected", "Count", "Org")
    CARDS_TAKEN_OVER = ("CardsTakenOver", "Count", "Org")
    CARDS_ACTIVATED = ("CardsActivated", "Count", "Org")
    OPEN_TASKS = ("OpenTasks", "Count", "Org")

    def __init__(self, title: str, unit: str, by: str) -> None:
        self.title = title
        self.unit = unit
        self.by = by


class Counts:
    """What one invocation of a use case adds up."""

    def __init__(self, use_case: str) -> None:
        self._use_case = use_case
        self._values: dict[tuple[Metric, str], list[float]] = {}

    def values(self, metric: Metric, of: str) -> list[float]:
        """The values so far; `of` is the value of the metric's dimension, empty: the use case."""
        return self._values.setdefault((metric, of or self._use_case), [])

    def documents(self, stage: str, at: datetime) -> list[dict[str, Any]]:
        """The EMF documents: one, unless a dimension or a metric needs two values or more."""
        made: list[dict[str, Any]] = []
        head = {"_aws": {"Timestamp": int(at.timestamp() * 1000)}, "Stage": stage}
        for (metric, of), values in self._values.items():
            for start in range(0, len(values), MOST_VALUES):
                free = (d for d in made if d.get(metric.by, of) == of and metric.title not in d)
                document = next(free, None)
                if document is None:
                    document = {**head}
                    made.append(document)
                some = values[start : start + MOST_VALUES]
                document |= {metric.by: of, metric.title: some[0] if len(some) == 1 else some}
        return [d | {"_aws": d["_aws"] | {"CloudWatchMetrics": _directives(d)}} for d in made]


def _directives(document: dict[str, Any]) -> list[dict[str, Any]]:
    """One per dimension, with the metrics of the document that have it."""
    metrics = [metric for metric in Metric if metric.title in document]
    return [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [["Stage", by]],
            "Metrics": [{"Name": m.title, "Unit": m.unit} for m in metrics if m.by == by],
        }
        for by in dict.fromkeys(metric.by for metric in metrics)
    ]


_counts: ContextVar[Counts | None] = ContextVar("counts", default=None)


def count(metric: Metric, of: str = "", value: float = 1) -> None:
    """Add to a metric of the invocation that runs now; `of` as in `Counts.values`."""
    if (counts := _counts.get()) is not None:
        values = counts.values(metric, of)
        values[:] = [sum(values) + value]


def observe(metric: Metric, of: str, value: float) -> None:
    """Note one value of many, such as the time of a call."""
    if (counts := _counts.get()) is not None:
        counts.values(metric, of).append(value)


@contextmanager
def counting(stage: str, use_case: str, now: Callable[[], datetime]) -> Iterator[None]:
    """One invocation: what is counted inside is written at its end, also if it raises."""
    counts = Counts(use_case)
    token = _counts.set(counts)
    try:
        yield
    except Exception:
        count(Metric.FAILED)
        raise
    finally:
        _counts.reset(token)
        for document in counts.documents(stage, now()):
            sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
