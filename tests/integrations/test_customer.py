"""Customers: contacts, a company's account, what they are related to, and what comes later."""

from __future__ import annotations

import pytest

from tests.integrations.cases import use_case
from tests.integrations.desk import ErpDesk

PERSON = {"customer_number": "0000004711"}
COMPANY = {"customer_number": "0000004712"}


@pytest.fixture
def desk() -> ErpDesk:
    return ErpDesk()


def test_person_should_become_a_contact_with_its_contracts_and_billing_accounts(
    desk: ErpDesk,
) -> None:
    # Of the outcomes, two contracts and the billing account are known by their numbers only.
    assert desk.counted("customer", "person") == {"ENTITY_CREATED": 4}
    contact = desk.attributes("contact", **PERSON)
    assert contact["salutation"] == "Ms. / Mrs."
    assert contact["birthdate"] == "1990-05-17"
    assert [one["_tags"] for one in contact["address"]] == [["primary"], ["postal"]]
    assert desk.targets("contact", "contracts", **PERSON) == [
        {"contract_number": "0020001234"},
        {"contract_number": "0020001235"},
    ]
    (customer,) = desk.targets("billing_account", "customer", billing_account_number="000200012345")
    assert customer["last_name"] == "Petersen"
    assert not desk.entity("account", **PERSON).live


def test_should_know_the_event_of_each_attribute(desk: ErpDesk) -> None:
    desk.send("customer", "person")
    first = desk.entity("contact", **PERSON).lineage
    desk.send("customer", "only_what_changed")
    second = desk.entity("contact", **PERSON).lineage
    assert {name for name in second if second[name] != first[name]} == {"customer_number", "email"}
    assert second["email"].system == "sap"
    assert desk.told_by("contact", "email", **PERSON) == "customer"


def test_company_should_become_a_contact_and_the_account_that_it_leads_to(desk: ErpDesk) -> None:
    desk.send("customer", "company")
    assert desk.attributes("contact", **COMPANY)["salutation"] == "Company"
    (account,) = desk.targets("contact", "account", **COMPANY)
    assert account["name"] == "Deichbäckerei Petersen GmbH & Co. KG"
    assert account["vat_id"] == "DE123456789"
    for number in ("000200012400", "000200012401"):
        (customer,) = desk.targets("billing_account", "customer", billing_account_number=number)
        assert customer["customer_number"] == "0000004712"


def test_only_what_changed_should_leave_all_else_as_it_is(desk: ErpDesk) -> None:
    desk.send("customer", "person")
    before = desk.attributes("contact", **PERSON)
    assert desk.counted("customer", "only_what_changed") == {"ENTITY_UPDATED": 1}
    after = desk.attributes("contact", **PERSON)
    assert after == {**before, "email": [{"email": "jana@example.com"}]}


def test_values_taken_away_should_be_gone(desk: ErpDesk) -> None:
    desk.send("customer", "person")
    desk.send("customer", "values_taken_away")
    contact = desk.attributes("contact", **PERSON)
    assert contact["title"] is None
    assert contact["birthdate"] is None
    assert contact["email"] == contact["phone"] == contact["address"] == []
    assert len(contact["contracts"]["$relation"]) == 2


def test_a_contract_that_is_no_longer_listed_should_be_let_go(desk: ErpDesk) -> None:
    desk.send("customer", "person")
    person = use_case("customer").payload("person")
    desk.send("customer", {**person, "Contracts": [{"ContractID": "0020001235"}]})
    assert desk.targets("contact", "contracts", **PERSON) == [{"contract_number": "0020001235"}]
    desk.send("customer", {**person, "Contracts": []})
    assert desk.targets("contact", "contracts", **PERSON) == []


def test_a_late_event_should_change_nothing_newer(desk: ErpDesk) -> None:
    desk.send("customer", "only_what_changed", version=5)
    desk.send("customer", "person", version=3)
    contact = desk.attributes("contact", **PERSON)
    assert contact["email"] == [{"email": "jana@example.com"}]
    assert contact["last_name"] == "Petersen"


def test_archived_should_go_into_the_bin_and_come_back_with_the_next_event(desk: ErpDesk) -> None:
    desk.send("customer", "company")
    assert desk.counted("customer", "archived") == {"ENTITY_DELETED": 2}
    assert desk.entity("contact", **COMPANY).in_bin
    assert desk.entity("account", **COMPANY).in_bin
    assert desk.entity("billing_account", billing_account_number="000200012400").live

    codes = desk.counted("customer", "company")

    assert codes["SOFT_DELETED_ENTITY_MATCHED"] == 2
    assert desk.entity("account", **COMPANY).live


def test_number_without_zeros_should_be_refused_and_nothing_be_made_of_it() -> None:
    one = use_case("customer")
    payload = one.payload("number_without_zeros")
    accounts = {"ContractAccounts": [{"ContractAccountID": "000200012345"}]}
    mapped = one.mapped({**payload, **accounts})
    assert [fault.code for fault in mapped.faults] == ["MISSING_UNIQUE_IDENTIFIERS"]
    assert [update.entity_slug for update in mapped.entity_updates] == ["billing_account"]
    assert "customer" not in mapped.entity_updates[0].attributes
