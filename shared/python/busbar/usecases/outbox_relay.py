"""Sends errands to their queues: at once by the table's stream, later by the sweep.

A row is sent, then marked as sent; only the worker that ends its work takes it away. So a relay
that dies in between sends twice, never not at all, and a message that gets lost is sent again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

from busbar.errors import Conflict
from busbar.observability import cause, logger
from busbar.ports import Clock, Queues, Save, Store, Stored
from busbar.process.outbox import LONGEST_DELAY, OutboxRow
from busbar.settings import Tuning


def send(
    stored: Stored[OutboxRow], store: Store, queues: Queues, clock: Clock, tuning: Tuning
) -> bool:
    """Send one row; False if its time is too far off, which leaves it to the sweep."""
    row, now = stored.record, clock.now()
    wait = (row.not_before - now).total_seconds()
    if wait > LONGEST_DELAY:
        return False
    command = row.command
    queues.send(
        command.queue,
        command.model_dump_json(),
        delay=max(0, math.ceil(wait)),
        group=f"{command.org}#{command.id}",
    )
    again_from = max(now, row.not_before) + timedelta(seconds=tuning.resend_after)
    _mark(row.sent(again_from), stored, store)
    return True


def _mark(row: OutboxRow, stored: Stored[OutboxRow], store: Store) -> None:
    try:
        store.commit(Save(row, stored))
    except Conflict:
        return  # its work has ended already, or a newer wish has taken the row over


def sweep(
    store: Store, queues: Queues, clock: Clock, tuning: Tuning, *, time_left: Callable[[], float]
) -> tuple[int, int]:
    """Send what the stream has left behind: how many rows went out, how many could not.

    A row that cannot be sent is put off, so that it holds up nobody.
    """
    sent = failed = 0
    while time_left() > 5:
        rows = store.due(OutboxRow, clock.now())
        if not rows:
            break
        for stored in rows:
            try:
                send(stored, store, queues, clock, tuning)
                sent += 1
            except Exception as error:  # noqa: BLE001  (the queue may be gone, or out of reach)
                failed += 1
                logger.error(
                    "errand not sent", extra={"row": stored.record.id, "error": cause(error)}
                )
                later = clock.now() + timedelta(seconds=tuning.retry_most)
                _mark(stored.record.model_copy(update={"sweep_from": later}), stored, store)
    return sent, failed
