"""What the ways out of a task have in common: what they are given, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from busbar.domain.tasks import Task
from busbar.errors import FieldError, Problem
from busbar.ports.store import Change, Stored
from busbar.process import parked
from busbar.process.create import StepRow
from busbar.usecases.deps import Deps
from busbar.usecases.inputs import Input, Line, Moment, Reason

AHEAD = timedelta(seconds=60)
"""By how much a caller's clock may be ahead of ours."""


class Wish(Input):
    """What every decision says. For a cancelled order its customer reads the reason."""

    reason: Reason


class Confirmable(Wish):
    """`not_found_at`: when the caller looked into the other system, and did not find it there."""

    not_found_at: Moment | None = None


class Adoption(Wish):
    """`external_id`: the record id of the right object in the other system."""

    external_id: Line = Field(min_length=1, max_length=64)


@dataclass(frozen=True)
class Asked:
    """A decision on a task, as it was asked for."""

    task: Stored[Task]
    deps: Deps
    wish: Wish

    @property
    def not_found_at(self) -> datetime | None:
        """When the caller has looked that nothing is there."""
        return self.wish.not_found_at if isinstance(self.wish, Confirmable) else None

    @property
    def external_id(self) -> str:
        """What shall be adopted."""
        return self.wish.external_id if isinstance(self.wish, Adoption) else ""

    @property
    def token(self) -> str:
        """Tells the errand of this decision from all others of the same record."""
        return f"task-{self.task.record.id}-{self.task.version}"


Way = Callable[[Asked], Sequence[Change]]
"""The changes of a decision, without task and audit trail. Reads and asks, writes nothing, and may
be asked more than once. Raises a `Problem` if it cannot be."""


def acknowledge(_asked: Asked) -> Sequence[Change]:
    """Somebody has seen to it, or nothing shall be done: the task ends, and nothing else does."""
    return ()


def overtaken(detail: str) -> Problem:
    """The answer where the task's subject has gone on by another way."""
    return held_there(f"{detail} Cancel the task to close it; nothing else is changed then.")


def held_there(detail: str) -> Problem:
    """The answer where the other system holds what was not expected there; `detail` is all of it.

    Of a decision to cancel, too, which can be taken only after that was mended.
    """
    return Problem(409, "task-overtaken", "The task was overtaken", detail)


def not_possible(detail: str) -> Problem:
    """The answer to an action that the task's subject does not allow; `detail` says what is."""
    return Problem(409, "action-not-possible", "Not possible for this task", detail)


def check_settled(row: StepRow, settle: float, now: datetime) -> None:
    """Hold that no attempt can take effect any more. Raises a 409 `Problem`."""
    until = parked.open_until(row, settle)
    if until and now < until:
        raise not_settled(until, now)


def check_looked(asked: Asked, row: StepRow, settle: float, absent: str) -> None:
    """Hold that somebody has looked, at a time from which on nothing could come any more.

    `absent` tells him what he has to have looked for, and why. Raises `Problem` 409 or 422.
    """
    looked, now = asked.not_found_at, asked.deps.clock.now()
    if looked is None:
        raise at_fault("not_found_at", absent)
    if looked > now + AHEAD:
        raise at_fault("not_found_at", "is in the future")
    until = parked.open_until(row, settle)
    if until and looked < until:
        raise not_settled(until, now)


def stale() -> Problem:
    """The answer where the task is not the one that the caller has seen."""
    return Problem(
        412,
        "task-changed",
        "The task was changed meanwhile",
        "Read the task again, look at what changed, and decide with the new ETag.",
    )


def not_settled(until: datetime, now: datetime) -> Problem:
    """The answer where the last attempt could still take effect, so nobody can have made sure."""
    wait = max(0, math.ceil((until - now).total_seconds()))
    return Problem(
        409,
        "not-settled",
        "The last attempt may still take effect",
        f"What is not in the other system now may come there until {until.isoformat()}. Look again"
        " after that time, and decide then.",
        headers={"Retry-After": str(wait)} if wait else {},
    )


def at_fault(field: str, message: str) -> Problem:
    """A 422 that names the field of the decision."""
    return Problem(
        422,
        "fields-invalid",
        "Some fields are invalid",
        "See errors.",
        (FieldError(field, message),),
    )
