"""What a person sees while the local system starts and runs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Console:
    """Writes whole lines, from any thread."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.__stdout__ or sys.stdout
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._at = ""
        """What stands on the last line, which has no end yet."""

    def say(self, text: str = "") -> None:
        """A line, or several."""
        with self._lock:
            self._out.write(f"{self._wiped()}{text}\n")
            self._out.flush()

    def _wiped(self) -> str:
        """What takes away the line that has no end."""
        length, self._at = len(self._at), ""
        return f"\r{' ' * length}\r" if length else ""

    def _begin(self, text: str) -> None:
        """Show what is being done, for as long as nothing else is said; to a terminal alone."""
        if self._out.isatty():
            with self._lock:
                self._out.write(f"{self._wiped()}{text}")
                self._out.flush()
                self._at = text

    def trouble(self, text: str) -> None:
        """Something that went wrong, and that the system lives on with."""
        self.say(f"  ! {text}")

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A part of the start, with the seconds it took."""
        begun = time.monotonic()
        self._begin(f"{name} …")
        try:
            yield
        except BaseException:
            self.say(f"{name:<42} failed after {time.monotonic() - begun:.1f} s")
            raise
        self.say(f"{name:<42} {time.monotonic() - begun:5.1f} s")

    def since_start(self) -> float:
        """Seconds since this console was made."""
        return time.monotonic() - self._started
