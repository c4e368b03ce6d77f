"""What rows and graph answers of Salesforce say, read field by field. Raises `UnreadableError`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from busbar.connectors.reading import (
    UnreadableError,
    instant,
    members,
    rows,
    text,
    text_or_none,
    whole,
)
from busbar.connectors.salesforce.refusals import Refusal, fault_of_list
from busbar.domain.cards import CardAsset
from busbar.domain.orders import CardOffer
from busbar.ports import Found
from busbar.settings import SalesforceSettings

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


def order_of(row: dict[str, Any]) -> Found:
    """The order in a row."""
    fields = {"order_number": text(row, "OrderNumber"), "status": text(row, "Status")}
    return Found(text(row, "Id"), fields)


def orders_of_urls(value: object) -> list[Found]:
    """The orders in a 300: a list of record URLs, of which the last part is the id."""
    if not isinstance(value, list) or not value:
        raise UnreadableError("body")
    ids = [url.rpartition("/")[2] if isinstance(url, str) else "" for url in value]
    if not all(ids):
        raise UnreadableError("body")
    return [Found(record_id) for record_id in ids]


def asset_of(row: dict[str, Any], settings: SalesforceSettings) -> CardAsset | None:
    """The card in an Asset; None while nobody has entered the card's be.ENERGISED id there.

    `version` is `SystemModstamp` in milliseconds since 1970.
    """
    card_id = text_or_none(row, settings.asset_card_id_field)
    if card_id is None:
        return None
    return CardAsset(
        asset_id=text(row, "Id"),
        card_id=card_id,
        card_number=text_or_none(row, settings.asset_card_number_field) or "",
        delivered=row.get("Status") == settings.asset_delivered_status,
        version=(instant(row, "SystemModstamp") - _EPOCH) // timedelta(milliseconds=1),
    )


def following_page(answer: dict[str, Any], base_url: str) -> str | None:
    """Path of the next page, or None. Refuses every other host and every other resource."""
    if answer.get("done") is True:
        return None
    path = text(answer, "nextRecordsUrl").removeprefix(base_url)
    if not _LOCATOR.match(path):
        raise UnreadableError("nextRecordsUrl")
    return path


def failed_nodes(answer: object) -> Sequence[Refusal]:
    """Why a composite graph failed, node by node; empty if all nodes succeeded.

    Shape (documented): `{"graphs": [{"graphId", "isSuccessful", "graphResponse":
    {"compositeResponse": [{"body", "httpHeaders", "httpStatusCode", "referenceId"}]}}]}`.
    """
    graphs = rows(members(answer).get("graphs"), "graphs")
    if len(graphs) != 1 or not isinstance(graphs[0].get("isSuccessful"), bool):
        raise UnreadableError("isSuccessful")
    response = members(graphs[0].get("graphResponse"), "graphResponse")
    nodes = rows(response.get("compositeResponse"), "compositeResponse")
    if graphs[0]["isSuccessful"]:
        return []
    failed = [
        Refusal(status, fault_of_list(node.get("body")))
        for node in nodes
        if (status := whole(node, "httpStatusCode")) >= 300
    ]
    if not failed:
        raise UnreadableError("httpStatusCode")
    return failed
