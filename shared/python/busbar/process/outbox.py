"""The outbox: commands written in the same transaction as the state that causes them.

The row is the truth; the table's stream only wakes the relay. A row either wakes the relay at once
(`wake`), or it is a *guard*: it lies still while its author works on the same thing himself, and
only the sweep sends it, if its author died.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.record import Record, Value

FORMAT = 1
"""Version of the message format. Messages of older formats stay readable."""
LONGEST_DELAY = 900
"""Seconds that SQS can hold a message back."""


class Command(Value):
    """A message on one of our own queues: do `queue`'s job for this record."""

    v: int = FORMAT
    org: str
    queue: str
    schema_of: str
    id: str
    correlation_id: str


class OutboxRow(Record):
    """A command that is still to be sent, not before `not_before`."""

    schema_name: ClassVar[str] = "outbox"

    command: Command
    not_before: AwareDatetime
    sweep_from: AwareDatetime
    wake: bool

    def due_at(self) -> datetime:
        """From then on the sweep sends it."""
        return self.sweep_from

    def wakes_relay(self) -> bool:
        """Guards do not."""
        return self.wake


def row(
    command: Command, sequence: int, not_before: datetime, *, sweep_after: float, wake: bool = True
) -> OutboxRow:
    """The outbox row of a command. `sequence` is the version of the record that causes it."""
    row_id = f"{command.schema_of}#{command.id}#{sequence:012d}#{command.queue}"
    return OutboxRow(
        id=row_id,
        command=command,
        not_before=not_before,
        sweep_from=not_before + timedelta(seconds=sweep_after),
        wake=wake,
    )
