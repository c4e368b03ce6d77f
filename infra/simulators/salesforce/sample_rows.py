"""The sample data as rows of the org."""

from __future__ import annotations

from infra.simulators import sample
from infra.simulators.salesforce.table_rows import Row


def _accounts() -> list[Row]:
    stock = {"Id": sample.STOCK_ACCOUNT_ID, "Name": "Kartenlager"}
    return [stock] + [
        {
            "Id": company.account_id,
            "Name": company.name,
            "AccountNumber": company.customer_number,
            # Only companies that are ours carry what we know them by.
            "CustomerNumber__c": company.customer_number if company.reference else None,
            "BusbarReference__c": company.reference or None,
            "BillingStreet": company.street,
            "BillingPostalCode": company.postal_code,
            "BillingCity": company.city,
            "BillingCountry": company.country,
        }
        for company in (*sample.COMPANIES, sample.WATTWURM)
    ]


def _product() -> Row:
    return {
        "Id": sample.PRODUCT_ID,
        "Name": "Ladekarte",
        "ProductCode": sample.PRODUCT_CODE,
        "IsActive": True,
        "MinimumQuantity__c": float(sample.MINIMUM_QUANTITY),
        "MaximumQuantity__c": float(sample.MAXIMUM_QUANTITY),
    }


def _price() -> Row:
    return {
        "Id": sample.PRICE_BOOK_ENTRY_ID,
        "Pricebook2Id": sample.PRICE_BOOK_ID,
        "Product2Id": sample.PRODUCT_ID,
        "UnitPrice": sample.UNIT_PRICE,
        "IsActive": True,
        "CurrencyIsoCode": sample.CURRENCY,
    }


def _assets(count: int) -> list[Row]:
    return [
        {
            "Id": card.asset_id,
            "Name": f"Ladekarte {card.number}",
            "AccountId": sample.STOCK_ACCOUNT_ID,
            "SerialNumber": card.number,
            "Status": "Purchased",
            "EnergisedCardId__c": card.energised_id,
        }
        for card in sample.cards(count)
    ]


def sample_rows(cards: int) -> dict[str, list[Row]]:
    """Object name -> rows, with the first `cards` blank cards."""
    return {
        "Account": _accounts(),
        "Product2": [_product()],
        "Pricebook2": [{"Id": sample.PRICE_BOOK_ID, "Name": "Standardpreisbuch", "IsActive": True}],
        "PricebookEntry": [_price()],
        "Asset": _assets(cards),
    }
