"""The schemas of entities: which attributes there are, of which type, and how entities are found.

A *unique* attribute is indexed: an entity is found by its value. That no two entities have the same
is not enforced; who looks for one and finds several is told so. A schema declares up to four
*filters*, by which it can be listed. Attributes that a schema does not have are stored, and cannot
be looked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

Type = Literal[
    "string",
    "number",
    "currency",
    "boolean",
    "date",
    "datetime",
    "address",
    "payment",
    "email",
    "phone",
    "tags",
    "relation",
    "json",
]
Use = Literal["found", "asked", ""]
"""Of an attribute in unique ids: an entity is found by it; or, once it is found by another, asked
whether it has this value; or neither."""
MOST_FILTERS = 4
FILTERABLE = frozenset({"string", "number", "currency", "boolean", "date", "datetime"})
LOOKED_FOR = frozenset({"string", "number", "email", "phone"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `to` are the schemas that a relation may lead to; none: to any."""

    name: str
    type: Type = "string"
    unique: bool = False
    to: tuple[str, ...] = ()

    @property
    def use(self) -> Use:
        """What it is for in unique ids."""
        return "found" if self.unique else "asked" if self.type in FILTERABLE else ""


@dataclass(frozen=True)
class Schema:
    """The attributes of one kind of entity, by name."""

    name: str
    attributes: Mapping[str, Attribute]
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises `ValueError` for what the table could not do."""
        if len(self.filters) > MOST_FILTERS:
            raise ValueError(f"{self.name}: more than {MOST_FILTERS} filters")
        for name in self.filters:
            if name not in self.attributes or self.attributes[name].type not in FILTERABLE:
                raise ValueError(f"{self.name}: {name} cannot be a filter")
        for attribute in self.unique:
            if attribute.type not in LOOKED_FOR:
                raise ValueError(f"{self.name}: {attribute.name} cannot be unique")

    @cached_property
    def unique(self) -> tuple[Attribute, ...]:
        """The attributes by which an entity is found."""
        return tuple(a for a in self.attributes.values() if a.unique)

    def repeatable(self, names: Collection[str]) -> dict[str, Literal["email", "phone"]]:
        """Which of these attributes are lists of addresses or numbers, in which a value stands."""
        types = {n: self.attributes[n].type for n in names if n in self.attributes}
        return {n: kind for n, kind in types.items() if kind in ("email", "phone")}

    @cached_property
    def found_by(self) -> str:
        """A short digest of the unique attributes: another one where an org adds its own."""
        names = ",".join(sorted(a.name for a in self.unique))
        return f"{zlib.crc32(names.encode()):x}"

    def unanswerable(self, names: Collection[str]) -> str:
        """Why entities that have values in these attributes cannot be found; empty if they can.

        One attribute has to be unique or a filter: whom it finds, the others are asked of.
        """
        found_by = [*self.filters, *(a.name for a in self.unique if a.name not in self.filters)]
        if any(name in found_by for name in names):
            return ""
        return f"{self.name} is found by {', '.join(found_by) or 'nothing'}: one of them is needed"


class Catalogue:
    """The schemas of one org."""

    def __init__(self, schemas: Iterable[Schema]) -> None:
        self._schemas = {schema.name: schema for schema in schemas}

    def get(self, name: str) -> Schema:
        """A schema; one that nobody knows has no attributes, so that nothing is found by it."""
        return self._schemas.get(name) or Schema(name, {})

    def __contains__(self, name: str) -> bool:
        return name in self._schemas

    def names(self) -> list[str]:
        """All schemas."""
        return sorted(self._schemas)

    def attributes(self) -> dict[str, dict[str, Use]]:
        """The attributes of each schema by their names: what they are for in unique ids."""
        return {
            name: {one.name: one.use for one in self._schemas[name].attributes.values()}
            for name in self.names()
        }

    def extended(
        self, attributes: Mapping[str, str], filters: Mapping[str, str] | None = None
    ) -> Catalogue:
        """With an org's own attributes, schemas and filters. Raises `ValueError`.

        `{"contract.grid_number": "string!", "note.text": "string"}`: types as `attribute` has them;
        `{"contract": "grid_number status"}`: in place of the filters that the schema declares.
        """
        own: dict[str, dict[str, Attribute]] = {}
        for place, kind in attributes.items():
            name, _, of = place.partition(".")
            own.setdefault(name, {})[of] = attribute(f"{of}:{kind}")
        schemas = dict(self._schemas)
        for name in {*own, *(filters or {})}:
            known = self.get(name)
            declared = (filters or {}).get(name)
            schemas[name] = replace(
                known,
                attributes={**known.attributes, **own.get(name, {})},
                filters=known.filters if declared is None else tuple(declared.split()),
            )
        return Catalogue(schemas.values())


def attribute(text: str) -> Attribute:
    """An attribute as it is written: `name[:type[>schema,…]][!]`; `!` if it is unique.

    Raises `ValueError` if there is no such type.
    """
    name, _, rest = text.rstrip("!").partition(":")
    kind, _, to = rest.partition(">")
    kind = kind or "string"
    if kind not in get_args(Type):
        raise ValueError(f"{name}: there is no type {kind}")
    return Attribute(name, kind, text.endswith("!"), tuple(to.split(",")) if to else ())  # type: ignore[arg-type]


def schema(name: str, filters: str, attributes: str) -> Schema:
    """A schema as it is written: names of filters, and attributes as in `attribute`."""
    made = [attribute(text) for text in attributes.split()]
    return Schema(name, {a.name: a for a in made}, tuple(filters.split()))


class Leading:
    """Which system owns which attribute (Datenhoheit), as a setting says.

    `{"contract.status": "sap", "contact.*": "crm"}`: the attribute itself goes before the star.
    """

    def __init__(self, systems: Mapping[str, str] | None = None) -> None:
        self._systems = dict(systems or {})

    def __bool__(self) -> bool:
        return bool(self._systems)

    def of(self, schema: str, attribute: str) -> str | None:
        """The system that alone may write the attribute; None if every one may."""
        return self._systems.get(f"{schema}.{attribute}") or self._systems.get(f"{schema}.*")
