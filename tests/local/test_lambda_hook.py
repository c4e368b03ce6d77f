"""The contract of a call: what a handler sees, and what its caller gets."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.testing import RunningSystem
from tests.local.driving import call

pytestmark = pytest.mark.local


def test_should_give_each_function_its_own_environment(plain: RunningSystem) -> None:
    echo, _ = call(plain, {"a": [1]})
    denied, _ = call(plain, {"a": [1]}, "denied")
    assert (echo["table"], denied["table"]) == ("probe", "other")
    assert echo["process_table"] is None
    assert echo["event"] == {"a": [1]}
    assert 0 < echo["left_ms"] <= 2000


def test_should_name_the_error_as_the_handler_raised_it(plain: RunningSystem) -> None:
    answer, failed = call(plain, {"raise": True})
    assert failed
    assert (answer["errorType"], answer["errorMessage"]) == ("OddError", "as asked for")
    assert any("raise OddError" in line for line in answer["stackTrace"])


def test_should_refuse_an_answer_that_is_no_json(plain: RunningSystem) -> None:
    answer, failed = call(plain, {"set": True})
    assert (failed, answer["errorType"]) == (True, "Runtime.MarshalError")


def test_should_end_a_call_at_its_time_limit(plain: RunningSystem) -> None:
    started = time.monotonic()
    answer, failed = call(plain, {"sleep": 4})
    assert (failed, answer["errorType"]) == (True, "Sandbox.Timedout")
    assert "Task timed out after 2.00 seconds" in answer["errorMessage"]
    assert time.monotonic() - started < 3


def test_should_serve_one_event_at_a_time_in_several_instances(plain: RunningSystem) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: call(plain, {"sleep": 0.5}), range(8)))
    assert not [a for a, failed in answers if failed]
    assert time.monotonic() - started < 3


def test_should_log_what_a_handler_prints_by_function(plain: RunningSystem) -> None:
    call(plain, {})
    assert "echo was called" in {line.get("message") for line in plain.log("echo")}


def test_should_log_errors_as_json_and_show_them_on_the_console(plain: RunningSystem) -> None:
    call(plain, {"complain": True})
    (line,) = [row for row in plain.log("echo") if row.get("message") == "this is bad"]
    assert (line["level"], line["service"]) == ("ERROR", "busbar")
    assert "! echo: this is bad" in plain.console()


def test_should_use_changed_code_at_the_next_call(plain: RunningSystem) -> None:
    handler = plain.state / "code" / "probes" / "echo" / "handler.py"
    before, _ = call(plain, {})
    handler.write_text(handler.read_text().replace('"first"', '"second"'))
    after, _ = call(plain, {})
    assert (before["answer"], after["answer"]) == ("first", "second")


def test_should_say_which_module_is_missing(plain: RunningSystem) -> None:
    answer, failed = call(plain, {}, "gone")
    assert (failed, answer["errorType"]) == (True, "Runtime.ImportModuleError")
    assert "probes.gone" in answer["errorMessage"]
