"""Limits of one evaluation, and the guard that holds time and depth where the engine does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one evaluation may use.

    They stop mistakes, not attackers: no engine holds all of them in every function. Expressions
    of people who are not trusted are evaluated in a process that can be killed
    (`busbar.mapping.child`).
    """

    milliseconds: int = 1000
    depth: int = 200
    """Nested steps of the expression."""
    steps: int = 3_000_000
    """Steps in all, about half a second; the same on every machine. jlens only."""
    values: int = 100_000
    """JSON values in the source, in the result, and in any one list (the last: jlens only)."""
    nesting: int = 64
    """Nested objects and lists in the source, and in the result."""
    string: int = 1_000_000
    """Bytes of a string that is made. jlens only."""
    result: int = 10_000_000
    """Bytes of the result as JSON. jlens only."""


_PASSED = {
    "D1011": "D1011: it nests too deep",
    "D1012": "D1012: it takes too long",
    "D2014": "D2014: it makes, or is given, too many or too large values",
}


def named(code: str) -> str:
    """A code of JSONata; of those that stand for our limits, with what was too much."""
    return _PASSED.get(code, code)


class TooMuchError(Exception):
    """A limit was passed. `code` is the one that JSONata has for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Guard:
    """Stops an evaluation that takes too long or nests too deep, in jsonata-python.

    It replaces the engine's own `Timebox`, whose clock starts when an expression is *compiled*, so
    that a warm expression fails for ever after, and whose depth grows by one with each list or
    object of several parts, because it skips their exits.
    """

    def __init__(self, limits: Limits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._end = monotonic() + limits.milliseconds / 1000
        self._depth = 0

    def enter(self, *_: object) -> None:
        """Before each step of the expression."""
        self._depth += 1
        if self._depth > self._limits.depth:
            raise TooMuchError("D1011")
        if self._monotonic() > self._end:
            raise TooMuchError("D1012")

    def leave(self, *_: object) -> None:
        """After each step of the expression."""
        self._depth -= 1
