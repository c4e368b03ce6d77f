"""What rows of wallbox orders say, read field by field. Raises `UnreadableError`."""

from __future__ import annotations

from typing import Any

from busbar.connectors.reading import UnreadableError, members, text, text_or_none, whole
from busbar.connectors.salesforce.models import decimal_text, version_of
from busbar.domain.wallbox_assets import AssetKind, WallboxAsset
from busbar.domain.wallbox_products import WallboxProduct
from busbar.ports.outside import Found
from busbar.settings.salesforce import SalesforceSettings


def product_of(row: dict[str, Any], settings: SalesforceSettings) -> WallboxProduct:
    """The product in a row of `soql.wallbox_products`."""
    product = members(row.get("Product2"), "Product2")
    least, most = whole(product, settings.minimum_field), whole(product, settings.maximum_field)
    if not 1 <= least <= most:
        raise UnreadableError(settings.maximum_field)
    return WallboxProduct(
        code=text(product, "ProductCode"),
        name=text(product, "Name"),
        family=text_or_none(product, "Family") or "",
        product_id=text(row, "Product2Id"),
        price_book_id=text(row, "Pricebook2Id"),
        price_book_entry_id=text(row, "Id"),
        unit_price=decimal_text(row, "UnitPrice"),
        currency=settings.currency or text(row, "CurrencyIsoCode"),
        tax_rate=decimal_text(product, settings.tax_rate_field),
        minimum_quantity=least,
        maximum_quantity=most,
    )


def account_of(row: dict[str, Any], settings: SalesforceSettings) -> Found:
    """The account in a row with `soql.account_fields`."""
    fields = {
        "gp_number": text_or_none(row, settings.account_gp_number_field) or "",
        "contract_number": text_or_none(row, settings.account_contract_number_field) or "",
        "active": "true" if checked(row, settings.account_active_field) else "false",
    }
    return Found(text(row, "Id"), fields)


def shared_contract_of(row: dict[str, Any], settings: SalesforceSettings) -> Found:
    """The shared contract in a row with `soql.shared_contract_fields`."""
    fields = {
        "contract_number": text_or_none(row, settings.shared_contract_number_field) or "",
        "account_id": text_or_none(row, settings.shared_contract_account_field) or "",
        "status": text_or_none(row, settings.shared_contract_status_field) or "",
    }
    return Found(text(row, "Id"), fields)


def checked(row: dict[str, Any], name: str) -> bool:
    """A checkbox."""
    value = row.get(name)
    if not isinstance(value, bool):
        raise UnreadableError(name)
    return value


def wallbox_asset_of(row: dict[str, Any], settings: SalesforceSettings) -> WallboxAsset | None:
    """The wallbox or card in an Asset; None where it is neither, or not known by a number yet."""
    word = text_or_none(row, settings.asset_kind_field)
    card_id = text_or_none(row, settings.asset_card_id_field) or ""
    serial_number = text_or_none(row, settings.asset_serial_field) or ""
    kind = AssetKind(settings.asset_kinds.get(word or "", AssetKind.UNKNOWN))
    known_by = serial_number if kind is AssetKind.WALLBOX else card_id
    if not known_by and (kind is not AssetKind.UNKNOWN or word is None):
        return None
    return WallboxAsset(
        asset_id=text(row, "Id"),
        kind=kind,
        serial_number=serial_number,
        card_id=card_id,
        product_id=text_or_none(row, "Product2Id") or "",
        delivered=row.get("Status") == settings.asset_delivered_status,
        review=text_or_none(row, settings.asset_review_field) or "",
        review_reason=text_or_none(row, settings.asset_review_reason_field) or "",
        proof_hash=text_or_none(row, settings.asset_proof_hash_field) or "",
        version=version_of(row),
    )
