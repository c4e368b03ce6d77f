"""Many workers in one process, in virtual time.

A worker is a greenlet. It gives way where it would wait (`rest`), and nowhere else, so a run is the
same every time, and a year costs nothing. What a worker does between two waits is one instant.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet

from tests.faults.draws import draw

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PAUSES = 300
"""The topic of how long those who make way for others do so."""


class WorkerDiedError(BaseException):
    """The process was killed. No `except Exception` may catch it."""


class Worker:
    """One invocation of a function: what it ends with, and until when it may run.

    `outcome` is what the handler returned; None while it runs, and for ever if it died.
    """

    def __init__(self, name: str, ends_at: float) -> None:
        self.name = name
        self.ends_at = ends_at
        self.alive = True
        self.ended = False
        self.outcome: Any = None
        self.broke: Exception | None = None
        self.when_ended: list[Callable[[], None]] = []

    def check(self, now: float) -> None:
        """Whoever goes on after his end is dead. Raises `WorkerDiedError`."""
        if not self.alive or now > self.ends_at:
            self.alive = False
            raise WorkerDiedError(self.name)


class _Line(greenlet):
    """A line of work; `worker` is set where it can be killed."""

    worker: Worker | None = None


class Engine:
    """The clock and the agenda."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._agenda: list[tuple[float, int, bool, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._pending = 0
        self._drawn = itertools.count()
        self._hub = getcurrent()
        self._until = 0.0
        self._looked_at, self._now = 0.0, START

    def now(self) -> datetime:
        """The present. With `monotonic` this makes the engine a `busbar.ports.runtime.Clock`."""
        if self._looked_at != self.seconds:
            self._looked_at = self.seconds
            self._now = START + timedelta(seconds=self.seconds)
        return self._now

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.seconds

    def at(self, wait: float, what: Callable[[], object], *, background: bool = False) -> None:
        """Have `what` done `wait` seconds from now. A run is not kept alive by `background`."""
        self._pending += not background
        entry = (self.seconds + max(wait, 0.0), next(self._numbers), background, what)
        heapq.heappush(self._agenda, entry)

    def start(self, work: Callable[[], object]) -> None:
        """A new line of work, which may rest."""
        line = _Line(work, self._hub)
        self.at(0.0, line.switch)

    def rest(self, seconds: float) -> None:
        """Give way for so long. A worker that is killed or out of time meanwhile dies here."""
        line = getcurrent()
        if line is self._hub:
            raise RuntimeError("only a line of work can rest")
        then = self.seconds + max(seconds, 0.0)
        if then <= self._until and (not self._agenda or then < self._agenda[0][0]):
            self.seconds = then  # nobody else is to do anything before
        else:
            self.at(seconds, line.switch)
            self._hub.switch()
        worker = getattr(line, "worker", None)
        if worker is not None:
            worker.check(self.seconds)

    def pause(self, most: float) -> None:
        """Give way for a part of it, another one each time."""
        self.rest(most * draw(0, PAUSES, next(self._drawn)))

    @property
    def worker(self) -> Worker | None:
        """The worker that runs now; None for scripts and for whoever looks on."""
        return getattr(getcurrent(), "worker", None)

    def work(self, worker: Worker, handler: Callable[[], Any]) -> None:
        """Run a worker from now on; at its time limit at the latest it has ended."""

        def run() -> None:
            try:
                worker.outcome = handler()
            except WorkerDiedError:
                worker.alive = False
            except Exception as error:  # noqa: BLE001  (Lambda answers for a handler that raises)
                worker.broke = error
            self._end(worker)

        line = _Line(run, self._hub)
        line.worker = worker
        self.at(0.0, line.switch)
        self.at(worker.ends_at - self.seconds, lambda: self._end(worker), background=True)

    def _end(self, worker: Worker) -> None:
        if worker.ended:
            return
        worker.ended, worker.alive = True, False
        for tell in worker.when_ended:
            tell()

    def wait_for(self, worker: Worker) -> None:
        """Rest until the worker has ended."""
        line = getcurrent()
        worker.when_ended.append(lambda: self.at(0.0, line.switch))
        self._hub.switch()

    def run(self, most: float) -> bool:
        """Let everything happen; False if there is still something to do after `most` seconds."""
        end = self._until = self.seconds + most
        while self._pending:
            at, _, background, what = heapq.heappop(self._agenda)
            if at > end:
                return False
            self._pending -= not background
            self.seconds = max(self.seconds, at)
            what()
        return True
