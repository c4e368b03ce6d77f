"""What can become of a wallbox order's execution: each way through the machine, and how to play it.

The same cases are played on the interpreter and on the local AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.machines import definition, put_in
from tests.doubles.clock import ManualClock, Timers
from tests.doubles.states import ARN, NAME, Execution, StateError, States

FORWARD = ("partner", "contract", "account", "shared_contract", "contact", "order", "identities")
"""Steps, in order; `order` is the pivot."""
Answer = Literal["done", "Parked", "Rejected", "silence"]
"""What comes of a step: success, an error of this name, or no answer at all."""
STEP_SECONDS = 60
"""How long a task waits for an answer."""
NOT_DONE: Sequence[Answer] = ("Parked", "Rejected", "silence")


@dataclass(frozen=True)
class Case:
    """A way through the machine. Steps without an answer here are done."""

    name: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    way: Literal["forward", "back"] = "forward"
    queue: bool = True
    """Whether the queue is there, to which the machine sends."""

    @property
    def execution(self) -> str:
        """A name for its execution."""
        return f"{self.name.replace(' ', '_')}-1"

    @property
    def given(self) -> dict[str, Any]:
        """The execution's input."""
        return {"v": 1, "org": "demo", "order_id": self.name, "way": self.way}

    def answer(self, step: str) -> Answer:
        """What comes of a step."""
        return self.answers.get(step, "done")


CASES: Sequence[Case] = (
    Case("good"),
    Case("back", way="back"),
    *(Case(f"{answer} {step}", {step: answer}) for answer in NOT_DONE for step in FORWARD),
    *(Case(f"{answer} on the way back", {"go_back": answer}, "back") for answer in NOT_DONE),
    Case("rejected then parked", {"order": "Rejected", "go_back": "Parked"}),
    Case("rejected then silence", {"order": "Rejected", "go_back": "silence"}),
    Case("silence then parked", {"partner": "silence", "park": "Parked"}),
    Case("nobody there", {"identities": "silence", "park": "silence"}),
    Case("no queue", queue=False),
)


@dataclass(frozen=True)
class Played:
    """What came of a case."""

    entered: Sequence[str]
    """States, in order."""
    asked: Sequence[Mapping[str, Any]]
    """What was put on the queue, without the tokens."""
    sends: int
    """How often something was to be put there."""
    status: str
    error: str


def any_definition() -> dict[str, Any]:
    """The machine of the catalogue, with values that do not matter; to be written to."""
    return put_in(definition(NAME), {"QueueUrl": NAME, "StepSeconds": str(STEP_SECONDS)})


def without_token(body: str) -> dict[str, Any]:
    """A message, but for its token. Raises `KeyError` if it has none."""
    message: dict[str, Any] = json.loads(body)
    del message["task_token"]
    return message


class Bench:
    """The machine, or another, on the interpreter, with workers that answer as a case says."""

    def __init__(self, machine: Mapping[str, Any] | None = None) -> None:
        self._clock = ManualClock()
        self._timers = Timers(self._clock)
        self._case = Case("none")
        self._fails = 0
        """How many of the next sends fail."""
        self._bodies: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.states = States(
            ARN, machine or any_definition(), self._timers.at, self._send, self.told.append
        )

    def play(self, case: Case, *, fails: int = 0) -> Execution:
        """Play a case to its end; the first `fails` sends fail."""
        self._case, self._fails = case, fails
        given = json.dumps(case.given)
        self.states.start_execution(stateMachineArn=ARN, name=case.execution, input=given)
        execution = self.states.executions[case.execution]
        while execution.status == "RUNNING":
            self.go_on()
            self._clock.advance(STEP_SECONDS)
        return execution

    def go_on(self) -> None:
        """Let happen what is due now."""
        while self._timers.do_one():
            pass

    @property
    def bodies(self) -> Sequence[str]:
        """All that was put on the queue."""
        return self._bodies

    def _send(self, queue: str, body: str) -> None:
        assert queue == NAME
        self._fails -= 1
        if self._fails >= 0 or not self._case.queue:
            raise StateError("SQS.QueueDoesNotExist")
        self._bodies.append(body)
        self._timers.at(0.0, lambda: self._answer(json.loads(body)))

    def _answer(self, message: Mapping[str, str]) -> None:
        answer, token = self._case.answer(message["step"]), message["task_token"]
        if answer == "done":
            self.states.send_task_success(taskToken=token, output="{}")
        elif answer != "silence":
            self.states.send_task_failure(taskToken=token, error=answer, cause="any")
