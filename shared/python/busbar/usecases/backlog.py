"""How much waits: errands and their age, open tasks. Told once a minute by the sweep.

Both stand in sparse indexes that hold nothing else, so this costs what waits and no more: half a
read unit a row, and next to nothing on a quiet day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from busbar.domain.tasks import OPEN, Task
from busbar.observability import Metric, count, observe
from busbar.ports import Store
from busbar.process.outbox import OutboxRow

EVER = timedelta(days=3650)
MOST = 10_000
"""Rows that are looked at per org. Whatever is beyond does not change what a person has to do."""


def tell_backlog(stores: Sequence[Store], queues: Iterable[str], now: datetime) -> None:
    """Observe, per queue over all orgs, errands and the age of the oldest; per org, open tasks."""
    ages: dict[str, list[float]] = {queue: [] for queue in queues}
    for store in stores:
        for stored in store.due(OutboxRow, now + EVER, limit=MOST):
            age = (now - stored.record.since).total_seconds()
            ages.setdefault(stored.record.command.queue, []).append(max(age, 0.0))
        count(Metric.OPEN_TASKS, store.org, _open_tasks(store))
    for queue, waiting in ages.items():
        count(Metric.ERRANDS_WAITING, queue, len(waiting))
        observe(Metric.OLDEST_ERRAND, queue, max(waiting, default=0.0))


def _open_tasks(store: Store) -> int:
    tasks, cursor = 0, None
    while True:
        page = store.listed(Task, OPEN, limit=1000, cursor=cursor)
        tasks += len(page.items)
        cursor = page.cursor
        if cursor is None or tasks >= MOST:
            return tasks
