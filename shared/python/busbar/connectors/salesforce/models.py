"""What rows of Salesforce say, read field by field. Raises `UnreadableError`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from busbar.connectors.reading import (
    UnreadableError,
    day_or_none,
    instant,
    members,
    text,
    text_or_none,
    whole,
)
from busbar.domain.cards import CardAsset
from busbar.domain.orders import CardOffer
from busbar.ports.outside import Found
from busbar.ports.salesforce import AssetThere, OrderThere
from busbar.settings.salesforce import SalesforceSettings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCATOR = re.compile(r"^/services/data/v\d{2,3}\.0/query/[A-Za-z0-9_-]{1,200}$")


def decimal_text(row: dict[str, Any], name: str) -> str:
    """A currency field as a decimal string.

    Salesforce sends a JSON number; the shortest text of its float is the decimal that was stored,
    as long as it has at most 15 digits.
    """
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise UnreadableError(name)
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def offer_of(row: dict[str, Any], settings: SalesforceSettings) -> CardOffer:
    """The offer in a row of `soql.offer`."""
    product = members(row.get("Product2"), "Product2")
    return CardOffer(
        product_code=text(product, "ProductCode"),
        product_id=text(row, "Product2Id"),
        price_book_id=text(row, "Pricebook2Id"),
        price_book_entry_id=text(row, "Id"),
        unit_price=decimal_text(row, "UnitPrice"),
        currency=settings.currency or text(row, "CurrencyIsoCode"),
        minimum_quantity=whole(product, settings.minimum_field),
        maximum_quantity=whole(product, settings.maximum_field),
    )


def order_of(row: dict[str, Any], settings: SalesforceSettings) -> Found:
    """The order in a row with `soql.order_fields`."""
    tracking = settings.order_tracking_field
    delivery = settings.order_delivery_date_field
    day = day_or_none(row, delivery) if delivery else None
    fields = {
        "order_number": text(row, "OrderNumber"),
        "status": text(row, "Status"),
        "version": str(version_of(row)),
        "tracking_id": (text_or_none(row, tracking) if tracking else None) or "",
        "delivery_date": day.isoformat() if day else "",
    }
    return Found(text(row, "Id"), {name: value for name, value in fields.items() if value})


def records_of_urls(value: object) -> list[Found]:
    """The records in a 300: a list of their URLs, of which the last part is the id."""
    if not isinstance(value, list) or not value:
        raise UnreadableError("body")
    ids = [url.rpartition("/")[2] if isinstance(url, str) else "" for url in value]
    if not all(ids):
        raise UnreadableError("body")
    return [Found(record_id) for record_id in ids]


def asset_of(row: dict[str, Any], settings: SalesforceSettings) -> CardAsset | None:
    """The card in an Asset; None while nobody has entered the card's be.ENERGISED id there."""
    card_id = text_or_none(row, settings.asset_card_id_field)
    if card_id is None:
        return None
    return CardAsset(
        asset_id=text(row, "Id"),
        card_id=card_id,
        delivered=row.get("Status") == settings.asset_delivered_status,
        version=version_of(row),
    )


def order_there(row: dict[str, Any], settings: SalesforceSettings) -> OrderThere:
    """The order in a row of `soql.all_orders`."""
    found = order_of(row, settings)
    return OrderThere(
        record_id=found.external_id,
        reference=text(row, settings.order_reference_field),
        account_id=text_or_none(row, settings.order_account_field) or "",
        status=found.fields["status"],
        version=int(found.fields["version"]),
        tracking_id=found.fields.get("tracking_id", ""),
        delivery_date=found.fields.get("delivery_date", ""),
    )


def asset_there(row: dict[str, Any], settings: SalesforceSettings) -> AssetThere | None:
    """The card in a row of `soql.all_assets`."""
    card = asset_of(row, settings)
    if card is None:
        return None
    return AssetThere(
        card=card,
        order_reference=_at(row, settings.asset_order_field),
        account_id=text_or_none(row, settings.asset_account_field) or "",
        fields={name: row.get(name) for name in settings.asset_fields},
    )


def _at(row: dict[str, Any], path: str) -> str:
    """What stands at the end of a dotted path; empty where a lookup on the way is."""
    *steps, last = path.split(".")
    for step in steps:
        if row.get(step) is None:
            return ""
        row = members(row[step], step)
    return text_or_none(row, last) or ""


def following_page(answer: dict[str, Any], base_url: str) -> str | None:
    """Path of the next page, or None. Refuses every other host and every other resource."""
    if answer.get("done") is True:
        return None
    path = text(answer, "nextRecordsUrl").removeprefix(base_url)
    if not _LOCATOR.match(path):
        raise UnreadableError("nextRecordsUrl")
    return path


def version_of(row: dict[str, Any]) -> int:
    """`SystemModstamp` in milliseconds since 1970, as our events carry it too."""
    return (instant(row, "SystemModstamp") - _EPOCH) // timedelta(milliseconds=1)
