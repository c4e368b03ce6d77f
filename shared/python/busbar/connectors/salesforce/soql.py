"""SOQL texts.

Object and field names come from settings, which the operator writes. Values may come from outside:
each goes through `literal`, and that is why S608 is silenced below.
"""

from __future__ import annotations

from collections.abc import Sequence

from busbar.settings.salesforce import SalesforceSettings


def literal(value: str) -> str:
    r"""`value` as a SOQL string: backslash and quote escaped, control characters left out.

    Source: SOQL reference, "Quoted String Escape Sequences" (documented).
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(c for c in escaped if c.isprintable()) + "'"


def offer(settings: SalesforceSettings) -> str:
    """The active price book entry of the product, with the product's quantity limits."""
    fields = ["Id", "Pricebook2Id", "Product2Id", "UnitPrice", "Product2.ProductCode"]
    fields += [f"Product2.{settings.minimum_field}", f"Product2.{settings.maximum_field}"]
    if not settings.currency:
        fields.append("CurrencyIsoCode")
    where = ["IsActive = true", f"Product2.ProductCode = {literal(settings.product_code)}"]
    if settings.price_book_id:
        where.append(f"Pricebook2Id = {literal(settings.price_book_id)}")
    return _select(fields, "PricebookEntry", " AND ".join(where)) + " ORDER BY Id LIMIT 1"


def order_fields(settings: SalesforceSettings) -> list[str]:
    """What is read of an order, however it is found."""
    own = [settings.order_tracking_field, settings.order_delivery_date_field]
    return ["Id", "OrderNumber", "Status", "SystemModstamp", *filter(None, own)]


def referenced(columns: Sequence[str], sobject: str, key_field: str, reference: str) -> str:
    """Up to three records with our reference: three are as much a case for a person as two."""
    return _select(columns, sobject, f"{key_field} = {literal(reference)}") + " LIMIT 3"


def assets(settings: SalesforceSettings, reference: str) -> str:
    """The Assets assigned to the order with our reference."""
    fields = ["Id", settings.asset_card_id_field, "Status", "SystemModstamp"]
    where = f"{settings.asset_order_field} = {literal(reference)}"
    return _select(fields, settings.asset_object, where) + " ORDER BY Id"


def all_orders(settings: SalesforceSettings, prefix: str) -> str:
    """Every order whose reference begins with `prefix`."""
    fields = [*order_fields(settings), settings.order_reference_field, settings.order_account_field]
    where = f"{settings.order_reference_field} LIKE {literal(prefix + '%')}"
    return _select(fields, settings.order_object, where) + " ORDER BY Id"


def all_assets(settings: SalesforceSettings) -> str:
    """Every Asset that is a charging card of a company."""
    fields = ["Id", settings.asset_card_id_field, "Status", "SystemModstamp"]
    fields += [settings.asset_order_field, settings.asset_account_field, *settings.asset_fields]
    where = f"{settings.asset_card_id_field} != null"
    if settings.sells_wallboxes:
        where += f" AND {settings.asset_kind_field} = null"
    return _select(fields, settings.asset_object, where) + " ORDER BY Id"


def wallbox_products(settings: SalesforceSettings) -> str:
    """The active entries of the wallbox price book, each with its product."""
    fields = ["Id", "Pricebook2Id", "Product2Id", "UnitPrice"]
    fields += [f"Product2.{name}" for name in product_fields(settings)]
    if not settings.currency:
        fields.append("CurrencyIsoCode")
    where = [f"Pricebook2Id = {literal(settings.wallbox_price_book_id)}"]
    where += [f"{path}IsActive = true" for path in ("", "Pricebook2.", "Product2.")]
    return _select(fields, "PricebookEntry", " AND ".join(where)) + " ORDER BY Id"


def product_fields(settings: SalesforceSettings) -> list[str]:
    """What is read of a product of the wallbox price book."""
    limits = [settings.minimum_field, settings.maximum_field]
    return ["ProductCode", "Name", "Family", settings.tax_rate_field, *limits]


def account_fields(settings: SalesforceSettings) -> list[str]:
    """What is read of a driver's account, however it is found."""
    numbers = [settings.account_gp_number_field, settings.account_contract_number_field]
    return ["Id", *numbers, settings.account_active_field]


def shared_contract_fields(settings: SalesforceSettings) -> list[str]:
    """What is read of a shared contract, however it is found."""
    of, number = settings.shared_contract_account_field, settings.shared_contract_number_field
    return ["Id", of, number, settings.shared_contract_status_field]


def wallbox_assets(settings: SalesforceSettings, reference: str) -> str:
    """All Assets assigned to the order with our reference."""
    fields = ["Id", "Product2Id", "Status", "SystemModstamp", *wallbox_asset_fields(settings)]
    where = f"{settings.asset_order_field} = {literal(reference)}"
    return _select(fields, settings.asset_object, where) + " ORDER BY Id"


def wallbox_asset_fields(settings: SalesforceSettings) -> list[str]:
    """What is read of a wallbox or its cards, besides standard fields that have no setting."""
    known_by = [settings.asset_card_id_field, settings.asset_serial_field]
    review = [settings.asset_review_field, settings.asset_review_reason_field]
    return [*known_by, settings.asset_kind_field, *review, settings.asset_proof_hash_field]


def _select(fields: Sequence[str], source: str, where: str) -> str:
    return f"SELECT {', '.join(fields)} FROM {source} WHERE {where}"  # noqa: S608
