"""Contracts: what they are related to, whatever comes first, and how they change and end."""

from __future__ import annotations

import pytest

from tests.integrations.cases import use_case
from tests.integrations.desk import ErpDesk

CONTRACT = {"contract_number": "0020001234"}
OTHER = {"contract_number": "0020001236"}


@pytest.fixture
def desk() -> ErpDesk:
    return ErpDesk()


def test_power_should_become_a_contract_with_all_its_relations(desk: ErpDesk) -> None:
    # The other three are customer, billing account and meter, by their numbers only.
    assert desk.counted("contract", "power") == {"ENTITY_CREATED": 4}
    contract = desk.attributes("contract", **CONTRACT)
    assert contract["branch"] == "power"
    assert contract["installment_amount"] == 8950
    assert contract["installment_amount_decimal"] == "89.50"
    assert contract["end_date"] is None
    assert desk.targets("contract", "customer", **CONTRACT) == [{"customer_number": "0000004711"}]
    assert desk.targets("contract", "billing_account", **CONTRACT) == [
        {"billing_account_number": "000200012345"}
    ]
    assert desk.targets("contract", "meters", **CONTRACT) == [{"meter_number": "1ISK0070012345"}]
    assert desk.told_by("contract", "meters", **CONTRACT) == "contract"


@pytest.mark.parametrize("order", [["customer", "contract"], ["contract", "customer"]])
def test_should_end_alike_whether_customer_or_contract_comes_first(
    desk: ErpDesk, order: list[str]
) -> None:
    samples = {"customer": "person", "contract": "power"}
    for slug in order:
        desk.send(slug, samples[slug])
    (customer,) = desk.targets("contract", "customer", **CONTRACT)
    assert customer["last_name"] == "Petersen"
    assert len(desk.targets("contact", "contracts", customer_number="0000004711")) == 2


def test_meter_replaced_should_let_go_of_the_old_meter_only(desk: ErpDesk) -> None:
    desk.send("contract", "power")
    before = desk.attributes("contract", **CONTRACT)
    desk.send("contract", "meter_replaced")
    after = desk.attributes("contract", **CONTRACT)
    assert {name for name in after if after[name] != before.get(name)} == {"meters"}
    assert desk.targets("contract", "meters", **CONTRACT) == [{"meter_number": "1ISK0070098765"}]
    assert desk.entity("meter", meter_number="1ISK0070012345").live


def test_terminated_should_keep_all_but_the_end(desk: ErpDesk) -> None:
    desk.send("contract", "power")
    desk.send("contract", "terminated")
    contract = desk.attributes("contract", **CONTRACT)
    assert contract["status"] == "terminated"
    assert contract["end_date"] == "2026-03-31"
    assert contract["contract_name"] == "Deichstrom Öko 24"


def test_a_late_termination_should_not_end_what_was_renewed(desk: ErpDesk) -> None:
    desk.send("contract", "power", version=9)
    desk.send("contract", "terminated", version=4)
    contract = desk.attributes("contract", **CONTRACT)
    assert contract["status"] == "active"
    assert contract["end_date"] is None
    assert contract["termination_date"] == "2026-02-14"


def test_no_installment_should_take_away_what_is_sent_empty(desk: ErpDesk) -> None:
    desk.send(
        "contract", {"ContractID": "0020001235", "InstallmentAmount": "10", "Currency": "EUR"}
    )
    desk.send("contract", "no_installment")
    contract = desk.attributes("contract", contract_number="0020001235")
    assert contract["installment_amount"] is None
    assert contract["installment_amount_currency"] == "EUR"
    assert "branch" not in contract


@pytest.mark.parametrize(
    ("sent", "cents", "text"),
    [("89.50", 8950, "89.50"), (120, 12000, "120.00"), ("0.29", 29, "0.29"), (-5, -500, "-5.00")],
)
def test_should_tell_amounts_to_the_cent(
    desk: ErpDesk, sent: object, cents: int, text: str
) -> None:
    desk.send("contract", {"ContractID": "0020001236", "InstallmentAmount": sent})
    contract = desk.attributes("contract", **OTHER)
    assert contract["installment_amount"] == cents
    assert contract["installment_amount_decimal"] == text


def test_amount_with_comma_should_be_refused_as_a_whole() -> None:
    one = use_case("contract")
    mapped = one.mapped(one.payload("amount_with_comma"))
    assert {fault.code for fault in mapped.faults} == {"MAPPING_EXPRESSION_FAILED"}
    assert mapped.entity_updates == ()
    assert not any("89,50" in fault.message for fault in mapped.faults)


def test_device_as_number_should_let_go_of_no_meter(desk: ErpDesk) -> None:
    desk.send("contract", {"ContractID": "0020001236", "Devices": [{"SerialNumber": "0815"}]})
    desk.send("contract", "device_as_number")
    assert desk.targets("contract", "meters", **OTHER) == [{"meter_number": "0815"}]
    assert "customer" not in desk.attributes("contract", **OTHER)


@pytest.mark.parametrize(("sent", "kept"), [(200012345, False), ("000200012345", True)])
def test_an_account_number_that_is_a_number_should_be_left_out(sent: object, *, kept: bool) -> None:
    mapped = use_case("contract").mapped({"ContractID": "0020001236", "ContractAccountID": sent})
    (contract,) = mapped.entity_updates
    assert ("account_number" in contract.attributes, "billing_account" in contract.attributes) == (
        *(kept, kept),
    )
