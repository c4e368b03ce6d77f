"""An update as it is applied: read once, typed, and with the lookups by which it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from busbar.domain.attribute_values import Mismatch, lookup_values
from busbar.domain.changes import Append, Relate, Set, parsed
from busbar.domain.entity_index import Lookup
from busbar.domain.schemas import Schema
from busbar.domain.updates import EntityUpdate, Json, Mode
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Wanted, wanted

LONGEST_NAME = 120
"""Characters of an attribute's name: that of a relation stands in a sort key of the table."""


@dataclass(frozen=True)
class Prepared:
    """One update. `want` is how the entity is found, or why it cannot be."""

    slug: str
    mode: Mode
    want: Wanted | Unfound
    changes: Mapping[str, Set | Append]
    relations: Mapping[str, Relate]
    mismatched: Mapping[str, str]
    """What was expected, by the names of attributes that do not fit."""
    identity: Mapping[str, Set | Append]
    """What a new entity is known by."""
    lookups: tuple[Lookup, ...]
    """Unique values that the entity will have, so that others of the event find it by them."""


def prepare(update: EntityUpdate, deps: EntityDeps) -> Prepared:
    """Read an update. What is wrong with it stands in it; nothing is raised."""
    slug, schema = update.entity_slug, deps.schema(update.entity_slug)
    want: Wanted | Unfound
    try:
        want = wanted(deps, slug, update.unique_identifiers)
    except Unfound as error:
        want = error
    changes: dict[str, Set | Append] = {}
    relations: dict[str, Relate] = {}
    mismatched: dict[str, str] = {}
    for name, raw in update.attributes.items():
        if not 0 < len(name) <= LONGEST_NAME:
            mismatched[name[:LONGEST_NAME]] = f"a name of 1 to {LONGEST_NAME} characters"
            continue
        try:
            change = parsed(schema.attributes.get(name), raw)
        except Mismatch as error:
            mismatched[name] = str(error)
            continue
        if isinstance(change, Relate):
            relations[name] = change
        else:
            changes[name] = change
    identity = identity_changes(schema, update.unique_identifiers)
    lookups = _lookups(schema, changes)
    return Prepared(slug, update.mode, want, changes, relations, mismatched, identity, lookups)


def identity_changes(schema: Schema, unique_ids: Json) -> dict[str, Set | Append]:
    """What a new entity is known by, as attributes."""
    changes: dict[str, Set | Append] = {}
    for name, value in unique_ids.items():
        try:
            change = parsed(schema.attributes.get(name), value)
        except Mismatch:
            continue
        if name != "_id" and not isinstance(change, Relate):
            changes[name] = change
    return changes


def _lookups(schema: Schema, changes: Mapping[str, Set | Append]) -> tuple[Lookup, ...]:
    return tuple(
        Lookup(schema.name, attribute.name, value)
        for attribute in schema.unique
        if isinstance(change := changes.get(attribute.name), Set)
        for value in lookup_values(attribute, change.value)
    )
