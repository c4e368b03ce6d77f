"""What a child process can be asked to serve in tests."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from busbar.errors import Unmappable
from busbar.mapping import engine
from busbar.mapping.engine import UNDEFINED


def evaluate(job: bytes) -> bytes:
    """`{"text", "source"}` -> `{"value"}`, `{}` for undefined, or `{"code"}`."""
    asked = json.loads(job)
    try:
        value = engine.compile(asked["text"]).run(asked["source"])
    except Unmappable as error:
        return json.dumps({"code": error.code}).encode()
    return json.dumps({} if value is UNDEFINED else {"value": value}).encode()


def misbehave(job: bytes) -> bytes:
    """Does what the job says; anything else it gives back."""
    word, _, rest = job.decode("ascii", "replace").partition(" ")
    if word in _DONE:
        _DONE[word](rest)
    if word in _TOLD:
        return json.dumps(_TOLD[word]()).encode()
    return job


def _raise(_: str) -> None:
    raise KeyError("Jana Petersen")


def _die_once(mark: str) -> None:
    try:
        Path(mark).mkdir()
    except FileExistsError:
        return
    os.kill(os.getpid(), 9)


def _descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"), key=int)  # noqa: PTH208


_DONE: dict[str, Any] = {
    "hang": lambda _: time.sleep(60),
    "slow": lambda _: time.sleep(0.3),
    "eat": lambda _: bytes(1 << 30),
    "raise": _raise,
    "exit": lambda _: os._exit(3),
    "die": lambda _: os.kill(os.getpid(), 9),
    "once": _die_once,
    "print": lambda _: print("among the answers?", flush=True),  # noqa: T201
}
_TOLD: dict[str, Any] = {
    "environment": lambda: dict(os.environ),  # noqa: TID251  the child's, which is empty
    "modules": lambda: sorted(sys.modules),
    "descriptors": _descriptors,
}
