"""Events of which a relation waits for its target, that cannot be told yet.

Everything else of such an event is applied. The event itself waits as an errand of the outbox: it
comes again in its group, is mapped and applied as the first time, and does nothing that it has done
already. So the relation is set once its target can be told, all of the attribute at once, unless a
newer event has said another one meanwhile. After a day it is parked with the code of what it waits
for. The event comes again after as much time as it is old, at least a minute: some twenty times.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from busbar.domain.erp_events import EventMessage
from busbar.domain.marks import moment
from busbar.domain.outcomes import Outcome
from busbar.domain.updates import Mapped
from busbar.ports.store import Drop, Put
from busbar.process.outbox import Command, OutboxRow
from busbar.usecases.erp_outcomes import why_parked

QUEUE, EVENT = "erp_apply", "erp_event"
AT_MOST = timedelta(hours=24)
"""Since the event was accepted. It lies in S3 much longer."""
SOONEST, LATEST = timedelta(minutes=1), timedelta(hours=2)


def without_waiting(
    event: EventMessage, mapped: Mapped, outcomes: Sequence[Outcome], now: datetime
) -> Sequence[Outcome] | None:
    """The outcomes without the errors that may pass, if the event is to wait for that; else None.

    What has to be parked for something else does not wait: who mends that, sends all of it again.
    """
    left = [outcome for outcome in outcomes if not outcome.detail.get("waits")]
    if len(left) == len(outcomes) or now - moment(event.accepted) >= AT_MOST:
        return None
    return None if why_parked(mapped, left) else left


def wait(event: EventMessage, group: str, now: datetime) -> Put:
    """The errand that has the event come again: one for each event, whoever writes it."""
    age = now - moment(event.accepted)
    at = now + min(max(age, SOONEST), LATEST)
    again = event.pointer().model_copy(update={"waited": True})
    command = _command(event)
    row = OutboxRow(
        id=command.row_id,
        command=command,
        not_before=at,
        sweep_from=at,
        wake=False,
        since=moment(event.accepted),
        body=again.text(),
        group=group,
    )
    return Put(row)


def waited(event: EventMessage) -> Drop:
    """The event waits no longer: it is done, or parked."""
    return Drop(OutboxRow, _command(event).row_id)


def _command(event: EventMessage) -> Command:
    return Command(
        org=event.org,
        queue=QUEUE,
        schema_of=EVENT,
        id=event.event_id,
        token="",
        correlation_id=event.correlation_id,
    )
