"""Runs handlers in this process: breakpoints work, and a changed file is used at the next call.

A call that is over its time limit cannot be ended here: its caller gets the error, the thread runs
on to its end. Where that matters (kill tests) use `WORKERS=process`.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import boto3
import botocore.session

from infra.local.calls import Executor, Function, Instance, JsonText, Outcome, error, timed_out
from infra.local.code import CodeBase
from infra.local.invocation import Handler, context_of, failure, invoke
from infra.local.output import call_output, debugging

_loader = botocore.session.Session().get_component("data_loader")
"""Shared by all sessions: parsing the service models is most of what a client costs."""

Key = tuple[Function, int]


class ThreadExecutor(Executor):
    """Instances are handlers made by `make_handler`, each with its own clients and settings."""

    def __init__(self, code: CodeBase, *, time_limits: bool = True) -> None:
        self._code = code
        self._time_limits = time_limits
        self._idle: dict[Key, list[Handler]] = defaultdict(list)
        self._busy: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def run(self, function: Function, event: JsonText, request_id: str) -> Outcome:
        """Run the call on an idle instance, or on a new one."""
        key = (function, self._code.current())
        with call_output() as log:
            try:
                handler = self._take(key)
            except ImportError as raised:
                text = f"Unable to import module '{function.module}': {raised}"
                outcome = error("Runtime.ImportModuleError", text, request_id)
            except Exception as raised:  # noqa: BLE001  as an error of Lambda's init phase
                outcome = failure(raised, request_id)
            else:
                outcome = self._serve(key, handler, event, request_id)
            return replace(outcome, log=log.getvalue())

    def instances(self) -> list[Instance]:
        """Idle and busy handlers; all of them live in this process."""
        with self._lock:
            idle = [(k[0].label, False) for k, made in self._idle.items() for _ in made]
            busy = [(name, True) for name, count in self._busy.items() for _ in range(count)]
        return [Instance(name, os.getpid(), is_busy) for name, is_busy in idle + busy]

    def stop(self) -> None:
        """Forget the idle handlers."""
        with self._lock:
            self._idle.clear()

    def _serve(self, key: Key, handler: Handler, event: JsonText, request_id: str) -> Outcome:
        """In a thread of its own, waited for no longer than the function's time limit."""
        function = key[0]
        ended: list[Outcome] = []

        def serve() -> None:
            ended.append(invoke(handler, event, context_of(function, request_id)))
            self._give_back(key, handler)

        inside = copy_context()  # so that it writes to this call's log
        thread = threading.Thread(
            target=lambda: inside.run(serve), name=f"call {function.label}", daemon=True
        )
        thread.start()
        thread.join(function.timeout if self._time_limits else None)
        if debugging.is_set():
            thread.join()
        if not ended and not thread.is_alive():
            return error("Runtime.ExitError", f"{function.label} did not answer", request_id)
        return ended[0] if ended else timed_out(function, request_id)

    def _take(self, key: Key) -> Handler:
        function, generation = key
        with self._lock:
            for old in [k for k in self._idle if k[1] != generation]:
                del self._idle[old]
            idle = self._idle[key]
            self._busy[function.label] += 1
            if idle:
                return idle.pop()
        try:
            return self._make(function)
        except BaseException:
            with self._lock:
                self._busy[function.label] -= 1
            raise

    def _give_back(self, key: Key, handler: Handler) -> None:
        with self._lock:
            self._busy[key[0].label] -= 1
            if key[1] == self._code.generation:
                self._idle[key].append(handler)

    def _make(self, function: Function) -> Handler:
        module = self._code.module(function.module)
        settings: Any = self._code.module("busbar.settings.reading")
        made: Any = self._code.module("busbar.wiring.clients")
        wiring: Any = self._code.module("busbar.wiring.entry")
        clients = made.Clients(_session(function), endpoint_url=function.endpoint)
        told = settings.read_settings(dict(function.environment))
        handler: Handler = wiring.entry(module.make_handler, told, clients)
        return handler


def _session(function: Function) -> boto3.Session:
    """With the role's credentials; never by the environment, where they would count as root's."""
    core = botocore.session.Session()
    core.register_component("data_loader", _loader)
    credentials = dict(function.credentials)
    return boto3.Session(
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"] or None,
        region_name=function.region,
        botocore_session=core,
    )
