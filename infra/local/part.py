"""A part of the system that lives in a process of its own and is watched."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.local.options import HOST, ROOT, CannotStart


class Part:
    """One child process. What it prints goes to its log."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        paths = os.pathsep.join(map(str, (ROOT, ROOT / "shared" / "python")))
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.child", *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**inherited, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1", **environment},
                cwd=ROOT,
            )
        self.pid = self._process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> str:
        """Once it has ended, its exit code as text; else empty."""
        code = self._process.poll()
        return "" if code is None else str(code)

    def wait_for(self, port: int, within: float = 20.0) -> None:
        """Wait until it answers on its port. Raises `CannotStart` with what it printed last."""
        until = time.monotonic() + within
        while not _answers(port):
            if not self.alive() or time.monotonic() > until:
                raise CannotStart(f"{self.name} did not start:\n{self.last_words()}")
            time.sleep(0.02)

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-15:])

    def stop(self, within: float = 5.0) -> None:
        """Let it end, and end it if it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
