"""A clock that stands still until it is told to move, and what waits for it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class ManualClock:
    """Implements `busbar.ports.runtime.Clock`."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The present, as set."""
        return self._now

    def pause(self, most: float) -> None:
        """Let half of it pass."""
        self.advance(most / 2)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


class Timers:
    """What is to be done later, by a clock that somebody else moves."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[tuple[datetime, int, Callable[[], object]]] = []

    def at(self, wait: float, what: Callable[[], object], *, background: bool = False) -> None:  # noqa: ARG002  (nobody waits for timers here)
        """Have `what` done `wait` seconds from now. Implements `tests.doubles.states.Later`."""
        due = self._clock.now() + timedelta(seconds=wait)
        heapq.heappush(self._waiting, (due, next(self._numbers), what))

    def do_one(self) -> bool:
        """Do the first thing that is due; False if nothing is."""
        if not self._waiting or self._waiting[0][0] > self._clock.now():
            return False
        heapq.heappop(self._waiting)[2]()
        return True
