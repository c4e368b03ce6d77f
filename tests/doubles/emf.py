"""CloudWatch's Embedded Metric Format, as its specification has it: what is wrong with a document.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
CloudWatch drops what is wrong without a word, so these rules stand here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeGuard

_BYTES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes")
_BITS = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
UNITS = {
    *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
    *_BYTES,
    *_BITS,
    *(f"{unit}/Second" for unit in (*_BYTES, *_BITS)),
}
"""MetricDatum, `Unit`."""


def documents(text: str) -> list[dict[str, Any]]:
    """The EMF documents among the lines of a log."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def faults(document: dict[str, Any]) -> list[str]:
    """What the specification forbids, one line each."""
    head = document.get("_aws", {})
    found = [] if _is_whole(head.get("Timestamp")) else ["Timestamp: no whole number"]
    directives = head.get("CloudWatchMetrics")
    if not directives:
        return [*found, "CloudWatchMetrics: none"]
    if len(json.dumps(document)) > 1024 * 1024:
        found.append("longer than 1 MB")
    return found + [f for directive in directives for f in _of_directive(document, directive)]


def _of_directive(document: dict[str, Any], directive: dict[str, Any]) -> Iterator[str]:
    if not _is_text(directive.get("Namespace")):
        yield "Namespace: no text"
    if not directive.get("Dimensions"):
        yield "Dimensions: none"
    for names in directive.get("Dimensions", []):
        yield from _of_dimensions(document, names)
    metrics = directive.get("Metrics", [])
    if not 1 <= len(metrics) <= 100:
        yield "Metrics: none, or more than 100"
    for metric in metrics:
        yield from _of_metric(document, metric)


def _of_dimensions(document: dict[str, Any], names: list[str]) -> Iterator[str]:
    if len(names) > 30:
        yield "DimensionSet: more than 30"
    for name in names:
        value = document.get(name)
        if not _is_text(value) or value.startswith(":") or not value.isascii():
            yield f"{name}: no value of a dimension"


def _of_metric(document: dict[str, Any], metric: dict[str, Any]) -> Iterator[str]:
    name = str(metric.get("Name", ""))
    if not _is_text(name):
        yield "Name: no text"
    if metric.get("Unit") not in UNITS:
        yield f"{name}: no such unit"
    if metric.get("StorageResolution", 60) not in {1, 60}:
        yield f"{name}: StorageResolution has to be 1 or 60"
    value = document.get(name)
    values = value if isinstance(value, list) else [value]
    if not 1 <= len(values) <= 100 or not all(_is_number(v) for v in values):
        yield f"{name}: no number, nor 1 to 100 of them"


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 1 <= len(value) <= 1024


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
