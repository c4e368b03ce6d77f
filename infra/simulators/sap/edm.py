"""Services, entity sets and properties as data: a further set is a further entry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from infra.simulators.routing import Label

ROOT = "/sap/opu/odata/sap"
Kind = Literal["String", "Boolean", "DateTime", "DateTimeOffset", "Time", "Decimal", "Guid"]


@dataclass(frozen=True)
class Property:
    """A property. `length` counts the characters of a String; `digits` and `scale` are a Decimal's.

    A DateTime holds a date only, as SAP's own do (`sap:display-format="Date"`).
    """

    name: str
    kind: Kind = "String"
    length: int = 0
    creatable: bool = True
    updatable: bool = True
    upper: bool = False
    """Kept in capitals, whatever was sent."""
    padded: bool = False
    """A number of SAP's: if it is all digits, it is kept with leading zeros up to `length`."""
    indexed: bool = False
    """Whether it is searched for by a look-up, and not by a look at every row."""
    digits: int = 0
    scale: int = 0


@dataclass(frozen=True)
class Navigation:
    """A way from one row to others: to those that have the same value of the property `by`.

    With `only` the target's property has one of these values; the first is set on a create.
    """

    name: str
    target: str
    by: str
    many: bool = True
    only: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class EntitySet:
    """An entity set and its type, which is named after it."""

    name: str
    keys: tuple[str, ...]
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...] = ()
    deletable: bool = False
    _properties: dict[str, Property] = field(default_factory=dict, compare=False)
    _navigations: dict[str, Navigation] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self._properties.update({p.name: p for p in self.properties})
        self._navigations.update({n.name: n for n in self.navigations})

    @property
    def type_name(self) -> str:
        """The name of the entity type."""
        return f"{self.name}Type"

    def property(self, name: str) -> Property | None:
        """The property with this name, in this case: OData's names have one."""
        return self._properties.get(name)

    def navigation(self, name: str) -> Navigation | None:
        """The navigation property with this name."""
        return self._navigations.get(name)


@dataclass(frozen=True)
class Service:
    """An OData service. Its operations are named after `noun` and `nouns`.

    Without `etags` its rows have none, and a write needs no `If-Match`.
    """

    name: str
    noun: str
    nouns: str
    label: Label
    sets: tuple[EntitySet, ...]
    etags: bool = True

    @property
    def path(self) -> str:
        """Where it is, without a slash at the end."""
        return f"{ROOT}/{self.name}"

    def set(self, name: str) -> EntitySet | None:
        """The entity set with this name."""
        return next((s for s in self.sets if s.name == name), None)


def texts(**lengths: int) -> tuple[Property, ...]:
    """Properties for text: name -> most characters."""
    return tuple(Property(name, length=length) for name, length in lengths.items())


def codes(**lengths: int) -> tuple[Property, ...]:
    """Properties for keys and codes, which are kept in capitals."""
    return tuple(Property(name, length=length, upper=True) for name, length in lengths.items())


def of_kind(kind: Kind, *names: str) -> tuple[Property, ...]:
    """Properties of another kind than text."""
    return tuple(Property(name, kind) for name in names)


def read_only(*properties: Property) -> tuple[Property, ...]:
    """The same, but only SAP writes them."""
    return tuple(replace(p, creatable=False, updatable=False) for p in properties)


def number(name: str, length: int, *, indexed: bool = False) -> Property:
    """A number of SAP's, which nobody changes once it is given."""
    return Property(name, length=length, updatable=False, padded=True, indexed=indexed)
