"""The step contract for state that is *set* on an outside object: owner, active flag, label.

Per outside object there is one ledger row: the state that we want there, with a revision. Every use
case that touches the object changes this row, and whoever comes next carries it out:

* What is sent is built from the whole wanted state, absolute, never a toggle.
* One worker at a time holds the lease; a second one waits.
* After a call of unknown outcome nothing is sent until it can no longer take effect (the settle
  window, counted from that call's deadline). Then the object is read, and written only if it does
  not hold the wanted state already.
* What the outside system refuses is PARKED with a task, until somebody wants something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import AwareDatetime, Field

from busbar.domain.record import Record
from busbar.domain.tasks import Task
from busbar.errors import (
    BusbarError,
    Conflict,
    Missing,
    Refused,
    Unavailable,
    Unmappable,
    UpstreamError,
)
from busbar.ports.outside import Found
from busbar.ports.runtime import Clock
from busbar.ports.store import Change, Put, Save, Store, Stored
from busbar.process.contract import (
    LEASE_MARGIN,
    Done,
    Later,
    Outcome,
    Parked,
    backoff,
    failed,
)
from busbar.settings.function import Tuning

FINISH_TRIES = 5
ROUNDS = 3
"""Revisions carried out in one go, if new ones arrive meanwhile."""

Wanted = Mapping[str, Any]


class LedgerRow(Record):
    """What we want of one outside object, and how far that is."""

    schema_name: ClassVar[str] = "ledger"

    wanted: dict[str, Any] = Field(default_factory=dict)
    revision: int = 0
    applied: int = 0
    """The last revision that the object was seen to hold."""
    intent: bool = False
    """A write was begun whose outcome is not recorded."""
    attempt: int = 0
    failures: int = 0
    lease_until: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    written_at: AwareDatetime | None = None
    parked: str = ""
    """Why the outside system refused the last wish; empty if it did not."""
    refused: dict[str, Any] = Field(default_factory=dict)
    """What it refused. It is wanted no more, so it cannot spoil the next wish. It stands here until
    then, or longer where that is about something else."""

    @property
    def open(self) -> bool:
        """Whether something is still to be done, or being done."""
        return self.intent or self.applied < self.revision

    def wanting(self, change: Wanted, *, insist: bool = False) -> LedgerRow:
        """The row with `change` wanted on top; the same row if all of it is wanted already.

        With `insist` it is carried out again all the same: somebody asked for it now, and what was
        wanted before need not be what the outside object holds.
        """
        known = all(k in self.wanted and self.wanted[k] == v for k, v in change.items())
        if known and not insist:
            return self
        return self.model_copy(
            update={
                "wanted": {**self.wanted, **change},
                "revision": self.revision + 1,
                "parked": "",
                "refused": {},
                "failures": 0,
            }
        )

    def given_up(self, reason: str) -> LedgerRow:
        """The row after nothing more is tried: what was wanted is not, and spoils nothing later."""
        update = {"intent": False, "applied": self.revision, "parked": reason}
        refused = {**self.refused, **self.wanted}
        return self.model_copy(update={**update, "wanted": {}, "refused": refused})

    def wanted_again(self) -> LedgerRow:
        """The row after a person wants anew what was refused or given up.

        A write of before may still be on its way; its settle window is waited for.
        """
        again = self.wanting(self.refused, insist=True)
        return again.model_copy(update={"intent": self.deadline is not None})

    def forgiven(self) -> LedgerRow:
        """The row after a person wants no more what was refused or given up."""
        return self.model_copy(update={"parked": "", "refused": {}})

    def adopting(self, observed: Wanted) -> LedgerRow:
        """The row after the leading system changed fields by itself: wanted follows, no effect."""
        mine = {k: observed[k] for k in self.wanted if k in observed}
        if mine == self.wanted:
            return self
        return self.model_copy(update={"wanted": mine})

    def recently_written(self, now: datetime, settle: float) -> bool:
        """Whether lists of the outside system may still show the state before our last write."""
        return self.written_at is not None and now < self.written_at + timedelta(seconds=settle)


def ledger_id(system: str, kind: str, object_id: str) -> str:
    """Key of the row of one outside object."""
    return f"{system}#{kind}#{object_id}"


@dataclass(frozen=True)
class SetStep:
    """One outside object: how to read it, whether it holds what we want, how to write it.

    `on_done` gives the changes for the transaction that records the success (it is told what the
    object now holds of the wanted fields); `on_parked` those for a refusal.
    """

    system: str
    kind: str
    object_id: str
    settle: float
    timeout: float
    read: Callable[[str, float], Any]
    holds: Callable[[Any, Wanted], bool]
    write: Callable[[str, Any, Wanted, float], None]
    on_done: Callable[[Wanted], Sequence[Change]]
    on_parked: Callable[[str], Sequence[Change]]
    task_schema: str
    task_subject: str

    @property
    def row_id(self) -> str:
        """Key of the ledger row."""
        return ledger_id(self.system, self.kind, self.object_id)


class Setter:
    """Carries out ledger rows."""

    def __init__(self, store: Store, clock: Clock, tuning: Tuning) -> None:
        self._store = store
        self._clock = clock
        self._tuning = tuning

    def run(self, step: SetStep) -> Outcome:
        """Bring the object to its wanted state. Safe to call again at any time, by anybody."""
        for rounds_left in range(ROUNDS, -1, -1):
            stored = self._store.get(LedgerRow, step.row_id)
            if stored is None or not stored.record.open:
                return Done(Found(step.object_id))
            outcome = self._round(step, stored) if rounds_left else None
            if outcome is not None:
                return outcome
        return Later(self._clock.now(), "in_progress")

    def _round(self, step: SetStep, stored: Stored[LedgerRow]) -> Outcome | None:
        """Carry out the revision of now; None: look at the row again."""
        leased = self.begin(step, stored)
        if isinstance(leased, Later):
            return leased
        wrote, observed = False, None
        try:
            observed = step.read(step.object_id, self.left(leased))
            if not step.holds(observed, leased.record.wanted):
                wrote = True
                step.write(step.object_id, observed, leased.record.wanted, self.left(leased))
        except (UpstreamError, Unmappable) as error:
            return self.failed(step, leased, error, observed, wrote=wrote)
        return self.finish(step, leased)

    def begin(self, step: SetStep, stored: Stored[LedgerRow]) -> Stored[LedgerRow] | Later:
        """Lease the row for one attempt, or say when to look again. See `ledger_bulk` too."""
        return self._must_wait(step, stored.record) or self._lease(step, stored)

    def failed(
        self,
        step: SetStep,
        leased: Stored[LedgerRow],
        error: UpstreamError | Unmappable,
        observed: Any,
        *,
        wrote: bool,
    ) -> Outcome | None:
        """Write down how the attempt failed. `wrote`: a write was begun; `observed`: what was read.

        None: look at the row again.
        """
        if isinstance(error, Refused | Missing | Unmappable):
            return self._park(step, leased, error, observed)
        unknown = wrote and not isinstance(error, Unavailable)
        return self._give_back(leased, error, intent=unknown)

    def _must_wait(self, step: SetStep, row: LedgerRow) -> Later | None:
        now = self._clock.now()
        if not row.intent or row.lease_until is None or row.deadline is None:
            return None
        if now < row.lease_until:
            return Later(row.lease_until, "in_progress")
        settled_at = row.deadline + timedelta(seconds=step.settle)
        return Later(settled_at, "settling") if now < settled_at else None

    def _lease(self, step: SetStep, stored: Stored[LedgerRow]) -> Stored[LedgerRow] | Later:
        now = self._clock.now()
        seconds = min(step.timeout, self._tuning.lease - LEASE_MARGIN)
        until = now + timedelta(seconds=self._tuning.lease)
        row = stored.record.model_copy(
            update={
                "intent": True,
                "attempt": stored.record.attempt + 1,
                "lease_until": until,
                "deadline": now + timedelta(seconds=seconds),
            }
        )
        try:
            self._store.commit(Save(row, stored))
        except Conflict:
            return Later(now + backoff(row.id, row.attempt, self._tuning), "in_progress")
        return Stored(row, stored.version + 1, now)

    def left(self, leased: Stored[LedgerRow]) -> float:
        """Seconds left of this attempt. A worker paused past its deadline sends nothing."""
        deadline = leased.record.deadline or self._clock.now()
        left = (deadline - self._clock.now()).total_seconds()
        if left <= 0:
            raise Unavailable("busbar", "lease", "paused past the deadline", code="paused")
        return left

    def _give_back(self, leased: Stored[LedgerRow], error: UpstreamError, *, intent: bool) -> Later:
        """Our calls are over: end the lease; keep the intent if a write may still take effect."""
        now = self._clock.now()
        failures = leased.record.failures + 1
        self._update(
            leased,
            {"intent": intent, "lease_until": now, "deadline": now, "failures": failures},
        )
        wait = backoff(leased.record.id, failures, self._tuning)
        if isinstance(error, Unavailable) and error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        return failed(now + wait, "outcome_unknown" if intent else "unavailable", error)

    def finish(self, step: SetStep, leased: Stored[LedgerRow]) -> Outcome | None:
        """Write down that the object holds what the lease was for; None: look at the row again."""
        wanted = leased.record.wanted
        done = {
            "intent": False,
            "applied": leased.record.revision,
            "failures": 0,
            "written_at": self._clock.now(),
        }
        if self._update(leased, done, lambda: step.on_done(wanted)):
            return None
        return self._fenced(leased)

    def _park(
        self, step: SetStep, leased: Stored[LedgerRow], error: BusbarError, observed: Any
    ) -> Outcome | None:
        """Refused. What does not hold is wanted no more, or it would spoil every later wish."""
        reason = getattr(error, "code", "") or type(error).__name__
        task = Task.about(
            f"ledger#{step.row_id}",
            kind="parked_state",
            subject_schema=step.task_schema,
            subject_id=step.task_subject,
            system=step.system,
            reason=reason,
            opened_at=self._clock.now(),
        )
        row = leased.record
        holds = {k: v for k, v in row.wanted.items() if observed and step.holds(observed, {k: v})}
        refused = {k: v for k, v in row.wanted.items() if k not in holds}
        parked = {
            "intent": False,
            "deadline": None,  # it was answered: no write is on its way
            "parked": reason,
            "applied": row.revision,
            "wanted": holds,
            "refused": {**row.refused, **refused},
        }

        def more() -> Sequence[Change]:
            return [Put(task), *step.on_parked(reason)]

        if self._update(leased, parked, more, same_revision=True):
            return Parked(reason, str(error))
        # Somebody wants something else meanwhile: the refusal says nothing about that, and must
        # not take it away.
        return None if self._update(leased, {"intent": False}) else self._fenced(leased)

    def _fenced(self, leased: Stored[LedgerRow]) -> Later:
        row = leased.record
        return Later(self._clock.now() + backoff(row.id, row.attempt, self._tuning), "fenced")

    def _update(
        self,
        leased: Stored[LedgerRow],
        update: dict[str, Any],
        more: Callable[[], Sequence[Change]] = tuple,
        *,
        same_revision: bool = False,
    ) -> bool:
        """Write onto the row as it is now, while the attempt is still ours (fencing).

        Others may have put a newer wanted state into the row meanwhile: that stays. With
        `same_revision` nothing is written then.
        """
        current: Stored[LedgerRow] | None = leased
        for _ in range(FINISH_TRIES):
            if current is None or current.record.attempt != leased.record.attempt:
                return False
            if same_revision and current.record.revision != leased.record.revision:
                return False
            try:
                self._store.commit(Save(current.record.model_copy(update=update), current), *more())
            except Conflict:
                current = self._store.get(LedgerRow, leased.record.id)
            else:
                return True
        return False
