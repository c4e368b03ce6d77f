"""The child's side of `busbar.mapping.child`: reads jobs, calls the target, writes answers.

It imports as little as it can: a worker waits for it when it starts, and after every job that cost
its life.
"""

from __future__ import annotations

import importlib
import os
import select
import signal
import struct
from collections.abc import Callable

from busbar import settle

HEAD = struct.Struct(">cI")
READY, ANSWER, FAILED, NO_MEMORY = b"r", b"a", b"f", b"m"
"""As in `busbar.mapping.child` and its pipes, whose imports the child does without."""
CHUNK = 64 * 1024
_ORPHAN_SECONDS = 10
"""After this a job ends the process even if nobody is there any more to kill it."""


def main(target: str, engine: str, memory: int, bell: int) -> None:
    """Serve until the pipe ends."""
    # What the target prints must not get among the answers.
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    serve = _loaded(target, engine)
    _confine(memory)
    pipes = _Pipes(out, bell)
    pipes.write(READY, b"")
    fresh = True
    while (job := pipes.job()) is not None:
        signal.alarm(_ORPHAN_SECONDS)
        kind, answer = _answer(serve, job)
        pipes.write(kind, answer)
        if kind == NO_MEMORY:
            return
        if fresh:
            # What a first job leaves behind stays: it is not to be looked at again.
            fresh = False
            settle()


def _loaded(target: str, engine: str) -> Callable[[bytes], bytes]:
    from busbar.mapping.engine import compile, use  # noqa: A004, PLC0415  after the path is set

    use(engine)
    # So that the engine is loaded, and its memory counted, before the first job's time runs.
    compile("$")
    module, _, name = target.partition(":")
    serve: Callable[[bytes], bytes] = getattr(importlib.import_module(module), name)
    return serve


def _confine(memory: int) -> None:
    try:
        import resource  # noqa: PLC0415  not on every system
    except ImportError:
        return
    limits = ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0))
    for which, most in limits:
        try:
            resource.setrlimit(which, (most, most))
        except (OSError, ValueError):
            # A system that has the name but not the limit.
            continue


def _answer(serve: Callable[[bytes], bytes], job: bytes) -> tuple[bytes, bytes]:
    try:
        return ANSWER, serve(job)
    except MemoryError:
        return NO_MEMORY, b""
    except Exception as error:  # noqa: BLE001  the target's fault; never its text, which has values
        return FAILED, type(error).__name__.encode("ascii", "replace")


class _Pipes:
    """The child's ends: jobs come in, answers go out, and the bell says that no job is left."""

    def __init__(self, out: int, bell: int) -> None:
        self._out, self._bell = out, bell
        self._got = bytearray()
        self._silent = True
        os.set_blocking(out, False)

    def job(self) -> bytes | None:
        """The next job; None if the pipe ended."""
        while (end := self._end_of_job()) > len(self._got):
            signal.alarm(0)
            self._ring()
            got = os.read(0, CHUNK)
            if not got:
                return None
            self._got += got
        data = bytes(memoryview(self._got)[HEAD.size : end])
        del self._got[:end]
        return data

    def _end_of_job(self) -> int:
        """Where it ends, or would at least."""
        if len(self._got) < HEAD.size:
            return HEAD.size
        return HEAD.size + int(HEAD.unpack_from(self._got)[1])

    def write(self, kind: bytes, data: bytes) -> None:
        """Write an answer, of which the worker hears when the bell rings."""
        left = memoryview(HEAD.pack(kind, len(data)) + data)
        while left:
            try:
                left = left[os.write(self._out, left) :]
                # Also of its last part, after the worker was woken for those before.
                self._silent = False
            except BlockingIOError:
                self._ring()
                poll = select.poll()
                poll.register(self._out, select.POLLOUT)
                poll.poll()

    def _ring(self) -> None:
        if not self._silent:
            self._silent = True
            os.write(self._bell, b".")
