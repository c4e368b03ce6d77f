"""What a step can come to, and when it is tried again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from busbar.errors import UpstreamError, Withheld
from busbar.ports.outside import Found
from busbar.settings.function import Tuning

LEASE_MARGIN = 1.0
"""Seconds between the end of the last HTTP call of an attempt and the end of its lease."""


@dataclass(frozen=True)
class Done:
    """The effect is there, exactly once. `found` is what the outside system calls it."""

    found: Found


@dataclass(frozen=True)
class Later:
    """Not yet: look again at `at`. `reason` is a stable word that people and tests can read.

    `cause` is for the log: system, operation, code and request id of what went wrong, and
    `system` is the one that failed. `lane` names the system whose circuit holds the work back: then
    it waits there, whatever `at` says.
    """

    at: datetime
    reason: str
    cause: str = ""
    system: str = ""
    lane: str = ""


@dataclass(frozen=True)
class Parked:
    """Only a person can decide now; a task is open."""

    reason: str
    cause: str = ""


Outcome = Done | Later | Parked


def failed(at: datetime, reason: str, error: UpstreamError) -> Later:
    """Later, as a system has failed; in its lane if its circuit held the call back."""
    lane = error.system if isinstance(error, Withheld) else ""
    return Later(at, reason, str(error), error.system, lane)


def backoff(seed: str, failures: int, tuning: Tuning) -> timedelta:
    """Capped exponential delay before the next try, with full jitter.

    The jitter is drawn from `seed`, not from a random source: a run can be repeated exactly, and
    different objects still spread.
    """
    most = min(tuning.retry_most, tuning.retry_first * 2.0 ** min(max(failures, 1) - 1, 30))
    drawn = int.from_bytes(hashlib.sha256(f"{seed}#{failures}".encode()).digest()[:4], "big")
    least = min(tuning.retry_first / 2, tuning.retry_most)
    return timedelta(seconds=max(least, most * drawn / 2**32))


def content_hash(content: Mapping[str, Any]) -> str:
    """A short hash that tells whether two JSON objects are the same."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
