"""Sends errands to their queues: at once by the table's stream, later by the sweep.

A row is sent, then marked as sent; only the worker that ends its work takes it away. So a relay
that dies in between sends twice, never not at all, and a message that gets lost is sent again.

What waits in the lane of a system that is down is let go by the sweep: one errand while the system
is down, as its probe; after that so many a minute as the system takes, oldest first.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from busbar.errors import Conflict, Unavailable
from busbar.observability import cause, logger
from busbar.ports.queues import Message, Queues
from busbar.ports.runtime import Clock
from busbar.ports.store import Save, Store, Stored
from busbar.process.circuit_row import SYSTEMS, CircuitRow, Slots
from busbar.process.outbox import LONGEST_DELAY, OutboxRow
from busbar.settings.function import Tuning

CALLS_AN_ERRAND = 2.5
"""Calls for which an errand is let go: it takes two, and a fifth is left to whoever looks on, so
that nobody finds his slot taken and comes a minute late. What takes three goes back now and then.
"""
SWEEPS = 60.0
"""Seconds between two sweeps."""
TRIES = 6


def send(
    stored: Stored[OutboxRow], store: Store, queues: Queues, clock: Clock, tuning: Tuning
) -> bool:
    """Send one row; False if its time is too far off, which leaves it to the sweep."""
    row, now = stored.record, clock.now()
    wait = (row.not_before - now).total_seconds()
    if wait > (0 if row.group else LONGEST_DELAY):
        return False
    command = row.command
    if row.group:
        _send_in_order(row, queues)
    else:
        queues.send(
            command.queue,
            command.model_dump_json(),
            delay=max(0, math.ceil(wait)),
            group=f"{command.org}#{command.id}",
        )
    again_from = max(now, row.not_before) + timedelta(seconds=tuning.resend_after)
    _mark(row.sent(again_from), stored, store)
    return True


def _send_in_order(row: OutboxRow, queues: Queues) -> None:
    """A queue that keeps order cannot hold one message back, and knows a repeat by itself."""
    said = f"{row.id} {row.not_before.isoformat()}"
    once = hashlib.sha256(said.encode()).hexdigest()
    (taken,) = queues.send_all(row.command.queue, [Message(row.body, row.group, once)])
    if not taken:
        raise Unavailable("sqs", "send_message_batch", "refused")


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
            done = _send_or_put_off(stored, store, queues, clock, tuning)
            sent, failed = sent + done, failed + (not done)
    return sent, failed


def _send_or_put_off(
    stored: Stored[OutboxRow], store: Store, queues: Queues, clock: Clock, tuning: Tuning
) -> bool:
    """Send a row; False if that fails, and it waits, in no lane, for another run of the sweep."""
    try:
        send(stored, store, queues, clock, tuning)
    except Exception as error:  # noqa: BLE001  (the queue may be gone, or out of reach)
        logger.error("errand not sent", extra={"row": stored.record.id, "error": cause(error)})
        later = clock.now() + timedelta(seconds=tuning.retry_most)
        _mark(stored.record.model_copy(update={"sweep_from": later, "lane": ""}), stored, store)
        return False
    return True


def let_go(
    store: Store, queues: Queues, clock: Clock, tuning: Tuning, *, time_left: Callable[[], float]
) -> int:
    """Send what waits in the lanes of systems, as far as these may be called: how many."""
    # A system without a row has never failed, so nothing can wait for it.
    known = [stored.record for stored in store.get_many(CircuitRow, SYSTEMS)]
    return sum(_let_go(circuit, store, queues, clock, tuning, time_left) for circuit in known)


def _let_go(
    circuit: CircuitRow,
    store: Store,
    queues: Queues,
    clock: Clock,
    tuning: Tuning,
    time_left: Callable[[], float],
) -> int:
    now, system = clock.now(), circuit.id
    rows = store.due(OutboxRow, now, limit=1, lane=system)
    if not rows:
        if circuit.line and circuit.state(now) == "draining":
            _change(system, store, CircuitRow.unlined)
        return 0
    most = _how_many(circuit, now)
    if circuit.state(now) != "open":
        # The limit holds as long as there is somebody in the lane, and new work lines up.
        _change(system, store, lambda row: row if row.open_since else row.lined(now))
    if most > 1:
        rows = store.due(OutboxRow, now, limit=most, lane=system)
    for number, stored in enumerate(rows[:most]):
        if time_left() < 5:
            return number
        at = now + timedelta(seconds=SWEEPS * number / most)
        row = stored.record.model_copy(update={"not_before": at})
        _send_or_put_off(replace(stored, record=row), store, queues, clock, tuning)
    return min(most, len(rows))


def _how_many(circuit: CircuitRow, now: datetime) -> int:
    """How many errands of a lane may go now."""
    if circuit.state(now) == "open":
        return int(circuit.probe_is_due(now))
    return max(1, int(Slots(circuit.per_minute).a_minute() / CALLS_AN_ERRAND))


def _change(system: str, store: Store, change: Callable[[CircuitRow], CircuitRow]) -> None:
    """Change the row of a circuit at which workers write too."""
    for _ in range(TRIES):
        stored = store.get(CircuitRow, system)
        after = change(stored.record) if stored else None
        if stored is None or after is None or after == stored.record:
            return
        try:
            store.commit(Save(after, stored))
        except Conflict:
            continue
        return
