"""How much waits: errands and their age, open tasks. Told once a minute by the sweep.

Both stand in sparse indexes that hold nothing else, so no Scan is needed: counting reads keys, some
fifty to a read unit, and the ages of a bounded number of errands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from busbar.domain.tasks import OPEN, Task
from busbar.observability import Metric, count, observe
from busbar.ports.store import Store
from busbar.process.circuit_row import SYSTEMS
from busbar.process.outbox import OutboxRow, queue_of

LOOKED_AT = 100
"""Errands per org and queue whose age is read, those whose turn is next. If more wait, every other
has its turn within minutes (`retry_most`): the oldest is seen by one of the next runs."""


def tell_backlog(stores: Sequence[Store], queues: Iterable[str], now: datetime) -> None:
    """Tell, per queue over all orgs, errands and the age of the oldest; per org, open tasks."""
    waiting: Counter[str] = Counter(dict.fromkeys(queues, 0))
    oldest: dict[str, float] = {}
    for store in stores:
        ids = store.ids_due(OutboxRow, SYSTEMS)
        waiting.update(map(queue_of, ids))
        for queue in waiting:
            age = _oldest([row_id for row_id in ids if queue_of(row_id) == queue], store, now)
            oldest[queue] = max(oldest.get(queue, 0.0), age)
        count(Metric.OPEN_TASKS, store.org, len(store.ids_listed(Task, OPEN)))
    for queue, number in waiting.items():
        count(Metric.ERRANDS_WAITING, queue, number)
        observe(Metric.OLDEST_ERRAND, queue, oldest.get(queue, 0.0))


def _oldest(ids: Sequence[str], store: Store, now: datetime) -> float:
    rows = store.get_many(OutboxRow, ids[:LOOKED_AT], skip_unreadable=True)
    return max(((now - row.record.since).total_seconds() for row in rows), default=0.0)
