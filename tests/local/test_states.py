"""Step Functions in the local AWS: what we trust the emulator with, and what we have put right."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.states import last_ended_by_restart
from infra.local.testing import RunningSystem, start_system
from tests.local.conftest import probe_arguments
from tests.local.driving import eventually, received

ARN = "arn:aws:states:eu-central-1:123456789012"


def start(system: RunningSystem, machine: str = "patient", name: str = "") -> str:
    """Start an execution; its name."""
    name = name or f"{uuid.uuid4().hex}-1"
    arn = f"{ARN}:stateMachine:{machine}"
    given = json.dumps({"order_id": name})
    system.aws("stepfunctions").start_execution(stateMachineArn=arn, name=name, input=given)
    return name


def end_of(system: RunningSystem, name: str, machine: str = "patient") -> tuple[str, str]:
    """Status and error of an execution, as soon as it has ended."""
    arn = f"{ARN}:execution:{machine}:{name}"

    def ended() -> Any:
        found = system.aws("stepfunctions").describe_execution(executionArn=arn)
        return found if found["status"] != "RUNNING" else None

    found = eventually(ended)
    return found["status"], found.get("error", "")


def token_of(system: RunningSystem, name: str) -> str:
    """The token of the task that waits."""
    found: dict[str, str] = {}

    def asked() -> bool:
        found.update({m["of"]: m["token"] for m in map(json.loads, received(system, "asked"))})
        return name in found

    assert eventually(asked)
    return found[name]


def code_of(call: Any, **parameters: str) -> str:
    """The code with which a call is refused."""
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return str(raised.value.response["Error"]["Code"])


@pytest.mark.local
class TestEmulator:
    def test_should_wait_for_an_answer_by_token(self, plain: RunningSystem) -> None:
        name = start(plain)
        states = plain.aws("stepfunctions")
        states.send_task_success(taskToken=token_of(plain, name), output="{}")
        assert end_of(plain, name) == ("SUCCEEDED", "")

    def test_should_fail_with_the_error_of_the_answer_and_tell_it_by_event(
        self, plain: RunningSystem
    ) -> None:
        name = start(plain)
        token = token_of(plain, name)
        plain.aws("stepfunctions").send_task_failure(taskToken=token, error="Parked", cause="any")
        assert end_of(plain, name) == ("FAILED", "Parked")
        (event,) = eventually(lambda: received(plain, "ended"))
        detail = json.loads(event)["detail"]
        assert (detail["name"], detail["status"], detail["error"]) == (name, "FAILED", "Parked")
        assert json.loads(detail["input"]) == {"order_id": name}

    def test_should_time_out_after_as_long_as_an_expression_says(
        self, plain: RunningSystem
    ) -> None:
        name = start(plain, "hasty")
        assert end_of(plain, name, "hasty") == ("FAILED", "Late")

    def test_should_refuse_a_name_that_is_taken_and_a_token_that_is_gone(
        self, plain: RunningSystem
    ) -> None:
        name = start(plain)
        states, token = plain.aws("stepfunctions"), token_of(plain, name)
        states.send_task_success(taskToken=token, output="{}")
        end_of(plain, name)
        again = {"stateMachineArn": f"{ARN}:stateMachine:patient", "name": name, "input": "{}"}
        assert code_of(states.start_execution, **again) == "ExecutionAlreadyExists"
        gone = code_of(states.send_task_success, taskToken=token, output="{}")
        assert gone == "TaskDoesNotExist"

    def test_should_show_executions_and_where_they_stand(self, plain: RunningSystem) -> None:
        name = start(plain)
        token_of(plain, name)
        shown = plain.http.get(f"{plain.api}/_local/executions").json()
        (mine,) = [e for e in shown if e["execution"] == name]
        assert (mine["machine"], mine["status"], mine["state"]) == ("patient", "RUNNING", "Wait")


@pytest.mark.local
def test_should_tell_of_executions_that_the_end_of_the_last_run_has_ended(tmp_path: Path) -> None:
    arguments, keep = probe_arguments(tmp_path), {"KEEP": "1"}
    first = start_system(tmp_path / "state", arguments, keep)
    for name in ("order-1", "order-2", "other-1"):
        start(first, name=name)
        token_of(first, name)
    first.close()

    second = start_system(tmp_path / "state", arguments, keep, first.ports)
    events = {json.loads(body)["detail"]["name"] for body in received(second, "ended")}
    assert events == {"order-2", "other-1"}
    assert end_of(second, "order-2") == ("FAILED", "States.ServiceRestart")
    assert "order-2, other-1" in second.console()
    start(second, name="order-3")
    second.close()

    third = start_system(tmp_path / "state", arguments, keep, first.ports)
    told = [json.loads(body)["detail"]["name"] for body in received(third, "ended")]
    third.close()
    assert sorted(told) == ["order-3", "other-1"]


def record(name: str, error: str | None = "States.ServiceRestart", of: str = "a") -> dict[str, Any]:
    return {"name": name, "error": error, "stateMachineArn": of, "status": "FAILED"}


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ([record("o-1")], ["o-1"]),
        ([record("o-9"), record("o-10"), record("p-1")], ["o-10", "p-1"]),
        ([record("o-1"), record("o-2", None)], []),
        ([record("o-1"), record("o-2", "Parked")], []),
        ([record("o-1"), record("o-2", None, of="another machine")], ["o-1"]),
        ([record("by hand")], ["by hand"]),
    ],
)
def test_should_tell_of_the_last_execution_of_each_order_alone(
    records: list[dict[str, Any]], told: list[str]
) -> None:
    assert sorted(e["name"] for e in last_ended_by_restart(records)) == told
