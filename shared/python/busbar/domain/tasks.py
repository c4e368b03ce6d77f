"""Tasks: what only a person can decide."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from busbar.domain.identifiers import derived_id
from busbar.domain.record import Record

Kind = Literal[
    "parked_step",
    "parked_state",
    "waited_too_long",
    "parked_event",
    "forbidden_transition",
    "card_not_synchronised",
    "divergence",
]
"""The kinds that are opened today. A record may hold one of another release."""
OPEN = "open"
"""The list of the tasks that nobody has decided yet."""


def task_id(cause: str) -> str:
    """The id of the task that a cause opens: fits into a URL, which the cause does not."""
    return derived_id("task", cause)


class Task(Record):
    """A decision that waits for a person.

    `cause` names what happened to what, e.g. `step#salesforce#BBCO…`. The id follows from it, so
    a task opens once, however often its cause is met.
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
        """All open tasks in one list."""
        return OPEN
