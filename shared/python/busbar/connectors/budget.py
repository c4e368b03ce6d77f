"""The time that one whole operation may take, however many calls it makes."""

from __future__ import annotations

from collections.abc import Callable

Monotonic = Callable[[], float]
"""Seconds that only grow: `time.monotonic`, or a test's own."""


class Budget:
    """`seconds` from now on, shared by all calls of one operation."""

    def __init__(self, seconds: float, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    def left(self) -> float:
        """Seconds left; zero or less means that no further call may start."""
        return self._end - self._monotonic()
