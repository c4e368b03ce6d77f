"""The sample data of wallboxes as rows of the org."""

from __future__ import annotations

from collections.abc import Sequence

from infra.simulators import sample, sample_wallboxes
from infra.simulators.salesforce.table_rows import Row
from infra.simulators.salesforce.wallbox_schema import PRIVATE_CARD, REFUND_CARD, WALLBOX
from infra.simulators.sample import SampleCard


def _products() -> list[Row]:
    return [
        {
            "Id": product.product_id,
            "Name": product.name,
            "ProductCode": product.code,
            "Family": product.family,
            "IsActive": product.active,
            "MinimumQuantity__c": 1.0,
            "MaximumQuantity__c": float(product.most),
            "TaxRate__c": product.tax,
        }
        for product in sample_wallboxes.PRODUCTS
    ]


def _prices() -> list[Row]:
    return [
        {
            "Id": product.entry_id,
            "Pricebook2Id": sample_wallboxes.PRICE_BOOK_ID,
            "Product2Id": product.product_id,
            "UnitPrice": product.price,
            "IsActive": product.entry_active,
            "CurrencyIsoCode": sample.CURRENCY,
        }
        for product in sample_wallboxes.PRODUCTS
    ]


def _in_stock(asset_id: str, name: str, serial_number: str, kind: str) -> Row:
    return {
        "Id": asset_id,
        "Name": name,
        "AccountId": sample.STOCK_ACCOUNT_ID,
        "SerialNumber": serial_number,
        "Status": "Purchased",
        "AssetKind__c": kind,
    }


def _cards(cards: Sequence[SampleCard], name: str, kind: str) -> list[Row]:
    return [
        _in_stock(card.asset_id, f"{name} {card.number}", card.number, kind)
        | {"EnergisedCardId__c": card.energised_id}
        for card in cards
    ]


def _boxes(count: int) -> list[Row]:
    return [
        _in_stock(box.asset_id, f"Wallbox {box.serial_number}", box.serial_number, WALLBOX)
        | {"Product2Id": sample_wallboxes.HOME.product_id}
        for box in sample_wallboxes.wallboxes(count)
    ]


def wallbox_rows(count: int) -> dict[str, list[Row]]:
    """Object name -> rows, with `count` wallboxes in stock and as many cards of each kind."""
    sub_cpo = {"Id": sample_wallboxes.SUB_CPO_ACCOUNT_ID, "Name": "Stadtwerke Musterhafen GmbH"}
    contract = {
        "Id": sample_wallboxes.CONTRACT_ID,
        "ContractNumber": "00000100",
        "AccountId": sample_wallboxes.SUB_CPO_ACCOUNT_ID,
        "Status": "Activated",
        "StartDate": "2025-01-01",
    }
    book = {"Id": sample_wallboxes.PRICE_BOOK_ID, "Name": "Wallboxen", "IsActive": True}
    return {
        "Account": [sub_cpo],
        "Contract": [contract],
        "Product2": _products(),
        "Pricebook2": [book],
        "PricebookEntry": _prices(),
        "Asset": [
            *_boxes(count),
            *_cards(sample_wallboxes.private_cards(count), "Private Ladekarte", PRIVATE_CARD),
            *_cards(sample_wallboxes.refund_cards(count), "Rückerstattungskarte", REFUND_CARD),
        ],
    }
