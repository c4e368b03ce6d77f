"""Runs a handler on one event, as the Lambda runtime does: same context, same error objects."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.calls import Function, JsonText, Outcome, error

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Context:
    """The Lambda context object, as far as handlers and Powertools read it."""

    aws_request_id: str
    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    deadline: float
    function_version: str = "$LATEST"

    @property
    def log_group_name(self) -> str:
        """Where Lambda would write this function's log."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """One stream for all instances: the emulator's logs need no more."""
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        """Until the time limit ends this call."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


def context_of(function: Function, request_id: str) -> Context:
    """The context of a call that starts now."""
    return Context(
        aws_request_id=request_id,
        function_name=function.name,
        invoked_function_arn=function.arn,
        memory_limit_in_mb=function.memory_mb,
        deadline=time.monotonic() + function.timeout,
    )


def invoke(handler: Handler, event: JsonText, context: Context) -> Outcome:
    """Call the handler. Event and answer pass as JSON text, so that nothing but JSON can pass."""
    try:
        answer = handler(json.loads(event), context)
    except BaseException as raised:  # noqa: BLE001  Lambda turns whatever is raised into an answer
        return failure(raised, context.aws_request_id)
    try:
        return Outcome(json.loads(json.dumps(answer)))
    except (TypeError, ValueError) as raised:
        text = f"Unable to marshal response: {raised}"
        return error("Runtime.MarshalError", text, context.aws_request_id)


def failure(raised: BaseException, request_id: str) -> Outcome:
    """What Lambda answers for an exception: its class's own name, message and stack."""
    frames = traceback.extract_tb(raised.__traceback__)[1:]
    kind = type(raised).__name__
    if isinstance(raised, SyntaxError):
        kind = "Runtime.UserCodeSyntaxError"
    return error(kind, str(raised), request_id, traceback.format_list(frames))
