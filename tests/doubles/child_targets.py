"""What a child process can be asked to serve in tests."""

from __future__ import annotations

import json
import os
import sys
import time
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
    word = job.decode("ascii", "replace")
    if word == "hang":
        time.sleep(60)
    if word == "eat":
        return bytes(1 << 30)
    if word == "raise":
        raise KeyError("Jana Petersen")
    if word == "exit":
        os._exit(3)
    if word == "die":
        os.kill(os.getpid(), 9)
    if word == "print":
        print("among the answers?", flush=True)  # noqa: T201
    if word in _TOLD:
        return json.dumps(_TOLD[word]()).encode()
    return job


def _descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"), key=int)  # noqa: PTH208


_TOLD: dict[str, Any] = {
    "environment": lambda: dict(os.environ),  # noqa: TID251  the child's, which is empty
    "modules": lambda: sorted(sys.modules),
    "descriptors": _descriptors,
}
