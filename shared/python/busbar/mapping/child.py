"""Evaluates what is not trusted in a process of its own, over a pipe.

    child = Child("busbar.mapping.inbound:serve")
    answers = child.ask_all(jobs)

The child has no environment, so no credentials; its memory is limited by the system; and it is
killed once a job takes too long. A job that costs it its life is answered with a code, and the
next job finds a new child. A child may also die by chance: so a job during which it died, other
than by its deadline, is given to a second child before it is blamed. What runs in it is
`busbar.mapping.serving`; `busbar.mapping.child_pipes` is what leads there.

Where the system knows no limit of memory for a process, all but that holds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from busbar.errors import BusbarError, Unmappable
from busbar.mapping.child_pipes import Gone, Late, Pipes

MEMORY: Final = 512 * 1024 * 1024
"""Bytes of address space."""
SECONDS: Final = 2.0
START_SECONDS: Final = 20.0
"""Imports included, on a small and busy machine."""
READY, JOB, ANSWER, FAILED, NO_MEMORY = b"r", b"j", b"a", b"f", b"m"

_BOOT = (
    "import sys; sys.path[:] = sys.argv[5:]; from busbar.mapping.serving import main; "
    "main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))"
)

_ENVIRONMENT = {
    # Lambda's interpreter finds its own library by this variable alone.
    "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib",
    # The allocator of jlens reserves 1 GiB at once, which the limit of memory would count.
    "MIMALLOC_ARENA_RESERVE": "0",
}


class JobLost(Unmappable):
    """The child did not live to answer. `code` is `TIMEOUT`, `OUT_OF_MEMORY`, `CRASHED` or
    `TOO_LARGE`. The job is at fault, and would be again."""


class ChildUnavailable(BusbarError):
    """The child does not start: the code or the machine is at fault, not a job."""


@dataclass
class _Running:
    """A process, and the ends of its pipes that are ours."""

    process: subprocess.Popen[bytes]
    pipes: Pipes
    bell: int
    ready: bool = False

    def end(self) -> None:
        """Kill it, and close the pipes."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()  # type: ignore[union-attr]  # both are pipes
        os.close(self.bell)


class _Ended(Exception):
    """The process ended, or had to be ended, during the first job without an answer.

    `left`: the seconds that this job has on another child, if it may be none of its fault.
    """

    def __init__(self, lost: JobLost, left: float | None = None) -> None:
        super().__init__(str(lost))
        self.lost = lost
        self.left = left


class Child:
    """One process at a time, made when it is first needed. For several threads, one after another.

    `target` is `module:function` of a `(bytes) -> bytes`; `engine` what `busbar.mapping.engine`
    evaluates with there. A job may take `seconds`, on two children too; starting does not count.
    """

    def __init__(
        self,
        target: str,
        *,
        engine: str = "jlens",
        memory: int = MEMORY,
        seconds: float = SECONDS,
    ) -> None:
        self._arguments = [target, engine, str(memory)]
        self._seconds = seconds
        self._child: _Running | None = None
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process that runs now, if one does."""
        return self._child.process.pid if self._child else None

    def start(self) -> None:
        """Start the process without waiting for it: its imports run beside the caller's own."""
        with self._turn:
            self._running()

    def ask(self, job: bytes) -> bytes:
        """The answer of the target. Raises `JobLost`, or `ChildUnavailable`."""
        (answer,) = self.ask_all([job])
        if isinstance(answer, JobLost):
            raise answer
        return answer

    def ask_all(self, jobs: Sequence[bytes]) -> list[bytes | JobLost]:
        """The answers of the target, in the order of the jobs, or how these were lost.

        All are sent at once, and each has its time from the answer before it. Raises
        `ChildUnavailable`.
        """
        with self._turn:
            answers: list[bytes | JobLost] = []
            left, first = self._seconds, None
            while len(answers) < len(jobs):
                tried = len(answers)
                try:
                    self._work(jobs, answers, left)
                except _Ended as ended:
                    again = len(answers) == tried and first is not None
                    if ended.left is not None and not again:
                        left, first = ended.left, ended.lost
                        continue
                    answers.append(first if again and first else ended.lost)
                    left, first = self._seconds, None
            return answers

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _work(self, jobs: Sequence[bytes], answers: list[bytes | JobLost], left: float) -> None:
        """Add the answers of one process. The first job may take `left`. Raises `_Ended`."""
        child = self._ready()
        child.pipes.send([(JOB, job) for job in jobs[len(answers) :]])
        until = time.monotonic() + left
        while len(answers) < len(jobs):
            try:
                kind, answer = child.pipes.receive(until)
            except Late:
                said = f"no answer within {self._seconds:g} s"
                raise _Ended(self._lost("TIMEOUT", said)) from None
            except Gone:
                lost = self._lost("CRASHED", _end_of(child.process))
                raise _Ended(lost, until - time.monotonic()) from None
            if kind == NO_MEMORY:
                lost = self._lost("OUT_OF_MEMORY", "it needed too much memory")
                raise _Ended(lost, until - time.monotonic())
            if kind not in {ANSWER, FAILED}:
                raise _Ended(self._lost("TOO_LARGE", "its answer is too large"))
            answers.append(answer if kind == ANSWER else _failed(answer))
            until = time.monotonic() + self._seconds

    def _running(self) -> _Running:
        if self._child is not None and self._child.process.poll() is not None:
            self._end()
        if self._child is None:
            ours, bell = os.pipe()
            process = subprocess.Popen(  # noqa: S603  our own interpreter
                [sys.executable, "-I", "-S", "-c", _BOOT, *self._arguments, str(bell), *_path()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Whatever it says there may hold values.
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=_ENVIRONMENT,
                pass_fds=(bell,),
            )
            os.close(bell)
            jobs, answers = process.stdin.fileno(), process.stdout.fileno()  # type: ignore[union-attr]  # both are pipes
            self._child = _Running(process, Pipes(jobs, answers, ours), ours)
        return self._child

    def _ready(self) -> _Running:
        child = self._running()
        if not child.ready:
            try:
                kind, _ = child.pipes.receive(time.monotonic() + START_SECONDS)
            except (Gone, Late):
                self._end()
                raise ChildUnavailable(f"{self._arguments[0]} does not start") from None
            child.ready = kind == READY
        return child

    def _lost(self, code: str, why: str) -> JobLost:
        self._end()
        # Already the next one: it starts while the caller writes down what became of this job.
        self._running()
        return JobLost(f"{code}: {why}", code)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


def _failed(name: bytes) -> JobLost:
    """An exception of the target, by its name: the process lives on."""
    return JobLost(f"CRASHED: {name.decode('ascii', 'replace')[:80]}", "CRASHED")


def _end_of(process: subprocess.Popen[bytes]) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        code = process.wait(1.0)
        if code == -signal.SIGABRT:
            return "it aborted, as a native library does that gets no memory"
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    return "closed its pipe"


def _path() -> list[str]:
    return [entry or os.curdir for entry in sys.path]
