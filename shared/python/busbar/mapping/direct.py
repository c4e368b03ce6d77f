"""Direct mode: payloads that are operations already, `{"version": "1", "operations": […]}`.

They are held to their contract strictly, and nothing is mapped. All violations are found; with a
single one nothing of the event is applied. Attribute values pass as they are, but for relations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from busbar.domain.updates import EntityUpdate, Fault, Mapped, Mode, ReadingUpdate, Warned
from busbar.mapping import payloads
from busbar.mapping.checked import Checked, at, shown
from busbar.mapping.direct_relations import relation_attribute
from busbar.mapping.model import Configuration
from busbar.mapping.payload_faults import MalformedPayload
from busbar.mapping.reading_rules import SOURCES, is_missing, number, strange_words, utc
from busbar.mapping.sources import id_text

VERSIONS = ("1",)
MOST_OPERATIONS = 100
_ENTITY_KEYS = ("type", "entity_slug", "unique_ids", "unique_id_types", "mode", "attributes")
_READING_KEYS = ("type", "meter", "counter", "mode", "reading_matching", "attributes")
_READING_REQUIRED = ("external_id", "timestamp", "source", "value")


def read(payload: Any, configuration: Configuration, form: str = "json") -> Mapped:
    """`operations` of a payload as it was sent: a text, or an object."""
    if form != "json":
        said = "direct mode takes JSON only"
        return Mapped(faults=(Fault("DIRECT_PAYLOAD_INVALID", said),))
    try:
        return operations(payloads.parse(payload), configuration)
    except MalformedPayload as error:
        return Mapped(faults=(Fault("DIRECT_PAYLOAD_INVALID", str(error)),))


def operations(payload: Any, configuration: Configuration) -> Mapped:
    """The updates that a payload asks for, or all that is wrong with it.

    `item` of a fault is the index of its operation, `path` the place in the payload.
    """
    checked = Checked()
    entities: list[EntityUpdate] = []
    readings: list[ReadingUpdate] = []
    for index, operation in enumerate(_operations(checked, payload)):
        checked.operation = index
        path = f"operations[{index}]"
        kind = operation.get("type", "entity") if isinstance(operation, dict) else "entity"
        if kind == "meter_reading":
            readings += _reading(checked, operation, path)
        elif kind == "entity":
            entities += _entity(checked, operation, path, configuration)
        else:
            checked.wrong(f"{path}.type", "has to be one of: entity, meter_reading")
    if checked.faults:
        return Mapped(faults=tuple(checked.faults))
    return Mapped(
        tuple(entities), meter_readings_updates=tuple(readings), warnings=tuple(checked.warned)
    )


def _operations(checked: Checked, payload: Any) -> list[Any]:
    members = checked.members(payload, "", ("version", "operations"))
    if members is None:
        return []
    version = members.get("version")
    if not isinstance(version, str):
        checked.wrong("version", "is required, as a text")
    elif version not in VERSIONS:
        # What another version holds is not known.
        said = f"this version is not supported; supported are: {', '.join(VERSIONS)}"
        checked.wrong("version", said, "DIRECT_VERSION_UNSUPPORTED")
        return []
    listed = members.get("operations")
    if not isinstance(listed, list) or not listed:
        checked.wrong("operations", "at least one operation is required, in a list")
        return []
    if len(listed) > MOST_OPERATIONS:
        checked.wrong("operations", f"at most {MOST_OPERATIONS} operations are taken")
        return []
    return listed


def _entity(
    checked: Checked, operation: Any, path: str, configuration: Configuration
) -> list[EntityUpdate]:
    members = checked.members(operation, path, _ENTITY_KEYS)
    if members is None:
        return []
    slug = checked.name(members, "entity_slug", path)
    unique_ids = checked.unique_ids(members.get("unique_ids"), f"{path}.unique_ids")
    types = checked.types(members, path)
    mode = checked.choice(members, "mode", path, ("upsert", "delete", "purge"), "upsert")
    told = members.get("attributes")
    if told is None and mode == "upsert":
        checked.wrong(f"{path}.attributes", "is required")
    attributes = _attributes(checked, told, f"{path}.attributes")
    if slug and isinstance(members.get("unique_ids"), dict):
        _allow(checked, path, slug, frozenset(members["unique_ids"]), configuration)
    for name in types.keys() - unique_ids.keys():
        said = f"unique_id_types names {shown(name)}, which is not among the unique_ids"
        checked.warned.append(Warned(slug, f"{path}.unique_id_types", said))
    return [EntityUpdate(slug, unique_ids, attributes, cast("Mode", mode), types)]


def _attributes(checked: Checked, told: Any, path: str) -> dict[str, Any]:
    if told is None:
        return {}
    if not isinstance(told, dict):
        checked.wrong(path, "has to be an object")
        return {}
    return {
        name: relation_attribute(checked, value, at(path, name)) for name, value in told.items()
    }


def _allow(
    checked: Checked, path: str, slug: str, names: frozenset[str], configuration: Configuration
) -> None:
    if not configuration.allowed:
        return
    entries = [each for each in configuration.allowed if each.schema == slug]
    if not entries:
        said = f'entity_slug "{shown(slug)}" is not allowed by the use case'
        checked.wrong(path, said, "DIRECT_ENTITY_NOT_ALLOWED")
    elif names != {"_id"} and not any(
        not each.unique_ids or each.unique_ids == names for each in entries
    ):
        expected = " or ".join(", ".join(sorted(each.unique_ids)) for each in entries)
        said = f"the keys have to be exactly: {expected}, or _id"
        checked.wrong(f"{path}.unique_ids", said, "DIRECT_ENTITY_NOT_ALLOWED")


def _reading(checked: Checked, operation: dict[str, Any], path: str) -> list[ReadingUpdate]:
    members = checked.members(operation, path, _READING_KEYS) or {}
    meter = _reference(checked, members.get("meter"), f"{path}.meter")
    counter = None
    if "counter" in members:
        counter = _reference(checked, members["counter"], f"{path}.counter")
    mode = checked.choice(members, "mode", path, ("upsert", "delete"), "upsert")
    ways = ("external_id", "strict-date")
    matching = checked.choice(members, "reading_matching", path, ways, "external_id")
    if matching == "strict-date" and "counter" not in members:
        checked.wrong(f"{path}.counter", "is required by reading_matching: strict-date")
    attributes = _reading_attributes(checked, members.get("attributes"), f"{path}.attributes")
    return [
        ReadingUpdate(
            meter,
            counter,
            attributes,
            "delete" if mode == "delete" else "upsert",
            "strict-date" if matching == "strict-date" else "external_id",
        )
    ]


def _reference(checked: Checked, told: Any, path: str) -> Mapping[str, str]:
    members = checked.members(told, path, ("unique_ids",))
    if members is None:
        return {}
    return checked.unique_ids(members.get("unique_ids"), f"{path}.unique_ids")


def _reading_attributes(checked: Checked, told: Any, path: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        checked.wrong(path, "is required" if told is None else "has to be an object")
        return {}
    made = dict(told)
    missing = [name for name in _READING_REQUIRED if is_missing(told.get(name))]
    for name in missing:
        checked.wrong(f"{path}.{name}", "is required")
    for name, settle, wanted in (
        ("external_id", id_text, "a text or a number"),
        ("timestamp", utc, "an ISO 8601 date or date-time"),
        ("value", number, "a number, or a text that is one"),
    ):
        if name not in missing:
            made[name] = settle(told[name])
            if made[name] is None:
                checked.wrong(f"{path}.{name}", f"has to be {wanted}")
    if "source" not in missing and told["source"] not in SOURCES:
        checked.wrong(f"{path}.source", f"has to be one of: {', '.join(SOURCES)}")
    for name, said in strange_words(told):
        checked.warned.append(Warned("meter_reading", f"{path}.{name}", said))
    return made
