"""The interpreter of the test bed does what Step Functions in the local AWS does, case by case."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

from infra.local.testing import RunningSystem
from infra.machines import definition, put_in, ways
from tests.doubles.machine_cases import (
    CASES,
    Bench,
    Case,
    Played,
    any_definition,
    without_token,
)
from tests.doubles.states import NAME
from tests.local.driving import eventually

pytestmark = pytest.mark.local
PATIENT, HASTY = 600, 3
"""Seconds that a task waits: where all are answered, and where one is not."""
ROLE = "arn:aws:iam::123456789012:role/any"
ARN = "arn:aws:states:eu-central-1:123456789012"


def played_on_the_interpreter(case: Case, machine: Mapping[str, Any] | None = None) -> Played:
    """What comes of a case in the test bed."""
    bench = Bench(machine)
    execution = bench.play(case)
    kinds = [any_definition()["States"][name]["Type"] for name in execution.entered]
    return Played(
        entered=execution.entered,
        asked=[without_token(body) for body in bench.bodies],
        sends=kinds.count("Task") + execution.retries,
        status=execution.status,
        error=execution.error if case.queue else "",
    )


class LocalAws:
    """The same machine in the local AWS, once for each time that it waits, with a queue."""

    def __init__(self, system: RunningSystem) -> None:
        self._states: Any = system.aws("stepfunctions")
        self._sqs: Any = system.aws("sqs")
        self._url = self._sqs.create_queue(QueueName="machine-contract")["QueueUrl"]
        self._asked: dict[str, list[dict[str, Any]]] = {}
        for name, seconds, url in (
            ("patient-contract", PATIENT, self._url),
            ("hasty-contract", HASTY, self._url),
            ("no-queue-contract", PATIENT, self._url + "-gone"),
        ):
            values = {"QueueUrl": url, "StepSeconds": str(seconds)}
            text = json.dumps(put_in(definition(NAME), values))
            self._states.create_state_machine(name=name, roleArn=ROLE, definition=text)

    def play(self, cases: Sequence[Case]) -> dict[str, Played]:
        """Play all of them at once; name of the case -> what came of it."""
        for case in cases:
            self._states.start_execution(
                stateMachineArn=f"{ARN}:stateMachine:{machine_of(case)}",
                name=case.execution,
                input=json.dumps(case.given),
            )
        by_execution = {case.execution: case for case in cases}
        running = set(by_execution)

        def all_ended() -> bool:
            self._answer(by_execution)
            running.difference_update([n for n in running if self._has_ended(by_execution[n])])
            return not running

        assert eventually(all_ended, within=90)
        return {case.name: self._played(case) for case in cases}

    def _answer(self, cases: Mapping[str, Case]) -> None:
        found = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        for message in found.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            asked = json.loads(message["Body"])
            case, token = cases[asked["execution"]], asked["task_token"]
            self._asked.setdefault(case.name, []).append(without_token(message["Body"]))
            answer = case.answer(asked["step"])
            if answer == "done":
                self._states.send_task_success(taskToken=token, output="{}")
            elif answer != "silence":
                self._states.send_task_failure(taskToken=token, error=answer, cause="any")

    def _described(self, case: Case) -> Any:
        arn = f"{ARN}:execution:{machine_of(case)}:{case.execution}"
        return self._states.describe_execution(executionArn=arn)

    def _has_ended(self, case: Case) -> bool:
        return bool(self._described(case)["status"] != "RUNNING")

    def _played(self, case: Case) -> Played:
        execution = self._described(case)
        history = self._states.get_execution_history(
            executionArn=execution["executionArn"], maxResults=1000
        )["events"]
        error = execution.get("error", "")
        assert error.startswith("SQS.") or case.queue
        return Played(
            entered=[
                event["stateEnteredEventDetails"]["name"]
                for event in history
                if event["type"].endswith("StateEntered")
            ],
            asked=self._asked.get(case.name, []),
            sends=sum(event["type"] == "TaskScheduled" for event in history),
            status=execution["status"],
            # Which error it is that a queue is gone, is the cloud's to say.
            error=error if case.queue else "",
        )


def machine_of(case: Case) -> str:
    """The machine on which a case is played."""
    if not case.queue:
        return "no-queue-contract"
    return "hasty-contract" if "silence" in case.answers.values() else "patient-contract"


@pytest.fixture(scope="module")
def played(plain: RunningSystem) -> dict[str, Played]:
    """What came of each case in the local AWS."""
    return LocalAws(plain).play(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_should_come_to_the_same_on_the_interpreter_and_in_the_local_aws(
    played: Mapping[str, Played], case: Case
) -> None:
    assert played[case.name] == played_on_the_interpreter(case)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Next", "Order"),
        ("Catch", [{"ErrorEquals": ["States.TaskFailed"], "Next": "Park"}]),
        ("Retry", [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1, "IntervalSeconds": 1}]),
        ("Arguments", any_definition()["States"]["Partner"]["Arguments"]),
    ],
)
def test_should_see_that_another_machine_comes_to_something_else(
    played: Mapping[str, Played], field: str, value: object
) -> None:
    planted = any_definition()
    planted["States"]["Contract"][field] = value

    assert any(played[c.name] != played_on_the_interpreter(c, planted) for c in CASES)


def test_should_play_each_way_that_the_machine_has() -> None:
    played = [played_on_the_interpreter(case).entered for case in CASES]
    walked = {pair for entered in played for pair in pairwise(entered)}
    there = any_definition()["States"]

    assert walked == {(name, after) for name in there for after, _ in ways(there[name])}
