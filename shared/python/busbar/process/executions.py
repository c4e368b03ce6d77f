"""What a state machine tells its worker: a task that waits, an execution that has failed.

EventBridge puts its event on the queue of the use case just as it is. Whose execution it was stands
in the execution's input, which the event carries as JSON inside a string: a rule's input
transformer cannot look into that, so it is read here.
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import ValidationError

from busbar.domain.record import Value
from busbar.errors import EventRejected

DETAIL_TYPE = "Step Functions Execution Status Change"
PARKED = "Parked"
"""A person has to decide: the name of the error with which a task is answered, and an execution
ends."""
REJECTED = "Rejected"
"""It can never be done, and nothing lasting has come of it yet: the machine goes back."""


class Ended(Value):
    """An execution that ended. `way` is the one that it was sent; `error` may be empty."""

    v: int = 1
    org: str
    order_id: str
    way: str
    execution: str
    status: Literal["FAILED", "TIMED_OUT", "ABORTED"]
    error: str = ""

    @property
    def by_our_answer(self) -> bool:
        """Whether we have ended it ourselves, by what we answered. Else it has to be begun anew."""
        return self.error in {PARKED, REJECTED}


class StepAsked(Value):
    """A task of a state machine, which waits for the answer to its token."""

    v: int = 1
    org: str
    order_id: str
    step: str
    execution: str
    task_token: str


def read_asked(message: Any) -> StepAsked | None:
    """The task that a message asks for; None if it is none. Raises `EventRejected`."""
    if not isinstance(message, dict) or "task_token" not in message:
        return None
    try:
        return StepAsked.model_validate(message)
    except ValidationError:
        raise EventRejected("unknown_task") from None


def read_ended(message: Any) -> Ended | None:
    """What a message tells of an ended execution; None if it tells something else.

    Raises `EventRejected` if it was no execution that we have started.
    """
    if not isinstance(message, dict) or message.get("detail-type") != DETAIL_TYPE:
        return None
    try:
        detail = message["detail"]
        given = json.loads(detail["input"])
        told = {"execution": detail["name"], "status": detail["status"]}
        return Ended.model_validate({**given, **told, "error": detail.get("error") or ""})
    except (KeyError, TypeError, ValueError, ValidationError):
        raise EventRejected("unknown_execution") from None
