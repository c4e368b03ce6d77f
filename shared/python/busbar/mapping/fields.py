"""One field of a mapping: an attribute, what gives it its value, and whether it is asked at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from busbar.domain.updates import Repeatable
from busbar.mapping.document import PLAIN, Document, below
from busbar.mapping.engine import UNDEFINED
from busbar.mapping.identifiers import read_type
from busbar.mapping.lookups import read_env_var_ref, read_file_proxy_url, read_portal_ref
from busbar.mapping.made_relations import OPERATIONS
from busbar.mapping.relations import (
    REFERENCE,
    RELATION,
    normalised,
    read_references,
    read_relations,
)
from busbar.mapping.sources import Formula, Scope, Value

_STRUCTURED: dict[str, Callable[[Document, Any, str, str], Value | None]] = {
    "relations": read_relations,
    "relation_refs": read_references,
    "file_proxy_url": read_file_proxy_url,
    "portal_ref": read_portal_ref,
    "env_var_ref": read_env_var_ref,
}
_KEYS = ("attribute", "_type", "enabled", *PLAIN, *_STRUCTURED)
_ADDS = re.compile(r"""["'](_set|_append|_append_all|\$relation|\$relation_ref)["']""")
"""In an expression: that it makes an operation, and no object of somebody's data."""


@dataclass(frozen=True, slots=True)
class Field:
    """`enabled` None: always. `path`: its place in the configuration."""

    attribute: str
    path: str
    value: Value
    enabled: Formula | None = None
    repeatable: Repeatable | None = None

    def read(self, scope: Scope) -> Any:
        """The attribute's value for an item, or `UNDEFINED`. Raises `NotMapped`."""
        if self.enabled is not None and not self.enabled.holds(scope):
            return UNDEFINED
        return self.settled(self.value.read(scope), scope)

    def settled(self, value: Any, scope: Scope) -> Any:
        """The attribute's value of what its source gave: operations and wrapping."""
        if type(value) is dict:
            value = self._of_object(value, scope)
        if self.repeatable is not None and value is not UNDEFINED:
            return _wrapped(value, self.repeatable)
        return value

    def _of_object(self, value: dict[str, Any], scope: Scope) -> Any:
        if not value and self.value.kind == "jsonataExpression" and _ADDS.search(self.value.text):
            # JSONata leaves a key without a value out: there is nothing to add, or to lead to.
            return UNDEFINED
        if len(value) != 1:
            return value
        key, inner = next(iter(value.items()))
        if key in OPERATIONS and inner is None:
            return None if key == "_set" else UNDEFINED
        if key in OPERATIONS:
            items = inner if isinstance(inner, list) else [inner]
            return items if key == "_set" else {key: items}
        if key in {RELATION, REFERENCE} and self.value.kind in PLAIN:
            return normalised(key, inner, self.path, scope)
        return value


def _wrapped(value: Any, kind: Repeatable) -> Any:
    """As a repeatable attribute is stored: `[{"email": "x"}]`. An empty text is an empty list."""
    if value is None or value == "":
        return value if value is None else []
    if isinstance(value, list):
        return [each if isinstance(each, dict) else {kind: each} for each in value if each != ""]
    if not isinstance(value, dict):
        return [{kind: value}]
    if len(value) == 1 and next(iter(value)) in OPERATIONS:
        operation, items = next(iter(value.items()))
        return {operation: _wrapped(items, kind)}
    return [value]


def read_field(document: Document, item: Any, path: str, schema: str) -> tuple[str, Field | None]:
    """A field, and the attribute's name also where it is never to be mapped, or has faults."""
    members = document.members(item, path)
    if members is None:
        return "", None
    document.known(members, path, _KEYS, schema)
    attribute = document.text(members, "attribute", path)
    condition = document.condition(members, path, schema)
    repeatable = read_type(document, members, path)
    value = _value(document, members, path, schema)
    if value is None or condition is False:
        return attribute, None
    enabled = condition if isinstance(condition, Formula) else None
    return attribute, Field(attribute, path, value, enabled, repeatable)


def _value(document: Document, members: Mapping[str, Any], path: str, schema: str) -> Value | None:
    structured = [key for key in _STRUCTURED if key in members]
    before = len(document.faults)
    if not structured:
        value = document.plain(members, path, schema)
        if value is None and len(document.faults) == before:
            document.fault(path, f"needs one of: {', '.join((*PLAIN, *_STRUCTURED))}")
        return value
    first = structured[0]
    for key in (*structured[1:], *(key for key in PLAIN if key in members)):
        document.warn(schema, below(path, key), f"it is passed over: {first} goes before it")
    return _STRUCTURED[first](document, members[first], below(path, first), schema)
