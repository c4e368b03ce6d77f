"""Who may call and write: Basic auth, CSRF tokens with their cookies, ETags."""

from __future__ import annotations

import base64

import pytest

from infra.simulators.sap import SapSimulator
from infra.simulators.sap.contract_service import ContractNames
from tests.contracts.simulators.any_values import (
    CONTRACTS,
    PARTNERS,
    Caller,
    TurnedClock,
    any_contract,
    any_person,
    any_sap,
    in_session,
    partner_made,
    sap_user,
)

SET = f"{PARTNERS}/A_BusinessPartner"


class TestUser:
    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Bearer any",
            "Basic !",
            "Basic " + base64.b64encode(b"BUSBAR_COM:other").decode(),
            "Basic " + base64.b64encode(b"OTHER:any-password").decode(),
            "Bearer " + base64.b64encode(b"BUSBAR_COM:any-password").decode(),
        ],
    )
    @pytest.mark.parametrize("path", ["API_BUSINESS_PARTNER/", "API_PRODUCT_SRV/"])
    def test_should_answer_401_in_html(
        self, sap: SapSimulator, authorization: str, path: str
    ) -> None:
        call = Caller(sap, {"authorization": authorization, "x-csrf-token": "Fetch"})
        answer = call("GET", f"/sap/opu/odata/sap/{path}")
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
        assert answer.headers["content-type"].startswith("text/html")
        assert "x-csrf-token" not in answer.headers
        assert answer.cookies == ()

    def test_should_take_another_password_when_it_is_changed(self, sap: SapSimulator) -> None:
        call = sap_user(sap)
        sap.rotate_password("new")
        assert call("GET", SET).status == 401


class TestToken:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize(
        "path", ["", "/", "/$metadata", "/$batch/", "/A_BusinessPartner/", "/%24batch"]
    )
    def test_should_be_fetched_anywhere_by_get_and_head(
        self, sap: SapSimulator, method: str, path: str
    ) -> None:
        call = sap_user(sap)
        answer = call(method, PARTNERS + path, x_csrf_token="fetch")
        if method == "HEAD":
            assert (answer.status, answer.body) == (200, b"")
        assert len(answer.headers["x-csrf-token"]) == 24
        names = [cookie.partition("=")[0] for cookie in answer.cookies]
        assert names == ["SAP_SESSIONID_S4H_100", "sap-usercontext"]

    def test_should_be_fetched_by_a_head_of_a_row(self, od: Caller) -> None:
        assert od("HEAD", f"{SET}('100017')").status == 200
        missing = od("HEAD", f"{SET}('77')")
        assert (missing.status, missing.body) == (404, b"")
        assert od("HEAD", f"{PARTNERS}/A_Nothing/").status == 404

    def test_should_be_the_same_within_a_session(self, sap: SapSimulator, od: Caller) -> None:
        again = od("GET", PARTNERS, x_csrf_token="Fetch")
        assert (again.headers["x-csrf-token"], again.cookies) == (od.headers["x-csrf-token"], ())
        other = sap_user(sap)("GET", PARTNERS, x_csrf_token="Fetch")
        assert other.headers["x-csrf-token"] != od.headers["x-csrf-token"]

    def test_should_not_be_given_to_who_does_not_ask(self, od: Caller) -> None:
        answer = od("GET", PARTNERS)
        assert ("x-csrf-token" in answer.headers, answer.cookies) == (False, ())

    @pytest.mark.parametrize(
        "without",
        [
            {"x-csrf-token": ""},
            {"x-csrf-token": "Fetch"},
            {"x-csrf-token": "other"},
            {"cookie": ""},
            {"cookie": "sap-usercontext=sap-client=100"},
            {"cookie": "SAP_SESSIONID_S4H_100=other; sap-usercontext=sap-client=100"},
        ],
    )
    def test_should_be_needed_for_a_write_with_all_its_cookies(
        self, sap: SapSimulator, od: Caller, without: dict[str, str]
    ) -> None:
        before = sap.state()
        for method, path in (("POST", SET), ("PATCH", f"{SET}('100017')"), ("POST", "/$batch")):
            url = PARTNERS + path if path == "/$batch" else path
            answer = Caller(sap, od.headers | without)(method, url, any_person(), if_match="*")
            assert (answer.status, answer.body) == (403, b"CSRF token validation failed")
            assert answer.headers["x-csrf-token"] == "Required"
        assert sap.state() == before

    def test_should_not_do_without_the_second_cookie(self, od: Caller) -> None:
        session = od.headers["cookie"].partition(";")[0]
        assert od("POST", SET, any_person(), cookie=session).status == 403

    def test_should_serve_both_services(self, od: Caller) -> None:
        contract = any_contract(partner_made(od))
        assert od("POST", f"{CONTRACTS}/Contracts", contract).status == 201

    def test_should_end_when_it_is_not_used(
        self, sap: SapSimulator, od: Caller, clock: TurnedClock
    ) -> None:
        for _ in range(3):
            clock.turn(1700)
            assert od("POST", SET, any_person()).status == 201
        clock.turn(1800)
        assert od("POST", SET, any_person()).status == 403
        assert in_session(sap)("POST", SET, any_person()).status == 201

    def test_should_end_with_a_restart(self, sap: SapSimulator, od: Caller) -> None:
        sap.restore(sap.dump())
        assert od("POST", SET, any_person()).status == 403


class TestEtag:
    def test_should_let_only_who_knows_the_row_as_it_is_change_it(self, od: Caller) -> None:
        path = f"{SET}('{partner_made(od)}')"
        old = od("GET", path).headers["etag"]
        changed = od("PATCH", path, {"SearchTerm1": "A"}, if_match=old)
        assert changed.status == 204
        new = od("GET", path).headers["etag"]
        assert changed.headers["etag"] == new != old
        stale = od("PATCH", path, {"SearchTerm1": "B"}, if_match=old)
        assert (stale.status, stale.json()["error"]["code"]) == (412, "/IWBEP/CM_MGW_RT/190")
        missing = od("PATCH", path, {"SearchTerm1": "B"})
        assert (missing.status, missing.json()["error"]["code"]) == (428, "/IWBEP/CM_MGW_RT/194")
        assert od("PATCH", path, {"SearchTerm1": "B"}, if_match="*").status == 204
        assert od("GET", path).json()["d"]["SearchTerm1"] == "B"

    def test_should_be_needed_for_a_delete(self, od: Caller) -> None:
        row = f"{PARTNERS}/A_BusinessPartnerAddress(BusinessPartner='100017',AddressID='1')"
        assert od("DELETE", row).status == 428
        etag = od("GET", row).headers["etag"]
        assert od("DELETE", row, if_match=etag).status == 204
        assert od("GET", row).status == 404

    def test_should_be_missing_in_a_service_without(self, clock: TurnedClock) -> None:
        od = in_session(any_sap(clock, contract_etags=False, names=ContractNames()))
        made = od("POST", f"{CONTRACTS}/Contracts", any_contract(partner_made(od))).json()["d"]
        assert "etag" not in made["__metadata"]
        path = f"{CONTRACTS}/Contracts('{made['ContractID']}')"
        answer = od("PATCH", path, {"ProductID": "WALLBOX"})
        assert (answer.status, "etag" in answer.headers) == (204, False)
        assert "etag" not in od("GET", path).headers
