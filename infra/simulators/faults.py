"""Faults: what goes wrong, for which calls, and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from infra.simulators.messages import Request


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    kind            general: timeout_before, timeout_after, late_commit, reset_before, reset_after,
                    refuse, status, clock_skew; each simulator adds its own
    match           regex searched in `METHOD /path`; empty: every call
    operation       name of the route's operation; empty: every one
    count           how many calls it hits; None: until it is cleared
    skip            how many matching calls pass before the first is hit
    every           then hit each `every`-th one
    seconds         late_commit: after how long the effect comes; search_lag: the lag; clock_skew:
                    by how much the system's clock is ahead
    status, body, retry_after
                    of kind status: the answer; `body` is JSON; schema: what differs, by
                    `non_unique`, `hidden`, `read_only`, each a list of fields; sap_message: the
                    message
    number          lock_row, locked: which row write of the call fails, from 1; page_clamp: the
                    page size
    """

    kind: str
    match: str = ""
    operation: str = ""
    count: int | None = 1
    skip: int = 0
    every: int = 1
    seconds: float = 0.0
    status: int = 503
    body: Any = None
    retry_after: float | None = None
    number: int = 1

    def __post_init__(self) -> None:
        """Raises `ValueError` for numbers that make no sense."""
        whole = {"skip": self.skip, "every": self.every - 1, "count": self.count or 0}
        if wrong := [name for name, value in whole.items() if value < 0]:
            raise ValueError(f"{wrong[0]} is too small")


def fault_of(raw: Mapping[str, Any]) -> Fault:
    """A fault from JSON. Raises `ValueError` for unknown keys or a bad regex."""
    known = {f.name for f in fields(Fault)}
    if unknown := sorted(set(raw) - known):
        raise ValueError(f"unknown keys {unknown}; known are {sorted(known)}")
    if not isinstance(raw.get("kind"), str):
        raise ValueError("kind is missing")  # noqa: TRY004  one error for a wrong document
    try:
        re.compile(str(raw.get("match", "")))
    except re.error as error:
        raise ValueError(f"match is no regular expression: {error}") from None
    return Fault(**raw)


@dataclass
class _Armed:
    fault: Fault
    seen: int = 0
    hits: int = 0

    def fires(self, text: str, operation: str) -> bool:
        fault = self.fault
        if fault.operation and fault.operation != operation:
            return False
        if not re.search(fault.match, text):
            return False
        self.seen += 1
        return self.seen > fault.skip and (self.seen - fault.skip - 1) % fault.every == 0

    @property
    def spent(self) -> bool:
        return self.fault.count is not None and self.hits >= self.fault.count


@dataclass
class FaultList:
    """The faults that are set, in the order in which they were."""

    _armed: list[_Armed] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Set a fault."""
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Take all faults away."""
        self._armed.clear()

    def take(self, request: Request, operation: str) -> Fault | None:
        """The fault that hits this call: the first one that fires. Spent ones are dropped."""
        text = f"{request.method} {request.path}"
        for armed in self._armed:
            if armed.fires(text, operation):
                armed.hits += 1
                self._armed = [a for a in self._armed if not a.spent]
                return armed.fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        """The faults that are set, with how many calls each has seen and hit."""
        return [{**asdict(a.fault), "seen": a.seen, "hits": a.hits} for a in self._armed]
