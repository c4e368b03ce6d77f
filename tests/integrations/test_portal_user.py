"""Portal users: a profile, a login, and the customer to whom it belongs where he is known."""

from __future__ import annotations

import pytest

from tests.integrations.cases import use_case
from tests.integrations.desk import ErpDesk

JANA = {"external_id": "8c1f1c52-6a0e-4c7b-9b2e-3d2f5a1b7c90"}
TJARK = {"external_id": "0d5b7c1e-1f4a-4a53-8c0e-9a7e6b5d4c3f"}


@pytest.fixture
def desk() -> ErpDesk:
    return ErpDesk()


def test_registered_should_lead_from_the_login_to_the_customer(desk: ErpDesk) -> None:
    desk.send("customer", "person")
    assert desk.counted("portal_user", "registered") == {"ENTITY_CREATED": 2}
    profile = desk.attributes("contact", **JANA)
    assert profile["_tags"] == ["PROFILE"]
    user = desk.attributes("portal_user", **JANA)
    assert (user["mapping_status"], user["registration_status"]) == ("Mapped", "Registered")
    assert (user["origin"], user["source"]) == ("END_CUSTOMER_PORTAL", "sso")
    (customer,) = desk.targets("portal_user", "mapped_contact", **JANA)
    assert customer["customer_number"] == "0000004711"
    (login,) = desk.targets("contact", "portal_users", **JANA)
    assert login["external_id"] == JANA["external_id"]


def test_profile_and_customer_should_be_two_contacts(desk: ErpDesk) -> None:
    desk.send("customer", "person")
    before = desk.attributes("contact", customer_number="0000004711")
    desk.send("portal_user", "registered")
    desk.send("portal_user", "new_address")
    assert desk.attributes("contact", customer_number="0000004711") == before
    assert desk.id("contact", **JANA) != desk.id("contact", customer_number="0000004711")


def test_not_yet_known_should_be_mapped_by_a_later_event(desk: ErpDesk) -> None:
    desk.send("portal_user", "not_yet_known")
    assert "mapped_contact" not in desk.attributes("portal_user", **TJARK)
    payload = use_case("portal_user").payload("not_yet_known")
    desk.send("portal_user", {**payload, "AccountID": "0000004799"})
    assert desk.targets("portal_user", "mapped_contact", **TJARK) == [
        {"customer_number": "0000004799"}
    ]


def test_new_address_should_keep_names_and_customer(desk: ErpDesk) -> None:
    desk.send("portal_user", "registered")
    desk.send("portal_user", "new_address")
    assert desk.attributes("contact", **JANA)["first_name"] == "Jana"
    assert desk.attributes("portal_user", **JANA)["email"] == [{"email": "jana@example.com"}]
    assert len(desk.targets("portal_user", "mapped_contact", **JANA)) == 1


def test_should_be_found_by_the_address_of_the_login(desk: ErpDesk) -> None:
    desk.send("portal_user", "registered")
    assert desk.id("portal_user", email="JANA.petersen@example.com") == desk.id(
        "portal_user", **JANA
    )
