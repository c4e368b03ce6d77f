"""The step contract for objects that are *created* in an outside system.

No outside system has idempotency keys; calls time out after they took effect; workers die between
any two lines. So a create is a step with a row of its own, keyed by the reference that names the
object to be made (never by the order that asks for it):

    PLANNED ──INTENT written──> INTENT ──answer──> DONE        one transaction, fenced
       ^                          │  │
       └── certainly not done ────┘  └── outcome unknown ──> probe by reference:
                                          one hit    adopt it, DONE
                                          several    PARKED, a task; never pick one
                                          none       younger than the settle window: later
                                                     older: create

A unique key in the outside system makes a second create harmless, so there the settle window does
not apply. With mode `none` nothing can be probed: an unknown outcome is PARKED, never repeated.

What a probe finds after an INTENT may be ours, and a process that goes back takes it out of use. So
what may have been there before us is looked for *before* the first INTENT: found then, it is used,
and never ours (`may_be_ours`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import AwareDatetime, Field

from busbar.domain.record import Record
from busbar.domain.tasks import Task
from busbar.errors import (
    Conflict,
    Duplicate,
    Missing,
    Refused,
    Unavailable,
    Unknown,
    Unmappable,
    UpstreamError,
    Withheld,
)
from busbar.ports.outside import Found
from busbar.ports.runtime import Clock
from busbar.ports.store import Change, Put, Save, Store, Stored
from busbar.process.circuit_row import CIRCUIT_OPEN
from busbar.process.contract import (
    LEASE_MARGIN,
    Done,
    Later,
    Outcome,
    Parked,
    backoff,
    content_hash,
    failed,
)
from busbar.settings.function import Tuning
from busbar.settings.modes import Mode

FINISH_TRIES = 5


class StepState(StrEnum):
    """Where a step stands."""

    PLANNED = "planned"
    INTENT = "intent"
    DONE = "done"
    PARKED = "parked"


class StepRow(Record):
    """The journal row of one create. `process` is who asked first."""

    schema_name: ClassVar[str] = "step"

    system: str
    reference: str
    process: str
    state: StepState = StepState.PLANNED
    attempt: int = 0
    probes: int = 0
    """Probes since the last attempt that got no answer."""
    payload_hash: str = ""
    may_be_ours: bool = True
    """Whether an attempt of ours may have made what is found. Older releases do not tell."""
    lease_until: AwareDatetime
    deadline: AwareDatetime
    """When the last attempt's call had to be over; the settle window counts from here."""
    external_id: str = ""
    fields: dict[str, str] = Field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class CreateStep:
    """One create: what shall exist, how to look for it, how to make it.

    `payload` is only built when it is sent. `on_done` gives the changes that belong into the
    transaction that ends the step (ID map, entity, outbox); it may be asked more than once. With
    `looks_first` the object may have been there before us: it is looked for before it is made.
    """

    system: str
    reference: str
    process: str
    mode: Mode
    settle: float
    timeout: float
    payload: Callable[[], Mapping[str, Any]]
    find: Callable[[str, float], Sequence[Found]]
    create: Callable[[str, Mapping[str, Any], float], Found]
    on_done: Callable[[Found], Sequence[Change]]
    on_parked: Callable[[str], Sequence[Change]]
    task_schema: str
    task_subject: str
    looks_first: bool = False

    @property
    def row_id(self) -> str:
        """Key of the step's row."""
        return f"{self.system}#{self.reference}"


class Creator:
    """Runs create steps against a store."""

    def __init__(self, store: Store, clock: Clock, tuning: Tuning) -> None:
        self._store = store
        self._clock = clock
        self._tuning = tuning

    def was_begun(self, system: str, reference: str) -> bool:
        """Whether the object may exist by an attempt of ours."""
        stored = self._store.get(StepRow, f"{system}#{reference}")
        return stored is not None and stored.record.state is not StepState.PLANNED

    def is_open(self, system: str, reference: str) -> bool:
        """Whether an attempt of ours was begun whose outcome is not known."""
        stored = self._store.get(StepRow, f"{system}#{reference}")
        return _is_intent(stored)

    def run(self, step: CreateStep) -> Outcome:
        """Bring the step as far as it goes now. Safe to call again at any time, by anybody."""
        stored = self._store.get(StepRow, step.row_id)
        if stored is None or stored.record.state is StepState.PLANNED:
            return self._before(step, stored) or self._attempt(step, stored)
        row = stored.record
        if row.state is StepState.DONE:
            return Done(Found(row.external_id, row.fields))
        if row.state is StepState.PARKED:
            return Parked(row.reason)
        return self._resume(step, stored)

    def _before(self, step: CreateStep, stored: Stored[StepRow] | None) -> Outcome | None:
        """What there is to do instead of an attempt; None: nothing is there, and it can be made."""
        if step.looks_first and step.mode != "none":
            return self._probe(step, stored)
        return self._still_down(step, stored.record) if stored else None

    def _still_down(self, step: CreateStep, row: StepRow) -> Later | None:
        """Whether the system that held the last attempt back is still down, asked by a read.

        A create must not be what finds that out: its own outcome may be unknown then.
        """
        if row.reason != CIRCUIT_OPEN:
            return None
        try:
            step.find(step.reference, step.timeout)
        except Unavailable as error:
            return self._later(row, error, "unavailable")
        except UpstreamError:
            return None  # it says no, but it speaks
        return None

    def _resume(self, step: CreateStep, stored: Stored[StepRow]) -> Outcome:
        """An INTENT is there: the outcome of the last attempt is not known."""
        row, now = stored.record, self._clock.now()
        if now < row.lease_until:
            return Later(row.lease_until, "in_progress")
        if step.mode == "none":
            return self._park(step, stored, "outcome_unknown")
        if probed := self._probe(step, stored):
            return probed
        settled_at = row.deadline + timedelta(seconds=step.settle)
        if step.mode == "probe" and now < settled_at:
            return Later(settled_at, "settling")
        return self._attempt(step, stored)

    def _probe(self, step: CreateStep, stored: Stored[StepRow] | None) -> Outcome | None:
        """Look for the object by its reference: what that comes to; None if it is not there."""
        try:
            hits = step.find(step.reference, step.timeout)
        except (Refused, Missing) as error:
            # Before an INTENT nothing was sent, as when an attempt is refused.
            word = "probe_refused" if _is_intent(stored) else "refused"
            return self._park(step, stored, f"{word} {error.code}".strip(), str(error))
        except UpstreamError as error:
            return self._unanswered(step, stored, error)
        if len(hits) > 1:
            return self._park(step, stored, "several_found")
        return self._finish(step, stored, hits[0]) if hits else None

    def _attempt(self, step: CreateStep, stored: Stored[StepRow] | None) -> Outcome:
        try:
            payload = step.payload()
        except Unmappable:
            return self._park(step, stored, "unmappable")
        intent = self._intend(step, stored, payload)
        if isinstance(intent, Later):
            return intent
        unmade = _without_effect(intent, stored)
        left = (intent.record.deadline - self._clock.now()).total_seconds()
        if left <= 0:  # paused since the INTENT was written, and nothing was sent
            return self._not_done(unmade, Unavailable(step.system, "create", code="paused"))
        try:
            found = step.create(step.reference, payload, left)
        except Unavailable as error:
            return self._not_done(unmade, error)
        except (Refused, Missing) as error:
            return self._park(step, unmade, f"refused {error.code}".strip(), str(error))
        except Duplicate as error:
            return self._unknown(unmade, error)
        except Unknown as error:
            return self._unknown(intent, error)
        return self._finish(step, intent, found)

    def _intend(
        self, step: CreateStep, stored: Stored[StepRow] | None, payload: Mapping[str, Any]
    ) -> Stored[StepRow] | Later:
        now = self._clock.now()
        seconds = min(step.timeout, self._tuning.lease - LEASE_MARGIN)
        row = self._row(step, stored, now).model_copy(
            update={
                "state": StepState.INTENT,
                "attempt": stored.record.attempt + 1 if stored else 1,
                "probes": 0,
                "may_be_ours": True,
                "payload_hash": content_hash(payload),
                "lease_until": now + timedelta(seconds=self._tuning.lease),
                "deadline": now + timedelta(seconds=seconds),
                "reason": "",
            }
        )
        return self._write(row, stored) or Later(row.lease_until, "in_progress")

    def _row(self, step: CreateStep, stored: Stored[StepRow] | None, now: datetime) -> StepRow:
        if stored:
            return stored.record
        return StepRow(
            id=step.row_id,
            system=step.system,
            reference=step.reference,
            process=step.process,
            may_be_ours=False,
            lease_until=now,
            deadline=now,
        )

    def _write(self, row: StepRow, before: Stored[StepRow] | None) -> Stored[StepRow] | None:
        """The row as written, or None if another worker wrote first."""
        try:
            self._store.commit(Save(row, before))
        except Conflict:
            return None
        return Stored(row, before.version + 1 if before else 1, self._clock.now())

    def _not_done(self, intent: Stored[StepRow], error: Unavailable) -> Outcome:
        """Certainly no effect: back to PLANNED, so the next attempt need not probe."""
        row = intent.record.model_copy(
            update={"state": StepState.PLANNED, "reason": error.code or "unavailable"}
        )
        self._write(row, intent)
        return self._later(intent.record, error, "unavailable")

    def _unknown(self, intent: Stored[StepRow], error: UpstreamError) -> Outcome:
        """It may have worked: the INTENT stays. Our call is over, so the lease can end now."""
        now = self._clock.now()
        row = intent.record.model_copy(
            update={"lease_until": now, "deadline": now, "reason": error.code or "unknown"}
        )
        self._write(row, intent)
        return self._later(row, error, "outcome_unknown")

    def _unanswered(
        self, step: CreateStep, stored: Stored[StepRow] | None, error: UpstreamError
    ) -> Outcome:
        """The probe got no answer. It is counted: a system that is down is asked less and less.

        One that a circuit held back has asked nobody, and waits for the circuit.
        """
        row = self._row(step, stored, self._clock.now())
        if not isinstance(error, Withheld):
            row = row.model_copy(update={"probes": row.probes + 1})
            self._write(row, stored)
        return self._later(row, error, "probe_failed" if _is_intent(stored) else "unavailable")

    def _later(self, row: StepRow, error: UpstreamError, reason: str) -> Later:
        wait = backoff(row.id, row.attempt + row.probes, self._tuning)
        if isinstance(error, Unavailable) and error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        return failed(self._clock.now() + wait, reason, error)

    def _finish(self, step: CreateStep, stored: Stored[StepRow] | None, found: Found) -> Outcome:
        row = self._row(step, stored, self._clock.now()).model_copy(
            update={
                "state": StepState.DONE,
                "external_id": found.external_id,
                "fields": dict(found.fields),
            }
        )
        if self._end(row, stored, lambda: step.on_done(found)):
            return Done(found)
        there = self._store.get(StepRow, step.row_id)
        return self.run(step) if _is_done(there) else self._fenced(row)

    def _end(
        self,
        row: StepRow,
        stored: Stored[StepRow] | None,
        more: Callable[[], Sequence[Change]],
    ) -> bool:
        """Write the last state of the step with all that belongs to it; False if fenced off."""
        for _ in range(FINISH_TRIES):
            try:
                self._store.commit(Save(row, stored), *more())
            except Conflict:
                # Either the entity moved on under us: decide anew. Or this step did: fenced off.
                there = self._store.get(StepRow, row.id)
                if (there.version if there else 0) != (stored.version if stored else 0):
                    return False
            else:
                return True
        return False

    def _fenced(self, row: StepRow) -> Later:
        return Later(self._clock.now() + backoff(row.id, row.attempt, self._tuning), "fenced")

    def _park(
        self, step: CreateStep, stored: Stored[StepRow] | None, reason: str, cause: str = ""
    ) -> Outcome:
        now = self._clock.now()
        row = self._row(step, stored, now).model_copy(
            update={"state": StepState.PARKED, "reason": reason}
        )
        task = Task.about(
            f"step#{step.row_id}",
            kind="parked_step",
            subject_schema=step.task_schema,
            subject_id=step.task_subject,
            system=step.system,
            reason=reason,
            opened_at=now,
        )
        if self._end(row, stored, lambda: [Put(task), *step.on_parked(reason)]):
            return Parked(reason, cause)
        return self._fenced(row)


def _without_effect(intent: Stored[StepRow], before: Stored[StepRow] | None) -> Stored[StepRow]:
    """The row of an attempt that has certainly made nothing: as much ours as it was before."""
    may_be_ours = before is not None and before.record.may_be_ours
    return replace(intent, record=intent.record.model_copy(update={"may_be_ours": may_be_ours}))


def _is_intent(stored: Stored[StepRow] | None) -> bool:
    return stored is not None and stored.record.state is StepState.INTENT


def _is_done(stored: Stored[StepRow] | None) -> bool:
    return stored is not None and stored.record.state is StepState.DONE
