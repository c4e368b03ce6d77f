"""Step Functions, as far as our definitions use it, over anybody's clock.

`tests/local/test_machine_contract.py` plays the same cases here and on the local AWS.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError

from busbar.errors import Unmappable
from busbar.process.executions import DETAIL_TYPE
from busbar.settings.function import Tuning
from infra.catalog import USE_CASES
from infra.machines import ENDED_BADLY, definition, put_in, substitutions
from tests.doubles.state_language import TIMEOUT, matches, program, refuse_unknown

Json = dict[str, Any]

QUERY, RESTART = "States.QueryEvaluationError", "States.ServiceRestart"
NAME = next(case.name for case in USE_CASES if case.machine)
ARN = f"arn:aws:states:eu-central-1:123456789012:stateMachine:{NAME}"


class StateError(Exception):
    """A state failed with an error of this name."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


class Later(Protocol):
    """Has `what` done `wait` seconds from now. Nobody has to wait for what is `background`."""

    def __call__(
        self, wait: float, what: Callable[[], object], *, background: bool = False
    ) -> None: ...


Send = Callable[[str, str], None]
"""Puts a body on the queue of a URL. Raises `StateError` if that fails."""


@dataclass
class Execution:
    """One execution, and where it has been."""

    name: str
    given: Json
    status: str = "RUNNING"
    error: str = ""
    cause: str = ""
    entered: list[str] = field(default_factory=list)
    """Names of states, in order."""
    state_input: Any = None
    """What the present state was given."""
    retries: int = 0
    variables: Json = field(default_factory=dict)
    token: str = ""
    """Of the task that it waits for; empty if for none."""
    failures: Counter[int] = field(default_factory=Counter)
    """How often each retrier of the present state was used."""

    @property
    def transitions(self) -> int:
        """What AWS counts, at most: states, retries, start and end."""
        return len(self.entered) + self.retries + 2


class States:
    """One state machine; stands in for botocore's client `stepfunctions`.

    `tell` hears of every end, as EventBridge tells of it.
    """

    def __init__(
        self,
        arn: str,
        definition: Mapping[str, Any],
        later: Later,
        send: Send,
        tell: Callable[[Json], None],
    ) -> None:
        refuse_unknown(definition)
        self._arn = arn
        self.executions: dict[str, Execution] = {}
        """All that were ever started, by name."""
        self._definition = definition
        self._later = later
        self._send = send
        self._tell = tell
        self._tokens = itertools.count(1)
        self._asked: dict[str, Execution] = {}
        """Every token that was ever given, and whose it is."""

    # --- the client ----------------------------------------------------------------------------

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> Json:  # noqa: A002, N803  (boto3's names)
        """StartExecution."""
        if stateMachineArn != self._arn:
            raise _refused("StartExecution", "StateMachineDoesNotExist")
        given = json.loads(input)
        there = self.executions.get(name)
        if there is None:
            self.executions[name] = started = Execution(name, given)
            self._move(started, self._definition["StartAt"], given)
        elif there.status != "RUNNING" or there.given != given:
            raise _refused("StartExecution", "ExecutionAlreadyExists")
        return {"executionArn": f"{self._arn}:{name}"}

    def send_task_success(self, *, taskToken: str, output: str) -> Json:  # noqa: N803
        """SendTaskSuccess."""
        execution = self._waiting("SendTaskSuccess", taskToken)
        result = json.loads(output)
        execution.token = ""
        self._move(execution, self._state(execution)["Next"], result)
        return {}

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> Json:  # noqa: N803
        """SendTaskFailure."""
        execution = self._waiting("SendTaskFailure", taskToken)
        self._fail(execution, StateError(error, cause))
        return {}

    def _waiting(self, operation: str, token: str) -> Execution:
        execution = self._asked.get(token)
        if execution is None:
            raise _refused(operation, "InvalidToken")
        if execution.token != token:
            raise _refused(operation, "TaskTimedOut")
        return execution

    # --- what happens to all of them -----------------------------------------------------------

    def restart(self) -> None:
        """What runs is ended, as a restart of the local AWS does, and its next start tells."""
        for execution in list(self.executions.values()):
            if execution.status == "RUNNING":
                self._end(execution, "FAILED", StateError(RESTART))

    # --- one of them ---------------------------------------------------------------------------

    def _state(self, execution: Execution) -> Json:
        state: Json = self._definition["States"][execution.entered[-1]]
        return state

    def _move(self, execution: Execution, name: str, given: Any) -> None:
        def enter() -> None:
            if execution.status != "RUNNING":
                return
            execution.entered.append(name)
            execution.state_input = given
            execution.failures.clear()
            self._work(execution)

        self._later(0.0, enter)

    def _work(self, execution: Execution) -> None:
        state, given = self._state(execution), execution.state_input
        try:
            if state["Type"] == "Pass":
                execution.variables |= self._value(state["Assign"], execution)
                self._move(execution, state["Next"], given)
            elif state["Type"] == "Choice":
                self._move(execution, self._chosen(state, execution), given)
            elif state["Type"] == "Task":
                self._ask(state, execution)
            elif state["Type"] == "Succeed":
                self._end(execution, "SUCCEEDED")
            else:
                self._end(execution, "FAILED", StateError(state["Error"], state["Cause"]))
        except StateError as failed:
            self._fail(execution, failed)

    def _chosen(self, state: Json, execution: Execution) -> str:
        for choice in state["Choices"]:
            if self._value(choice["Condition"], execution) is True:
                return str(choice["Next"])
        return str(state["Default"])

    def _ask(self, state: Json, execution: Execution) -> None:
        execution.token = token = f"{execution.name}#{next(self._tokens)}"
        self._asked[token] = execution
        arguments = self._value(state["Arguments"], execution)
        seconds = self._value(state["TimeoutSeconds"], execution)
        self._send(arguments["QueueUrl"], _text(arguments["MessageBody"]))

        def time_out() -> None:
            if execution.token == token:
                self._fail(execution, StateError(TIMEOUT))

        self._later(seconds, time_out, background=True)

    def _fail(self, execution: Execution, failed: StateError) -> None:
        """Try the present state again, go where the error is caught, or end."""
        state, execution.token = self._state(execution), ""
        for number, retrier in enumerate(state.get("Retry", [])):
            if matches(retrier, failed.error):
                if execution.failures[number] < retrier["MaxAttempts"]:
                    self._again(execution, number, retrier)
                    return
                break
        for catcher in state.get("Catch", []):
            if matches(catcher, failed.error):
                output = {"Error": failed.error, "Cause": failed.cause}
                self._move(execution, catcher["Next"], output)
                return
        self._end(execution, "FAILED", failed)

    def _again(self, execution: Execution, number: int, retrier: Json) -> None:
        wait = retrier["IntervalSeconds"] * 2.0 ** execution.failures[number]
        execution.failures[number] += 1
        execution.retries += 1

        def work() -> None:
            if execution.status == "RUNNING":
                self._work(execution)

        self._later(wait, work)

    def _end(self, execution: Execution, status: str, failed: StateError | None = None) -> None:
        execution.status, execution.token = status, ""
        if failed:
            execution.error, execution.cause = failed.error, failed.cause
        self._tell(self._event(execution))

    def _event(self, execution: Execution) -> Json:
        """How EventBridge tells of an end."""
        failed = execution.status == "FAILED"
        return {
            "source": "aws.states",
            "detail-type": DETAIL_TYPE,
            "detail": {
                "stateMachineArn": self._arn,
                "name": execution.name,
                "status": execution.status,
                "input": json.dumps(execution.given),
                "error": execution.error if failed else None,
                "cause": execution.cause if failed else None,
            },
        }

    def _value(self, template: Any, execution: Execution) -> Any:
        """A template with its expressions evaluated. Raises `StateError`."""
        if isinstance(template, Mapping):
            return {k: self._value(v, execution) for k, v in template.items()}
        if isinstance(template, str) and template.startswith("{%"):
            return self._evaluated(template, execution)
        return template

    def _evaluated(self, expression: str, execution: Execution) -> Any:
        context: Json = {"Execution": {"Name": execution.name, "Input": execution.given}}
        if execution.token:
            context["Task"] = {"Token": execution.token}
        states = {"input": execution.state_input, "context": context}
        compiled = program(expression, tuple(execution.variables))
        try:
            value = compiled.run({"states": states, "variables": execution.variables})
        except Unmappable as broken:
            raise StateError(QUERY, str(broken)) from None
        if value is None:
            raise StateError(QUERY, f"undefined: {expression}")
        return value


def the_machine(tuning: Tuning, later: Later, put: Send) -> States:
    """The machine of the catalogue. Its queue's URL is its name; bad ends are told there, too."""

    def tell(event: Json) -> None:
        if event["detail"]["status"] in ENDED_BADLY:
            put(NAME, json.dumps(event))

    return States(ARN, put_in(definition(NAME), substitutions(tuning, NAME)), later, put, tell)


class StatesClient:
    """The client as workers have it: each call is an effect that passes `around(name, effect)`."""

    def __init__(self, states: States, around: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._states = states
        self._around = around

    def start_execution(self, **call: Any) -> Any:
        """StartExecution."""
        return self._around("states start", lambda: self._states.start_execution(**call))

    def send_task_success(self, **call: Any) -> Any:
        """SendTaskSuccess."""
        return self._around("states succeed", lambda: self._states.send_task_success(**call))

    def send_task_failure(self, **call: Any) -> Any:
        """SendTaskFailure."""
        return self._around("states fail", lambda: self._states.send_task_failure(**call))


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def _refused(operation: str, code: str) -> ClientError:
    said: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {}}
    return ClientError(said, operation)
