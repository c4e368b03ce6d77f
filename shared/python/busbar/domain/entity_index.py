"""How an entity is found besides its id: by unique values, by its relations, in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from busbar.domain.attribute_values import lookup_values
from busbar.domain.entities import BIN_DAYS, Entity, relations
from busbar.domain.schemas import Attribute, Schema

DAY = 86400


class Lookup(NamedTuple):
    """A value of a unique attribute, spelled as `lookup_values` does."""

    schema: str
    attribute: str
    value: str


Sole = tuple[tuple[Lookup, ...], ...]
"""Values that nobody else may have all of: of each attribute one of these."""


class Edge(NamedTuple):
    """One relation, from the side of its target."""

    relation: str
    schema: str
    source: str


@dataclass(frozen=True, slots=True)
class Indexed:
    """Where an entity stands. `filters` None: in no list. `expires_at` in seconds since 1970."""

    lookups: frozenset[Lookup] = frozenset()
    edges: frozenset[tuple[str, str]] = frozenset()
    filters: tuple[str, ...] | None = None
    expires_at: int | None = None


def lookups_of(schema: Schema, entity: Entity) -> frozenset[Lookup]:
    """All unique values of an entity."""
    return frozenset(
        Lookup(schema.name, attribute.name, value)
        for attribute in schema.unique
        if attribute.name in entity.attributes
        for value in lookup_values(attribute, entity.attributes[attribute.name])
    )


def filter_value(value: Any) -> str:
    """A filter's value as text; empty if there is none."""
    if value is None or isinstance(value, list | Mapping):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def filters_of(schema: Schema, entity: Entity) -> tuple[str, ...]:
    """The values of the declared filters, in their order."""
    return tuple(filter_value(entity.attributes.get(name)) for name in schema.filters)


def indexed(schema: Schema, entity: Entity) -> Indexed:
    """Where an entity has to stand. What is in the bin is found by its values, but in no list."""
    if not entity.version and entity.alive is None and entity.ended is None:
        return Indexed()
    listed = entity.live and bool(schema.filters)
    return Indexed(
        lookups_of(schema, entity) if entity.live or entity.in_bin else frozenset(),
        relations(entity) if entity.live or entity.in_bin else frozenset(),
        filters_of(schema, entity) if listed else None,
        None if entity.live else expires_at(entity),
    )


def expires_at(entity: Entity) -> int | None:
    """When the table may forget an entity that is gone: some time after the event was accepted."""
    ended = entity.ended
    return ended.at // 1_000_000 + BIN_DAYS * DAY if ended else None


def wanted(schema: Schema, unique_ids: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The spellings to look for, by unique attribute; none where the value is empty."""
    known: Iterable[tuple[str, Attribute | None]] = (
        (name, schema.attributes.get(name)) for name in unique_ids
    )
    return {
        name: lookup_values(attribute or Attribute(name), unique_ids[name])
        for name, attribute in known
    }
