"""What SAP receives of a private customer and an order: every field."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.errors import Unmappable
from busbar.mapping.registry import MappingRegistry

CUSTOMER = {
    "first_name": "Jana",
    "last_name": "Petersen",
    "birth_date": "1990-05-17",
    "email": "jana@example.com",
    "phone": "+49 441 12345",
    "iban": "DE02120300000000202051",
    "address": {
        "street": "Am Deich",
        "house_number": "7a",
        "postal_code": "01067",
        "city": "Dresden",
        "country": "DE",
    },
}
SETTINGS = {"category": "1", "grouping": "BP01", "roles": ["MKK", "FLCU01"], "language": "DE"}
FOREVER = "/Date(253402214400000)/"


def partner(settings: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    source = {"customer": {**CUSTOMER, **changes}, "settings": {**SETTINGS, **(settings or {})}}
    return MappingRegistry().run("sap", "partner", source)


def contract(**changes: Any) -> dict[str, Any]:
    source = {
        "partner": "0001000178",
        "starts_on": "2026-03-02",
        "settings": {"division": "01"},
        **changes,
    }
    return MappingRegistry().run("sap", "contract", source)


def address(made: dict[str, Any]) -> Any:
    (only,) = made["to_BusinessPartnerAddress"]["results"]
    return only


def test_should_send_sap_the_whole_partner() -> None:
    assert partner() == {
        "BusinessPartnerCategory": "1",
        "BusinessPartnerGrouping": "BP01",
        "FirstName": "Jana",
        "LastName": "Petersen",
        "BirthDate": "/Date(642902400000)/",
        "CorrespondenceLanguage": "DE",
        "to_BusinessPartnerRole": {
            "results": [
                {"BusinessPartnerRole": "MKK", "ValidTo": FOREVER},
                {"BusinessPartnerRole": "FLCU01", "ValidTo": FOREVER},
            ]
        },
        "to_BusinessPartnerAddress": {
            "results": [
                {
                    "StreetName": "Am Deich",
                    "HouseNumber": "7a",
                    "PostalCode": "01067",
                    "CityName": "Dresden",
                    "Country": "DE",
                    "to_EmailAddress": {
                        "results": [
                            {"EmailAddress": "jana@example.com", "IsDefaultEmailAddress": True}
                        ]
                    },
                    "to_PhoneNumber": {
                        "results": [{"PhoneNumber": "+49 441 12345", "IsDefaultPhoneNumber": True}]
                    },
                }
            ]
        },
        "to_BusinessPartnerBank": {
            "results": [
                {
                    "BankCountryKey": "DE",
                    "IBAN": "DE02120300000000202051",
                    "BankAccountHolderName": "Jana Petersen",
                }
            ]
        },
    }


@pytest.mark.parametrize("none", ["", "  ", None])
def test_should_send_no_bank_phone_email_or_birth_date_that_is_not_given(none: str | None) -> None:
    made = partner(iban=none, phone=none, email=none, birth_date=none)
    assert set(made) & {"to_BusinessPartnerBank", "BirthDate"} == set()
    assert set(address(made)) & {"to_EmailAddress", "to_PhoneNumber"} == set()


def test_should_send_nothing_of_what_is_not_there() -> None:
    customer = {"first_name": "Jana", "last_name": "Petersen", "address": {"city": "Emden"}}
    source = {"customer": customer, "settings": {"category": "1", "language": "DE"}}
    made = MappingRegistry().run("sap", "partner", source)
    assert set(made) == {
        "BusinessPartnerCategory",
        "FirstName",
        "LastName",
        "CorrespondenceLanguage",
        "to_BusinessPartnerAddress",
    }
    assert address(made) == {"CityName": "Emden"}


def test_should_leave_the_number_range_to_sap_and_send_a_single_role_as_a_list() -> None:
    made = partner({"grouping": "", "roles": ["MKK"]})
    assert "BusinessPartnerGrouping" not in made
    assert made["to_BusinessPartnerRole"]["results"] == [
        {"BusinessPartnerRole": "MKK", "ValidTo": FOREVER}
    ]


@pytest.mark.parametrize(
    ("day", "sent"),
    [
        ("1970-01-01", "/Date(0)/"),
        ("1955-07-01", "/Date(-457747200000)/"),
        ("1900-02-28", "/Date(-2203977600000)/"),
        ("2000-02-29", "/Date(951782400000)/"),
    ],
)
def test_should_send_the_day_of_birth_as_the_same_day_in_every_century(day: str, sent: str) -> None:
    assert partner(birth_date=day)["BirthDate"] == sent


@pytest.mark.parametrize("day", ["17.05.1990", "1990", "1990-02-30", "1990-05-17T10:00:00Z", 1990])
def test_should_refuse_a_day_that_is_none(day: object) -> None:
    with pytest.raises(Unmappable):
        partner(birth_date=day)


def test_should_send_an_iban_as_sap_keeps_it_and_the_country_that_it_names() -> None:
    (bank,) = partner(iban=" at61 1904 3002 3457 3201 ")["to_BusinessPartnerBank"]["results"]
    assert (bank["IBAN"], bank["BankCountryKey"]) == ("AT611904300234573201", "AT")


def test_should_cut_the_holder_of_an_account_to_what_sap_keeps() -> None:
    made = partner(first_name="J" * 40, last_name="P" * 40)
    (bank,) = made["to_BusinessPartnerBank"]["results"]
    assert bank["BankAccountHolderName"] == f"{'J' * 40} {'P' * 19}"


def test_should_send_sap_the_whole_contract() -> None:
    assert contract() == {
        "AccountID": "0001000178",
        "DivisionID": "01",
        "MoveInDate": "/Date(1772409600000)/",
    }


@pytest.mark.parametrize("settings", [{}, {"division": ""}])
def test_should_leave_the_division_to_the_service_if_none_is_set(settings: dict[str, str]) -> None:
    assert "DivisionID" not in contract(settings=settings)


@pytest.mark.parametrize("day", ["", "02.03.2026", None, "2026-03-02T00:00:00Z"])
def test_should_refuse_a_contract_that_starts_on_no_day(day: object) -> None:
    with pytest.raises(Unmappable):
        contract(starts_on=day)
