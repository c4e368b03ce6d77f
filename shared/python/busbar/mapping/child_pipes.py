"""The worker's ends of the pipes of a child process: jobs go out, answers come in, a bell rings.

To wake a process costs more than to map an event. So the child answers each job at once, and rings
when it has none left: for a batch the worker is woken once. Only if the bell is late does it look
at every answer as it comes.
"""

from __future__ import annotations

import os
import select
import struct
import time
from typing import Final

HEAD: Final = struct.Struct(">cI")
"""Before each message: what it is, and how many bytes follow."""
LARGEST_ANSWER: Final = 8 * 1024 * 1024
"""Bytes. Of a batch all are held at once, some ten times as large once they are read; and no entity
takes more than 380 kB."""
CHUNK: Final = 64 * 1024
"""What a pipe holds."""
QUIET: Final = 0.1
"""Seconds for which the bell alone is waited for: a late answer is noticed that much later."""


class Gone(Exception):
    """The child closed its pipes, as it does when it dies."""


class Late(Exception):
    """The deadline passed."""


class Pipes:
    """`jobs`, `answers` and `bell` are open descriptors; they are closed by who made them."""

    def __init__(self, jobs: int, answers: int, bell: int, quiet: float = QUIET) -> None:
        self._jobs, self._answers, self._bell = jobs, answers, bell
        self._quiet = quiet
        self._unsent = memoryview(b"")
        self._got = bytearray()
        self._ended = False
        self._quiet_until = 0.0
        for pipe in (jobs, answers, bell):
            os.set_blocking(pipe, False)

    def send(self, messages: list[tuple[bytes, bytes]]) -> None:
        """Have messages of a kind each sent: what does not go at once goes while answers are
        waited for, so that both sides never wait for each other."""
        parts = [part for kind, data in messages for part in (HEAD.pack(kind, len(data)), data)]
        self._unsent = memoryview(b"".join(parts))
        self._quiet_until = time.monotonic() + self._quiet
        self._push()

    def receive(self, until: float) -> tuple[bytes, bytes]:
        """The next message: its kind and its data, the kind empty if it is too large to be read.

        Raises `Gone`, or `Late` at `until` of the monotonic clock.
        """
        while (message := self._message()) is None:
            if self._ended:
                raise Gone
            self._wait(until)
            self._push()
            self._pull()
        return message

    def _message(self) -> tuple[bytes, bytes] | None:
        if len(self._got) < HEAD.size:
            return None
        kind, length = HEAD.unpack_from(self._got)
        if length > LARGEST_ANSWER:
            return b"", b""
        end = HEAD.size + length
        if len(self._got) < end:
            return None
        data = bytes(memoryview(self._got)[HEAD.size : end])
        del self._got[:end]
        return kind, data

    def _wait(self, until: float) -> None:
        now = time.monotonic()
        if now >= until:
            raise Late
        quiet = now < self._quiet_until
        poll = select.poll()
        poll.register(self._bell if quiet else self._answers, select.POLLIN)
        if self._unsent:
            poll.register(self._jobs, select.POLLOUT)
        poll.poll(patience((min(until, self._quiet_until) if quiet else until) - now))

    def _push(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self._jobs, self._unsent) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            # It is dead. Its last answers are still to be read.
            self._unsent = memoryview(b"")

    def _pull(self) -> None:
        # First: whoever rings from now on has written what is not read yet.
        self._hush()
        try:
            while True:
                got = os.read(self._answers, CHUNK)
                self._got += got
                self._ended = not got
                if len(got) < CHUNK:
                    break
        except BlockingIOError:
            return

    def _hush(self) -> None:
        """Take in what the bell said, so that it can be heard again."""
        try:
            os.read(self._bell, CHUNK)
        except BlockingIOError:
            return


def patience(seconds: float) -> float:
    """So long in milliseconds, as polling wants them: at least one, or it would not wait at all."""
    return max(1.0, seconds * 1000)
