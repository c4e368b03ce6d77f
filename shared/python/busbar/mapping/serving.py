"""The child's side of `busbar.mapping.child`: reads jobs, calls the target, writes answers.

It imports as little as it can: a worker waits for it when it starts, and after every job that cost
its life.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import struct
from collections.abc import Callable

HEAD = struct.Struct(">cI")
READY, ANSWER, FAILED, NO_MEMORY = b"r", b"a", b"f", b"m"
"""As in `busbar.mapping.child`, whose imports the child does without."""
CHUNK = 64 * 1024
_ORPHAN_SECONDS = 10
"""After this a job ends the process even if nobody is there any more to kill it."""


def main(target: str, engine: str, memory: int) -> None:
    """Serve until the pipe ends."""
    # What the target prints must not get among the answers.
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    serve = _loaded(target, engine)
    _confine(memory)
    _write(out, READY, b"")
    fresh = True
    while (job := _job()) is not None:
        signal.alarm(_ORPHAN_SECONDS)
        kind, answer = _answer(serve, job)
        signal.alarm(0)
        _write(out, kind, answer)
        if kind == NO_MEMORY:
            return
        if fresh:
            # What a first job leaves behind stays: it is not to be looked at again.
            fresh = False
            gc.freeze()


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


def _job() -> bytes | None:
    """The next job; None if the pipe ended. The worker sends none before the last is answered."""
    parts, wanted = bytearray(), HEAD.size
    while len(parts) < wanted:
        got = os.read(0, CHUNK)
        if not got:
            return None
        parts += got
        if len(parts) >= HEAD.size:
            wanted = HEAD.size + int(HEAD.unpack_from(parts)[1])
    return bytes(memoryview(parts)[HEAD.size :])


def _write(out: int, kind: bytes, data: bytes) -> None:
    left = memoryview(HEAD.pack(kind, len(data)) + data)
    while left:
        left = left[os.write(out, left) :]
