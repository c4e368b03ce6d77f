"""What our user has to be allowed to do, by object: what settings and mappings name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from busbar.connectors.salesforce import soql
from busbar.connectors.salesforce.describe import SeenObject
from busbar.settings.salesforce import SalesforceSettings


@dataclass(frozen=True)
class Needs:
    """Rights on one object; `follows` are relationships at which a path of ours begins."""

    sobject: str
    creates: bool = False
    updates: bool = False
    createable: Sequence[str] = ()
    updateable: Sequence[str] = ()
    readable: Sequence[str] = ()
    follows: Sequence[str] = ()

    def lacking(self, seen: SeenObject | None) -> Iterator[str]:
        """What is not allowed, each in some words."""
        if seen is None:
            yield f"{self.sobject} does not exist or is not visible"
            return
        yield from self._of_object(seen)
        for name in dict.fromkeys((*self.createable, *self.updateable, *self.readable)):
            there = seen.field(name)
            if there is None:
                yield f"{self.sobject}.{name} does not exist or is not visible"
            elif name in self.createable and not there.createable:
                yield f"{self.sobject}.{name} cannot be set at creation"
            elif name in self.updateable and not there.updateable:
                yield f"{self.sobject}.{name} cannot be changed"
        for name in self.follows:
            if not seen.has_relationship(name):
                yield f"{self.sobject}.{name} does not exist or is not visible"

    def _of_object(self, seen: SeenObject) -> Iterator[str]:
        if not seen.queryable:
            yield f"{self.sobject} cannot be read"
        if self.creates and not seen.createable:
            yield f"{self.sobject} cannot be created"
        if self.updates and not seen.updateable:
            yield f"{self.sobject} cannot be changed"


def needs_of(settings: SalesforceSettings) -> dict[str, Needs]:
    """Check -> what it looks at."""
    told = (settings.order_tracking_field, settings.order_delivery_date_field)
    order_path = settings.asset_order_field.split(".")
    return {
        "orders": Needs(
            settings.order_object,
            creates=True,
            createable=(
                settings.order_reference_field,
                *("AccountId", "EffectiveDate", "Status", "Pricebook2Id"),
            ),
            readable=("OrderNumber", "SystemModstamp", *filter(None, told)),
        ),
        "order_items": Needs(
            settings.item_object,
            creates=True,
            createable=(
                settings.item_reference_field,
                *("OrderId", "PricebookEntryId", "Quantity", "UnitPrice"),
            ),
        ),
        "assets": Needs(
            settings.asset_object,
            updates=True,
            updateable=settings.asset_fields,
            readable=(settings.asset_card_id_field, "Status", "SystemModstamp"),
            follows=order_path[:1] if len(order_path) > 1 else (),
        ),
        "products": Needs(
            "Product2",
            readable=("ProductCode", settings.minimum_field, settings.maximum_field),
        ),
    }


def wallbox_needs_of(settings: SalesforceSettings) -> dict[str, Needs]:
    """Check -> what it looks at, in an org that sells wallboxes."""
    numbers = (settings.account_gp_number_field, settings.account_contract_number_field)
    return {
        "accounts": Needs(
            settings.account_object,
            creates=True,
            updates=True,
            createable=(settings.account_reference_field, *numbers),
            updateable=(settings.account_active_field,),
            readable=soql.account_fields(settings),
        ),
        "shared_contracts": Needs(
            settings.shared_contract_object,
            creates=True,
            updates=True,
            createable=(
                settings.shared_contract_reference_field,
                settings.shared_contract_account_field,
                settings.shared_contract_number_field,
            ),
            updateable=(settings.shared_contract_status_field,),
            readable=soql.shared_contract_fields(settings),
        ),
        "wallbox_assets": Needs(
            settings.asset_object,
            updates=True,
            updateable=settings.wallbox_fields,
            readable=("Product2Id", *soql.wallbox_asset_fields(settings)),
        ),
        "wallbox_products": Needs("Product2", readable=soql.product_fields(settings)),
    }
