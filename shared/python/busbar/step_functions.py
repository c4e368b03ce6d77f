"""The state machine of a use case, by botocore's client of Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from busbar.errors import MisconfiguredError, Unavailable
from busbar.ports.runtime import Json

EXISTS = ("ExecutionAlreadyExists",)
GONE = ("TaskTimedOut", "InvalidToken", "TaskDoesNotExist")
"""What a token is answered with whose task was answered before, has timed out, or whose execution
has ended: whoever waited for the answer waits no longer."""


class StepFunctions:
    """Implements `ports.Machine`. `client` gives the client when it is first needed."""

    def __init__(self, machine: str, client: Callable[[], Any]) -> None:
        self._machine = machine
        self._client = client

    def start(self, name: str, payload: Json) -> None:
        """StartExecution. Raises `MisconfiguredError` if the function was given no machine.

        A standard machine takes the same name with the same payload as often as it is sent while
        the execution runs, and knows an ended one's name for 90 days.
        """
        if not self._machine:
            raise MisconfiguredError("BUSBAR_MACHINE is not set")
        self._call(
            "start_execution",
            EXISTS,
            stateMachineArn=self._machine,
            name=name,
            input=json.dumps(payload),
        )

    def succeed(self, token: str, output: Json) -> None:
        """SendTaskSuccess."""
        self._call("send_task_success", GONE, taskToken=token, output=json.dumps(output))

    def fail(self, token: str, error: str, cause: str) -> None:
        """SendTaskFailure."""
        self._call("send_task_failure", GONE, taskToken=token, error=error, cause=cause)

    def _call(self, operation: str, fine: Collection[str], **parameters: str) -> None:
        """Call. Whatever else is refused, be it a right that is missing, may go well later on."""
        try:
            getattr(self._client(), operation)(**parameters)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in fine:
                return
            request_id = error.response["ResponseMetadata"].get("RequestId", "")
            raise Unavailable(
                "stepfunctions", operation, code=code, request_id=request_id
            ) from None
        except BotoCoreError as error:
            raise Unavailable("stepfunctions", operation, code=type(error).__name__) from None
