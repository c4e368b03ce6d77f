"""What a person sees while the local system starts."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from infra.local.call_log import CallLog
from infra.local.calls import Function, Outcome
from infra.local.console import Console
from infra.local.options import STANDARD_PORTS, Options
from infra.local.welcome import welcome


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True

    def shown(self) -> list[str]:
        """The lines as they stand in the end: what a line is begun anew with goes over it."""
        return [line.rpartition("\r")[2] for line in self.getvalue().split("\n")]


def test_should_say_on_a_terminal_what_it_is_about_while_it_lasts() -> None:
    out = Terminal()
    with Console(out).phase("Deploy"):
        assert out.shown() == ["Deploy …"]
    (line, rest) = out.shown()
    assert line.startswith("Deploy   ")
    assert line.endswith(" s")
    assert rest == ""


def test_should_leave_nothing_of_a_line_that_something_else_is_said_over() -> None:
    out = Terminal()
    console = Console(out)
    with console.phase("Deploy"):
        console.say("left out")
    assert out.shown()[0] == "left out"
    assert "…" not in "".join(out.shown())


def test_should_write_whole_lines_alone_to_a_file() -> None:
    out = io.StringIO()
    with Console(out).phase("Deploy"):
        assert out.getvalue() == ""
    assert "\r" not in out.getvalue()


def test_should_say_that_a_phase_failed() -> None:
    out = Terminal()
    with pytest.raises(ValueError, match="broken"), Console(out).phase("Deploy"):
        raise ValueError("broken")
    assert "failed after" in out.shown()[0]


def any_function() -> Function:
    return Function("arn", "name", "functions.erp_apply.handler.handler", (), (), 1, 1, "r", "e")


def test_should_say_why_an_event_was_parked(tmp_path: Path) -> None:
    line = {"level": "ERROR", "message": "event parked", "reason": "MALFORMED_PAYLOAD"}
    out = io.StringIO()
    CallLog(tmp_path, Console(out))(any_function(), "1", Outcome(None, log=json.dumps(line)))
    assert "erp_apply: event parked, MALFORMED_PAYLOAD  (more in " in out.getvalue()


@pytest.mark.parametrize(("shift", "said"), [(0, ""), (1000, " PORT_SHIFT=1000")])
def test_should_name_the_demo_that_finds_this_very_system(shift: int, said: str) -> None:
    names = ("api", "salesforce", "energised", "sap", "aws", "issuer")
    status = {**dict.fromkeys(names, "http://any"), "people": ["operator"]}
    text = welcome(status, Options(ports=STANDARD_PORTS.shifted(shift)), 1.0)
    assert f"`make demo CHAPTER=inbound{said}`" in text
