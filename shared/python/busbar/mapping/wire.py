"""What simulations answer: the toolkit's JSON of what an event would come to.

Beyond it: what failed stands among the warnings, its code first, with its place as `field`; and
`explained`, where that was asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from busbar.domain.schemas import Use
from busbar.domain.updates import EntityUpdate, Fault, Mapped, ReadingPrune, ReadingUpdate, Warned
from busbar.mapping.model import Configuration
from busbar.mapping.relations import REFERENCE, RELATION, Reference, Relations, Target
from busbar.mapping.sources import Value

Known = Mapping[str, Mapping[str, Use]]
"""The attributes of each schema: what they are for in unique ids."""
_Ids = tuple[str, Collection[str]]
"""Unique ids: their schema, and their names."""


def simulated(mapped: Mapped, *, explain: bool = False) -> dict[str, Any]:
    """The answer of both mapping simulations."""
    answer: dict[str, Any] = {
        "entity_updates": [_entity(each) for each in mapped.entity_updates],
        "meter_readings_updates": [_reading(each) for each in mapped.meter_readings_updates],
        "prune_scope_updates": [
            {
                "entity_slug": each.entity_slug,
                "scope": each.scope,
                "keep_unique_ids": list(each.keep_unique_ids),
                "deletion_mode": each.deletion_mode,
            }
            for each in mapped.prune_scope_updates
        ],
        "meter_readings_prune_scope_updates": [
            _reading_prune(each) for each in mapped.meter_readings_prune_scope_updates
        ],
        "warnings": [_warning(each) for each in mapped.warnings],
    }
    answer["warnings"] += [_failed(each) for each in mapped.faults]
    if explain:
        answer["explained"] = [
            {
                "entity_schema": each.entity_schema,
                "item": each.item,
                "attribute": each.attribute,
                "source": each.source,
                "expression": each.expression,
                "reads": list(each.reads),
                "value": _attribute(each.value),
            }
            for each in mapped.explained
        ]
    return answer


def simulated_direct(mapped: Mapped) -> dict[str, Any]:
    """The answer of the direct simulation."""
    if mapped.faults:
        return {"valid": False, "errors": [_error(each) for each in mapped.faults]}
    return {
        "valid": True,
        "errors": [],
        "warnings": [_warning(each) for each in mapped.warnings],
        "entity_updates": [_direct_entity(each) for each in mapped.entity_updates],
        "meter_reading_updates": [
            {**_reading(each), "_config": {"reading_matching": each.matching}}
            for each in mapped.meter_readings_updates
        ],
    }


def message_of(fault: Fault) -> str:
    """A fault in one line: where, and what."""
    return f"{fault.path}: {fault.message}" if fault.path else fault.message


def _error(fault: Fault) -> dict[str, Any]:
    told: dict[str, Any] = {"code": fault.code, "message": message_of(fault)}
    return told if fault.item is None else {**told, "operation_index": fault.item}


def _warning(warned: Warned) -> dict[str, Any]:
    return {
        "entity_schema": warned.entity_schema,
        "field": warned.field,
        "message": warned.message,
    }


def _failed(fault: Fault) -> dict[str, Any]:
    of = "" if fault.item is None else f" (item {fault.item})"
    said = f"{fault.code}: {fault.message}{of}"
    return {"entity_schema": fault.entity_schema, "field": fault.path, "message": said}


def _entity(update: EntityUpdate) -> dict[str, Any]:
    return {
        "entity_slug": update.entity_slug,
        "unique_identifiers": update.unique_identifiers,
        "attributes": {name: _attribute(value) for name, value in update.attributes.items()},
        "mode": update.mode,
    }


def _direct_entity(update: EntityUpdate) -> dict[str, Any]:
    told = _entity(update)
    if update.unique_types:
        told["unique_identifiers_metadata"] = {
            name: {"fieldType": kind} for name, kind in update.unique_types.items()
        }
    return told


def _reading(update: ReadingUpdate) -> dict[str, Any]:
    told: dict[str, Any] = {"meter": {"$entity_unique_ids": update.meter}}
    if update.meter_counter is not None:
        told["meter_counter"] = {"$entity_unique_ids": update.meter_counter}
    return {**told, "attributes": update.attributes, "mode": update.mode}


def _reading_prune(prune: ReadingPrune) -> dict[str, Any]:
    told: dict[str, Any] = {"meter": {"$entity_unique_ids": prune.meter}}
    if prune.meter_counter is not None:
        told["meter_counter"] = {"$entity_unique_ids": prune.meter_counter}
    told["keep_external_ids"] = list(prune.keep_external_ids)
    return told if prune.source is None else {**told, "source": prune.source}


def _attribute(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    for wrap in (RELATION, REFERENCE):
        if wrap in value:
            operations = value[wrap].items()
            return {wrap: {name: [_target(item) for item in items] for name, items in operations}}
    return value


def _target(item: Mapping[str, Any]) -> dict[str, Any]:
    """As the toolkit shows what is not resolved yet."""
    if "entity_id" in item:
        return dict(item)
    told = {"$entity_unique_ids": item["unique_ids"], "_schema": item["entity_schema"]}
    return told | {key: item[key] for key in ("_tags", "path", "value") if key in item}


def schema_warnings(configuration: Configuration, mapped: Mapped, known: Known) -> list[Warned]:
    """Unique ids by which nothing would ever be found: each event would be parked for them."""
    found: dict[Warned, None] = {}
    for schema, names in [*_configured(configuration), *_mapped_ids(mapped)]:
        for name in names:
            if said := _unfindable(schema, name, names, known):
                found[Warned(schema, name, said)] = None
    for schema, names in _asked(configuration):
        for name in names:
            if name not in known.get(schema, {}):
                found[Warned(schema, name, _absent(schema, name, known))] = None
    return list(found)


def _unfindable(schema: str, name: str, names: Collection[str], known: Known) -> str:
    """Why nothing is found by an attribute among others; empty if something may be."""
    uses = known.get(schema, {})
    if name == "_id" or uses.get(name) == "found":
        return ""
    if name not in uses:
        return _absent(schema, name, known)
    if uses[name] == "asked" and any(uses.get(other) == "found" for other in names):
        return ""
    return f'Unique identifier "{name}" of schema "{schema}" is none that entities are found by'


def _absent(schema: str, name: str, known: Known) -> str:
    if schema not in known:
        return f'There is no schema "{schema}" here'
    return f'Unique identifier "{name}" not found in schema "{schema}"'


def _configured(configuration: Configuration) -> Iterator[_Ids]:
    for allowed in configuration.allowed:
        yield allowed.schema, sorted(allowed.unique_ids)
    for entity in configuration.entities:
        yield entity.schema, entity.unique_ids
        for field in entity.fields:
            yield from _targets(field.value)
        if entity.scope is not None and entity.scope.mode == "relations":
            yield entity.scope.schema, entity.scope.ids.names
    for reading in configuration.readings:
        yield "meter", reading.meter.names
        if reading.counter is not None:
            yield "meter_counter", reading.counter.names


def _targets(value: Value) -> Iterator[_Ids]:
    for item in value.items if isinstance(value, Relations) else ():
        target = item.target if isinstance(item, Reference) else item
        if isinstance(target, Target):
            yield target.schema, target.ids.names


def _asked(configuration: Configuration) -> Iterator[_Ids]:
    """What queries ask of entities, which others have found (`Schema.unanswerable`)."""
    for entity in configuration.entities:
        if entity.scope is not None and entity.scope.mode == "query":
            yield entity.scope.schema, entity.scope.ids.names


def _mapped_ids(mapped: Mapped) -> Iterator[_Ids]:
    for update in mapped.entity_updates:
        yield update.entity_slug, update.unique_identifiers.keys()
    for reading in mapped.meter_readings_updates:
        yield "meter", reading.meter.keys()
        yield "meter_counter", (reading.meter_counter or {}).keys()


__all__ = ["message_of", "schema_warnings", "simulated", "simulated_direct"]
