"""Sends outbox rows to their queues: at once by the table's stream, later by the sweep.

A row is sent, then deleted: a worker that dies in between sends it twice, never not at all.
"""

from __future__ import annotations

from collections.abc import Callable

from busbar.ports import Clock, Drop, Queues, Store
from busbar.process.outbox import LONGEST_DELAY, OutboxRow


def send(row: OutboxRow, store: Store, queues: Queues, clock: Clock) -> bool:
    """Send one row; False if its time is too far off, which leaves it to the sweep."""
    wait = (row.not_before - clock.now()).total_seconds()
    if wait > LONGEST_DELAY:
        return False
    command = row.command
    queues.send(
        command.queue,
        command.model_dump_json(),
        delay=max(0, round(wait)),
        group=f"{command.org}#{command.id}",
    )
    store.commit(Drop(OutboxRow, row.id))
    return True


def sweep(
    store: Store, queues: Queues, clock: Clock, *, time_left: Callable[[], float]
) -> tuple[int, bool]:
    """Send what the stream has left behind: how many rows, and whether none is left.

    A row that cannot be sent is passed over, so that it holds up nobody; it stays for the next run.
    """
    sent = 0
    while time_left() > 5:
        rows = store.due(OutboxRow, clock.now())
        done = sum(_sent(stored.record, store, queues, clock) for stored in rows)
        sent += done
        if not done:
            return sent, not rows
    return sent, False


def _sent(row: OutboxRow, store: Store, queues: Queues, clock: Clock) -> bool:
    try:
        return send(row, store, queues, clock)
    except Exception:  # noqa: BLE001  (the queue may be gone, or not reachable: later)
        return False
