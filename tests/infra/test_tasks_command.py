"""`python -m infra.tasks`, in front of the real handlers: what it prints, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from infra.tasks import Api, parser, run
from tests.doubles.world import World
from tests.functions.given import (
    NORDWIND_ID,
    ORDER,
    batch,
    command,
    errand,
    open_task,
    order,
    shown,
    tasks,
)
from tests.functions.test_tasks import REFUSED

Run = Callable[..., int]


class InFront(httpx.BaseTransport):
    """The way from an HTTP client to the handlers; some answers are lost on it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.lost = 0
        self.user = "operator"
        self.sent: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One call."""
        headers = {k: v for k, v in request.headers.items() if k in {"idempotency-key", "if-match"}}
        self.sent.append(f"{request.method} {request.url.path}")
        body = request.content.decode() or None
        path = request.url.raw_path.decode()
        reply = self._world.call(request.method, path, self.user, body, **headers)
        if self.lost:
            self.lost -= 1
            raise httpx.ReadTimeout("lost", request=request)
        return httpx.Response(reply.status, headers=dict(reply.headers), text=reply.text)


@pytest.fixture
def world() -> World:
    """An order that Salesforce has refused."""
    world = World()
    order(world)
    world.salesforce.add_fault(REFUSED)
    world.invoke("order_forward", batch(errand(world, command("order_forward", ORDER))))
    world.run_for(600)
    return world


@pytest.fixture
def way(world: World) -> InFront:
    """The way to its API."""
    return InFront(world)


@pytest.fixture
def tool(way: InFront) -> Run:
    """The command line, on this way."""
    client = httpx.Client(transport=way, base_url="https://api.example")
    api = Api(client, pause=lambda _seconds: None)
    return lambda *words: run(parser().parse_args(words), api)


def test_should_list_and_show_what_waits(
    tool: Run, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (task,) = tasks(world)
    assert tool("list") == 0
    listed = capsys.readouterr().out
    assert f"{task.id}  2026-03-02T08:00  parked_step            resume, adopt, cancel" in listed
    assert "1 open" in listed
    assert tool("show", task.id) == 0
    assert f"about     charge_card_order {ORDER}" in capsys.readouterr().out


def test_should_resume_a_task_and_show_who_decided(
    tool: Run, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (task,) = tasks(world)
    assert tool("resume", task.id, "--reason", "mended") == 0
    assert "decided   resume by" in capsys.readouterr().out
    world.pump()
    assert shown(world)["salesforce_order_number"]
    assert tool("list", "--closed") == 0
    assert "1 closed" in capsys.readouterr().out


def test_should_decide_once_when_the_answer_is_lost(tool: Run, world: World, way: InFront) -> None:
    (task,) = tasks(world)
    tag = world.call("GET", f"/v1/tasks/{task.id}", "operator").etag
    way.lost = 2
    assert tool("cancel", task.id, "--reason", "any", "--etag", tag) == 0
    assert len(way.sent) == 3
    assert len(world.call("GET", "/v1/audit", "operator").json["entries"]) == 1


def test_should_say_that_there_was_no_answer(
    tool: Run, way: InFront, capsys: pytest.CaptureFixture[str]
) -> None:
    way.lost = 100
    assert tool("list") == 3
    assert "No answer: ReadTimeout" in capsys.readouterr().err


def test_should_name_what_was_refused(
    tool: Run, world: World, way: InFront, capsys: pytest.CaptureFixture[str]
) -> None:
    (task,) = tasks(world)
    assert tool("adopt", task.id, "801000000000009AAA", "--reason", "any") == 1
    assert "external_id is no order in Salesforce" in capsys.readouterr().err
    assert tool("retry", task.id, "--reason", "any", "--not-found-at", "14:05") == 1
    assert "Possible are: resume, adopt, cancel." in capsys.readouterr().err
    assert tool("cancel", task.id, "--reason", "any", "--etag", '"1"') == 1
    assert "changed meanwhile" in capsys.readouterr().err
    way.user = "fleet-manager"
    assert tool("list") == 1
    assert "Not allowed" in capsys.readouterr().err


def test_should_show_and_verify_the_audit_trail(
    tool: Run, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (task,) = tasks(world)
    tool("cancel", task.id, "--reason", "Doppelt bestellt")
    capsys.readouterr()
    assert tool("audit") == 0
    assert f"tasks_cancel     task {task.id}" in (printed := capsys.readouterr().out)
    assert "Doppelt bestellt" in printed
    assert tool("verify") == 0
    printed = capsys.readouterr().out
    assert "1 entries, as they were written" in printed
    mark = printed.split()[-1]
    assert tool("verify", "--mark", mark) == 0
    assert tool("verify", "--mark", f"1:{'0' * 64}") == 1
    assert "NOT as it was written: entry 1" in capsys.readouterr().out


def test_should_show_who_changed_what_of_a_company(
    tool: Run, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/v1/companies/{NORDWIND_ID}"
    world.call("PATCH", path, "service-agent", {"suspended": True}, If_Match="*")
    capsys.readouterr()
    assert tool("audit") == 0
    printed = capsys.readouterr().out
    assert f"companies_change company {NORDWIND_ID}" in printed
    assert "changed suspended" in printed
    assert "suspended true" in printed


@pytest.mark.parametrize("moment", ["soon", "25:00", "14", ""])
def test_should_refuse_a_time_that_is_none(tool: Run, moment: str) -> None:
    with pytest.raises(SystemExit) as ended:
        tool("retry", "0RDER00000001", "--reason", "any", "--not-found-at", moment)
    assert ended.value.code == 2


def test_should_refuse_a_decision_without_a_reason(tool: Run) -> None:
    with pytest.raises(SystemExit) as ended:
        tool("resume", "0RDER00000001")
    assert ended.value.code == 2


def test_should_tell_how_often_a_task_s_cause_was_met(
    world: World, tool: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    often = open_task(world, "often", kind="not_leading_system", subject_schema="contact", count=5)
    assert tool("show", often.id) == 0
    assert ", 5 times\n" in capsys.readouterr().out
