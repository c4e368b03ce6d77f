"""What goes wrong at SAP's, and what is left of it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from infra.simulators.faults import Fault
from infra.simulators.messages import Response
from infra.simulators.sap import SapSimulator
from infra.simulators.transport import SimulatorTransport
from tests.contracts.simulators.any_values import (
    CONTRACTS,
    PARTNER_REFERENCE,
    PARTNERS,
    Caller,
    TurnedClock,
    any_contract,
    any_person,
    any_sap,
    in_session,
    partner_made,
)

SET = f"{PARTNERS}/A_BusinessPartner"
FIND = f"{SET}?$filter=BusinessPartnerIDByExtSystem eq '{PARTNER_REFERENCE}'"


def found(od: Caller) -> list[str]:
    return [row["BusinessPartner"] for row in od("GET", FIND).json()["d"]["results"]]


def code(answer: Response) -> str:
    return str(answer.json()["error"]["code"])


@pytest.mark.parametrize(
    ("kind", "error", "effect"),
    [
        ("timeout_before", httpx.ReadTimeout, 0),
        ("timeout_after", httpx.ReadTimeout, 1),
        ("reset_before", httpx.RemoteProtocolError, 0),
        ("reset_after", httpx.RemoteProtocolError, 1),
        ("refuse", httpx.ConnectError, 0),
    ],
)
def test_should_lose_the_answer_of_a_create_before_or_after_its_effect(
    sap: SapSimulator, od: Caller, kind: str, error: type[Exception], effect: int
) -> None:
    sap.add_fault(Fault(kind, operation="create_partner"))
    transport = SimulatorTransport(sap)
    with httpx.Client(transport=transport, base_url="https://sap.example") as http:
        with pytest.raises(error):
            http.post(SET, json=any_person(), headers=od.headers)
        assert len(found(od)) == effect
        assert http.post(SET, json=any_person(), headers=od.headers).status_code == 201


def test_should_create_late_and_not_look_at_the_token_again(
    sap: SapSimulator, od: Caller, clock: TurnedClock
) -> None:
    sap.add_fault(Fault("late_commit", operation="create_partner", seconds=20))
    assert od("POST", SET, any_person()).cut
    sap.sessions.end()
    clock.turn(19)
    assert found(od) == []
    clock.turn(1)
    assert found(od) == ["0001000001"]
    assert od("GET", f"{SET}('1000001')").json()["d"]["CreationTime"] == "PT08H00M20S"


def test_should_refuse_late_what_is_not_unique_by_then(clock: TurnedClock) -> None:
    sap = any_sap(clock, unique_references=True)
    od = in_session(sap)
    sap.add_fault(Fault("late_commit", operation="create_partner", seconds=20))
    od("POST", SET, any_person())
    partner_made(od)
    clock.turn(20)
    assert len(found(od)) == 1


def test_should_not_find_yet_what_is_there(
    sap: SapSimulator, od: Caller, clock: TurnedClock
) -> None:
    sap.tenant.search_lag = 30
    number = partner_made(od)
    clock.turn(29)
    assert found(od) == []
    assert od("GET", f"{SET}?$filter=BusinessPartner eq '{number}'").json()["d"]["results"] == []
    assert od("GET", f"{SET}/$count").body == b"4"
    assert od("GET", f"{SET}('{number}')").status == 200
    clock.turn(1)
    assert found(od) == [number]


def test_should_lag_and_clamp_for_the_calls_that_are_hit(sap: SapSimulator, od: Caller) -> None:
    partner_made(od)
    sap.add_fault(Fault("search_lag", operation="find_partners", seconds=10))
    assert found(od) == []
    sap.add_fault(Fault("page_clamp", operation="find_partners", number=2))
    assert "__next" in od("GET", SET).json()["d"]
    assert "__next" not in od("GET", SET).json()["d"]


def test_should_end_all_sessions(sap: SapSimulator, od: Caller) -> None:
    sap.add_fault(Fault("expired_csrf", operation="create_partner"))
    answer = od("POST", SET, any_person())
    assert (answer.status, answer.headers["x-csrf-token"]) == (403, "Required")
    assert od("POST", SET, any_person()).status == 403
    assert in_session(sap)("POST", SET, any_person()).status == 201


def test_should_find_an_object_locked(sap: SapSimulator, od: Caller) -> None:
    number = partner_made(od)
    before = sap.state()
    sap.add_fault(Fault("locked"))
    answer = od("PATCH", f"{SET}('{number}')", {"SearchTerm1": "K"}, if_match="*")
    assert (answer.status, code(answer)) == (400, "R1/203")
    sap.add_fault(Fault("locked", number=2))
    assert code(od("POST", SET, any_person())) == "R1/203"
    row = f"{PARTNERS}/A_BusinessPartnerAddress(BusinessPartner='100017',AddressID='1')"
    sap.add_fault(Fault("locked"))
    assert code(od("DELETE", row, if_match="*")) == "R1/203"
    assert sap.state() == before
    assert od("DELETE", row, if_match="*").status == 204


def test_should_find_that_somebody_was_faster(sap: SapSimulator, od: Caller) -> None:
    path = f"{SET}('{partner_made(od)}')"
    etag = od("GET", path).headers["etag"]
    sap.add_fault(Fault("stale_etag"))
    assert od("PATCH", path, {"SearchTerm1": "K"}, if_match=etag).status == 412
    new = od("GET", path).headers["etag"]
    assert new != etag
    assert od("PATCH", path, {"SearchTerm1": "K"}, if_match=new).status == 204


def test_should_say_that_a_reference_is_another_s(sap: SapSimulator, od: Caller) -> None:
    partner = partner_made(od)
    sap.add_fault(Fault("not_unique", count=2))
    assert code(od("POST", SET, any_person())) == "BPEXT_NOT_UNIQUE"
    contract = any_contract(partner)
    assert code(od("POST", f"{CONTRACTS}/Contracts", contract)) == "BPEXT_NOT_UNIQUE"
    assert od("POST", f"{CONTRACTS}/Contracts", contract).status == 201


@pytest.mark.parametrize("body", [None, {"code": "X/1", "message": "m", "severity": "warning"}])
def test_should_tell_an_error_in_the_header_of_a_good_answer(
    sap: SapSimulator, od: Caller, body: dict[str, Any] | None
) -> None:
    sap.add_fault(Fault("sap_message", operation="create_partner", count=2, body=body))
    answer = od("POST", SET, any_person())
    message = json.loads(answer.headers["sap-message"])
    assert (answer.status, message["severity"]) == (201, "warning" if body else "error")
    assert len(found(od)) == 1
    assert "sap-message" not in od("POST", SET, {}).headers


def test_should_answer_any_status(sap: SapSimulator, od: Caller) -> None:
    sap.add_fault(Fault("status", match="POST .*/Contracts$", status=503, retry_after=2))
    assert od("GET", SET).status == 200
    answer = od("POST", f"{CONTRACTS}/Contracts", {})
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


def test_should_start_again_and_give_no_number_twice(sap: SapSimulator, od: Caller) -> None:
    first = partner_made(od)
    sap.reset()
    od = in_session(sap)
    assert found(od) == []
    assert len(sap.records("A_BusinessPartner")) == 4
    assert partner_made(od) != first
