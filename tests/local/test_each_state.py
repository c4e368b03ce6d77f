"""Each state of the machine alone, by Step Functions' TestState with mocks.

The local AWS looks at a state's answers and ways, not at what it sends; what is sent is compared in
`test_machine_contract.py`.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.local.options import ACCOUNT, REGION
from infra.local.testing import RunningSystem
from infra.machines import definition, put_in
from tests.doubles.states import NAME

pytestmark = pytest.mark.local

TASKS = {
    # state: (afterwards, where it is parked, where it is rejected, where nobody answers)
    "Partner": ("Contract", "WaitForAPerson", "GoBack", "Park"),
    "Contract": ("Account", "WaitForAPerson", "GoBack", "Park"),
    "Account": ("SharedContract", "WaitForAPerson", "GoBack", "Park"),
    "SharedContract": ("Contact", "WaitForAPerson", "GoBack", "Park"),
    "Contact": ("Order", "WaitForAPerson", "GoBack", "Park"),
    "Order": ("Identities", "WaitForAPerson", "GoBack", "Park"),
    "Identities": ("Done", "WaitForAPerson", "WaitForAPerson", "Park"),
    "GoBack": ("WentBack", "WaitForAPerson", "WaitForAPerson", "Park"),
    "Park": ("WaitForAPerson", "WaitForAPerson", "WaitForAPerson", None),
}
ERRORS = ["Parked", "Rejected", "States.Timeout"]
CHOICES = [
    ("Way", "forward", "Partner"),
    ("Way", "back", "GoBack"),
    ("WentBack", "forward", "Rejected"),
    ("WentBack", "back", "Cancelled"),
]
ENDS = {
    "Done": ("SUCCEEDED", None),
    "Cancelled": ("SUCCEEDED", None),
    "Rejected": ("FAILED", "Rejected"),
    "WaitForAPerson": ("FAILED", "Parked"),
}
EACH_TASK = pytest.mark.parametrize("state", TASKS)


GIVEN = {"v": 1, "org": "demo", "order_id": "0RDER00000001"}


def any_definition() -> dict[str, Any]:
    return put_in(definition(NAME), {"QueueUrl": "https://queue", "StepSeconds": "60"})


class Trials:
    """TestState, asked about the states of a machine."""

    def __init__(self, system: RunningSystem) -> None:
        session: Any = boto3.Session(
            aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name=REGION
        )
        # TestState has a host name of its own, which an address of this machine has not.
        config = Config(inject_host_prefix=False)
        endpoint = system.aws.endpoint
        self._client: Any = session.client("stepfunctions", endpoint_url=endpoint, config=config)

    def __call__(
        self, state: str, way: str = "forward", *, machine: Any = None, **more: Any
    ) -> dict[str, Any]:
        """What it says of a state, of ours unless another machine is given."""
        given = {**GIVEN, "way": way}
        answer: dict[str, Any] = self._client.test_state(
            definition=json.dumps(machine or any_definition()),
            stateName=state,
            roleArn="arn:aws:iam::123456789012:role/any",
            input=json.dumps(given),
            context=json.dumps({"Execution": {"Name": "0RDER00000001-1", "Input": given}}),
            **more,
        )
        return answer


@pytest.fixture(scope="module")
def trials(plain: RunningSystem) -> Trials:
    return Trials(plain)


def failing(error: str) -> dict[str, Any]:
    """A mock of a task that fails."""
    return {"mock": {"errorOutput": {"error": error, "cause": "any"}}}


def test_should_know_every_state() -> None:
    assert set(any_definition()["States"]) == {
        "Begin",
        *TASKS,
        *ENDS,
        *(state for state, _, _ in CHOICES),
    }


def test_should_begin_with_the_way(trials: Trials) -> None:
    answer = trials("Begin")

    assert (answer["status"], answer["nextState"]) == ("SUCCEEDED", "Way")


@pytest.mark.parametrize(("state", "way", "after"), CHOICES)
def test_should_choose_by_the_way_that_was_wished(
    trials: Trials, state: str, way: str, after: str
) -> None:
    assert trials(state, way)["nextState"] == after


@EACH_TASK
def test_should_go_on_when_a_step_is_done(trials: Trials, state: str) -> None:
    answer = trials(state, mock={"result": "{}"})

    assert (answer["status"], answer["nextState"]) == ("SUCCEEDED", TASKS[state][0])


@EACH_TASK
@pytest.mark.parametrize("error", ERRORS)
def test_should_go_where_an_error_is_caught(trials: Trials, state: str, error: str) -> None:
    answer = trials(state, **failing(error))
    after = TASKS[state][1 + ERRORS.index(error)]

    assert answer["status"] == ("CAUGHT_ERROR" if after else "FAILED")
    assert answer.get("nextState") == after


@EACH_TASK
def test_should_try_a_failed_send_once_more_and_then_fail(trials: Trials, state: str) -> None:
    mock = failing("SQS.SdkClientException")
    first = trials(state, **mock)
    second = trials(state, **mock, stateConfiguration={"retrierRetryCount": 1})

    assert (first["status"], second["status"]) == ("RETRIABLE", "FAILED")
    assert second["error"] == "SQS.SdkClientException"


@pytest.mark.parametrize("state", ENDS)
def test_should_end_with_a_word(trials: Trials, state: str) -> None:
    answer = trials(state)

    assert (answer["status"], answer.get("error")) == ENDS[state]


@pytest.mark.parametrize(
    ("field", "value", "mock", "status", "after"),
    [
        ("Next", "Account", {"mock": {"result": "{}"}}, "SUCCEEDED", "Account"),
        (
            "Catch",
            [{"ErrorEquals": ["Rejected"], "Next": "Park"}],
            failing("Rejected"),
            "CAUGHT_ERROR",
            "Park",
        ),
        (
            "Retry",
            [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 9}],
            failing("Any"),
            "RETRIABLE",
            None,
        ),
    ],
)
def test_should_see_that_a_planted_state_leads_elsewhere(
    trials: Trials, field: str, value: object, mock: dict[str, Any], status: str, after: str | None
) -> None:
    planted = any_definition()
    planted["States"]["Partner"][field] = value

    answer = trials("Partner", machine=planted, **mock, stateConfiguration={"retrierRetryCount": 1})

    assert (answer["status"], answer.get("nextState")) == (status, after)
