"""How much an event may come to: the worker holds what a whole batch comes to, and read it is up to
thirty times as large as its bytes are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_VALUES = 250_000
"""JSON values: 10,000 readings have 140,000, and no worker has the time for so many entities."""
UNCOUNTED = 256 * 1024
"""Bytes of an answer in which no more values have room than are harmless."""


def is_too_large(answer: bytes, parts: list[Any]) -> bool:
    """Whether the worker could not hold ten answers like this one, which has these parts."""
    return len(answer) > UNCOUNTED and not _has_at_most(MOST_VALUES, parts)


def _has_at_most(left: int, level: list[Any]) -> bool:
    while level:
        left -= len(level)
        if left < 0:
            return False
        below: list[Any] = []
        for value in level:
            if isinstance(value, Mapping):
                below += value.values()
            elif isinstance(value, list | tuple):
                below += value
        level = below
    return True
