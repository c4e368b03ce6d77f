"""Billing accounts: head, address and payment are said by events of their own, in any order."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.integrations.cases import use_case
from tests.integrations.desk import ErpDesk

ACCOUNT = {"billing_account_number": "000200012345"}
PARTS = (
    ("billing_account", "account"),
    ("billing_address", "address"),
    ("payment_method", "two_accounts"),
)


@pytest.fixture
def desk() -> ErpDesk:
    return ErpDesk()


@pytest.mark.parametrize(
    "order", list(permutations(PARTS)), ids=lambda o: "-".join(s for s, _ in o)
)
def test_three_events_should_become_one_account_in_any_order(
    desk: ErpDesk, order: tuple[tuple[str, str], ...]
) -> None:
    for slug, case in order:
        desk.send(slug, case)
    account = desk.attributes("billing_account", **ACCOUNT)
    assert account["external_id"] == "000200012345"
    assert account["identity_id"] == "8c1f1c52-6a0e-4c7b-9b2e-3d2f5a1b7c90"
    assert account["billing_address"][0]["city"] == "Oldenburg"
    assert [one["_tags"] for one in account["payment_method"]] == [["DEBIT"], ["CREDIT"]]
    for attribute, slug in (
        *(("identity_id", "billing_account"), ("billing_address", "billing_address")),
        ("payment_method", "payment_method"),
    ):
        assert desk.told_by("billing_account", attribute, **ACCOUNT) == slug


def test_account_should_lead_to_its_customer_its_payer_and_its_contracts(desk: ErpDesk) -> None:
    desk.send("billing_account", "account")
    customer = [{"customer_number": "0000004711"}]
    assert desk.targets("billing_account", "customer", **ACCOUNT) == customer
    assert desk.targets("billing_account", "billing_contact", **ACCOUNT) == customer
    assert len(desk.targets("billing_account", "contracts", **ACCOUNT)) == 2


def test_other_payer_should_get_the_bills_and_not_the_account(desk: ErpDesk) -> None:
    desk.send("billing_account", "account")
    desk.send("billing_account", "other_payer")
    assert desk.targets("billing_account", "billing_contact", **ACCOUNT) == [
        {"customer_number": "0000004712"}
    ]
    assert desk.targets("billing_account", "customer", **ACCOUNT) == [
        {"customer_number": "0000004711"}
    ]
    assert len(desk.targets("billing_account", "contracts", **ACCOUNT)) == 2


def test_number_only_should_be_an_account_that_its_contract_has_made_before(desk: ErpDesk) -> None:
    desk.send("contract", {"ContractID": "0020001299", "ContractAccountID": "000200012346"})
    assert desk.counted("billing_account", "number_only") == {"ENTITY_UPDATED": 1}
    assert desk.targets("contract", "billing_account", contract_number="0020001299") == [
        {"billing_account_number": "000200012346", "external_id": "000200012346"}
    ]


@pytest.mark.parametrize(
    ("slug", "case", "attribute"),
    [
        ("billing_address", "company", "billing_address"),
        ("payment_method", "one_account", "payment_method"),
    ],
)
def test_should_touch_one_attribute_only(
    desk: ErpDesk, slug: str, case: str, attribute: str
) -> None:
    desk.send(slug, case)
    number = "000200012400" if case == "company" else "000200012345"
    account = desk.attributes("billing_account", billing_account_number=number)
    assert set(account) == {"billing_account_number", attribute}


def test_no_longer_other_should_take_the_address_away(desk: ErpDesk) -> None:
    desk.send("billing_address", "address")
    desk.send("billing_address", {"ContractAccountID": "000200012345", "BillingAddress": {}})
    assert desk.attributes("billing_account", **ACCOUNT)["billing_address"]
    desk.send("billing_address", "no_longer_other")
    assert desk.attributes("billing_account", **ACCOUNT)["billing_address"] is None


def payments(desk: ErpDesk, case: str) -> list[dict[str, object]]:
    desk.send("payment_method", case)
    found: list[dict[str, object]] = desk.attributes("billing_account", **ACCOUNT)["payment_method"]
    return found


def test_one_account_should_be_collected_from_and_paid_back_to(desk: ErpDesk) -> None:
    (only,) = payments(desk, "one_account")
    assert only["_tags"] == ["DEBIT", "CREDIT"]
    assert only["mandate_id"] == "SWD-0004711-01"


def test_transfer_should_name_no_account_to_collect_from(desk: ErpDesk) -> None:
    debit, credit = payments(desk, "transfer")
    assert debit == {"_tags": ["DEBIT"], "type": "payment_invoice"}
    assert credit["_tags"] == ["CREDIT"]


def test_no_account_should_let_the_customer_transfer(desk: ErpDesk) -> None:
    payments(desk, "two_accounts")
    assert payments(desk, "no_account") == [{"_tags": ["DEBIT"], "type": "payment_invoice"}]


@pytest.mark.parametrize(
    "change",
    [
        {"IncomingPaymentBankAccountID": "0009"},
        {"OutgoingPaymentBankAccountID": "0009"},
        {"BankAccounts": []},
        {"BankAccounts": [{"BankAccountID": "0001"}, {"BankAccountID": "0002", "IBAN": "NL91"}]},
        {"BankAccounts": [{"BankAccountID": 1, "IBAN": "NL91"}]},
    ],
)
def test_should_keep_what_is_known_and_tell_where_an_account_was_not_sent(
    desk: ErpDesk, change: dict[str, object]
) -> None:
    known = payments(desk, "two_accounts")
    case = use_case("payment_method")
    payload = {**case.payload("two_accounts"), **change}
    assert "LOOKUP_UNMAPPED" in {fault.code for fault in case.mapped(payload).faults}
    desk.send("payment_method", payload)
    assert desk.attributes("billing_account", **ACCOUNT)["payment_method"] == known


@pytest.mark.parametrize("case", ["one_account", "two_accounts", "transfer", "masked_already"])
def test_should_keep_no_iban_beyond_its_last_characters(desk: ErpDesk, case: str) -> None:
    payments(desk, case)
    kept = repr(desk.entity("billing_account", **ACCOUNT))
    assert "XXXX" in kept
    for secret in ("12030000", "0417164300", "1245126199", "DE02", "NL91", "DE75"):
        assert secret not in kept
