"""`WORKERS=process`: what dies is replaced, and what it was doing is done again."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.testing import RunningSystem
from tests.local.driving import call, eventually, items

pytestmark = pytest.mark.local


def busy(system: RunningSystem, function: str) -> Callable[[], list[dict[str, Any]]]:
    """Looks for workers of a function that have a call."""
    return lambda: [w for w in system.workers(function) if w["busy"]]


def test_should_run_each_instance_in_a_process_of_its_own(processes: RunningSystem) -> None:
    first, _ = call(processes, {})
    second, _ = call(processes, {})
    assert first["pid"] == second["pid"] != processes.part.pid
    assert (first["calls"] + 1, first["process_table"]) == (second["calls"], "probe")
    assert first["pid"] in {w["pid"] for w in processes.workers("echo")}


def test_should_fail_the_call_whose_worker_is_killed(processes: RunningSystem) -> None:
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(call, processes, {"sleep": 1.5})
        (worker,) = eventually(busy(processes, "echo"))
        os.kill(worker["pid"], signal.SIGKILL)
        answer, failed = under_way.result()
    assert (failed, answer["errorType"]) == (True, "Runtime.ExitError")
    again, failed = call(processes, {})
    assert not failed
    assert again["pid"] != worker["pid"]


def test_should_kill_the_worker_of_a_call_over_its_limit(processes: RunningSystem) -> None:
    pid = call(processes, {})[0]["pid"]
    answer, failed = call(processes, {"sleep": 4})
    assert (failed, answer["errorType"]) == (True, "Sandbox.Timedout")
    assert pid not in {w["pid"] for w in processes.workers("echo")}


def test_should_deliver_a_message_again_after_a_kill(processes: RunningSystem) -> None:
    name = uuid.uuid4().hex
    url = processes.aws("sqs").get_queue_url(QueueName="work")["QueueUrl"]
    body = json.dumps({"id": name, "sleep": 1.0})
    processes.aws("sqs").send_message(QueueUrl=url, MessageBody=body)
    eventually(lambda: items(processes, f"tried#{name}"))
    for worker in busy(processes, "keep")():
        os.kill(worker["pid"], signal.SIGKILL)
    assert not items(processes, f"kept#{name}")
    assert eventually(lambda: items(processes, f"kept#{name}"))


def test_should_log_what_a_worker_prints(processes: RunningSystem) -> None:
    call(processes, {})
    assert "echo was called" in {line.get("message") for line in processes.log("echo")}


def test_should_use_changed_code_in_a_new_process(processes: RunningSystem) -> None:
    handler = processes.state / "code" / "probes" / "echo" / "handler.py"
    before, _ = call(processes, {})
    handler.write_text(handler.read_text().replace('"first"', '"second"'))
    started = time.monotonic()
    after, _ = call(processes, {})
    assert (before["answer"], after["answer"]) == ("first", "second")
    assert after["pid"] != before["pid"]
    assert time.monotonic() - started < 5
