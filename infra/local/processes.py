"""Runs handlers in processes of their own, one event at a time each: `WORKERS=process`.

A worker that dies during a call makes the call fail as on Lambda, so that the queue, the stream or
the scheduler tries again; the next call gets a new worker. A call over its time limit is killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from infra.local.calls import Executor, Function, Instance, JsonText, Outcome, error, timed_out
from infra.local.code import CodeBase
from infra.local.frames import Broken, Overdue, read_frame, write_frame
from infra.local.invocation import context_of
from infra.local.options import HOST, ROOT

MOST_AT_ONCE = 10
"""Processes per function; a call over it waits. A worker is some 60 MB."""
INIT_SECONDS = 30.0
"""For loading a handler, which does not count against a call's limit. Lambda gives 10 s."""
Key = tuple[Function, int]


class Worker:
    """One child process."""

    def __init__(self, key: Key, paths: list[Path], log: Path) -> None:
        self.key = key
        self.busy = False
        self._loaded = False
        function = key[0]
        with log.open("ab") as raw:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.worker", function.handler],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=raw,
                env=_environment(function, paths),
                cwd=ROOT,
                bufsize=0,
            )
        self.pid = self._process.pid

    def call(self, event: JsonText, request_id: str, *, time_limits: bool) -> Outcome:
        """Run one call; afterwards `alive` says whether the worker can serve another."""
        function = self.key[0]
        context = context_of(function, request_id)
        shown = {k: v for k, v in vars(context).items() if k != "deadline"}
        log: list[str] = []
        try:
            if not self._loaded:
                self._receive(log, time.monotonic() + INIT_SECONDS)
                self._loaded = True
            message = {"event": event, "context": shown, "timeout": function.timeout}
            write_frame(self._pipe_in(), message)
            frame = self._receive(log, time.monotonic() + function.timeout if time_limits else None)
            outcome = Outcome(frame["answer"], frame["failed"])
        except Overdue:
            self.kill()
            outcome = timed_out(function, request_id)
        except Broken:
            code = self._process.wait()
            text = f"RequestId: {request_id} Error: Runtime exited with {_exit(code)}"
            outcome = error("Runtime.ExitError", text, request_id)
        return Outcome(outcome.answer, outcome.failed, "".join(log))

    def _receive(self, log: list[str], deadline: float | None) -> Any:
        while "log" in (frame := read_frame(self._pipe_out(), deadline)):
            log.append(frame["log"])
        return frame

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _pipe_in(self) -> int:
        if self._process.stdin is None or self._process.stdin.closed:
            raise Broken
        return self._process.stdin.fileno()

    def _pipe_out(self) -> int:
        if self._process.stdout is None or self._process.stdout.closed:
            raise Broken
        return self._process.stdout.fileno()


class ProcessExecutor(Executor):
    """Keeps workers and gives each call one."""

    def __init__(self, code: CodeBase, logs: Path, *, time_limits: bool = True) -> None:
        self._code = code
        self._log = logs / "workers.log"
        self._time_limits = time_limits
        self._workers: list[Worker] = []
        self._lock = threading.Lock()
        self._room: dict[str, threading.Semaphore] = defaultdict(
            lambda: threading.Semaphore(MOST_AT_ONCE)
        )
        logs.mkdir(parents=True, exist_ok=True)

    def run(self, function: Function, event: JsonText, request_id: str) -> Outcome:
        """Give the call to an idle worker, or to a new one."""
        with self._lock:
            room = self._room[function.name]
        with room:
            worker = self._take((function, self._code.current()))
            try:
                return worker.call(event, request_id, time_limits=self._time_limits)
            finally:
                with self._lock:
                    worker.busy = False

    def instances(self) -> list[Instance]:
        """The live processes."""
        with self._lock:
            alive = [w for w in self._workers if w.alive()]
            return [Instance(w.key[0].label, w.pid, w.busy) for w in alive]

    def stop(self) -> None:
        """Kill all workers."""
        with self._lock:
            for worker in self._workers:
                worker.kill()
            self._workers.clear()

    def _take(self, key: Key) -> Worker:
        with self._lock:
            self._drop_useless(key[1])
            idle = [w for w in self._workers if w.key == key and not w.busy]
            worker = idle[0] if idle else Worker(key, self._code.paths, self._log)
            worker.busy = True
            if not idle:
                self._workers.append(worker)
            return worker

    def _drop_useless(self, generation: int) -> None:
        """Dead workers, and idle ones whose code is of yesterday."""
        for worker in list(self._workers):
            outdated = not worker.busy and worker.key[1] != generation
            if outdated or not (worker.busy or worker.alive()):
                worker.kill()
                self._workers.remove(worker)


def _environment(function: Function, paths: list[Path]) -> dict[str, str]:
    """The function's own variables, as on Lambda, and what Python needs to start."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", ""),
        "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *paths])),
        "NO_PROXY": f"{HOST},localhost",
        "AWS_CONFIG_FILE": os.environ.get("AWS_CONFIG_FILE", ""),
        "AWS_SHARED_CREDENTIALS_FILE": os.environ.get("AWS_SHARED_CREDENTIALS_FILE", ""),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": function.endpoint,
        **dict(function.credentials),
        **dict(function.environment),
    }


def _exit(code: int) -> str:
    return f"error: signal {-code}" if code < 0 else f"exit status {code}"
