"""What is written down of an event that was worked off, and whether it has to be parked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from busbar.domain.erp_events import EventMessage
from busbar.domain.outcome_rows import OutcomeBatch, OutcomeRow
from busbar.domain.outcomes import Outcome, level_of
from busbar.domain.updates import Mapped, Warned
from busbar.ports.store import Put
from busbar.usecases.deps import Deps

MOST_ROWS = 500
"""Rows of one item of the table: an event may be of thousands of things."""
LARGEST = 350_000
"""Characters of an item's rows: compressed they fit into its 400 kB, whatever they are."""
MOST_WARNINGS = 20
"""Rows of an event for what its mapping warns of; one more says how many others there are."""
LONGEST_WARNING = 300
"""Characters: the name of a schema in it may come out of an expression."""
LONGEST_TEXT, MOST_NAMED = 1000, 100
"""Characters of a message or another text of a row; entries of a list or object in its detail.
Names of attributes come out of events."""

_Row = tuple[str, str, dict[str, Any]]


def rows_of(
    event: EventMessage, use_case_id: str, mapped: Mapped, outcomes: Sequence[Outcome]
) -> list[OutcomeRow]:
    """A row for each fault of the mapping, for what it warns of, and for each outcome; of an event
    that came to nothing one that says so."""
    return [
        OutcomeRow(
            id=f"{event.event_id}-{number}",
            event_id=event.event_id,
            correlation_id=event.correlation_id,
            use_case_id=use_case_id,
            code=code,
            message=message[:LONGEST_TEXT],
            detail={n: _cut(value) for n, value in detail.items() if value not in ("", None)},
        )
        for number, (code, message, detail) in enumerate(_told(mapped, outcomes))
    ]


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, Mapping):
        return dict(islice(value.items(), MOST_NAMED))
    return value[:MOST_NAMED] if isinstance(value, list) else value


def _told(mapped: Mapped, outcomes: Sequence[Outcome]) -> Iterator[_Row]:
    if not mapped.faults and not outcomes:
        yield "NOTHING_MAPPED", "by this mapping the event comes to nothing", {}
    for fault in mapped.faults:
        where = {"entity_slug": fault.entity_schema, "path": fault.path, "item": fault.item}
        yield fault.code, fault.message, where
    yield from _warned(mapped.warnings)
    for outcome in outcomes:
        what = {
            "entity_slug": outcome.entity_slug,
            "operation": outcome.operation,
            "entity_id": outcome.entity_id,
        }
        yield outcome.code, outcome.message, {**what, **outcome.detail}


def _warned(warnings: Sequence[Warned]) -> Iterator[_Row]:
    """The mapping tells the same of many items once."""
    for warned in warnings[:MOST_WARNINGS]:
        where = {"entity_slug": warned.entity_schema, "path": warned.field}
        yield "MAPPING_WARNING", warned.message[:LONGEST_WARNING], where
    if (left := len(warnings) - MOST_WARNINGS) > 0:
        yield "MAPPING_WARNING", f"{left} more, which a simulation shows", {}


def why_parked(mapped: Mapped, outcomes: Sequence[Outcome]) -> str:
    """The first code that keeps an event from being done; none if it is."""
    codes = [fault.code for fault in mapped.faults] + [outcome.code for outcome in outcomes]
    return next((code for code in codes if level_of(code) == "error"), "")


def write_down(
    integration: str, rows: Sequence[OutcomeRow], deps: Deps, named: Callable[[int], str]
) -> None:
    """Write rows down, as few items as may be; `named` gives the id of the item whose first row is
    at a place."""
    now, first = deps.clock.now(), 0
    for some in _items(rows):
        batch = OutcomeBatch(id=named(first), integration_id=integration, at=now, rows=some)
        deps.store.commit(Put(batch))
        first += len(some)


def _items(rows: Sequence[OutcomeRow]) -> Iterator[tuple[OutcomeRow, ...]]:
    some: list[OutcomeRow] = []
    size = 0
    for row in rows:
        larger = size + len(row.model_dump_json())
        if some and (len(some) == MOST_ROWS or larger > LARGEST):
            yield tuple(some)
            larger -= size
            some = []
        some.append(row)
        size = larger
    if some:
        yield tuple(some)
