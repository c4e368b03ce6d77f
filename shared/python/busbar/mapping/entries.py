"""The entries of a configuration: `entities` and `meter_readings`, as they are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from busbar.domain.updates import Mode
from busbar.mapping.batches import batch_of
from busbar.mapping.document import Document, below
from busbar.mapping.fields import Field, read_field
from busbar.mapping.identifiers import Identifiers, read_identifiers
from busbar.mapping.model import (
    Allowed,
    Configuration,
    EntityMapping,
    ReadingMapping,
    Scoped,
)
from busbar.mapping.reading_rules import missing_fields

_INNER_KEYS = ("entities", "meter_readings", "direct")

_ENTITY_KEYS = (
    *("entity_schema", "unique_ids", "jsonataExpression", "enabled", "mode", "scope", "fields"),
    *("pricing", "conditional"),
)
_PRICES = {"pricing": "line_items", "conditional": "tiers"}
_READING_KEYS = (
    *("jsonataExpression", "reading_matching", "mode", "scope", "meter", "meter_counter"),
    "fields",
)
_PRUNE = "upsert-prune-scope"
_MODES = ("upsert", "delete", "purge", f"{_PRUNE}-purge", f"{_PRUNE}-delete")
MOST_ENTRIES = 500
"""Entries of one list of a configuration."""


def read_inner(document: Document, members: dict[str, Any], path: str) -> Configuration:
    """`{"entities", "meter_readings", "direct"}`. Faults are left in `document`."""
    document.known(members, path, _INNER_KEYS, "")
    direct = members.get("direct", False)
    if not isinstance(direct, bool):
        document.fault(below(path, "direct"), "has to be true or false")
    given = {key: members.get(key, []) for key in ("entities", "meter_readings")}
    for key, listed in given.items():
        if isinstance(listed, list) and len(listed) > MOST_ENTRIES:
            document.fault(below(path, key), f"has more than {MOST_ENTRIES} entries")
            given[key] = []
    if direct is True:
        return _direct(document, given, path)
    if "entities" not in members and "meter_readings" not in members:
        document.fault(path, "needs entities or meter_readings, or direct: true")
    entities = [
        entity
        for at, item in document.items(given["entities"], below(path, "entities"))
        if (entity := _entity(document, item, at)) is not None
    ]
    at_readings = below(path, "meter_readings")
    readings = [
        reading
        for index, (at, item) in enumerate(document.items(given["meter_readings"], at_readings))
        if (reading := _reading(document, item, at, index)) is not None
    ]
    return Configuration(tuple(entities), tuple(readings), warnings=tuple(document.warnings))


def _direct(document: Document, given: dict[str, Any], path: str) -> Configuration:
    if given["meter_readings"]:
        document.warn("", below(path, "meter_readings"), "passed over in direct mode")
    allowed = []
    for at, item in document.items(given["entities"], below(path, "entities")):
        members = document.members(item, at)
        if members is None:
            continue
        schema = document.text(members, "entity_schema", at)
        document.known(members, at, _ENTITY_KEYS, schema)
        unique_ids = document.texts(members, "unique_ids", at)
        if members.get("unique_ids") == []:
            document.fault(below(at, "unique_ids"), "must not be empty")
        allowed.append(Allowed(schema, frozenset(unique_ids)))
    warnings = tuple(document.warnings)
    return Configuration(direct=True, allowed=tuple(allowed), warnings=warnings)


def _entity(document: Document, item: Any, path: str) -> EntityMapping | None:
    members = document.members(item, path)
    if members is None:
        return None
    schema = document.text(members, "entity_schema", path)
    document.known(members, path, _ENTITY_KEYS, schema)
    for key, instead in _PRICES.items():
        if key in members:
            said = f"passed over, as no prices are made here; {instead} may be mapped as a field"
            document.warn(schema, below(path, key), said)
    unique_ids = document.texts(members, "unique_ids", path)
    if "unique_ids" not in members:
        document.fault(below(path, "unique_ids"), "is required")
    at_fields = below(path, "fields")
    fields = document.items(members.get("fields"), at_fields)
    return entity_of(document, members, path, unique_ids, fields)


def entity_of(
    document: Document,
    members: dict[str, Any],
    path: str,
    unique_ids: tuple[str, ...],
    items: Iterable[tuple[str, Any]],
) -> EntityMapping:
    """An entity of its members and of its fields, which come with their paths."""
    schema = str(members.get("entity_schema", ""))
    attributes, fields = _fields(document, items, schema)
    if members.get("unique_ids") == []:
        document.fault(below(path, "unique_ids"), "must not be empty")
    for index, name in enumerate(unique_ids):
        if name not in attributes:
            document.fault(f"{below(path, 'unique_ids')}[{index}]", "is not among the fields")
    mode = document.choice(members, "mode", path, _MODES, "upsert")
    prunes = mode.startswith(_PRUNE)
    types = {f.attribute: f.repeatable for f in fields if f.attribute in unique_ids}
    return EntityMapping(
        path,
        schema,
        unique_ids,
        {name: kind for name, kind in types.items() if kind},
        fields,
        document.formula(members, "jsonataExpression", path, schema),
        document.condition(members, path, schema),
        "upsert" if prunes else cast("Mode", mode),
        ("purge" if mode.endswith("purge") else "delete") if prunes else None,
        _scope(document, members, path, schema, needed=prunes),
        batch_of(fields),
    )


def _fields(
    document: Document, items: Iterable[tuple[str, Any]], schema: str
) -> tuple[set[str], tuple[Field, ...]]:
    read = [read_field(document, item, at, schema) for at, item in items]
    return {name for name, _ in read}, tuple(field for _, field in read if field is not None)


def _scope(
    document: Document, members: dict[str, Any], path: str, schema: str, *, needed: bool
) -> Scoped | None:
    at = below(path, "scope")
    if not needed:
        if "scope" in members:
            document.warn(schema, at, "passed over: the mode does not prune")
        return None
    if "scope" not in members:
        document.fault(at, "is required by this mode")
        return None
    scope = document.members(members["scope"], at)
    if scope is None:
        return None
    document.known(scope, at, ("scope_mode", "schema", "unique_ids", "query"), schema)
    if scope.get("scope_mode") == "query":
        at_query = below(at, "query")
        query = read_identifiers(document, scope.get("query"), at_query, schema, exact=True)
        return Scoped("query", schema, query, at_query)
    if scope.get("scope_mode") != "relations":
        document.fault(below(at, "scope_mode"), "has to be one of: relations, query")
        return None
    of = document.text(scope, "schema", at)
    at_ids = below(at, "unique_ids")
    ids = read_identifiers(document, scope.get("unique_ids"), at_ids, schema)
    return Scoped("relations", of, ids, at_ids)


def _reading(document: Document, item: Any, path: str, index: int) -> ReadingMapping | None:
    schema = "meter_reading"
    members = document.members(item, path)
    if members is None:
        return None
    document.known(members, path, _READING_KEYS, schema)
    at_fields = below(path, "fields")
    items = document.items(members.get("fields"), at_fields)
    attributes, fields = _fields(document, items, schema)
    meter = _ids(document, members.get("meter"), below(path, "meter"), fields)
    counter = (
        _ids(document, members["meter_counter"], below(path, "meter_counter"), fields)
        if "meter_counter" in members
        else None
    )
    mode = document.choice(members, "mode", path, ("upsert", "delete", _PRUNE), "upsert")
    strict = ("external_id", "strict-date")
    matching = document.choice(members, "reading_matching", path, strict, "external_id")
    missing = missing_fields(attributes, mode, matching)
    if missing:
        said = f"item {index} is missing required field attributes: {', '.join(missing)}"
        document.fault(at_fields, said)
    if matching == "strict-date" and counter is None:
        said = "strict-date finds readings of a counter, and there is no meter_counter"
        document.warn(schema, below(path, "reading_matching"), said)
    return ReadingMapping(
        path,
        meter,
        counter,
        fields,
        document.formula(members, "jsonataExpression", path, schema),
        "delete" if mode == "delete" else "upsert",
        mode == _PRUNE,
        _source(document, members, path, pruned=mode == _PRUNE),
        "strict-date" if matching == "strict-date" else "external_id",
        batch_of(fields),
    )


def _source(document: Document, members: dict[str, Any], path: str, *, pruned: bool) -> str | None:
    at = below(path, "scope")
    if "scope" not in members:
        return None
    scope = document.members(members["scope"], at)
    if not pruned:
        document.warn("meter_reading", at, "passed over: the mode does not prune")
    if scope is None:
        return None
    document.known(scope, at, ("source",), "meter_reading")
    return document.text(scope, "source", at) or None if "source" in scope else None


def _ids(document: Document, value: Any, path: str, fields: tuple[Field, ...]) -> Identifiers:
    members = document.members(value, path)
    if members is None:
        return Identifiers(())
    document.known(members, path, ("unique_ids",), "meter_reading")
    at, mapped = below(path, "unique_ids"), {field.attribute: field.value for field in fields}
    told = members.get("unique_ids")
    return read_identifiers(document, told, at, "meter_reading", mapped=mapped)
