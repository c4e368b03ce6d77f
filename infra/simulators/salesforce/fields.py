"""What an object of the simulated org is made of, and how its fields are written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["string", "double", "boolean", "date", "datetime", "reference", "picklist"]


@dataclass(frozen=True)
class Field:
    """A field. `refers_to` and `relationship` belong to lookups, `values` to picklists."""

    name: str
    kind: Kind = "string"
    length: int = 255
    required: bool = False
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = False
    refers_to: str = ""
    relationship: str = ""
    owned: bool = False
    """A lookup whose record goes when the record it refers to is deleted."""
    values: tuple[str, ...] = ()
    default: Any = None
    visible: bool = True
    """Whether the integration user may see it: one that he may not see is not there for him."""


@dataclass(frozen=True)
class SObject:
    """An object: API name, key prefix of its ids, fields. Names are found in any case."""

    name: str
    prefix: str
    fields: tuple[Field, ...]
    writable: bool = True
    _by_name: dict[str, Field] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self._by_name.update({f.name.lower(): f for f in self.fields if f.visible})

    def field(self, name: str) -> Field | None:
        """The field with this name."""
        return self._by_name.get(name.lower())

    def lookup(self, relationship: str) -> Field | None:
        """The lookup with this relationship name, e.g. `BusbarOrder__r`."""
        wanted = relationship.lower()
        seen = self._by_name.values()
        return next((f for f in seen if f.relationship.lower() == wanted), None)


SYSTEM = (
    Field("Id", createable=False, updateable=False),
    Field("CreatedDate", "datetime", createable=False, updateable=False),
    Field("LastModifiedDate", "datetime", createable=False, updateable=False),
    Field("SystemModstamp", "datetime", createable=False, updateable=False),
)


def described(name: str, prefix: str, *fields: Field, writable: bool = True) -> SObject:
    """An object with these fields besides those that every object has."""
    return SObject(name, prefix, (*SYSTEM, *fields), writable)


def lookup(name: str, to: str, relationship: str, **more: Any) -> Field:
    """A lookup to the object `to`."""
    return Field(name, "reference", refers_to=to, relationship=relationship, **more)


def reference() -> Field:
    """The field by which we find a record again."""
    return Field("BusbarReference__c", length=20, external_id=True, unique=True)


def address(kind: str, ending: str = "") -> tuple[Field, ...]:
    """The four fields of an address, e.g. `BillingStreet`, or `InstallationStreet__c`."""
    lengths = {"Street": 255, "City": 40, "PostalCode": 20, "Country": 80}
    return tuple(Field(f"{kind}{part}{ending}", length=size) for part, size in lengths.items())


def yes(name: str, *, default: bool = False) -> Field:
    """A checkbox."""
    return Field(name, "boolean", default=default)


def event(name: str, *fields: str) -> SObject:
    """A platform event about an order."""
    named = (Field(field) for field in ("OrderReference__c", "OrderNumber__c", *fields))
    return SObject(name, "e01", (*SYSTEM, *named, Field("SourceVersion__c")))
