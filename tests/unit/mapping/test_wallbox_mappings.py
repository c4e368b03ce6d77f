"""The mappings of wallbox orders: every field of what Salesforce is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.errors import Unmappable
from busbar.mapping.registry import MappingRegistry
from busbar.settings.salesforce import SalesforceSettings

HOME = {
    "name": "Erika Muster",
    "street": "Birkenallee",
    "house_number": "40",
    "postal_code": "01067",
    "city": "Dresden",
    "country": "DE",
}
DELIVERY = {**HOME, "name": "Nachbarin", "house_number": "", "city": "Emden"}
INSTALLATION = {**HOME, "street": "Garagenweg", "city": "Oldenburg"}
CUSTOMER = {
    "first_name": "Erika",
    "last_name": "Muster",
    "birth_date": "1980-02-29",
    "email": "erika@muster.example",
    "phone": "+49 351 1",
}
LINE = {
    "reference": "BBWI0000000000001",
    "price_book_entry_id": "01u1",
    "quantity": 1,
    "unit_price": "749",
}
CABLE = {
    "reference": "BBWI0000000000002",
    "price_book_entry_id": "01u2",
    "quantity": 2,
    "unit_price": "119.99",
}
PROOF = {
    "url": "https://hub.example/p/1",
    "sha256": "a" * 64,
    "uploaded_at": "2026-03-01T12:00:00Z",
}
TARIFF = {"unit_price": "32.4500", "currency": "EUR", "valid_from": "2026-04-01"}


def mapped(name: str, **source: Any) -> dict[str, Any]:
    return MappingRegistry().run("salesforce", name, source)


def ordered(*lines: dict[str, Any]) -> dict[str, Any]:
    return mapped(
        "wallbox_order",
        account_id="001",
        shared_contract_id="a00",
        ordered_on="2026-03-01",
        price_book_id="01s",
        note="bitte klingeln",
        lines=list(lines),
        billing_address=HOME,
        delivery_address=DELIVERY,
        installation_address=INSTALLATION,
    )


def test_should_send_a_driver_s_account_with_both_numbers_and_no_birth_date() -> None:
    assert mapped(
        "account_private",
        customer=CUSTOMER,
        billing_address=HOME,
        delivery_address=DELIVERY,
        gp_number="0000000017",
        contract_number="0000004711",
    ) == {
        "Name": "Erika Muster",
        "Phone": "+49 351 1",
        "ContactEmail__c": "erika@muster.example",
        "GpNumber__c": "0000000017",
        "SapContractNumber__c": "0000004711",
        "BillingStreet": "Erika Muster\nBirkenallee 40",
        "BillingCity": "Dresden",
        "BillingPostalCode": "01067",
        "BillingCountry": "DE",
        "ShippingStreet": "Nachbarin\nBirkenallee",
        "ShippingCity": "Emden",
        "ShippingPostalCode": "01067",
        "ShippingCountry": "DE",
    }


@pytest.mark.parametrize(("wallbox_contract", "sent"), [("800", "800"), ("", None)])
def test_should_tie_the_account_to_the_contract_of_the_sub_cpo(
    wallbox_contract: str, sent: str | None
) -> None:
    assert mapped(
        "shared_contract",
        account_id="001",
        contract_number="0000004711",
        wallbox_contract_id=wallbox_contract,
    ) == {
        "Account__c": "001",
        "SapContractNumber__c": "0000004711",
        "WallboxContract__c": sent,
        "Status__c": "Aktiv",
    }


def test_should_send_the_whole_order_with_all_its_items() -> None:
    assert ordered(LINE, CABLE) == {
        "order": {
            "AccountId": "001",
            "SharedContract__c": "a00",
            "EffectiveDate": "2026-03-01",
            "Status": "Draft",
            "Pricebook2Id": "01s",
            "BillingStreet": "Erika Muster\nBirkenallee 40",
            "BillingCity": "Dresden",
            "BillingPostalCode": "01067",
            "BillingCountry": "DE",
            "ShippingStreet": "Nachbarin\nBirkenallee",
            "ShippingCity": "Emden",
            "ShippingPostalCode": "01067",
            "ShippingCountry": "DE",
            "InstallationStreet__c": "Garagenweg 40",
            "InstallationCity__c": "Oldenburg",
            "InstallationPostalCode__c": "01067",
            "InstallationCountry__c": "DE",
            "Description": "bitte klingeln",
        },
        "items": [
            {
                "reference": "BBWI0000000000001",
                "fields": {"PricebookEntryId": "01u1", "Quantity": 1, "UnitPrice": 749},
            },
            {
                "reference": "BBWI0000000000002",
                "fields": {"PricebookEntryId": "01u2", "Quantity": 2, "UnitPrice": 119.99},
            },
        ],
    }


def test_should_send_one_item_as_a_list_too() -> None:
    assert [item["reference"] for item in ordered(LINE)["items"]] == ["BBWI0000000000001"]


def test_should_refuse_an_order_of_nothing() -> None:
    with pytest.raises(Unmappable):
        ordered()


@pytest.mark.parametrize(
    ("price", "sent"), [("119.99", "119.99"), ("0.1", "0.1"), ("12345678901.1234",) * 2]
)
def test_should_send_a_price_as_exactly_this_number(price: str, sent: str) -> None:
    made = ordered({**LINE, "unit_price": price})
    assert json.dumps(made["items"][0]["fields"]["UnitPrice"]) == sent


@pytest.mark.parametrize("price", ["1.23456", "-1", "1e3", "", "12,50", None, 9.9])
def test_should_refuse_a_price_that_could_be_rounded(price: object) -> None:
    with pytest.raises(Unmappable):
        ordered(LINE, {**LINE, "unit_price": price})


def test_should_show_tariff_proof_and_approval_on_the_asset() -> None:
    sent = mapped("wallbox_asset", kind="wallbox", tariff=TARIFF, proof=PROOF, approved=True)
    assert sent == {
        "TariffPrice__c": 32.45,
        "TariffCurrency__c": "EUR",
        "TariffValidFrom__c": "2026-04-01",
        "InstallationProof__c": "https://hub.example/p/1",
        "InstallationProofHash__c": "a" * 64,
        "InstallationProofAt__c": "2026-03-01T12:00:00.000+0000",
        "Status": "Installed",
    }
    assert set(sent) == set(SalesforceSettings.wallbox_fields)


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ({}, set()),
        ({"approved": False}, set()),
        ({"tariff": TARIFF}, {"TariffPrice__c", "TariffCurrency__c", "TariffValidFrom__c"}),
        ({"approved": True}, {"Status"}),
    ],
)
def test_should_send_only_the_parts_that_are_given(part: dict[str, Any], sent: set[str]) -> None:
    assert set(mapped("wallbox_asset", kind="wallbox", **part)) == sent


@pytest.mark.parametrize("kind", ["private_card", "refund_card"])
def test_should_register_a_card_where_a_wallbox_is_installed(kind: str) -> None:
    assert mapped("wallbox_asset", kind=kind, approved=True) == {"Status": "Registered"}


@pytest.mark.parametrize(
    "part",
    [
        {"tariff": {**TARIFF, "unit_price": "32.12345"}},
        {"tariff": {**TARIFF, "unit_price": "-1"}},
        {"tariff": {**TARIFF, "unit_price": None}},
        {"proof": {**PROOF, "uploaded_at": "2026-03-01T12:00:00+02:00"}},
    ],
)
def test_should_refuse_what_would_not_come_back_as_it_was_sent(part: dict[str, Any]) -> None:
    with pytest.raises(Unmappable):
        mapped("wallbox_asset", kind="wallbox", **part)
