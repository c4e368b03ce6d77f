"""Tasks of refused writes: one per (system, schema, attribute), with a counter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from busbar.domain.outcomes import Outcome
from busbar.domain.tasks import Task, task_id
from busbar.errors import Conflict
from busbar.observability import logger
from busbar.ports.store import Save
from busbar.usecases.entity_deps import EntityDeps

TRIES = 3
"""How often a counter is tried to be raised against others; after that it stays behind."""


def count_refusals(outcomes: Sequence[Outcome], deps: EntityDeps) -> None:
    """Open a task for each attribute that a system must not write, or raise its counter: one write
    per attribute and batch."""
    counted = Counter(
        (str(outcome.detail["system"]), outcome.entity_slug, attribute)
        for outcome in outcomes
        if outcome.code == "NOT_LEADING_SYSTEM"
        for attribute in outcome.detail["attributes"]
    )
    for (system, schema, attribute), times in sorted(counted.items()):
        _count(deps, system, schema, attribute, times)


def _count(deps: EntityDeps, system: str, schema: str, attribute: str, times: int) -> None:
    cause = f"leading#{system}#{schema}#{attribute}"
    for _ in range(TRIES):
        stored = deps.store.get(Task, task_id(cause))
        open_task = stored.record if stored and stored.record.decision is None else None
        if stored and not open_task and stored.record.answers(attribute):
            return  # a clerk has seen it
        task = open_task or Task.about(
            cause,
            kind="not_leading_system",
            subject_schema=schema,
            subject_id=attribute,
            system=system,
            reason=attribute,
            opened_at=deps.clock.now(),
        )
        count = (open_task.count if open_task else 0) + times
        try:
            deps.store.commit(Save(task.model_copy(update={"count": count}), stored))
        except Conflict:
            continue
        return
    logger.warning("refused writes not counted", extra={"schema": schema, "attribute": attribute})
