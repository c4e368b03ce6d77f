"""Kills worker processes of the local system, at random, as nothing else does: by SIGKILL."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from infra.catalog import USE_CASES
from infra.local.testing import RunningSystem

WATCH = 0.75
"""Seconds to wait for a worker of the drawn function to be called."""
LOOK = 0.02
DEEPEST = 0.25
"""Seconds into a call at which it may be hit. Most calls are over by then."""


@dataclass(frozen=True)
class Kill:
    """A worker that was alive and is dead. `at` is seconds after the killer began."""

    at: float
    function: str
    pid: int


@dataclass
class Killer:
    """Kills one worker every `every` seconds or so, until it has killed `most`.

    The function is drawn first, then a worker that is at work for it: by the number of workers,
    those that only read would get nearly all of it.
    """

    system: RunningSystem
    most: int
    every: float
    seed: int = 0
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
            self.kill_one()

    def kill_one(self) -> None:
        """Kill a worker of a function that is drawn, in a call; else one in a call; else any."""
        drawn = self._random.choice([case.name for case in USE_CASES])
        until = time.monotonic() + WATCH
        while not (found := self._busy(drawn)) and time.monotonic() < until:
            time.sleep(LOOK)
        found = found or self._busy(None) or self.system.workers()
        if found:
            worker = self._random.choice(found)
            time.sleep(self._random.uniform(0, DEEPEST))
            self._kill(worker["function"], worker["pid"])

    def _busy(self, function: str | None) -> list[dict[str, Any]]:
        return [w for w in self.system.workers(function) if w["busy"]]

    def _kill(self, function: str, pid: int) -> None:
        """By its id, and only if the system still lists it: an id may be given anew."""
        if pid not in {w["pid"] for w in self.system.workers(function)}:
            return
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills.append(Kill(time.monotonic() - self._began, function, pid))

    def by_function(self) -> dict[str, int]:
        """How many workers of each function were killed."""
        return dict(Counter(kill.function for kill in self.kills).most_common())


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
