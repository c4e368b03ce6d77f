"""Documents of version 1.0: fields of several entities in one list.

`{"unique_ids": {entity: [attribute] | {key of the payload: attribute}}, "fields": [{"entity",
"attribute", "field" | "jsonataExpression"}]}`. In the second form of `unique_ids` the keys of the
payload give the attributes, as far as no field does.
"""

from __future__ import annotations

from typing import Any

from busbar.mapping.document import Document, below
from busbar.mapping.entries import entity_of
from busbar.mapping.model import Configuration, EntityMapping


def read_object(document: Document, members: dict[str, Any], path: str) -> Configuration:
    """One object of `mapping.objects`. Faults are left in `document`."""
    document.known(members, path, ("unique_ids", "fields"), "")
    at_ids = below(path, "unique_ids")
    by_entity = document.members(members.get("unique_ids"), at_ids) or {}
    fields = _by_entity(document, members.get("fields"), below(path, "fields"), by_entity)
    entities = [
        _entity(document, entity, told, below(at_ids, entity), fields.get(entity, []))
        for entity, told in by_entity.items()
    ]
    if not entities and isinstance(members.get("unique_ids"), dict):
        document.fault(at_ids, "must not be empty")
    return Configuration(tuple(entities), warnings=tuple(document.warnings))


def _by_entity(
    document: Document, value: Any, path: str, known: dict[str, Any]
) -> dict[str, list[tuple[str, Any]]]:
    found: dict[str, list[tuple[str, Any]]] = {}
    for at, item in document.items(value, path):
        members = document.members(item, at)
        if members is None:
            continue
        entity = document.text(members, "entity", at)
        if entity and entity not in known:
            document.fault(below(at, "entity"), "has no unique_ids")
        rest = {key: each for key, each in members.items() if key != "entity"}
        found.setdefault(entity, []).append((at, rest))
    return found


def _entity(
    document: Document, entity: str, told: Any, path: str, fields: list[tuple[str, Any]]
) -> EntityMapping:
    mapped = {item.get("attribute") for _, item in fields}
    if isinstance(told, dict):
        names = tuple(name for name in told.values() if isinstance(name, str) and name)
        if len(names) < len(told):
            document.fault(path, "has to map keys of the payload to attributes")
        added = [
            (below(path, key), {"attribute": name, "field": key})
            for key, name in told.items()
            if name in names and name not in mapped
        ]
    else:
        names, added = document.listed(told, path), []
    members = {"entity_schema": entity, "unique_ids": list(names)}
    return entity_of(document, members, path, names, [*added, *fields])
