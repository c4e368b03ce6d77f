"""`relations` and `relation_refs` of a field: which other entities an attribute leads to.

They come out unresolved, as `busbar.domain.updates` tells. All or nothing: where one target of a
`_set` has no unique id, the attribute is left out and warned of, for half of a list would take the
other half away; of `_append` and `_append_all` only that target is. Where no target is left, the
attribute is left out too: what takes relations away is an expression that gives an empty list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from busbar.mapping.document import Document, below
from busbar.mapping.engine import UNDEFINED
from busbar.mapping.identifiers import Identifiers, read_identifiers
from busbar.mapping.made_relations import OPERATIONS, made_item
from busbar.mapping.sources import Formula, NotMapped, Scope, Value

RELATION, REFERENCE = "$relation", "$relation_ref"
_ITEM_KEYS = ("entity_schema", "unique_ids", "_tags")
_REFERENCE_KEYS = ("entity_schema", "unique_ids", "path", "value")
_VALUE_KEYS = ("attribute", "operation", "field", "jsonataExpression", "constant")


@dataclass(frozen=True, slots=True)
class Target:
    """An entity that a relation leads to."""

    schema: str
    ids: Identifiers
    path: str
    tags: tuple[str, ...] = ()

    def made(self, scope: Scope) -> dict[str, Any] | None:
        """As a relation's item; None, and a warning, if a unique id is missing."""
        ids, missing = self.ids.find(scope)
        if missing:
            said = f"the relation to {self.schema} is left out: {', '.join(missing)} is missing"
            scope.warn(self.path, said)
            return None
        item: dict[str, Any] = {"entity_schema": self.schema, "unique_ids": ids}
        if self.ids.types:
            item["unique_types"] = self.ids.types
        if self.tags:
            item["_tags"] = list(self.tags)
        return item


@dataclass(frozen=True, slots=True)
class Reference:
    """An item inside another entity: the target, where in it, and what is written there."""

    target: Target
    path: str
    attribute: str
    operation: str
    value: Value

    def made(self, scope: Scope) -> dict[str, Any] | None:
        """As a reference's item. Raises `NotMapped` if there is nothing to refer to."""
        item = self.target.made(scope)
        if item is None:
            return None
        value = self.value.read(scope)
        if value is UNDEFINED or value is None:
            raise NotMapped(
                "RELATION_REF_VALUE_UNDEFINED",
                "the value that is to be referred to is undefined",
                below(self.target.path, "value"),
                attribute_only=True,
            )
        told = {"attribute": self.attribute, "operation": self.operation, "value": value}
        return {**item, "path": self.path, "value": told}


class _Made(Protocol):
    def made(self, scope: Scope) -> dict[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class Relations:
    """A field's `relations` (`wrap` is `$relation`) or `relation_refs` (`$relation_ref`)."""

    kind: str
    wrap: str
    operation: str
    path: str
    items: tuple[_Made, ...]
    formula: Formula | None
    text: str

    def read(self, scope: Scope) -> Any:
        """The attribute's value, or `UNDEFINED`. Raises `NotMapped`."""
        if self.formula is not None:
            return self._of_formula(self.formula, scope)
        return _told(self.wrap, self.operation, [item.made(scope) for item in self.items])

    def reads(self) -> tuple[str, ...]:
        """The paths that the expression, or the unique ids, may read."""
        if self.formula is not None:
            return self.formula.reads()
        found: list[str] = []
        for item in self.items:
            target = item.target if isinstance(item, Reference) else item
            found += target.ids.reads() if isinstance(target, Target) else ()
            found += item.value.reads() if isinstance(item, Reference) else ()
        return tuple(dict.fromkeys(found))

    def _of_formula(self, formula: Formula, scope: Scope) -> Any:
        value = formula.read(scope)
        if value is UNDEFINED or value is None:
            return UNDEFINED
        # JSONata makes one item of a list of one.
        listed = value if isinstance(value, list) else [value]
        made = [made_item(item, formula.path, self.wrap, scope) for item in listed]
        return _told(self.wrap, self.operation, made)


def read_relations(document: Document, value: Any, path: str, schema: str) -> Relations | None:
    """A field's `relations`."""
    return _read(document, value, path, schema, RELATION)


def read_references(document: Document, value: Any, path: str, schema: str) -> Relations | None:
    """A field's `relation_refs`."""
    return _read(document, value, path, schema, REFERENCE)


def _read(document: Document, value: Any, path: str, schema: str, wrap: str) -> Relations | None:
    members = document.members(value, path)
    if members is None:
        return None
    document.known(members, path, ("operation", "items", "jsonataExpression"), schema)
    operation = document.choice(members, "operation", path, OPERATIONS, "_set")
    formula = document.formula(members, "jsonataExpression", path, schema)
    has_formula = bool(members.get("jsonataExpression"))
    if bool(members.get("items")) if has_formula else "items" not in members:
        document.fault(path, "needs either items or a jsonataExpression")
    at_items = below(path, "items")
    one = _target if wrap == RELATION else _reference
    items = tuple(
        made
        for at, item in document.items(members.get("items", []), at_items)
        if (made := one(document, item, at, schema)) is not None
    )
    kind = "relations" if wrap == RELATION else "relation_refs"
    text = formula.text if formula else "; ".join(_shown(item) for item in items)
    return Relations(kind, wrap, operation, path, items, formula, text)


def _shown(item: Target | Reference) -> str:
    target = item.target if isinstance(item, Reference) else item
    return f"{target.schema} by {target.ids.text}"


def _target(
    document: Document,
    item: Any,
    path: str,
    schema: str,
    keys: tuple[str, ...] = _ITEM_KEYS,
) -> Target | None:
    members = document.members(item, path)
    if members is None:
        return None
    document.known(members, path, keys, schema)
    target = document.text(members, "entity_schema", path)
    ids = read_identifiers(document, members.get("unique_ids"), below(path, "unique_ids"), schema)
    return Target(target, ids, path, document.texts(members, "_tags", path))


def _reference(document: Document, item: Any, path: str, schema: str) -> Reference | None:
    target = _target(document, item, path, schema, _REFERENCE_KEYS)
    if target is None:
        return None
    where = document.text(item, "path", path)
    at = below(path, "value")
    value = document.members(item.get("value"), at)
    if value is None:
        return None
    document.known(value, at, _VALUE_KEYS, schema)
    attribute = document.text(value, "attribute", at)
    operation = document.choice(value, "operation", at, OPERATIONS, "_set")
    before = len(document.faults)
    source = document.plain(value, at, schema)
    if source is None:
        if len(document.faults) == before:
            document.fault(at, "needs a field, a jsonataExpression or a constant")
        return None
    return Reference(target, where, attribute, operation, source)


def normalised(wrap: str, told: Any, path: str, scope: Scope) -> Any:
    """The value of an attribute whose expression made `$relation` or `$relation_ref` itself."""
    if told == {}:
        return UNDEFINED  # as above, of an operation whose items are undefined
    operation, items = "_set", told
    if isinstance(told, Mapping) and len(told) == 1 and next(iter(told)) in OPERATIONS:
        operation, items = next(iter(told.items()))
    listed = items if isinstance(items, list) else [items]
    return _told(wrap, operation, [made_item(item, path, wrap, scope) for item in listed])


def _told(wrap: str, operation: str, made: list[dict[str, Any] | None]) -> Any:
    """The attribute of its items, of which those are None that have no unique id."""
    left = [item for item in made if item is not None]
    is_half = operation == "_set" and len(left) < len(made)
    return UNDEFINED if is_half or (made and not left) else {wrap: {operation: left}}
