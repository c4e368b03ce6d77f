"""The one judge of all runs: what the systems hold and the portal answers against what was asked.

What it finds is a list of sentences; an empty one means that all that was promised is there, once,
and nothing else. A further process adds its rules to `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.catalog import FED
from tests.doubles.canaries import found_in
from tests.faults import (
    audit_rules,
    back_rules,
    card_rules,
    inbound_rules,
    order_rules,
    people_rules,
    refund_rules,
    task_rules,
    wallbox_rules,
)
from tests.faults.evidence import Evidence

ERRANDS = frozenset(FED)
"""Queues whose messages only carry the token of a row of the outbox."""


def judge(evidence: Evidence) -> list[str]:
    """What is wrong, as sentences."""
    return [*evidence.history.broken, *(found for rule in RULES for found in rule(evidence))]


def tasks(evidence: Evidence) -> Iterator[str]:
    """Only what a person has to decide is a task."""
    tasks = list(evidence.portal.tasks.values())
    events = [task for task in tasks if task["kind"] == "parked_event"]
    poisoned = evidence.history.poisoned
    if len(events) != len(poisoned):
        yield f"{len(poisoned)} events were poisoned, and {len(events)} are tasks"
    if not evidence.may_park:
        others = [task for task in tasks if task["kind"] != "parked_event"]
        yield from (f"a task, though nothing went wrong for good: {task}" for task in others)


def dead_letters(evidence: Evidence) -> Iterator[str]:
    """In the dead-letter queues lies what nobody can apply, and nothing else."""
    poisoned = evidence.history.poisoned
    for event in poisoned:
        if not any(event in body for _, body in evidence.dead):
            yield f"the event {event}, which nobody could apply, is gone"
    for queue, body in evidence.dead:
        if found := found_in(body):
            yield f"a dead letter of {queue} holds {found}"
        if queue in ERRANDS:
            continue  # a copy: the errand itself is a row, and was sent again
        if not any(event in body for event in poisoned):
            yield f"a message for {queue} is dead: {body[:300]}"


RULES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    order_rules.acknowledged,
    order_rules.one_per_key,
    order_rules.nothing_else,
    card_rules.cards,
    people_rules.people,
    people_rules.leavers,
    people_rules.no_other_contacts,
    wallbox_rules.acknowledged,
    wallbox_rules.one_per_key,
    wallbox_rules.nothing_else,
    back_rules.ended_as_decided,
    back_rules.taken_back,
    refund_rules.only_when_approved,
    refund_rules.assigned,
    refund_rules.nothing_else_assigned,
    task_rules.as_decided,
    audit_rules.trail,
    inbound_rules.inbound,
    tasks,
    dead_letters,
)
