"""The port `Machine` over the client of Step Functions: what is repeated, what counts as done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from busbar.errors import MisconfiguredError, Unavailable
from busbar.step_functions import StepFunctions

ARN = "arn:aws:states:eu-central-1:111122223333:stateMachine:any"
NAME = "0RDER00000001-1"
INPUT = {"v": 1, "org": "demo", "order_id": "0RDER00000001", "way": "forward"}
Call = Callable[[StepFunctions], None]

CALLS: dict[str, tuple[Call, dict[str, str], list[str]]] = {
    "start_execution": (
        lambda machine: machine.start(NAME, INPUT),
        {
            "stateMachineArn": ARN,
            "name": NAME,
            "input": '{"v": 1, "org": "demo", "order_id": "0RDER00000001", "way": "forward"}',
        },
        ["ExecutionAlreadyExists"],
    ),
    "send_task_success": (
        lambda machine: machine.succeed("token", {"gp": 1}),
        {"taskToken": "token", "output": '{"gp": 1}'},
        ["TaskTimedOut", "InvalidToken", "TaskDoesNotExist"],
    ),
    "send_task_failure": (
        lambda machine: machine.fail("token", "Parked", "a task waits"),
        {"taskToken": "token", "error": "Parked", "cause": "a task waits"},
        ["TaskTimedOut", "InvalidToken", "TaskDoesNotExist"],
    ),
}
EACH = pytest.mark.parametrize("operation", CALLS)
FINE = [(name, code) for name, (_, _, fine) in CALLS.items() for code in fine]


def client() -> Any:
    return botocore.session.get_session().create_client(
        "stepfunctions",
        region_name="eu-central-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def machine_of(stub: Stubber) -> StepFunctions:
    return StepFunctions(ARN, lambda: stub.client)


@EACH
def test_should_send_what_step_functions_takes(operation: str) -> None:
    call, expected, _ = CALLS[operation]
    answer = {"executionArn": ARN, "startDate": 0} if operation == "start_execution" else {}
    with Stubber(client()) as stub:
        stub.add_response(operation, answer, expected)
        call(machine_of(stub))
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(("operation", "code"), FINE)
def test_should_take_for_done_what_was_done_or_is_waited_for_no_longer(
    operation: str, code: str
) -> None:
    with Stubber(client()) as stub:
        stub.add_client_error(operation, code)
        CALLS[operation][0](machine_of(stub))
        stub.assert_no_pending_responses()


@EACH
@pytest.mark.parametrize(
    "code", ["ThrottlingException", "InternalFailure", "AccessDeniedException"]
)
def test_should_have_it_tried_again_when_it_is_refused_for_any_other_reason(
    operation: str, code: str
) -> None:
    with Stubber(client()) as stub:
        stub.add_client_error(operation, code, "arn of somebody")
        with pytest.raises(Unavailable) as raised:
            CALLS[operation][0](machine_of(stub))
    assert str(raised.value) == f"stepfunctions {operation}: Unavailable {code}"


@EACH
def test_should_have_it_tried_again_when_it_is_not_reached(operation: str) -> None:
    class Unreachable:
        def __getattr__(self, name: str) -> Callable[..., None]:
            def call(**_: str) -> None:
                raise EndpointConnectionError(endpoint_url="https://states")

            return call

    with pytest.raises(Unavailable) as raised:
        CALLS[operation][0](StepFunctions(ARN, Unreachable))
    assert raised.value.code == "EndpointConnectionError"


def test_should_name_the_variable_when_the_function_has_no_machine() -> None:
    with pytest.raises(MisconfiguredError, match="BUSBAR_MACHINE"):
        StepFunctions("", client).start(NAME, INPUT)
