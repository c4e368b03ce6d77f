"""Items of relations that an expression has made, at the time of the event.

Taken are `{"entity_schema", "unique_ids": [{"attribute", "constant" | "field"}] | {…}, "_tags"?}`,
the unresolved shape that simulations show (`_schema`, `$entity_unique_ids`), and `{"entity_id"}`.
An expression inside of such a result is not evaluated: it would be a text of the event's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.mapping.checked import is_name
from busbar.mapping.engine import UNDEFINED
from busbar.mapping.identifiers import REPEATABLE, identifying, ids_of_value
from busbar.mapping.jsonpath import NoPathError
from busbar.mapping.jsonpath import compile as compile_path
from busbar.mapping.sources import NotMapped, Scope

OPERATIONS = ("_set", "_append", "_append_all")
_REFERENCE = "$relation_ref"


def made_item(item: Any, path: str, wrap: str, scope: Scope) -> dict[str, Any] | None:
    """One item; None, and a warning, if a unique id is missing. Raises `NotMapped` if it is none.

    `path` is that of the expression.
    """
    if not isinstance(item, Mapping):
        raise _wrong(path, "an item of it is no object")
    made: dict[str, Any] = {}
    if wrap == "$relation" and isinstance(item.get("entity_id"), str) and item["entity_id"]:
        made["entity_id"] = item["entity_id"]
    else:
        found = _target(item, path, scope)
        if found is None:
            return None
        made.update(found)
    tags = item.get("_tags", item.get("tags"))
    if tags:
        made["_tags"] = [str(tag) for tag in (tags if isinstance(tags, list) else [tags])]
    if wrap == _REFERENCE:
        made.update(_referred(item, path, scope))
    return made


def _target(item: Mapping[str, Any], path: str, scope: Scope) -> dict[str, Any] | None:
    schema = item.get("entity_schema") or item.get("_schema") or item.get("schema")
    if not (isinstance(schema, str) and is_name(schema)):
        raise _wrong(path, "an item of it has no entity_schema")
    told = item.get("unique_ids", item.get("$entity_unique_ids"))
    if isinstance(told, Mapping) and "attribute" in told:
        told = [told]
    ids: dict[str, Any] = {}
    types: dict[str, Any] = {}
    given = list(ids_of_value(told))
    if not all(is_name(attribute) for attribute, _ in given):
        raise _wrong(path, "a unique id of it has something that is no name of an attribute")
    for attribute, value in given:
        repeatable = value.get("_type") if isinstance(value, Mapping) else None
        if repeatable in REPEATABLE:
            types[attribute] = repeatable
        found = identifying(_value(value, path, scope), types.get(attribute))
        if found is not None:
            ids[attribute] = found
    if not given or len(ids) < len(given):
        missing = ", ".join(attribute for attribute, _ in given if attribute not in ids)
        said = f"{missing} is missing" if missing else "it has no unique_ids"
        scope.warn(path, f"the relation to {schema} is left out: {said}")
        return None
    made: dict[str, Any] = {"entity_schema": schema, "unique_ids": ids}
    return {**made, "unique_types": types} if types else made


def _value(value: Any, path: str, scope: Scope) -> Any:
    if not isinstance(value, Mapping) or "attribute" not in value:
        return value
    if "constant" in value:
        return value["constant"]
    if value.get("jsonataExpression"):
        raise _wrong(path, "an expression inside of its result is not evaluated")
    text = value.get("field")
    if not isinstance(text, str):
        return value.get("value", UNDEFINED)
    if not text.startswith("$"):
        item = scope.source.value
        return item.get(text, UNDEFINED) if isinstance(item, dict) else UNDEFINED
    of_root = text.startswith("$$")
    try:
        compiled = compile_path(text[1:] if of_root else text)
    except NoPathError:
        raise _wrong(path, "a field of its result is no JSONPath") from None
    return compiled.read((scope.root if of_root else scope.source).value)


def _referred(item: Mapping[str, Any], path: str, scope: Scope) -> dict[str, Any]:
    where, value = item.get("path"), item.get("value")
    if not isinstance(where, str) or not where:
        raise _wrong(path, "an item of it has no path")
    # A bare item is one of the target's array.
    attribute, operation = where, "_append"
    if isinstance(value, Mapping) and "attribute" in value:
        attribute, operation = str(value["attribute"]), str(value.get("operation") or "_set")
        value = _value(value, path, scope)
    if operation not in OPERATIONS:
        raise _wrong(path, "an item of it has an unknown operation")
    if value is UNDEFINED or value is None:
        message = "the value that is to be referred to is undefined"
        raise NotMapped("RELATION_REF_VALUE_UNDEFINED", message, path, attribute_only=True)
    told = {"attribute": attribute, "operation": operation, "value": value}
    return {"path": where, "value": told}


def _wrong(path: str, message: str) -> NotMapped:
    return NotMapped("MAPPING_EXPRESSION_FAILED", message, path)
