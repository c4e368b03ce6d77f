"""The emulator (ministack), started with our settings, and the places where we reach into it.

It reads its settings from the environment when it is imported, and keeps its state in module
globals: one emulator per process, and nothing may import it before `prepare_environment`.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infra.local.calls import Executor, Function, Outcome
from infra.local.options import ACCOUNT, HOST, REGION, CannotStart, Options
from infra.local.states import last_ended_by_restart, timed

PINNED = "1.5.33"
SCHEDULE_TICK_SECONDS = 1.0
"""10 s in the emulator."""
WAKE_GAP_SECONDS = 0.005
"""50 ms in the emulator: how long it may sleep through a new message or stream record."""
_OURS = ("AWS_", "MINISTACK_")
_RIGHT_OF = {"sqs:SendMessageBatch": "sqs:SendMessage"}
"""Calls that AWS grants by the right to another one. There is no right of their own."""


def prepare_environment(options: Options) -> None:
    """Settings of the emulator; and nothing of the person's AWS account, profile or proxy.

    The emulator takes the process's `AWS_ACCESS_KEY_ID` for the root user's, and boto3 would find
    a real profile: both end here.
    """
    for name in [n for n in os.environ if n.startswith(_OURS)]:
        del os.environ[name]
    nowhere = str(options.state / "no-such-file")
    os.environ |= {
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(options.ports.aws),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(options.kept / "aws"),
        "S3_DATA_DIR": str(options.kept / "s3"),
        "PERSIST_STATE": "1" if options.keep else "0",
        "S3_PERSIST": "1" if options.keep else "0",
        "AUTH": "true" if options.auth else "false",
        "LOG_LEVEL": "WARNING",
        "LAMBDA_EXECUTOR": "local",
    }


def log_to(path: Path) -> None:
    """Send what the emulator and the server log to a file: the console is for people."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


class Emulator:
    """The emulator's ASGI app, with our executor and our stream poller in place of its own."""

    def __init__(self, executor: Executor, finished: Callable[[Function, str, Outcome], None]):
        if version("ministack") != PINNED:
            raise CannotStart(
                f"ministack {version('ministack')} is installed, {PINNED} is what our tests know. "
                "Install the locked versions, or run tests/local and raise PINNED."
            )
        self.records_written = threading.Event()
        self._executor = executor
        self._finished = finished
        self._install()

    def _install(self) -> None:
        from ministack.app import app  # noqa: PLC0415  reads the environment as it is imported
        from ministack.core import iam_actions  # noqa: PLC0415
        from ministack.services import (  # noqa: PLC0415
            eventbridge,
            lambda_svc,
            scheduler,
            sqs,
            stepfunctions,
        )

        self.app: Any = app
        self._lambda: Any = lambda_svc
        self._states: Any = stepfunctions
        eventbridge._SCHEDULER_TICK_INTERVAL = SCHEDULE_TICK_SECONDS  # noqa: SLF001
        scheduler._SCHEDULE_TICK_INTERVAL = SCHEDULE_TICK_SECONDS  # noqa: SLF001
        lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = WAKE_GAP_SECONDS  # noqa: SLF001
        lambda_svc._execute_function_warm = self._execute  # noqa: SLF001
        lambda_svc._poll_dynamodb_streams = self._stream_poll  # noqa: SLF001
        stepfunctions._invoke_with_callback = timed(stepfunctions)  # noqa: SLF001
        sqs.load_persisted_state = _all_in_sight(sqs.load_persisted_state)
        iam_actions.extract_iam_action = _by_right(iam_actions.extract_iam_action)

    def _execute(self, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """Stands in for the emulator's worker pool: `func` is its record of the function."""
        function = self._function(func.get("config") or func)
        started = time.monotonic()
        outcome = self._executor.run(function, json.dumps(event), request_id)
        timed = replace(outcome, seconds=time.monotonic() - started)
        self._finished(function, request_id, timed)
        result = {"body": outcome.answer, "log": outcome.log}
        return result | {"error": True} if outcome.failed else result

    def tell_of_restarted(self) -> list[str]:
        """Tell by event of executions that ended with the last run. Answers their names."""
        records = self._states._executions.all_values()  # noqa: SLF001
        ended = last_ended_by_restart(list(records))
        for record in ended:
            self._states._emit_execution_status_event(record)  # noqa: SLF001
        return sorted(record["name"] for record in ended)

    def _stream_poll(self) -> bool:
        """Called when the emulator has news for event sources. Our own poller does the work."""
        self.records_written.set()
        return False

    def _function(self, config: dict[str, Any]) -> Function:
        credentials = self._lambda.execution_credentials(config)
        variables = (config.get("Environment") or {}).get("Variables") or {}
        return Function(
            arn=config["FunctionArn"],
            name=config["FunctionName"],
            handler=config["Handler"],
            environment=tuple(sorted(variables.items())),
            credentials=tuple(sorted(credentials.items())),
            timeout=float(config.get("Timeout", 3)),
            memory_mb=int(config.get("MemorySize", 128)),
            region=REGION,
            endpoint=f"http://{HOST}:{os.environ['GATEWAY_PORT']}",
        )


def _by_right(extract: Callable[..., Any]) -> Callable[..., Any]:
    """Names the right that a call needs, where the emulator asks for one that AWS does not know."""

    def right(*call: Any, **more: Any) -> Any:
        found = extract(*call, **more)
        return _RIGHT_OF.get(found, found)

    return right


def _all_in_sight(load: Callable[[Any], object]) -> Callable[[Any], object]:
    """Loads queues of an earlier run. Nobody holds a message any more, so none waits to be seen."""

    def load_queues(saved: Any) -> object:
        for queue in saved["queues"]._data.values():  # noqa: SLF001
            for message in queue["messages"]:
                if message["receive_count"]:
                    message["visible_at"] = 0.0
        return load(saved)

    return load_queues
