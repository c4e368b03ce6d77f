"""The interpreter of state machines, and what our machine does on it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.machines import MOST_TRANSITIONS, longest_way
from tests.doubles.machine_cases import CASES, FORWARD, Bench, Case, any_definition, without_token
from tests.doubles.state_language import UnsupportedError, refuse_unknown
from tests.doubles.states import ARN

STATES = ["Partner", "Contract", "Account", "SharedContract", "Contact", "Order", "Identities"]
BEGIN = ["Begin", "Way"]
GOOD, BACK = Case("good"), Case("back", way="back")


# --- our machine ----------------------------------------------------------------------------------


def test_should_ask_for_each_step_in_its_order_with_ids_alone() -> None:
    bench = Bench()

    execution = bench.play(GOOD)

    assert (execution.status, execution.entered) == ("SUCCEEDED", [*BEGIN, *STATES, "Done"])
    assert [without_token(body) for body in bench.bodies] == [
        {"v": 1, "org": "demo", "order_id": "good", "execution": "good-1", "step": step}
        for step in FORWARD
    ]


@pytest.mark.parametrize("step", FORWARD[:-1])
def test_should_go_back_when_a_step_up_to_the_pivot_is_rejected(step: str) -> None:
    execution = Bench().play(Case("any", {step: "Rejected"}))

    assert execution.entered[-3:] == ["GoBack", "WentBack", "Rejected"]
    assert (execution.status, execution.error) == ("FAILED", "Rejected")


@pytest.mark.parametrize("answer", ["Parked", "Rejected", "silence"])
def test_should_never_go_back_after_the_pivot(answer: Any) -> None:
    execution = Bench().play(Case("any", {"identities": answer}))

    assert "GoBack" not in execution.entered
    assert (execution.status, execution.error) == ("FAILED", "Parked")


@pytest.mark.parametrize("step", FORWARD)
def test_should_wait_for_a_person_when_a_step_is_parked(step: str) -> None:
    execution = Bench().play(Case("any", {step: "Parked"}))

    assert execution.entered[-1] == "WaitForAPerson"
    assert (execution.status, execution.error) == ("FAILED", "Parked")


@pytest.mark.parametrize("step", FORWARD)
def test_should_open_a_task_when_an_answer_does_not_come_in_time(step: str) -> None:
    execution = Bench().play(Case("any", {step: "silence"}))

    assert execution.entered[-2:] == ["Park", "WaitForAPerson"]
    assert execution.error == "Parked"


def test_should_go_back_at_once_when_a_clerk_has_cancelled_the_order() -> None:
    execution = Bench().play(BACK)

    assert execution.entered == [*BEGIN, "GoBack", "WentBack", "Cancelled"]
    assert execution.status == "SUCCEEDED"


def test_should_tell_of_the_end_when_nobody_answers_at_all() -> None:
    bench = Bench()

    execution = bench.play(Case("any", {"order": "silence", "park": "silence"}))

    assert (execution.status, execution.error) == ("FAILED", "States.Timeout")
    (event,) = bench.told
    assert event["detail"]["error"] == "States.Timeout"


def test_should_send_once_more_when_a_send_has_failed() -> None:
    bench = Bench()

    execution = bench.play(GOOD, fails=1)

    assert (execution.status, execution.retries) == ("SUCCEEDED", 1)
    assert [json.loads(body)["step"] for body in bench.bodies] == list(FORWARD)


def test_should_fail_with_the_error_of_the_send_when_that_fails_twice() -> None:
    execution = Bench().play(GOOD, fails=2)

    assert (execution.status, execution.error) == ("FAILED", "SQS.QueueDoesNotExist")
    assert execution.retries == 1


# --- transitions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "fails", "transitions"),
    [
        (GOOD, 0, 12),
        (BACK, 0, 7),
        (Case("parked", {"contract": "Parked"}), 0, 7),
        (Case("parked late", {"order": "silence"}), 0, 12),
        (Case("rejected", {"order": "Rejected"}), 0, 13),
        (Case("begun anew"), 1, 13),
    ],
    ids=lambda value: value.name if isinstance(value, Case) else "",
)
def test_should_need_few_transitions(case: Case, fails: int, transitions: int) -> None:
    assert Bench().play(case, fails=fails).transitions == transitions <= MOST_TRANSITIONS


def test_should_need_as_many_for_an_execution_that_follows_another() -> None:
    bench = Bench()
    bench.play(Case("first", {"contract": "Parked"}))

    assert bench.play(GOOD).transitions == Bench().play(GOOD).transitions


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_should_never_need_more_than_the_longest_way(case: Case) -> None:
    assert Bench().play(case).transitions <= longest_way(any_definition()) <= MOST_TRANSITIONS


# --- as Step Functions does it --------------------------------------------------------------------


def code_of(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


def start(bench: Bench, **changes: Any) -> None:
    given = {"name": "a-1", "input": json.dumps(GOOD.given), "stateMachineArn": ARN}
    bench.states.start_execution(**{**given, **changes})


def test_should_take_the_same_start_twice_while_it_runs() -> None:
    bench = Bench()
    start(bench)
    start(bench)

    assert list(bench.states.executions) == ["a-1"]


def test_should_refuse_a_name_that_had_another_input_or_has_ended() -> None:
    bench = Bench()
    bench.play(GOOD)
    start(bench)
    for taken in ({"name": GOOD.execution}, {"input": "{}"}):
        with pytest.raises(ClientError) as raised:
            start(bench, **taken)
        assert code_of(raised) == "ExecutionAlreadyExists"


def test_should_refuse_another_machine() -> None:
    with pytest.raises(ClientError) as raised:
        start(Bench(), stateMachineArn="arn:another")
    assert code_of(raised) == "StateMachineDoesNotExist"


def test_should_refuse_a_token_that_was_answered_or_never_given() -> None:
    bench = Bench()
    bench.play(GOOD)
    answered = json.loads(bench.bodies[0])["task_token"]
    for token, code in ((answered, "TaskTimedOut"), ("never given", "InvalidToken")):
        with pytest.raises(ClientError) as raised:
            bench.states.send_task_success(taskToken=token, output="{}")
        assert code_of(raised) == code
        with pytest.raises(ClientError) as raised:
            bench.states.send_task_failure(taskToken=token, error="Parked", cause="any")
        assert code_of(raised) == code


def test_should_end_what_runs_when_it_is_restarted_and_forget_its_tokens() -> None:
    bench = Bench()
    start(bench)
    bench.states.restart()
    bench.go_on()

    (event,) = bench.told
    assert (event["detail"]["name"], event["detail"]["error"]) == ("a-1", "States.ServiceRestart")
    assert bench.bodies == []


def test_should_fail_when_an_expression_gives_nothing() -> None:
    bench = Bench()
    start(bench, input='{"org": "demo"}')
    bench.go_on()

    execution = bench.states.executions["a-1"]
    assert (execution.status, execution.error) == ("FAILED", "States.QueryEvaluationError")


# --- what it does not know ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "field", "value", "says"),
    [
        ("Partner", "HeartbeatSeconds", 60, "Partner: HeartbeatSeconds"),
        ("Partner", "Output", {}, "Partner: Output"),
        ("Partner", "Type", "Map", "Partner: Map"),
        ("Partner", "Resource", "arn:aws:states:::lambda:invoke", "Partner: Resource arn:aws:"),
        ("Partner", "Arguments", {"DelaySeconds": 1}, "Partner: Arguments DelaySeconds"),
        ("Partner", "Retry", [{"BackoffRate": 3}], "Partner: Retry BackoffRate"),
        ("Partner", "Catch", [{"ErrorEquals": ["States.ALL"]}], "Partner: Catch States.ALL"),
        ("Way", "Choices", [{"And": []}], "Way: Choices And"),
        ("Way", "InputPath", "$", "Way: InputPath"),
        ("Done", "Output", {}, "Done: Output"),
    ],
)
def test_should_refuse_loudly_what_it_does_not_know(
    state: str, field: str, value: object, says: str
) -> None:
    planted = any_definition()
    planted["States"][state][field] = value

    with pytest.raises(UnsupportedError, match=says):
        refuse_unknown(planted)


@pytest.mark.parametrize(
    "planted", [{"TimeoutSeconds": 60}, {"QueryLanguage": "JSONPath"}, {"Version": "1.0"}]
)
def test_should_refuse_loudly_what_it_does_not_know_of_a_machine(planted: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError, match="machine"):
        refuse_unknown({**any_definition(), **planted})


def test_should_refuse_a_state_that_lacks_something() -> None:
    planted = any_definition()
    del planted["States"]["Partner"]["TimeoutSeconds"]

    with pytest.raises(UnsupportedError, match="Partner: TimeoutSeconds"):
        refuse_unknown(planted)
