"""Ways out for a wallbox, or what was assigned with it: look again, want again, or leave it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from busbar.domain.wallbox_orders import WallboxOrder
from busbar.domain.wallboxes import Wallbox
from busbar.errors import EventRejected
from busbar.ports.store import Change, Save, Stored
from busbar.process.ledger import LedgerRow
from busbar.usecases.status_callback import reread
from busbar.usecases.task_ways import Asked, overtaken
from busbar.usecases.wallbox_forward import QUEUE, ledger_rows_of
from busbar.usecases.wallbox_review import due_now


def read_again(asked: Asked) -> Sequence[Change]:
    """The message is not kept, only what it hints at: what Salesforce holds now.

    The status is read here; assignments and reviews by the next run of `sync_cards`.
    """
    order = asked.deps.store.get(WallboxOrder, asked.task.record.subject_id)
    if order is None:
        raise overtaken("There is no such order.")
    if asked.task.record.reason != "unknown_status":
        return due_now(order, asked.deps)
    try:
        return reread(order, f"task:{asked.task.record.id}:{asked.task.version}", asked.deps)
    except EventRejected as rejected:
        raise overtaken(
            f"What Salesforce holds now cannot be applied either: {rejected.reason}. Mend it there,"
            " or the setting status_map, and resume again."
        ) from None


def find_again(asked: Asked) -> Sequence[Change]:
    """The wallbox is looked for in be.ENERGISED once more."""
    wallbox = _wallbox(asked)
    if wallbox.record.joined:
        raise overtaken("The wallbox was found since.")
    return _goes_on(asked, wallbox)


def want_again(asked: Asked) -> Sequence[Change]:
    """What was refused, or given up, is wanted anew, on top of all that is wanted now."""
    wallbox, rows = _wallbox(asked), _parked_rows(asked)
    if not rows and wallbox.record.joined:
        raise overtaken("Something else was wanted of the wallbox since, or it was done.")
    again = (Save(row.record.wanted_again(), row) for row in rows)
    return (*again, *_goes_on(asked, wallbox))


def drop_wish(asked: Asked) -> Sequence[Change]:
    """What was refused, or given up, is wanted no more."""
    return [Save(row.record.forgiven(), row) for row in _parked_rows(asked)]


def _wallbox(asked: Asked) -> Stored[Wallbox]:
    stored = asked.deps.store.get(Wallbox, asked.task.record.subject_id)
    if stored is None:
        raise overtaken("There is no such wallbox.")
    return stored


def _goes_on(asked: Asked, wallbox: Stored[Wallbox]) -> Sequence[Change]:
    update: dict[str, Any] = {"waiting_for": None}
    errand = asked.deps.outbox.errand(QUEUE, Wallbox, wallbox.record.id, token=asked.token)
    after = wallbox.record.model_copy(update=update)
    return Save(after, wallbox), asked.deps.outbox.awake(errand)


def _parked_rows(asked: Asked) -> list[Stored[LedgerRow]]:
    """The ledger rows that the task is about, as far as nothing else was wanted since."""
    task, store = asked.task.record, asked.deps.store
    wallbox = store.get(Wallbox, task.subject_id)
    ids = ledger_rows_of(wallbox.record) if wallbox else []
    if task.kind == "parked_state":
        ids = [task.cause.removeprefix("ledger#")]
    rows = (store.get(LedgerRow, row_id) for row_id in ids)
    return [row for row in rows if row and row.record.parked]
