"""Limits of one evaluation, and the guard that holds time and depth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one evaluation may use.

    They stop mistakes, not attackers: one long call inside the engine (a hostile regular
    expression) is not interrupted. Expressions of people who are not trusted need a process of
    their own, which can be killed.
    """

    milliseconds: int = 1000
    depth: int = 200
    """Nested steps of the expression."""
    values: int = 100_000
    """JSON values in the source, and in the result."""
    nesting: int = 64
    """Nested objects and lists in the source, and in the result."""


class TooMuchError(Exception):
    """A limit was passed. `code` is the one that JSONata has for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Guard:
    """Stops an evaluation that takes too long or nests too deep.

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
