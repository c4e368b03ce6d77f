"""The objects and fields of the simulated org, as data: a further object is a further entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from infra.simulators.salesforce import wallbox_schema
from infra.simulators.salesforce.fields import (
    SYSTEM,
    Field,
    SObject,
    address,
    described,
    event,
    lookup,
    reference,
    yes,
)

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


ORGANISATION = SObject(
    "Organization",
    "00D",
    (*SYSTEM, Field("Name"), Field("OrganizationType"), yes("IsSandbox")),
    writable=False,
)
"""The org itself. It has one row, which its settings say."""

STANDARD: tuple[SObject, ...] = (
    ORGANISATION,
    described(
        "Account",
        "001",
        Field("Name", required=True),
        Field("AccountNumber", length=40),
        reference(),
        Field("CustomerNumber__c", length=40),
        *address("Billing"),
        *wallbox_schema.ACCOUNT,
    ),
    described(
        "Product2",
        "01t",
        Field("Name", required=True),
        Field("ProductCode"),
        yes("IsActive"),
        Field("MinimumQuantity__c", "double"),
        Field("MaximumQuantity__c", "double"),
        *wallbox_schema.PRODUCT,
    ),
    described("Pricebook2", "01s", Field("Name", required=True), yes("IsActive")),
    described(
        "PricebookEntry",
        "01u",
        lookup("Pricebook2Id", "Pricebook2", "Pricebook2", required=True, updateable=False),
        lookup("Product2Id", "Product2", "Product2", required=True, updateable=False),
        Field("UnitPrice", "double", required=True),
        yes("IsActive"),
        Field("CurrencyIsoCode", length=3, updateable=False, default="EUR"),
    ),
    described(
        "Order",
        "801",
        Field("OrderNumber", length=30, createable=False, updateable=False),
        lookup("AccountId", "Account", "Account", required=True),
        Field("EffectiveDate", "date", required=True),
        Field("Status", "picklist", required=True, values=ORDER_STATUSES),
        lookup("Pricebook2Id", "Pricebook2", "Pricebook2"),
        reference(),
        Field("BusbarCompanyId__c", length=13),
        Field("Description", length=32000),
        *address("Billing"),
        *address("Shipping"),
        Field("TrackingId__c", length=80),
        Field("DeliveryDate__c", "date"),
        *wallbox_schema.ORDER,
    ),
    described(
        "OrderItem",
        "802",
        lookup("OrderId", "Order", "Order", required=True, updateable=False, owned=True),
        lookup(
            "PricebookEntryId", "PricebookEntry", "PricebookEntry", required=True, updateable=False
        ),
        lookup("Product2Id", "Product2", "Product2", createable=False, updateable=False),
        Field("Quantity", "double", required=True),
        Field("UnitPrice", "double", required=True),
        reference(),
    ),
    described(
        "Asset",
        "02i",
        Field("Name", required=True),
        lookup("AccountId", "Account", "Account", required=True),
        Field("SerialNumber", length=80),
        Field(
            "Status",
            "picklist",
            values=("Purchased", "Shipped", "Installed", "Registered", "Obsolete"),
        ),
        lookup("BusbarOrder__c", "Order", "BusbarOrder__r"),
        Field("EnergisedCardId__c", length=80, external_id=True, unique=True),
        yes("CardActive__c"),
        yes("CardBlocked__c"),
        Field("CardHolder__c", length=36),
        Field("CardLabel__c"),
        Field("CardVehicle__c"),
        Field("CardBillingContact__c", length=36),
        *wallbox_schema.ASSET,
    ),
    *wallbox_schema.OBJECTS,
)


EVENTS: tuple[SObject, ...] = (
    event("ChargeCardAssigned__e", "AssetId__c", "CardId__c"),
    event(
        "OrderStatusChanged__e",
        "Status__c",
        "TrackingId__c",
        "DeliveryDate__c",
        "DeliveredQuantity__c",
    ),
    *wallbox_schema.EVENTS,
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
