"""What handlers write to stdout: kept per call, so that two calls at once do not mix."""

from __future__ import annotations

import io
import os
import pdb
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

_sink: ContextVar[io.StringIO | None] = ContextVar("sink", default=None)


class Routed(io.TextIOBase):
    """Stands in for stdout: inside a call it writes to the call's log, elsewhere to the console."""

    def __init__(self, console: TextIO) -> None:
        self.console = console

    def write(self, text: str) -> int:
        """Write to wherever this thread writes now."""
        return (_sink.get() or self.console).write(text)

    def flush(self) -> None:
        """Flush the console; a call's log needs none."""
        self.console.flush()

    def isatty(self) -> bool:
        """Whether the console is a terminal."""
        return self.console.isatty()

    def fileno(self) -> int:
        """Of the console, for debuggers."""
        return self.console.fileno()


debugging = threading.Event()
"""Somebody stands at a breakpoint: time limits have to wait."""


def route_output() -> None:
    """Put `Routed` in place. Before any handler is imported: loggers keep the stream they found."""
    if not isinstance(sys.stdout, Routed):
        console = sys.stdout
        sys.stdout = Routed(console)
        if "PYTHONBREAKPOINT" not in os.environ:
            sys.breakpointhook = lambda *_: _debug(console)


def _debug(console: TextIO) -> None:
    debugging.set()
    pdb.Pdb(stdout=console).set_trace(sys._getframe(2))  # noqa: SLF001  pdb's own way


@contextmanager
def call_output() -> Iterator[io.StringIO]:
    """Collects what this thread writes to stdout."""
    sink = io.StringIO()
    token = _sink.set(sink)
    try:
        yield sink
    finally:
        _sink.reset(token)
