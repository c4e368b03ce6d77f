"""The objects and fields of the simulated org, as data: a further object is a further entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

Kind = Literal["string", "double", "boolean", "date", "datetime", "reference", "picklist"]

ORDER_STATUSES = (
    "Draft",
    "Ausgangsstatus",
    "Activated",
    "Bearbeitung",
    "Teilgeliefert",
    "Geliefert",
    "Storniert",
    "Abgelehnt",
)
ORDER_STARTS = ("Draft", "Ausgangsstatus")
"""Values of `Order.Status` of the category Draft: the only ones that a new order may have."""


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


_SYSTEM = (
    Field("Id", createable=False, updateable=False),
    Field("CreatedDate", "datetime", createable=False, updateable=False),
    Field("LastModifiedDate", "datetime", createable=False, updateable=False),
    Field("SystemModstamp", "datetime", createable=False, updateable=False),
)


def _object(name: str, prefix: str, *fields: Field) -> SObject:
    return SObject(name, prefix, (*_SYSTEM, *fields))


def _lookup(name: str, to: str, relationship: str, **more: Any) -> Field:
    return Field(name, "reference", refers_to=to, relationship=relationship, **more)


def _reference() -> Field:
    return Field("BusbarReference__c", length=20, external_id=True, unique=True)


def _address(kind: str) -> tuple[Field, ...]:
    lengths = {"Street": 255, "City": 40, "PostalCode": 20, "Country": 80}
    return tuple(Field(f"{kind}{part}", length=size) for part, size in lengths.items())


def _yes(name: str, *, default: bool = False) -> Field:
    return Field(name, "boolean", default=default)


ORGANISATION = SObject(
    "Organization",
    "00D",
    (*_SYSTEM, Field("Name"), Field("OrganizationType"), _yes("IsSandbox")),
    writable=False,
)
"""The org itself. It has one row, which its settings say."""

STANDARD: tuple[SObject, ...] = (
    ORGANISATION,
    _object(
        "Account",
        "001",
        Field("Name", required=True),
        Field("AccountNumber", length=40),
        _reference(),
        Field("CustomerNumber__c", length=40),
        *_address("Billing"),
    ),
    _object(
        "Product2",
        "01t",
        Field("Name", required=True),
        Field("ProductCode"),
        _yes("IsActive"),
        Field("MinimumQuantity__c", "double"),
        Field("MaximumQuantity__c", "double"),
    ),
    _object("Pricebook2", "01s", Field("Name", required=True), _yes("IsActive")),
    _object(
        "PricebookEntry",
        "01u",
        _lookup("Pricebook2Id", "Pricebook2", "Pricebook2", required=True, updateable=False),
        _lookup("Product2Id", "Product2", "Product2", required=True, updateable=False),
        Field("UnitPrice", "double", required=True),
        _yes("IsActive"),
        Field("CurrencyIsoCode", length=3, updateable=False, default="EUR"),
    ),
    _object(
        "Order",
        "801",
        Field("OrderNumber", length=30, createable=False, updateable=False),
        _lookup("AccountId", "Account", "Account", required=True),
        Field("EffectiveDate", "date", required=True),
        Field("Status", "picklist", required=True, values=ORDER_STATUSES),
        _lookup("Pricebook2Id", "Pricebook2", "Pricebook2"),
        _reference(),
        Field("BusbarCompanyId__c", length=13),
        Field("Description", length=32000),
        *_address("Billing"),
        *_address("Shipping"),
        Field("TrackingId__c", length=80),
        Field("DeliveryDate__c", "date"),
    ),
    _object(
        "OrderItem",
        "802",
        _lookup("OrderId", "Order", "Order", required=True, updateable=False, owned=True),
        _lookup(
            "PricebookEntryId", "PricebookEntry", "PricebookEntry", required=True, updateable=False
        ),
        _lookup("Product2Id", "Product2", "Product2", createable=False, updateable=False),
        Field("Quantity", "double", required=True),
        Field("UnitPrice", "double", required=True),
        _reference(),
    ),
    _object(
        "Asset",
        "02i",
        Field("Name", required=True),
        _lookup("AccountId", "Account", "Account", required=True),
        Field("SerialNumber", length=80),
        Field(
            "Status",
            "picklist",
            values=("Purchased", "Shipped", "Installed", "Registered", "Obsolete"),
        ),
        _lookup("BusbarOrder__c", "Order", "BusbarOrder__r"),
        Field("EnergisedCardId__c", length=80, external_id=True, unique=True),
        _yes("CardActive__c"),
        _yes("CardBlocked__c"),
        Field("CardHolder__c", length=36),
        Field("CardLabel__c"),
        Field("CardVehicle__c"),
        Field("CardBillingContact__c", length=36),
    ),
)


def _event(name: str, *fields: str) -> SObject:
    named = (Field(field) for field in ("OrderReference__c", "OrderNumber__c", *fields))
    return SObject(name, "e01", (*_SYSTEM, *named, Field("SourceVersion__c")))


EVENTS: tuple[SObject, ...] = (
    _event("ChargeCardAssigned__e", "AssetId__c", "CardId__c", "CardNumber__c"),
    _event(
        "OrderStatusChanged__e",
        "Status__c",
        "TrackingId__c",
        "DeliveryDate__c",
        "DeliveredQuantity__c",
    ),
)
"""Platform events: they can be described, and have no rows."""


def schemas(
    non_unique: Iterable[str] = (),
    more: Iterable[SObject] = (),
    hidden: Iterable[str] = (),
    read_only: Iterable[str] = (),
) -> dict[str, SObject]:
    """The objects by lower-case name. The others hold names such as `Order.BusbarReference__c`.

    An external id that is not unique lets several records have the same value, as in an org whose
    administrator forgot the tick. What the integration user may not see, or not write, is hidden or
    read_only.
    """
    each = (frozenset(n.lower() for n in names) for names in (non_unique, hidden, read_only))
    return dict(_adapted(tuple(more), *each))


@cache
def _adapted(
    more: tuple[SObject, ...],
    loose: frozenset[str],
    unseen: frozenset[str],
    fixed: frozenset[str],
) -> dict[str, SObject]:
    def changed(name: str, field: Field) -> Field:
        return replace(
            field,
            unique=field.unique and name not in loose,
            visible=name not in unseen,
            createable=field.createable and name not in fixed,
            updateable=field.updateable and name not in fixed,
        )

    def adapted(sobject: SObject) -> SObject:
        if not (loose or unseen or fixed):
            return sobject
        fields = (changed(f"{sobject.name}.{f.name}".lower(), f) for f in sobject.fields)
        return SObject(sobject.name, sobject.prefix, tuple(fields), sobject.writable)

    return {o.name.lower(): adapted(o) for o in (*STANDARD, *more)}
