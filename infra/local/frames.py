"""JSON messages over a pipe: four bytes of length, then the text."""

from __future__ import annotations

import json
import os
import select
import struct
import time
from typing import Any

_LENGTH = struct.Struct(">I")


class Broken(Exception):
    """The other end is gone."""


class Overdue(Exception):
    """Nothing came before the deadline."""


def write_frame(pipe: int, message: object) -> None:
    """Send one message. Raises `Broken`."""
    data = json.dumps(message).encode()
    left = memoryview(_LENGTH.pack(len(data)) + data)
    try:
        while left:
            left = left[os.write(pipe, left) :]
    except OSError as error:
        raise Broken from error


def read_frame(pipe: int, deadline: float | None = None) -> Any:
    """Receive one message, until `deadline` (monotonic). Raises `Broken` or `Overdue`."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size, deadline))
    return json.loads(_exactly(pipe, length, deadline))


def _exactly(pipe: int, size: int, deadline: float | None) -> bytes:
    data = b""
    while len(data) < size:
        if deadline is not None:
            _wait(pipe, deadline)
        try:
            part = os.read(pipe, size - len(data))
        except OSError as error:
            raise Broken from error
        if not part:
            raise Broken
        data += part
    return data


def _wait(pipe: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(pipe, select.POLLIN | select.POLLHUP)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise Overdue
