"""The outbox: work that has to be done, written in the same transaction as what causes it.

There is one row per record and queue, an *errand*, and it lives until the work has ended: done,
parked, or given up with a task. The row is the truth; messages only carry its token. Whoever gets a
message whose token is not the row's (a repeat, or older than the newest wish) has nothing to do, so
retries of one record never multiply. A message that is lost, or dies in a dead-letter queue, is
sent again by the sweep.

What a system's circuit holds back waits in that system's *lane*: nobody looks at it, and it costs
nothing, until the sweep lets it go, oldest wish first.

A row either wakes the relay through the table's stream, or it is a *guard*: it lies still while its
author works on the same thing himself, and only the sweep sends it, if its author died.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.record import Record, Value
from busbar.domain.tasks import Task
from busbar.errors import Conflict
from busbar.observability import Metric, count, logger
from busbar.ports.runtime import Clock
from busbar.ports.store import Change, Drop, Put, Save, Store, Stored
from busbar.process.contract import Later, Outcome, Parked, backoff
from busbar.settings.function import Tuning

FORMAT = 1
"""Version of the message format. Messages of older formats stay readable."""
LONGEST_DELAY = 900
"""Seconds that SQS can hold a message back."""
TRIES = 6


class Command(Value):
    """A message on one of our own queues: do `queue`'s job for this record."""

    v: int = FORMAT
    org: str
    queue: str
    schema_of: str
    id: str
    token: str
    correlation_id: str

    @property
    def row_id(self) -> str:
        """Id of the errand's row."""
        return f"{self.schema_of}#{self.id}#{self.queue}"


def queue_of(row_id: str) -> str:
    """The queue in the id of an errand's row."""
    return row_id.rpartition("#")[2]


class OutboxRow(Record):
    """One errand. `since` is when it was first written; `tries` how often it was put off."""

    schema_name: ClassVar[str] = "outbox"

    command: Command
    not_before: AwareDatetime
    sweep_from: AwareDatetime
    wake: bool
    since: AwareDatetime
    tries: int = 0
    lane: str = ""
    """The system whose circuit it waits for; empty if it waits for its time."""
    reason: str = ""
    """Why it was put off last."""
    body: str = ""
    group: str = ""
    """Of a queue that keeps order: the message itself, and the group in which it goes."""

    def due_at(self) -> datetime:
        """From then on the sweep sends it; in a lane it is what the lane is sorted by."""
        return self.since if self.lane else self.sweep_from

    def due_lane(self) -> str:
        """The lane of a system, or that of all others."""
        return self.lane

    def wakes_relay(self) -> bool:
        """Guards, and what was sent already, do not."""
        return self.wake

    def sent(self, again_from: datetime) -> OutboxRow:
        """The row after its message went out: the sweep repeats it only much later."""
        return self.model_copy(update={"wake": False, "sweep_from": again_from, "lane": ""})


@dataclass(frozen=True)
class Errand:
    """What a worker holds in hands: whose work, under which token."""

    command: Command

    @property
    def row_id(self) -> str:
        """Id of its row."""
        return self.command.row_id


class Outbox:
    """Errands of one org, under the correlation id of the unit of work that runs now."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tuning: Tuning,
        correlation_id: str,
        is_down: Callable[[str], bool] = lambda _system: False,
    ) -> None:
        self._is_down = is_down
        self._store = store
        self._clock = clock
        self._tuning = tuning
        self._correlation_id = correlation_id

    def errand(self, queue: str, of: type[Record], record_id: str, token: str) -> Errand:
        """Work of `queue` on a record. `token` tells this wish from all others for the record."""
        return Errand(
            Command(
                org=self._store.org,
                queue=queue,
                schema_of=of.schema_name,
                id=record_id,
                token=token,
                correlation_id=self._correlation_id,
            )
        )

    def awake(self, errand: Errand) -> Put:
        """The row that has the relay send the errand at once."""
        return self._row(errand, wait=0.0, wake=True)

    def guard(self, errand: Errand) -> Put:
        """The row that lies still as long as its author can be at work on it."""
        return self._row(errand, wait=self._tuning.lease, wake=False)

    def _row(self, errand: Errand, *, wait: float, wake: bool) -> Put:
        now = self._clock.now()
        at = now + timedelta(seconds=wait)
        return Put(
            OutboxRow(
                id=errand.row_id,
                command=errand.command,
                not_before=at,
                sweep_from=at + timedelta(seconds=self._tuning.sweep_after),
                wake=wake,
                since=now,
            )
        )

    def is_current(self, errand: Errand) -> bool:
        """Whether there is anything left to do under this token."""
        return self._current(errand) is not None

    def settle(
        self,
        errand: Errand,
        outcome: Outcome,
        give_up: Callable[[str], Sequence[Change]],
        about: Record | None = None,
    ) -> Outcome:
        """Write down what the work came to: drop the errand, put it off, or give it up.

        What has waited `wait_at_most` becomes a task, together with what `give_up` adds; then the
        outcome is `Parked`. The task is about the errand's record, or about another one that people
        know it by. Nothing happens if a newer wish has taken the row over.
        """
        if isinstance(outcome, Later) and outcome.system and self._is_down(outcome.system):
            # Also whoever has found that out, or has probed in vain, goes back to his place.
            outcome = replace(outcome, lane=outcome.system)
        for _ in range(TRIES):
            stored = self._current(errand)
            if stored is None:
                return outcome
            changes, settled = self._settled(stored, outcome, give_up, about)
            try:
                self._store.commit(*changes)
            except Conflict:
                continue
            self._tell(stored.record, settled)
            return settled
        raise Conflict(errand.row_id)

    def _current(self, errand: Errand) -> Stored[OutboxRow] | None:
        stored = self._store.get(OutboxRow, errand.row_id)
        if stored is None or stored.record.command.token != errand.command.token:
            return None
        return stored

    def _settled(
        self,
        stored: Stored[OutboxRow],
        outcome: Outcome,
        give_up: Callable[[str], Sequence[Change]],
        about: Record | None,
    ) -> tuple[Sequence[Change], Outcome]:
        row, now = stored.record, self._clock.now()
        drop = Drop(OutboxRow, row.id, stored)
        if not isinstance(outcome, Later):
            return [drop], outcome
        # However long a system is down: what it holds up is never given up for that.
        if outcome.lane or now - row.since < timedelta(seconds=self._tuning.wait_at_most):
            return [Save(self._put_off(row, outcome), stored)], outcome
        changes = [drop, Put(_task(row, outcome.reason, now, about)), *give_up(outcome.reason)]
        return changes, Parked(outcome.reason, outcome.cause)

    def _put_off(self, row: OutboxRow, later: Later) -> OutboxRow:
        tries = row.tries + 1
        at = later.at
        if row.tries:
            # Whatever the reason says: what keeps failing is tried less and less often.
            at = max(at, self._clock.now() + backoff(row.id, tries, self._tuning))
        base = row.command.token.partition("~")[0]
        return row.model_copy(
            update={
                "command": row.command.model_copy(update={"token": f"{base}~{tries}"}),
                "not_before": at,
                "sweep_from": at + timedelta(seconds=self._tuning.sweep_after),
                "wake": not later.lane,
                "lane": later.lane,
                "tries": tries,
                "reason": later.reason,
            }
        )

    def _tell(self, row: OutboxRow, outcome: Outcome) -> None:
        if isinstance(outcome, Parked):
            count(Metric.PARKED)
        if isinstance(outcome, Later | Parked):
            word = "put off" if isinstance(outcome, Later) else "parked"
            extra = {"queue": row.command.queue, "of": row.command.schema_of, "id": row.command.id}
            extra |= {"reason": outcome.reason, "cause": outcome.cause}
            logger.warning(f"errand {word}", extra={**extra, "tries": row.tries})


def _task(row: OutboxRow, reason: str, now: datetime, about: Record | None) -> Task:
    return Task.about(
        f"errand#{row.id}",
        kind="waited_too_long",
        subject_schema=about.schema_name if about else row.command.schema_of,
        subject_id=about.id if about else row.command.id,
        reason=reason,
        opened_at=now,
    )
