"""Log lines: JSON, with the unit of work that they belong to, and nothing that an error quotes."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from contextvars import copy_context
from typing import Any

import pytest

from busbar import observability
from busbar.observability import begin, logger, traced


def line(**more: Any) -> dict[str, Any]:
    """What becomes of one record."""
    record = logger.makeRecord(logger.name, logging.WARNING, __file__, 7, "not %s", ("now",), None)
    vars(record).update(more)
    formatter = logger.handlers[0].formatter
    assert formatter
    text = formatter.format(record)
    assert "\n" not in text
    told: dict[str, Any] = json.loads(text)
    return told


def test_should_write_level_place_time_and_what_is_told_beside_the_message() -> None:
    told = line(event_id="e-1", name_of="Jürgen\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\+0000", told["timestamp"])
    assert (told["level"], told["message"], told["service"]) == ("WARNING", "not now", "busbar")
    assert told["location"].endswith(":7")
    assert (told["event_id"], told["name_of"]) == ("e-1", "Jürgen\n")


def test_should_name_the_unit_of_work_and_the_trace_of_the_thread_that_logs() -> None:
    def told() -> dict[str, Any]:
        begin("any-unit-of-work")
        traced("1-any")
        return line()

    found = copy_context().run(told)
    assert (found["correlation_id"], found["xray_trace_id"]) == ("any-unit-of-work", "1-any")


def test_should_name_the_kind_of_an_error_and_never_its_text() -> None:
    error = KeyError("Jana Petersen")
    told = line(exc_info=(type(error), error, None))
    assert told["exception_name"] == "KeyError"
    assert "Petersen" not in json.dumps(told)


def test_should_write_what_is_no_json_as_its_text() -> None:
    assert line(day=logging)["day"].startswith("<module")


def test_should_write_each_line_once_where_the_runtime_has_a_handler_of_its_own() -> None:
    code = (
        "import logging; logging.basicConfig(format='root %(message)s'); "
        "from busbar.observability import logger; logger.error('told'); "
        "logging.getLogger('other').error('told')"
    )
    run = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout)["message"] == "told"
    assert run.stderr == "root told\n"


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("Root=1-5e1b4151-5ac6c58f;Parent=53995c3f;Sampled=1", "1-5e1b4151-5ac6c58f"),
        ("Parent=53995c3f", ""),
        ("", ""),
    ],
)
def test_should_read_the_trace_that_lambda_names(
    monkeypatch: pytest.MonkeyPatch, variable: str, told: str
) -> None:
    from busbar.settings import trace_id  # noqa: PLC0415

    monkeypatch.setenv("_X_AMZN_TRACE_ID", variable)
    assert trace_id() == told


def test_should_leave_out_what_there_is_not() -> None:
    def told() -> dict[str, Any]:
        observability._current.set("")
        traced("")
        return line()

    assert not {"correlation_id", "xray_trace_id"} & set(copy_context().run(told))
