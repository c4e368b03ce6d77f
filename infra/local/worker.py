"""The child process of `WORKERS=process`: one instance of one function, as on Lambda.

Its environment is the function's own, so handlers are made as they are on Lambda, by the module's
own `lambda_handler`. It ends when its parent does.
"""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
import time

from infra.local.calls import Outcome, error
from infra.local.frames import Broken, read_frame, write_frame
from infra.local.invocation import Context, Handler, failure, invoke


class LogFrames(io.TextIOBase):
    """Stands in for stdout: what the handler logs travels before its answer, also if it dies."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def write(self, text: str) -> int:
        """Send a piece of log."""
        write_frame(self._pipe, {"log": text})
        return len(text)


def _load(handler: str) -> Handler | Outcome:
    module, _, attribute = handler.rpartition(".")
    try:
        loaded: Handler = getattr(importlib.import_module(module), attribute)
    except ImportError as raised:
        text = f"Unable to import module '{module}': {raised}"
        return error("Runtime.ImportModuleError", text, "")
    except Exception as raised:  # noqa: BLE001  as an error of Lambda's init phase
        return failure(raised, "")
    return loaded


def main() -> None:
    """Serve calls from stdin until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = LogFrames(answers)
    handler = _load(sys.argv[1])
    write_frame(answers, {"ready": True})
    while True:
        call = read_frame(0)
        if isinstance(handler, Outcome):
            outcome = handler
        else:
            deadline = time.monotonic() + call["timeout"]
            outcome = invoke(handler, call["event"], Context(**call["context"], deadline=deadline))
        write_frame(answers, {"answer": outcome.answer, "failed": outcome.failed})


if __name__ == "__main__":
    try:
        main()
    except Broken:
        sys.exit(0)
