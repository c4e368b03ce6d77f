"""Lists of `{attribute, field | jsonataExpression | constant, _type?}`: how an entity is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast, get_args

from busbar.domain.updates import Repeatable
from busbar.mapping.document import Document, below
from busbar.mapping.engine import UNDEFINED
from busbar.mapping.sources import Key, Scope, Value, id_text

REPEATABLE: tuple[Repeatable, ...] = get_args(Repeatable)
_KEYS = ("attribute", "_type", "field", "jsonataExpression", "constant")


class Found(NamedTuple):
    """Unique ids as far as they are there; the attributes whose value is missing."""

    ids: dict[str, Any]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identifier:
    """One attribute that identifies. `repeatable`: it is looked for in an array of such objects."""

    attribute: str
    value: Value
    path: str
    repeatable: Repeatable | None = None


@dataclass(frozen=True, slots=True)
class Identifiers:
    """All attributes that identify one entity. `exact`: values stay as they are (queries)."""

    each: tuple[Identifier, ...]
    exact: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Their attributes."""
        return tuple(one.attribute for one in self.each)

    @property
    def types(self) -> dict[str, Repeatable]:
        """Which of them are repeatable."""
        return {i.attribute: i.repeatable for i in self.each if i.repeatable is not None}

    def find(self, scope: Scope) -> Found:
        """Their values for an item. Raises `NotMapped` if an expression fails."""
        ids: dict[str, Any] = {}
        missing: list[str] = []
        for one in self.each:
            value = one.value.read(scope)
            told = _scalar(value) if self.exact else identifying(value, one.repeatable)
            if told is None:
                missing.append(one.attribute)
            else:
                ids[one.attribute] = told
        return Found(ids, tuple(missing))

    def reads(self) -> tuple[str, ...]:
        """The paths that they may read."""
        return tuple(dict.fromkeys(path for one in self.each for path in one.value.reads()))

    @property
    def text(self) -> str:
        """As an explanation shows them."""
        return ", ".join(f"{one.attribute}: {one.value.text}" for one in self.each)


def identifying(value: Any, repeatable: Repeatable | None = None) -> str | None:
    """A value as a unique id; of a repeatable attribute the first that it has."""
    if repeatable is not None:
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, Mapping):
            value = value.get(repeatable)
    return id_text(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if value is UNDEFINED or isinstance(value, dict | list) or value == "":
        return None
    return value


def read_identifiers(
    document: Document,
    value: Any,
    path: str,
    schema: str,
    *,
    exact: bool = False,
    mapped: Mapping[str, Value] | None = None,
) -> Identifiers:
    """The identifiers of a list, at least one. A bare text is an attribute: its value is that of
    the field in `mapped` which gives it, as with the unique ids of entities; else what the item has
    at a key of its name."""
    made = [
        one
        for at, item in document.items(value, path, least=1)
        if (one := _identifier(document, item, at, schema, mapped or {})) is not None
    ]
    return Identifiers(tuple(made), exact)


def _identifier(
    document: Document, item: Any, path: str, schema: str, mapped: Mapping[str, Value]
) -> Identifier | None:
    if isinstance(item, str) and item.strip():
        return Identifier(item, mapped.get(item) or Key(item), path)
    members = document.members(item, path)
    if members is None:
        return None
    document.known(members, path, _KEYS, schema)
    attribute = document.text(members, "attribute", path)
    repeatable = read_type(document, members, path)
    before = len(document.faults)
    value = document.plain(members, path, schema)
    if value is None:
        if len(document.faults) == before:
            document.fault(path, "needs a field, a jsonataExpression or a constant")
        return None
    return Identifier(attribute, value, path, repeatable)


def read_type(document: Document, members: Mapping[str, Any], path: str) -> Repeatable | None:
    """`_type`, if there is one."""
    if "_type" not in members:
        return None
    found = members["_type"]
    if found in REPEATABLE:
        return cast("Repeatable", found)
    document.fault(below(path, "_type"), f"has to be one of: {', '.join(REPEATABLE)}")
    return None


def ids_of_value(value: Any) -> Iterator[tuple[str, Any]]:
    """Attributes and values of ids that an expression has made: an object, or a list as above."""
    if isinstance(value, Mapping):
        yield from value.items()
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("attribute"), str):
            yield item["attribute"], item
