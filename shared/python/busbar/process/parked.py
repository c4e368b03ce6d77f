"""What a person's decision makes of the row of a create (see `busbar.process.create`).

The row keeps what the step contract needs to stay safe afterwards: the number of the attempt, and
when the last one had to be over. So a step that goes on looks for the object before it makes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from busbar.ports.outside import Found
from busbar.process.create import StepRow, StepState

CANCELLED = "cancelled"
"""Why a step is parked that nobody shall go on with."""
_NOTHING_DONE = frozenset({"refused", "unmappable"})
"""First words of reasons after which the last attempt certainly had no effect."""


def unbegun(system: str, reference: str, process: str, now: datetime) -> StepRow:
    """The row of a step that was never begun: whoever begins it later meets it."""
    return StepRow(
        id=f"{system}#{reference}",
        system=system,
        reference=reference,
        process=process,
        may_be_ours=False,
        lease_until=now,
        deadline=now,
    )


def may_be_there(row: StepRow) -> bool:
    """Whether the object may exist by an attempt whose outcome nobody knows."""
    if row.attempt == 0 or row.state is StepState.PLANNED:
        return False
    return row.state is not StepState.PARKED or row.reason.partition(" ")[0] not in _NOTHING_DONE


def open_until(row: StepRow, settle: float) -> datetime | None:
    """Until when an attempt can still take effect; None if there is none that could.

    Of the last attempt is known when it had to be over, and whether it was refused. One before it
    may have been given up shortly before.
    """
    if row.attempt == 0 or (row.attempt == 1 and not may_be_there(row)):
        return None
    return row.deadline + timedelta(seconds=settle)


def resumed(row: StepRow, now: datetime) -> StepRow:
    """The row of a step that goes on: by the probe, if anything was ever sent.

    The settle window counts anew. Whoever decides may have entered the object by hand just before,
    and a search need not see that yet.
    """
    state = StepState.INTENT if row.attempt else StepState.PLANNED
    return row.model_copy(
        update={"state": state, "lease_until": now, "deadline": now, "reason": ""}
    )


def retried(row: StepRow) -> StepRow:
    """The row after a person has made sure that nothing is there."""
    return row.model_copy(update={"state": StepState.PLANNED, "reason": ""})


def adopted(row: StepRow, found: Found) -> StepRow:
    """The row after a person has said which object it is."""
    return row.model_copy(
        update={
            "state": StepState.DONE,
            "external_id": found.external_id,
            "fields": dict(found.fields),
            "reason": "",
        }
    )


def cancelled(row: StepRow) -> StepRow:
    """The row after a person has said that the object shall not be made."""
    return row.model_copy(update={"state": StepState.PARKED, "reason": CANCELLED})
