"""The mappings of the product: every field of what they send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.errors import Unmappable
from busbar.mapping.registry import MappingRegistry

INVOICE = {
    "name": "Nordwind Logistik GmbH",
    "street": "Hafenstraße",
    "house_number": "12",
    "postal_code": "01067",
    "city": "Dresden",
    "country": "DE",
}
DELIVERY = {**INVOICE, "name": "Lager", "street": "Am Kai", "house_number": "", "city": "Emden"}
OBSERVED = {
    "id": "410001",
    "tag": "04A1B2C3",
    "number": "DE-BBX-C1",
    "reference": "",
    "active": True,
    "blocked": False,
    "label": "old",
    "contact_id": "driver",
    "billing_contact_id": None,
    "updated_at": "2026-03-01T12:00:00Z",
}


def ordered(**changes: Any) -> dict[str, Any]:
    source = {
        "reference": "BBCO0000000000001",
        "item_reference": "BBCI0000000000001",
        "account_id": "001",
        "quantity": 5,
        "offer": {
            "product_id": "01t",
            "price_book_id": "01s",
            "price_book_entry_id": "01u",
            "unit_price": "32.45",
        },
        "invoice_address": INVOICE,
        "delivery_address": DELIVERY,
        "note": "bitte schnell",
        "ordered_on": "2026-03-01",
        "company_id": "0000000000001",
        **changes,
    }
    return MappingRegistry().run("salesforce", "order_submit", source)


def priced(price: object) -> Any:
    made = ordered(offer={"price_book_id": "b", "price_book_entry_id": "e", "unit_price": price})
    return made["items"][0]["fields"]["UnitPrice"]


def forwarded(**wanted: object) -> dict[str, Any]:
    source = {"observed": OBSERVED, "wanted": wanted}
    return MappingRegistry().run("energised", "card_forward", source)


def test_should_send_salesforce_the_whole_order() -> None:
    assert ordered() == {
        "order": {
            "AccountId": "001",
            "EffectiveDate": "2026-03-01",
            "Status": "Draft",
            "Pricebook2Id": "01s",
            "BillingStreet": "Nordwind Logistik GmbH\nHafenstraße 12",
            "BillingCity": "Dresden",
            "BillingPostalCode": "01067",
            "BillingCountry": "DE",
            "ShippingStreet": "Lager\nAm Kai",
            "ShippingCity": "Emden",
            "ShippingPostalCode": "01067",
            "ShippingCountry": "DE",
            "Description": "bitte schnell",
            "BusbarCompanyId__c": "0000000000001",
        },
        "items": [
            {
                "reference": "BBCI0000000000001",
                "fields": {"PricebookEntryId": "01u", "Quantity": 5, "UnitPrice": 32.45},
            }
        ],
    }


@pytest.mark.parametrize(
    ("price", "sent"),
    [
        ("32.45", "32.45"),
        ("0.1", "0.1"),
        ("12345678901.1234", "12345678901.1234"),
        ("9.9000", "9.9"),
        ("5.00", "5"),
        ("0", "0"),
    ],
)
def test_should_send_the_price_as_exactly_this_number(price: str, sent: str) -> None:
    assert json.dumps(priced(price)) == sent


@pytest.mark.parametrize("price", ["1.23456", "-1", "1e3", "", "12,50", None, 9.9])
def test_should_refuse_a_price_that_could_be_rounded(price: object) -> None:
    with pytest.raises(Unmappable):
        priced(price)


def test_should_send_the_whole_card_with_what_is_wanted() -> None:
    assert forwarded(active=False, label="new", billing_contact_id="payer") == {
        "id": "410001",
        "tag": "04A1B2C3",
        "number": "DE-BBX-C1",
        "reference": "",
        "active": "false",
        "label": "new",
        "contact_id": "driver",
        "billing_contact_id": "payer",
    }


def test_should_send_back_what_only_the_tenant_knows_as_it_came() -> None:
    foreign: dict[str, Any] = {
        "rate_id": "tariff-7",
        "groups": ["one"],
        "nothing": None,
        "limits": {"kwh": 1.5, "days": [[]], "none": None},
        "count": 5,
    }
    known = {"id": 410001, "active": "false", "label": "raw", "contact_id": "raw"}
    source = {"observed": {**OBSERVED, "raw": {**foreign, **known}}, "wanted": {"contact_id": None}}
    sent = MappingRegistry().run("energised", "card_forward", source)
    assert sent == {**forwarded(), **foreign, "contact_id": None}


def test_should_keep_the_card_as_it_is_when_nothing_is_wanted() -> None:
    card = forwarded()
    assert (card["active"], card["label"], card["contact_id"]) == ("true", "old", "driver")


def test_should_unassign_the_driver_with_a_null() -> None:
    assert forwarded(contact_id=None)["contact_id"] is None


def test_should_not_let_a_wish_change_the_card_s_identity() -> None:
    assert forwarded(id="x", tag="x", number="x")["tag"] == "04A1B2C3"


@pytest.mark.parametrize(("label", "sent"), [("", None), ("  ", None), (" Van ", "Van")])
def test_should_send_a_text_as_salesforce_will_give_it_back(label: str, sent: str | None) -> None:
    card = {"active": False, "blocked": False, "label": label, "vehicle": ""}
    fields = MappingRegistry().run("salesforce", "sync_cards", {"card": card})
    assert (fields["CardLabel__c"], fields["CardVehicle__c"]) == (sent, None)


def test_should_show_a_card_s_state_on_its_asset() -> None:
    card = {
        "active": True,
        "blocked": False,
        "holder_uuid": None,
        "label": "Van 7",
        "vehicle": "OL-NW 7",
        "billing_contact_id": "payer",
        "company_id": "not sent",
    }
    assert MappingRegistry().run("salesforce", "sync_cards", {"card": card}) == {
        "CardActive__c": True,
        "CardBlocked__c": False,
        "CardHolder__c": None,
        "CardLabel__c": "Van 7",
        "CardVehicle__c": "OL-NW 7",
        "CardBillingContact__c": "payer",
    }
