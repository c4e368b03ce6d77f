"""Evaluates what is not trusted in a process of its own, over a pipe.

    child = Child("busbar.mapping.inbound:serve")
    answer = child.ask(job)

The child has no environment, so no credentials; its memory is limited by the system; and it is
killed once a job takes too long. A job that costs it its life is answered with a code, and the
next job finds a new child. What runs in it is `busbar.mapping.serving`.

Where the system knows no limit of memory for a process, all but that holds.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from typing import Final

from busbar.errors import BusbarError, Unmappable

MEMORY: Final = 512 * 1024 * 1024
"""Bytes of address space."""
SECONDS: Final = 2.0
START_SECONDS: Final = 20.0
"""Imports included, on a small and busy machine."""
LARGEST_ANSWER: Final = 64 * 1024 * 1024
CHUNK: Final = 64 * 1024
"""What a pipe holds."""

HEAD: Final = struct.Struct(">cI")
"""Before each message: what it is, and how many bytes follow."""
READY, JOB, ANSWER, FAILED, NO_MEMORY = b"r", b"j", b"a", b"f", b"m"

_BOOT = (
    "import sys; sys.path[:] = sys.argv[4:]; "
    "from busbar.mapping.serving import main; main(sys.argv[1], sys.argv[2], int(sys.argv[3]))"
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


class _Gone(Exception):
    """The pipe ended."""


class _Late(Exception):
    """The deadline passed."""


class Child:
    """One process at a time, made when it is first needed. For several threads, one after another.

    `target` is `module:function` of a `(bytes) -> bytes`; `engine` what `busbar.mapping.engine`
    evaluates with there. A job may take `seconds`; starting does not count.
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
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process that runs now, if one does."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process without waiting for it: its imports run beside the caller's own."""
        with self._turn:
            self._running()

    def ask(self, job: bytes) -> bytes:
        """The answer of the target. Raises `JobLost`, or `ChildUnavailable`."""
        with self._turn:
            process = self._running()
            self._await_ready(process)
            until = time.monotonic() + self._seconds
            try:
                self._write(process, HEAD.pack(JOB, len(job)) + job, until)
                kind, answer = self._read(process, until)
            except _Late:
                raise self._lost("TIMEOUT", f"no answer within {self._seconds:g} s") from None
            except _Gone:
                raise self._lost("CRASHED", self._end_of(process)) from None
            return self._judged(kind, answer)

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _judged(self, kind: bytes, answer: bytes) -> bytes:
        if kind == ANSWER:
            return answer
        if kind == FAILED:
            # The name of an exception; it lives on.
            raise JobLost(f"CRASHED: {answer.decode('ascii', 'replace')[:80]}", "CRASHED")
        if kind == NO_MEMORY:
            raise self._lost("OUT_OF_MEMORY", "it needed too much memory")
        raise self._lost("TOO_LARGE", "its answer is too large")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter
                [sys.executable, "-I", "-S", "-c", _BOOT, *self._arguments, *_path()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Whatever it says there may hold values.
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=_ENVIRONMENT,
            )
            self._ready = False
            for pipe in (self._process.stdin, self._process.stdout):
                os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr]  # both are pipes
        return self._process

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        if self._ready:
            return
        try:
            kind, _ = self._read(process, time.monotonic() + START_SECONDS)
        except (_Gone, _Late):
            self._end()
            raise ChildUnavailable(f"{self._arguments[0]} does not start") from None
        self._ready = kind == READY

    def _write(self, process: subprocess.Popen[bytes], data: bytes, until: float) -> None:
        pipe, left = process.stdin.fileno(), memoryview(data)  # type: ignore[union-attr]
        while left:
            try:
                left = left[os.write(pipe, left) :]
            except BlockingIOError:
                _wait(pipe, select.POLLOUT, until)
            except BrokenPipeError:
                raise _Gone from None

    def _read(self, process: subprocess.Popen[bytes], until: float) -> tuple[bytes, bytes]:
        pipe = process.stdout.fileno()  # type: ignore[union-attr]
        got = bytearray()
        _wait(pipe, select.POLLIN, until)
        while len(got) < HEAD.size:
            got += _some(pipe, until)
        kind, length = HEAD.unpack_from(got)
        if length > LARGEST_ANSWER:
            return b"", b""
        while len(got) < HEAD.size + length:
            got += _some(pipe, until)
        return kind, bytes(memoryview(got)[HEAD.size :])

    def _lost(self, code: str, why: str) -> JobLost:
        self._end()
        # Already the next one: it starts while the caller writes down what became of this job.
        self._running()
        return JobLost(f"{code}: {why}", code)

    @staticmethod
    def _end_of(process: subprocess.Popen[bytes]) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(1.0)
            if code == -signal.SIGABRT:
                return "it aborted, as a native library does that gets no memory"
            return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return "closed its pipe"

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                pipe.close()  # type: ignore[union-attr]  # both are pipes


def _path() -> list[str]:
    return [entry or os.curdir for entry in sys.path]


def _some(pipe: int, until: float) -> bytes:
    while True:
        try:
            got = os.read(pipe, CHUNK)
        except BlockingIOError:
            _wait(pipe, select.POLLIN, until)
            continue
        if not got:
            raise _Gone
        return got


def _wait(pipe: int, what: int, until: float) -> None:
    poll = select.poll()
    poll.register(pipe, what)
    if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
        raise _Late
