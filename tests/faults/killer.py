"""Kills worker processes of the local system, at random, as nothing else does: by SIGKILL."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.catalog import USE_CASES
from infra.local.testing import RunningSystem

WATCH = 1.0
"""Seconds to try to hit a worker in a call of the drawn function, then of any."""
WATCH_SELDOM = 4.0
"""The same for a function that is at work seldom."""
LOOK = 0.01
DEEPEST = 0.1
"""Seconds into a call after which it is hit, at most; mostly sooner, as most calls are short."""


@dataclass(frozen=True)
class Kill:
    """A worker that was alive and is dead. `at` is seconds after the killer began."""

    at: float
    function: str
    pid: int


@dataclass
class Killer:
    """Kills `most` workers, one in `every` seconds or so, none ahead of `progress` (0 to 1).

    The function is drawn first, then a worker that is at work for it: by the number of workers,
    those that only read would get nearly all of it. Every other one is of `seldom`: functions that
    are at work less often than any draw would hit them.
    """

    system: RunningSystem
    most: int
    every: float
    progress: Callable[[], float]
    seed: int = 0
    seldom: Sequence[str] = ()
    kills: list[Kill] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Real time decides what each worker is at: the seed repeats the draws, not the run.
        self._random = random.Random(self.seed)  # noqa: S311
        self._began = time.monotonic()

    def run(self, ending: threading.Event) -> None:
        """Kill until it is enough, or the end."""
        while len(self.kills) < self.most:
            if ending.wait(self.every * self._random.uniform(0.4, 1.6)):
                return
            if len(self.kills) <= self.most * self.progress():
                self.kill_one()

    def kill_one(self) -> None:
        """Kill a worker in a call of a function that is drawn; else one in a call; else any."""
        workers = self.system.workers()
        if not workers:
            return
        there = sorted({w["function"] for w in workers})
        seldom = [name for name in there if name in self.seldom]
        if seldom and len(self.kills) % 2:
            hit = self._watched(self._random.choice(seldom), WATCH_SELDOM)
        else:
            hit = self._watched(self._random.choice(there))
        if not (hit or self._watched(None)):
            self._kill(self._random.choice(self.system.workers() or workers))

    def _watched(self, function: str | None, seconds: float = WATCH) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._kill_in_call(function):
                return True
            time.sleep(LOOK)
        return False

    def _kill_in_call(self, function: str | None) -> bool:
        """Watch for a call, let it run for a moment, and kill its worker if it still runs.

        The worker is stopped for the last look: the look takes longer than many a call.
        """
        begun = self._busy(function)
        if not begun:
            return False
        worker = self._random.choice(begun)
        time.sleep(DEEPEST * self._random.random() ** 3)
        if not _send(worker, signal.SIGSTOP):
            return False
        if worker in self._busy(function):
            return self._kill(worker)
        _send(worker, signal.SIGCONT)
        return False

    def _busy(self, function: str | None) -> list[dict[str, Any]]:
        return [w for w in self.system.workers(function) if w["busy"]]

    def _kill(self, worker: dict[str, Any]) -> bool:
        """Kill a worker that the system has just listed as alive."""
        if not _send(worker, signal.SIGKILL):
            return False
        at = time.monotonic() - self._began
        self.kills.append(Kill(at, worker["function"], worker["pid"]))
        return True

    def by_function(self) -> dict[str, int]:
        """How many workers of each function were killed."""
        return dict(Counter(kill.function for kill in self.kills).most_common())


def _send(worker: dict[str, Any], number: signal.Signals) -> bool:
    """Whether there was still a worker to send the signal to."""
    try:
        os.kill(worker["pid"], number)
    except ProcessLookupError:
        return False
    return True


def calls_that_died(system: RunningSystem) -> int:
    """Calls that ended because their worker was killed, as the system has logged it."""
    return _calls(system, "Runtime.ExitError", f"signal {signal.SIGKILL.value}")


def calls_over_their_limit(system: RunningSystem) -> int:
    """Calls whose worker the system itself has killed."""
    return _calls(system, "Sandbox.Timedout", "seconds")


def _calls(system: RunningSystem, kind: str, ends: str) -> int:
    raised = [line.get("raised", {}) for case in USE_CASES for line in system.log(case.name)]
    return sum(
        r.get("errorType") == kind and r.get("errorMessage", "").endswith(ends) for r in raised
    )
