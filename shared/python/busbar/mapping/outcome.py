"""One event while it is mapped: what has been made of it, what failed, what is warned of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import repeat
from typing import Any

from busbar.domain.updates import (
    EntityUpdate,
    Explained,
    Fault,
    Mapped,
    PruneScope,
    ReadingPrune,
    ReadingUpdate,
    Warned,
)
from busbar.mapping.batches import ALONE
from busbar.mapping.engine import UNDEFINED, Bindings, Source
from busbar.mapping.fields import Field
from busbar.mapping.model import EntityMapping, ReadingMapping
from busbar.mapping.sources import Context, Formula, NotMapped, Scope

MOST_ITEMS = 10_000
"""Entities or readings that one entry may make of an event."""
READING = "meter_reading"


class Outcome:
    """Collects what becomes of one event. `root` is its payload."""

    def __init__(self, root: Source, context: Context) -> None:
        self.root = root
        self.context = context
        self.entity_updates: list[EntityUpdate] = []
        self.prunes: list[PruneScope] = []
        self.reading_updates: list[ReadingUpdate] = []
        self.reading_prunes: list[ReadingPrune] = []
        self.warned: list[Warned] = []
        self.faults: list[Fault] = []
        self.explained: list[Explained] = []

    @cached_property
    def _rooted(self) -> Bindings:
        """What expressions on an item of the payload are given: one for all of them."""
        return Bindings(self.context.env, self.root)

    def scope(self, source: Source, schema: str) -> Scope:
        """What fields are read from: the payload itself, or an item of it."""
        bindings = self.context.bindings if source is self.root else self._rooted
        return Scope(source, self.root, bindings, self.context, schema, self.warned, self.faults)

    def fault(
        self, code: str, message: str, schema: str, path: str, item: int | None = None
    ) -> None:
        """Something that could not be mapped."""
        self.faults.append(Fault(code, message, schema, path, item))

    def fail(self, error: NotMapped, schema: str, item: int | None = None) -> None:
        """The same, as it was raised."""
        self.fault(error.code, error.message, schema, error.path, item)

    def mapped(self) -> Mapped:
        """All of it."""
        return Mapped(
            tuple(self.entity_updates),
            tuple(self.prunes),
            tuple(self.reading_updates),
            tuple(self.reading_prunes),
            tuple(self.warned),
            tuple(self.faults),
            tuple(self.explained),
        )


def items_of(entry: EntityMapping | ReadingMapping, outcome: Outcome) -> list[Source] | None:
    """The items that an entry makes of the payload; None if it is not to be, or failed.

    The pre-processing comes first, and `enabled` is asked of what it made. A list is one item
    each; undefined and null are none at all.
    """
    schema = entry.schema if isinstance(entry, EntityMapping) else READING
    enabled = entry.enabled if isinstance(entry, EntityMapping) else True
    if enabled is False:
        return None
    try:
        made: Any = outcome.root
        if entry.prepare is not None:
            made = entry.prepare.read(outcome.scope(outcome.root, schema))
        if not isinstance(enabled, bool) and not _enabled(enabled, made, outcome, schema):
            return None
    except NotMapped as error:
        outcome.fail(error, schema)
        return None
    if made is outcome.root:
        # A list as payload fans out as well.
        made = outcome.root.value if isinstance(outcome.root.value, list) else outcome.root
    listed = made if isinstance(made, list) else [] if made is UNDEFINED or made is None else [made]
    if len(listed) > MOST_ITEMS:
        said = f"it makes more than {MOST_ITEMS} items"
        outcome.fault("MAPPING_EXPRESSION_FAILED", said, schema, entry.path)
        return None
    if outcome.context.explain and entry.prepare is not None:
        outcome.explained += _prepared(entry.prepare, schema, listed)
    # What the engine gave is checked already; it is worth converting for several expressions.
    kept = entry.batch is None or not entry.batch.whole
    return [each if isinstance(each, Source) else Source(each, kept=kept) for each in listed]


def _prepared(formula: Formula, schema: str, items: list[Any]) -> Iterator[Explained]:
    """Where each item comes from: what its fields read is read of that."""
    reads = formula.reads()
    for index, item in enumerate(items):
        yield Explained(schema, index, "", "pre-processing", formula.text, reads, item)


def _enabled(condition: Formula, made: Any, outcome: Outcome, schema: str) -> bool:
    if made is outcome.root:
        source = outcome.root
    else:
        # Undefined has no JSON; conditions such as `$count($) > 0` ask an empty list the same.
        source = Source([] if made is UNDEFINED else made, kept=True)
    scope = outcome.scope(source, schema)
    return condition.holds(scope)


def attributes_of(
    entry: EntityMapping | ReadingMapping,
    scope: Scope,
    outcome: Outcome,
    index: int,
    only: Collection[str] | None = None,
) -> tuple[dict[str, Any], bool]:
    """The attributes of an item, and whether all of them could be made.

    `only`: the others are not asked.
    """
    attributes: dict[str, Any] = {}
    sound, explain = True, outcome.context.explain
    ready = None if entry.batch is None or only is not None else entry.batch.read(scope)
    for field, given in zip(entry.fields, ready or repeat(ALONE), strict=False):
        if only is not None and field.attribute not in only:
            continue
        try:
            value = field.read(scope) if given is ALONE else field.settled(given, scope)
        except NotMapped as error:
            outcome.fail(error, scope.schema, index)
            sound = sound and error.attribute_only
            continue
        if value is not UNDEFINED:
            attributes[field.attribute] = value
            if explain:
                outcome.explained.append(_explained(field, scope.schema, index, value))
    return attributes, sound


def _explained(field: Field, schema: str, index: int, value: Any) -> Explained:
    source = field.value
    return Explained(
        schema, index, field.attribute, source.kind, source.text, source.reads(), value
    )
