"""Relations in a direct payload: `$relation` and `$relation_ref` as the value of an attribute.

A bare list is short for `_set`. They come out as mapped ones do (`busbar.domain.updates`); what a
reference refers to is added to the target's array, unless it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from busbar.mapping.checked import Checked
from busbar.mapping.made_relations import OPERATIONS
from busbar.mapping.relations import REFERENCE, RELATION

_LOOKUP_KEYS = ("schema", "unique_ids", "unique_id_types")
_ITEM_KEYS = ("entity_id", "tags", *_LOOKUP_KEYS)
_REFERENCE_KEYS = ("path", "value", *_LOOKUP_KEYS)


def relation_attribute(checked: Checked, value: Any, path: str) -> Any:
    """A value with its relations as mapped ones; any other as it is."""
    if not isinstance(value, dict):
        return value
    for wrap, item in ((RELATION, _item), (REFERENCE, _reference)):
        if wrap in value:
            checked.members(value, path, (wrap,))
            return {wrap: _operation(checked, value[wrap], f"{path}.{wrap}", item)}
    return value


def _operation(
    checked: Checked, value: Any, path: str, item: Callable[[Checked, Any, str], dict[str, Any]]
) -> dict[str, Any]:
    operation, items, at = "_set", value, path
    if isinstance(value, dict):
        checked.members(value, path, OPERATIONS)
        given = [name for name in OPERATIONS if name in value]
        if len(given) != 1:
            checked.wrong(path, f"has to have exactly one of: {', '.join(OPERATIONS)}")
            return {}
        operation, items, at = given[0], value[given[0]], f"{path}.{given[0]}"
    if not isinstance(items, list):
        checked.wrong(at, "has to be a list")
        return {}
    return {operation: [item(checked, each, f"{at}[{n}]") for n, each in enumerate(items)]}


def _item(checked: Checked, told: Any, path: str) -> dict[str, Any]:
    members = checked.members(told, path, _ITEM_KEYS)
    if members is None:
        return {}
    made: dict[str, Any] = {}
    if "entity_id" in members:
        made["entity_id"] = checked.text(members, "entity_id", path)
        for key in _LOOKUP_KEYS:
            if key in members:
                checked.wrong(f"{path}.{key}", "must not stand beside entity_id")
    else:
        made = _lookup(checked, members, path)
    tags = members.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        checked.wrong(f"{path}.tags", "has to be a list of texts")
    elif tags:
        made["_tags"] = tags
    return made


def _reference(checked: Checked, told: Any, path: str) -> dict[str, Any]:
    members = checked.members(told, path, _REFERENCE_KEYS)
    if members is None:
        return {}
    made = _lookup(checked, members, path)
    where = checked.text(members, "path", path)
    if members.get("value") is None:
        checked.wrong(f"{path}.value", "is required")
    value = {"attribute": where, "operation": "_append", "value": members.get("value")}
    return {**made, "path": where, "value": value}


def _lookup(checked: Checked, members: dict[str, Any], path: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "entity_schema": checked.name(members, "schema", path),
        "unique_ids": checked.unique_ids(members.get("unique_ids"), f"{path}.unique_ids"),
    }
    types = checked.types(members, path)
    return {**made, "unique_types": types} if types else made
