"""The guards of what takes and applies an ERP's events."""

from __future__ import annotations

from tests.faults.guards import Edit, Mutant
from tests.faults.setups import Setup

EVENTS, APPLY = "busbar.usecases.erp_events", "busbar.usecases.erp_apply"
UPDATES, ENTITIES = "busbar.usecases.entity_updates", "busbar.store.entities"
SLICES, COUNTING = "busbar.usecases.erp_load_slices", "busbar.usecases.load_counting"
LINES = "busbar.usecases.load_batch"
ONE, MANY = Setup("one customer"), Setup("many events at once")
WAITING = Setup("a relation waits")
FILE = Setup("a file of events")
PAYLOADS, SCOPE = Setup("uploaded payloads"), Setup("a scope is told in full")
PRUNE = "busbar.usecases.entity_prune"

EVENT_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "request in S3 before the queue",
        ONE,
        (
            Edit(
                EVENTS,
                '            self._deps.files.keep(key, raw.encode(), "application/json")\n'
                "        if any(one.sent for one in results):\n"
                "            results = self._queued(results)\n",
                "        if any(one.sent for one in results):\n"
                "            results = self._queued(results)\n"
                '            self._deps.files.keep(key, raw.encode(), "application/json")\n',
            ),
        ),
    ),
    Mutant(
        "deduplication after the queue",
        ONE,
        (
            Edit(
                EVENTS,
                "            results = self._queued(results)\n"
                "            self._note(receipt, events, results)\n",
                "            self._note(receipt, events, results)\n"
                "            results = self._queued(results)\n",
            ),
        ),
    ),
    Mutant(
        "message that the queue refused",
        ONE,
        (
            Edit(
                EVENTS,
                "_refused(one) if one.sent and not next(taken) else one",
                "one",
            ),
        ),
    ),
    Mutant(
        "group that stops after an event",
        ONE,
        (Edit(UPDATES, "            stopped[job.group] = answer\n", "            pass\n"),),
        first=380,
    ),
    Mutant(
        "group that stops after an event that cannot be read",
        ONE,
        (Edit(APPLY, "                stopped.add(one.group)\n", ""),),
        first=1030,
    ),
    Mutant(
        "consistent look for a meter",
        ONE,
        (
            Edit(
                "busbar.usecases.reading_updates",
                "        return _live(slug, want, Workset(workset.deps, fresh=True))\n",
                "        raise\n",
            ),
        ),
        first=180,
    ),
    Mutant(
        "partial batch answer of the worker",
        ONE,
        (
            Edit(
                APPLY,
                '{"batchItemFailures": [{"itemIdentifier": one} for one in failed]}',
                '{"batchItemFailures": []}',
            ),
        ),
    ),
    Mutant(
        "parked by its message",
        ONE,
        (Edit(APPLY, 'f"{event.event_id} {delivery.message_id}"', "event.event_id"),),
        seeds=1,
    ),
    Mutant(
        "outcomes before parking",
        ONE,
        (
            Edit(
                APPLY,
                "        for integration, told in ends.rows.items():\n",
                "        for delivery, reason in ends.parked:\n"
                "            self._park(delivery, reason)\n"
                "        ends.parked = []\n"
                "        for integration, told in ends.rows.items():\n",
            ),
        ),
        seeds=1,
    ),
    Mutant(
        "version of an entity",
        MANY,
        (
            Edit(
                ENTITIES,
                'return Write(key, item, Holds("version", before) if before else Absent())',
                "return Write(key, item)",
            ),
        ),
    ),
    Mutant(
        "lookups in the transaction",
        MANY,
        (
            Edit(
                ENTITIES,
                "        self._table.write([entity, *lookups, *new[:room], *with_entity])\n",
                "        self._table.write([entity])\n"
                "        if more := [*lookups, *new[:room], *with_entity]:\n"
                "            self._table.write(more)\n",
            ),
        ),
    ),
    Mutant(
        "only what is newer",
        ONE,
        (
            Edit(
                "busbar.domain.entities",
                "        if mark < known:\n"
                '            return "stale"\n'
                "        if mark.version == known.version",
                "        if mark.version == known.version",
            ),
        ),
        seeds=1,
    ),
    Mutant(
        "errand of an event that waits",
        WAITING,
        (
            Edit(
                APPLY,
                "self.errands.append(wait(event, one.delivery.group, self.now))",
                "pass",
            ),
        ),
    ),
    Mutant(
        "errand before the message is done",
        WAITING,
        (
            Edit(
                APPLY,
                "            deps.store.commit(errand)\n",
                "            try:\n"
                "                deps.store.commit(errand)\n"
                "            except Exception:\n"
                "                pass\n",
            ),
        ),
    ),
    Mutant(
        "errand until its work has ended",
        WAITING,
        (
            Edit(
                "busbar.usecases.outbox_relay",
                "        _send_in_order(row, queues)\n",
                "        store.commit(Drop(OutboxRow, row.id))\n"
                "        _send_in_order(row, queues)\n",
            ),
            Edit(
                "busbar.usecases.outbox_relay",
                "from busbar.ports.store import Save,",
                "from busbar.ports.store import Drop, Save,",
            ),
        ),
    ),
    Mutant(
        "newer event that says another relation",
        WAITING,
        (
            Edit(
                UPDATES,
                "            if is_settled(plan.slots[entity_id].base, name, plan.mark):\n"
                "                continue\n",
                "",
            ),
        ),
        seeds=1,
    ),
    Mutant(
        "copy of an uploaded payload",
        PAYLOADS,
        (
            Edit(
                "busbar.usecases.erp_payloads",
                "if not self._files.copy(source, target, there.etag):",
                "if there.etag == target:",
            ),
        ),
        seeds=1,
    ),
    Mutant(
        "prune that is remembered before its scope is read",
        SCOPE,
        (
            Edit(PRUNE, "        by = deps.entities.pruned(slug, digest, mark)\n", ""),
            Edit(
                PRUNE,
                "        there = _in_scope(scope, workset)\n",
                "        there = _in_scope(scope, workset)\n"
                "        by = deps.entities.pruned(slug, digest, mark)\n",
            ),
        ),
        first=200,
    ),
    Mutant(
        "newer prune that came in between",
        SCOPE,
        (
            Edit(
                ENTITIES,
                'condition = Absent() if there is None else Holds("body", there["body"])',
                "condition = None",
            ),
        ),
    ),
    Mutant(
        "parked at its first try",
        ONE,
        (
            Edit(
                APPLY,
                "            self.parked.append((one.delivery, reason))\n",
                "            self.again.append(one.delivery.message_id)\n",
            ),
        ),
        poison=True,
    ),
    Mutant(
        "slices sent for again",
        FILE,
        (
            Edit(
                COUNTING,
                "    if count.finished or count.failed:\n        return count\n",
                "    if count.finished or count.failed:\n"
                '        return count.model_copy(update={"failed": "any"})\n',
            ),
        ),
    ),
    Mutant(
        "slice that stays where it is until its lines are applied",
        FILE,
        (
            Edit(
                SLICES,
                "                done = batch.work_off(_some(lines), "
                "now.first_line + now.lines, mapping)\n",
                "                some = list(_some(lines))\n"
                "                early = Done(lines=len(some), end=some[-1].end)\n"
                "                stored = _kept(_after(now, early), stored, deps)\n"
                "                done = batch.work_off(some, now.first_line + now.lines, mapping)\n"
                "                done.lines, now = 0, stored.record\n",
            ),
        ),
    ),
    Mutant(
        "rows of a batch in the place of its first ones",
        FILE,
        (
            Edit(
                LINES,
                'lambda place: f"{self._load.event_id(first)}-{place}"',
                "lambda _place: "
                'f"{self._load.event_id(first)}-{self._org.deps.clock.now().timestamp()}"',
            ),
        ),
    ),
    Mutant(
        "line that knows its own deduplication id",
        FILE,
        (Edit(LINES, "holders.setdefault(name, ours) != ours", "name in holders"),),
    ),
)
