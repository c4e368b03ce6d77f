"""The mappings to be.ENERGISED of private persons and stations: every field of what they send."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.mapping.registry import MappingRegistry

PERSON = {
    "first_name": "Erika",
    "last_name": "Muster",
    "birth_date": "1980-02-01",
    "email": "erika@any.example",
    "phone": "+49 441 1",
    "address": {
        "street": "Hafenstraße",
        "house_number": "12",
        "postal_code": "01067",
        "city": "Dresden",
        "country": "DE",
    },
}
SHOWN = {
    "name": "Erika Muster",
    "first_name": "Erika",
    "street": "Hafenstraße 12",
    "zip": "01067",
    "city": "Dresden",
    "country": "DE",
    "email": "erika@any.example",
    "phone": "+49 441 1",
}
USER = {"email": "erika@any.example", "account_locale": "de_DE"}
TARIFF = {
    "unit_price": "32.450",
    "unit": "ct/kWh",
    "currency": "EUR",
    "valid_from": "2026-04-01",
}


def made(use_case: str, **source: Any) -> dict[str, Any]:
    return MappingRegistry().run("energised", use_case, source)


def test_should_send_a_private_person_with_a_portal_user_and_without_a_birth_date() -> None:
    assert made("contact_private", customer=PERSON) == {**SHOWN, "user": USER}


@pytest.mark.parametrize("use_case", ["contact_private", "register"])
@pytest.mark.parametrize(
    ("gender", "sent"), [("male", 1), ("female", 2), ("", None), ("diverse", None), (None, None)]
)
def test_should_send_a_gender_only_where_it_is_known(
    use_case: str, gender: str | None, sent: int | None
) -> None:
    body = made(use_case, customer={**PERSON, "gender": gender}, card={})
    contact = body.get("contact", body)
    assert contact.get("gender") == sent
    assert ("gender" in contact) is (sent is not None)


def test_should_send_a_street_without_a_house_number_as_it_is() -> None:
    address = {**PERSON["address"], "house_number": ""}  # type: ignore[dict-item]
    sent = made("contact_private", customer={**PERSON, "address": address})
    assert sent["street"] == "Hafenstraße"


def test_should_register_contact_user_and_card_at_once() -> None:
    body = made(
        "register",
        customer=PERSON,
        card={"number": "DE-BBX-C1", "label": "Ladekarte"},
        company_id="company",
        billing_contact_id="payer",
        rate_id="rate",
    )
    assert body == {
        "company_id": "company",
        "contact": SHOWN,
        "user": USER,
        "card": {
            "card_no": "DE-BBX-C1",
            "rate_id": "rate",
            "billing_contact_id": "payer",
            "label": "Ladekarte",
        },
    }


def test_should_send_contact_and_tariff_of_a_station() -> None:
    assert made("station", station={"contact_id": "person", "tariff": TARIFF}) == {
        "contactUuid": "person",
        "tariff": {
            "unitPrice": "32.450",
            "unit": "ct/kWh",
            "currency": "EUR",
            "validFrom": "2026-04-01",
        },
    }


@pytest.mark.parametrize(
    ("station", "sent"),
    [
        ({"contact_id": "person"}, {"contactUuid": "person"}),
        ({"contact_id": None}, {"contactUuid": None}),
        ({"tariff": None}, {"tariff": None}),
        ({}, {}),
    ],
)
def test_should_send_of_a_station_only_what_is_said(station: Any, sent: Any) -> None:
    assert made("station", station=station) == sent
