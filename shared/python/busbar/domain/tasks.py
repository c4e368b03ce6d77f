"""Tasks: what only a person can decide."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from busbar.domain.identifiers import derived_id
from busbar.domain.record import Record, Value

Action = Literal["resume", "retry", "adopt", "cancel"]
"""What a person can decide: go on from where it stood; do it again although its outcome is not
known; take what is there for what was asked for; do it no more."""
Kind = Literal[
    "parked_step",
    "parked_state",
    "waited_too_long",
    "parked_event",
    "forbidden_transition",
    "card_not_synchronised",
    "divergence",
    "similar_customer",
    "station_not_found",
    "not_leading_system",
]
"""The kinds that are opened today. A record may hold one of another release."""
OPEN = "open"
"""The list of the tasks that nobody has decided yet."""
CLOSED = "closed"
"""The list of those that somebody has."""


def task_id(cause: str) -> str:
    """The id of the task that a cause opens: fits into a URL, which the cause does not."""
    return derived_id("task", cause)


class Decision(Value):
    """Who decided what of a task, when and why. `id` names the request that carried it."""

    id: str
    action: str
    by: str
    role: str
    at: AwareDatetime
    reason: str
    external_id: str = ""
    """What was adopted."""


class Task(Record):
    """A decision that waits for a person, or that one has taken.

    `cause` names what happened to what, e.g. `step#salesforce#BBCO…`. The id follows from it, so
    a task opens once, however often its cause is met; met again after a decision, it opens anew.
    """

    schema_name: ClassVar[str] = "task"

    cause: str = ""
    """Empty in a task of a release that had the cause as id."""
    kind: str
    subject_schema: str
    subject_id: str
    system: str = ""
    reason: str
    opened_at: AwareDatetime
    count: int = 1
    """How often its cause was met since it was opened, where that is counted."""
    decision: Decision | None = None

    @classmethod
    def about(
        cls,
        cause: str,
        *,
        kind: Kind,
        subject_schema: str,
        subject_id: str,
        reason: str,
        opened_at: datetime,
        system: str = "",
    ) -> Task:
        """The task that this cause opens. Every task is made here."""
        return cls(
            id=task_id(cause),
            cause=cause,
            kind=kind,
            subject_schema=subject_schema,
            subject_id=subject_id,
            system=system,
            reason=reason,
            opened_at=opened_at,
        )

    def listed_by(self) -> str | None:
        """All open tasks in one list, all closed ones in another."""
        return CLOSED if self.decision else OPEN

    def decided(self, decision: Decision) -> Task:
        """The task, closed."""
        return self.model_copy(update={"decision": decision})

    def answers(self, reason: str) -> bool:
        """Whether it says all that is to be said of its cause, met once more for this reason.

        While it is open it does; and what somebody has acknowledged is not asked again.
        """
        decision = self.decision
        return decision is None or (decision.action == "cancel" and self.reason == reason)
