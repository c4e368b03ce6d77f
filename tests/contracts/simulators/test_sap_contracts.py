"""The tenant's contract service, whose names are settings."""

from __future__ import annotations

from typing import Any

import pytest

from infra.simulators.sap import SapSimulator
from infra.simulators.sap.contract_service import ContractNames
from tests.contracts.simulators.any_values import (
    CONTRACTS,
    Caller,
    TurnedClock,
    any_contract,
    any_sap,
    in_session,
    partner_made,
)

SET = f"{CONTRACTS}/Contracts"
OTHER = ContractNames(
    service="ZHUB_CONTRACT_SRV",
    contracts="ContractSet",
    contract_id="Vertrag",
    partner="Partner",
    reference="HubReference",
    status="Status",
    cancelled="STORNO",
)


def contract_made(od: Caller, partner: str, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = od("POST", SET, any_contract(partner, **changes)).json()["d"]
    return made


def test_should_give_a_contract_a_number_an_account_and_a_status(
    od: Caller, sap: SapSimulator
) -> None:
    partner = partner_made(od)
    made = contract_made(od, partner, UnitPrice="0.3245", ProductID="wallbox")
    assert (made["ContractID"], made["ContractAccountID"]) == ("0004000001", "000200000001")
    assert (made["ProcessingStatus"], made["ProductID"]) == ("ACTIVE", "WALLBOX")
    (account,) = sap.records("ContractAccounts")
    assert account["AccountID"] == partner


def test_should_be_found_by_its_reference(od: Caller) -> None:
    made = contract_made(od, partner_made(od))
    found = od("GET", f"{SET}?$filter=ExternalReference eq 'BBCT0123456789ABC'&$top=2").json()["d"]
    assert [row["ContractID"] for row in found["results"]] == [made["ContractID"]]


def test_should_take_a_contract_account_of_the_partner(od: Caller) -> None:
    partner, other = partner_made(od), partner_made(od)
    account = od("POST", f"{CONTRACTS}/ContractAccounts", {"AccountID": partner}).json()["d"]
    number = account["ContractAccountID"]
    assert contract_made(od, partner, ContractAccountID=number)["ContractAccountID"] == number
    for wrong in (number, "77"):
        body = any_contract(other if wrong == number else partner, ContractAccountID=wrong)
        assert od("POST", SET, body).status == 400


def test_should_make_account_and_contract_in_one_call(od: Caller) -> None:
    contract = any_contract("")
    del contract["AccountID"]
    body = {"AccountID": partner_made(od), "Contracts": [contract]}
    made = od("POST", f"{CONTRACTS}/ContractAccounts", body).json()["d"]
    (inside,) = made["Contracts"]["results"]
    assert inside["AccountID"] == made["AccountID"]
    path = f"{SET}('{inside['ContractID']}')/ContractAccount"
    assert od("GET", path).json()["d"]["ContractAccountID"] == made["ContractAccountID"]
    expanded = od("GET", f"{SET}('{inside['ContractID']}')?$expand=ContractAccount").json()["d"]
    assert expanded["ContractAccount"]["AccountID"] == made["AccountID"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"AccountID": ""}, "AccountID"),
        ({"AccountID": "77"}, "AccountID"),
        ({"DivisionID": ""}, "DivisionID"),
        ({"MoveInDate": None}, "MoveInDate"),
        ({"MoveOutDate": "/Date(0)/"}, "MoveOutDate"),
        ({"ProcessingStatus": "SLEEPING"}, "ProcessingStatus"),
        ({"ExternalReference": "B" * 21}, "ExternalReference"),
        ({"Colour": "red"}, "Colour"),
    ],
)
def test_should_answer_400_naming_the_property(
    od: Caller, sap: SapSimulator, change: dict[str, Any], field: str
) -> None:
    answer = od("POST", SET, any_contract(partner_made(od), **change))
    assert answer.status == 400
    (detail,) = answer.json()["error"]["innererror"]["errordetails"]
    assert detail["propertyref"] == field
    assert sap.records("Contracts") == sap.records("ContractAccounts") == []


def test_should_make_no_contract_for_a_partner_who_is_blocked_or_no_contract_partner(
    od: Caller, sap: SapSimulator
) -> None:
    blocked = partner_made(od)
    sap.change("A_BusinessPartner", blocked, BusinessPartnerIsBlocked=True)
    for partner in (blocked, partner_made(od, to_BusinessPartnerRole=[])):
        assert od("POST", SET, any_contract(partner)).status == 400
        answer = od("POST", f"{CONTRACTS}/ContractAccounts", {"AccountID": partner})
        assert answer.status == 400


def test_should_make_no_account_without_a_partner(od: Caller) -> None:
    for body in ({}, {"AccountID": "77"}):
        assert od("POST", f"{CONTRACTS}/ContractAccounts", body).status == 400


def test_should_need_no_role_by_a_setting(clock: TurnedClock) -> None:
    od = in_session(any_sap(clock, contract_role=""))
    partner = partner_made(od, to_BusinessPartnerRole=[])
    assert od("POST", SET, any_contract(partner)).status == 201


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_should_be_cancelled_once_and_for_all(od: Caller, method: str) -> None:
    made = contract_made(od, partner_made(od))
    path = f"{SET}('{made['ContractID']}')"
    body = {"ProcessingStatus": "CANCELLED", "DivisionID": "10", "MoveInDate": made["MoveInDate"]}
    assert od(method, path, body, if_match=made["__metadata"]["etag"]).status == 204
    assert od("GET", path).json()["d"]["ProcessingStatus"] == "CANCELLED"
    assert od(method, path, body, if_match="*").status == 204
    active = {**body, "ProcessingStatus": "ACTIVE"}
    assert od(method, path, active, if_match="*").status == 400


def test_should_stay_with_its_partner(od: Caller) -> None:
    made = contract_made(od, partner_made(od))
    path = f"{SET}('{made['ContractID']}')"
    for change in ({"AccountID": partner_made(od)}, {"ContractAccountID": "77"}):
        assert od("PATCH", path, change, if_match="*").status == 400
    assert od("DELETE", path, if_match="*").status == 405


def test_should_change_the_description_of_an_account(od: Caller) -> None:
    partner = partner_made(od)
    made = od("POST", f"{CONTRACTS}/ContractAccounts", {"AccountID": partner}).json()["d"]
    path = f"{CONTRACTS}/ContractAccounts('{made['ContractAccountID']}')"
    assert od("PATCH", path, {"Description": "Wallbox"}, if_match="*").status == 204
    assert od("GET", path).json()["d"]["Description"] == "Wallbox"


def test_should_have_unique_references_by_a_setting(clock: TurnedClock) -> None:
    od = in_session(any_sap(clock, unique_contract_references=True))
    partner = partner_made(od)
    assert od("POST", SET, any_contract(partner)).status == 201
    again = od("POST", SET, any_contract(partner))
    assert again.json()["error"]["code"] == "BPEXT_NOT_UNIQUE"


def test_should_be_called_what_the_tenant_calls_it(clock: TurnedClock) -> None:
    sap = any_sap(clock, names=OTHER)
    od = in_session(sap)
    body = {"Partner": partner_made(od), "HubReference": "BBCT1", "DivisionID": "10"}
    url = "/sap/opu/odata/sap/ZHUB_CONTRACT_SRV/ContractSet"
    made = od("POST", url, {**body, "MoveInDate": "2025-06-02T00:00:00"}).json()["d"]
    assert made["Vertrag"] == "0004000001"
    sap.change("ContractSet", made["Vertrag"], Status="STORNO")
    found = od("GET", f"{url}?$filter=HubReference eq 'BBCT1'").json()["d"]["results"]
    assert [row["Status"] for row in found] == ["STORNO"]
    assert od("GET", f"{CONTRACTS}/Contracts").status == 403
    assert "STORNO" in Caller(sap)("GET", "/_sim").body.decode()
