"""What a mapped attribute asks for: a value to set, items to add, or relations to make.

Reads the toolkit's wire shape (`busbar.domain.updates`) and the direct mode's, in which relations
name `schema` and `tags` and may be a bare list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from busbar.domain.attribute_values import Mismatch, coerced, coerced_items
from busbar.domain.schemas import Attribute

Operation = Literal["_set", "_append", "_append_all"]
OPERATIONS: tuple[Operation, ...] = ("_set", "_append", "_append_all")
RELATION, REFERENCE = "$relation", "$relation_ref"
FILE_ADDRESS = "$file_proxy_url"
"""An address that is completed when it is asked for: it is kept as it is, whatever is due there."""


@dataclass(frozen=True, slots=True)
class Set:
    """The attribute becomes `value`."""

    value: Any


@dataclass(frozen=True, slots=True)
class Append:
    """`items` are added. `every`: also those that are there. `wrap`: `$relation`, …, or empty."""

    items: list[Any]
    every: bool = False
    wrap: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """The entity that a relation is to lead to: by `entity_id`, or by its unique ids."""

    schema: str
    unique_ids: Mapping[str, Any]
    entity_id: str = ""
    types: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    path: str = ""
    """Of a reference: where in the target the item stands."""
    attribute: str = ""
    """Of a reference: the attribute of the target that the item is written to."""
    operation: Operation = "_append"
    value: Any = None
    """Of a reference: the item."""


@dataclass(frozen=True, slots=True)
class Relate:
    """Relations (`wrap` `$relation`), or references to items of other entities."""

    operation: Operation
    targets: tuple[Target, ...]
    wrap: str = RELATION


Change = Set | Append | Relate


def parsed(attribute: Attribute | None, raw: Any) -> Change:
    """What `raw` asks for. Raises `Mismatch` if it does not fit the attribute's type.

    An attribute that the schema does not have takes everything.
    """
    if isinstance(raw, dict):  # JSON; a check for Mapping takes as long as all the rest
        for wrap in (RELATION, REFERENCE):
            if wrap in raw:
                return _relations(raw[wrap], wrap)
        for operation in OPERATIONS:
            if len(raw) == 1 and operation in raw:
                return _array(attribute, operation, raw[operation])
        if FILE_ADDRESS in raw:
            return Set(raw)
    return Set(raw if attribute is None or raw is None else coerced(attribute, raw))


def _array(attribute: Attribute | None, operation: Operation, items: Any) -> Change:
    listed = list(items) if isinstance(items, Sequence) and not isinstance(items, str) else [items]
    typed = listed if attribute is None else coerced_items(attribute, listed)
    return Set(typed) if operation == "_set" else Append(typed, operation == "_append_all")


def _relations(raw: Any, wrap: str) -> Relate:
    operation: Operation = "_set"
    items = raw
    if isinstance(raw, Mapping):
        given = [name for name in OPERATIONS if name in raw]
        if len(given) != 1 or len(raw) != 1:
            raise Mismatch(f"{wrap} with one of {', '.join(OPERATIONS)}")
        operation, items = given[0], raw[given[0]]
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise Mismatch(f"a list in {wrap}")
    return Relate(operation, tuple(_target(item, wrap) for item in items), wrap)


def _target(item: Any, wrap: str) -> Target:
    if not isinstance(item, Mapping):
        raise Mismatch(f"objects in {wrap}")
    schema = str(item.get("entity_schema") or item.get("schema") or "")
    unique_ids = item.get("unique_ids") or {}
    entity_id = str(item.get("entity_id") or "")
    if not isinstance(unique_ids, Mapping) or not (entity_id or (schema and unique_ids)):
        raise Mismatch(f"{wrap} with an entity_id, or a schema and unique_ids")
    path = str(item.get("path") or "")
    tags = item.get("_tags") or item.get("tags") or ()
    if not isinstance(tags, Sequence):
        raise Mismatch(f"a list of tags in {wrap}")
    return Target(
        schema,
        unique_ids,
        entity_id,
        item.get("unique_types") or item.get("unique_id_types") or {},
        (tags,) if isinstance(tags, str) else tuple(map(str, tags)),
        path,
        *_referred(item, path, wrap),
    )


def _referred(item: Mapping[str, Any], path: str, wrap: str) -> tuple[str, Operation, Any]:
    """Attribute, operation and item of a reference. Direct mode names the item alone."""
    if wrap != REFERENCE:
        return "", "_append", None
    value = item.get("value")
    if not path or value is None:
        raise Mismatch(f"{wrap} with path and value")
    if isinstance(value, Mapping) and "attribute" in value and "value" in value:
        operation = value.get("operation") or "_append"
        if operation not in OPERATIONS:
            raise Mismatch(f"{wrap} with one of {', '.join(OPERATIONS)}")
        return str(value["attribute"]), operation, value["value"]
    return path, "_append", value
