"""Business partners: deep insert, numbers, checks, changes."""

from __future__ import annotations

from typing import Any

import pytest

from infra.simulators.sap import SapSimulator
from tests.contracts.simulators.any_values import (
    IBAN,
    PARTNER_REFERENCE,
    PARTNERS,
    Caller,
    TurnedClock,
    any_address,
    any_person,
    any_sap,
    in_session,
    partner_made,
)

SET = f"{PARTNERS}/A_BusinessPartner"


def read(od: Caller, number: str, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = od("GET", f"{SET}('{number}')?{query}").json()["d"]
    return found


def whole_person() -> dict[str, Any]:
    ways = {
        "to_EmailAddress": {"results": [{"EmailAddress": "any@body.example"}]},
        "to_MobilePhoneNumber": {"results": [{"PhoneNumber": "+49 170 1"}]},
        "to_PhoneNumber": {"results": [{"PhoneNumber": "+49 441 1"}]},
    }
    return any_person(
        BirthDate="/Date(631152000000)/",
        to_BusinessPartnerAddress={"results": [any_address(**ways)]},
        to_BusinessPartnerBank={"results": [{"IBAN": IBAN, "BankAccountHolderName": "Any Body"}]},
    )


class TestCreate:
    def test_should_give_numbers_of_ten_digits_with_leading_zeros(self, od: Caller) -> None:
        made = od("POST", SET, any_person())
        assert made.status == 201
        assert made.json()["d"]["BusinessPartner"] == "0001000001"
        assert made.headers["location"].endswith("/A_BusinessPartner('0001000001')")
        assert partner_made(od) == "0001000002"

    def test_should_insert_what_is_inside_and_show_it(self, od: Caller, sap: SapSimulator) -> None:
        made = od("POST", SET, whole_person()).json()["d"]
        (address,) = made["to_BusinessPartnerAddress"]["results"]
        (email,) = address["to_EmailAddress"]["results"]
        (mobile,) = address["to_MobilePhoneNumber"]["results"]
        assert (email["EmailAddress"], email["OrdinalNumber"]) == ("any@body.example", "1")
        assert (mobile["PhoneNumber"], mobile["PhoneNumberType"]) == ("+49 170 1", "3")
        (phone,) = address["to_PhoneNumber"]["results"]
        assert (phone["OrdinalNumber"], phone["PhoneNumberType"]) == ("2", "1")
        (role,) = made["to_BusinessPartnerRole"]["results"]
        assert role["ValidTo"] == "/Date(253402214400000+0000)/"
        (bank,) = sap.records("A_BusinessPartnerBank")
        assert (bank["BankIdentification"], bank["BankNumber"]) == ("0001", "12030000")

    def test_should_fill_in_names_and_stamps(self, od: Caller) -> None:
        made = read(od, partner_made(od, BirthDate="1990-01-01T15:30:00"))
        assert made["BusinessPartnerFullName"] == "Any Body"
        assert made["BirthDate"] == "/Date(631152000000)/"
        assert (made["CreationDate"], made["CreationTime"]) == (
            "/Date(1748822400000)/",
            "PT08H00M00S",
        )
        assert made["CreatedByUser"] == "BUSBAR_COM"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"BusinessPartnerCategory": ""}, "BusinessPartnerCategory"),
            ({"BusinessPartnerCategory": "4"}, "BusinessPartnerCategory"),
            ({"LastName": None}, "LastName"),
            ({"BusinessPartnerCategory": "2"}, "OrganizationBPName1"),
            ({"BusinessPartnerCategory": "3"}, "GroupBusinessPartnerName1"),
            ({"LastName": "x" * 41}, "LastName"),
            ({"LastName": 7}, "LastName"),
            ({"BusinessPartnerIDByExtSystem": "B" * 21}, "BusinessPartnerIDByExtSystem"),
            ({"BusinessPartnerIsBlocked": "X"}, "BusinessPartnerIsBlocked"),
            ({"BirthDate": "1990-13-01"}, "BirthDate"),
            ({"BirthDate": 7}, "BirthDate"),
            ({"BusinessPartner": "77"}, "BusinessPartner"),
            ({"BusinessPartnerGrouping": "BPEE"}, "BusinessPartner"),
            ({"Customer": "1"}, "Customer"),
            ({"ETag": "1"}, "ETag"),
            ({"Colour": "red"}, "Colour"),
        ],
    )
    def test_should_answer_400_naming_the_property(
        self, od: Caller, sap: SapSimulator, change: dict[str, Any], field: str
    ) -> None:
        answer = od("POST", SET, any_person(**change))
        assert answer.status == 400
        error = answer.json()["error"]
        assert error["message"]["lang"] == "en"
        (detail,) = error["innererror"]["errordetails"]
        assert (detail["propertyref"], detail["severity"]) == (field, "error")
        assert error["innererror"]["application"]["service_id"] == "API_BUSINESS_PARTNER"
        assert len(error["innererror"]["transactionid"]) == 32
        assert len(sap.records("A_BusinessPartner")) == 4

    def test_should_give_an_error_of_the_application_its_class_and_number(self, od: Caller) -> None:
        error = od("POST", SET, any_person(LastName="")).json()["error"]
        assert (error["code"], error["innererror"]["timestamp"]) == (
            "R11/120",
            "20250602080000.0000000",
        )

    @pytest.mark.parametrize(
        ("inside", "rows"),
        [
            ("to_BusinessPartnerRole", [{"BusinessPartnerRole": "NOBODY"}]),
            ("to_BusinessPartnerRole", [{"BusinessPartnerRole": "MKK"}] * 2),
            ("to_BusinessPartnerAddress", [any_address(Country="")]),
            ("to_BusinessPartnerAddress", [any_address(CityName="")]),
            ("to_BusinessPartnerAddress", [any_address(PostalCode="123")]),
            (
                "to_BusinessPartnerAddress",
                [any_address(to_EmailAddress=[{"EmailAddress": "nobody"}])],
            ),
            ("to_BusinessPartnerAddress", [any_address(to_PhoneNumber=[{"PhoneNumber": "me"}])]),
            ("to_BusinessPartnerBank", [{"BankAccountHolderName": "Any Body"}]),
            ("to_BusinessPartnerBank", [{"IBAN": IBAN.replace("2", "3")}]),
            ("to_BusinessPartnerBank", [{"IBAN": "DE02"}]),
            ("to_BusinessPartnerBank", [{"IBAN": IBAN, "BusinessPartner": "77"}]),
            ("to_BusinessPartnerBank", {"results": {}}),
            ("to_BusinessPartnerBank", ["DE02"]),
            ("to_BusinessPartnerBank", 7),
        ],
    )
    def test_should_make_nothing_if_something_inside_is_refused(
        self, od: Caller, sap: SapSimulator, inside: str, rows: object
    ) -> None:
        before = sap.state()
        assert od("POST", SET, any_person(**{inside: rows})).status == 400
        assert sap.state() == before

    def test_should_take_rows_inside_with_or_without_results(self, od: Caller) -> None:
        number = partner_made(od, to_BusinessPartnerBank=[{"IBAN": IBAN}])
        shown = read(od, number, "$expand=to_BusinessPartnerBank")
        assert shown["to_BusinessPartnerBank"]["results"][0]["IBAN"] == IBAN

    @pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
    def test_should_answer_400_for_no_object(self, od: Caller, body: bytes) -> None:
        assert od("POST", SET, body=body).status == 400

    def test_should_answer_415_for_another_content(self, od: Caller) -> None:
        assert od("POST", SET, any_person(), content_type="text/plain").status == 415

    def test_should_take_the_number_along_in_a_grouping_for_that(self, od: Caller) -> None:
        body = any_person(BusinessPartnerGrouping="BPEE", BusinessPartner="77")
        assert od("POST", SET, body).json()["d"]["BusinessPartner"] == "0000000077"
        assert od("POST", SET, body).status == 400


class TestReference:
    def test_should_be_possible_twice(self, od: Caller) -> None:
        assert partner_made(od) != partner_made(od)

    def test_should_be_unique_by_a_setting(self, clock: TurnedClock) -> None:
        od = in_session(any_sap(clock, unique_references=True))
        first = partner_made(od)
        answer = od("POST", SET, any_person())
        assert (answer.status, answer.json()["error"]["code"]) == (400, "BPEXT_NOT_UNIQUE")
        same = {"BusinessPartnerIDByExtSystem": PARTNER_REFERENCE, "FirstName": "Some"}
        assert od("PATCH", f"{SET}('{first}')", same, if_match="*").status == 204
        other = partner_made(od, BusinessPartnerIDByExtSystem="")
        assert od("PATCH", f"{SET}('{other}')", same, if_match="*").status == 400

    def test_should_be_kept_in_capitals(self, od: Caller) -> None:
        number = partner_made(od, BusinessPartnerIDByExtSystem=PARTNER_REFERENCE.lower())
        assert read(od, number)["BusinessPartnerIDByExtSystem"] == PARTNER_REFERENCE

    def test_should_stand_in_a_field_of_the_tenant_by_a_setting(self, clock: TurnedClock) -> None:
        od = in_session(any_sap(clock, partner_reference="YY1_Hub_bus"))
        body = any_person(YY1_Hub_bus="BBPE1", BusinessPartnerIDByExtSystem="other")
        od("POST", SET, body)
        found = od("GET", f"{SET}?$filter=YY1_Hub_bus eq 'BBPE1'").json()["d"]["results"]
        assert [p["BusinessPartnerIDByExtSystem"] for p in found] == ["OTHER"]


class TestChange:
    def test_should_block_and_keep_the_rest(self, od: Caller, clock: TurnedClock) -> None:
        number = partner_made(od)
        clock.turn(60)
        answer = od("PATCH", f"{SET}('{number}')", {"BusinessPartnerIsBlocked": True}, if_match="*")
        assert (answer.status, answer.body) == (204, b"")
        shown = read(od, number)
        assert (shown["BusinessPartnerIsBlocked"], shown["LastName"]) == (True, "Body")
        assert shown["LastChangeTime"] == "PT08H01M00S"

    def test_should_empty_what_a_put_does_not_say(self, od: Caller) -> None:
        number = partner_made(od, SearchTerm1="k")
        same = {"LastName": "Body", "BusinessPartner": number, "BusinessPartnerCategory": "1"}
        assert od("PUT", f"{SET}('{number}')", same, if_match="*").status == 204
        shown = read(od, number)
        assert (shown["LastName"], shown["FirstName"], shown["SearchTerm1"]) == ("Body", "", "")
        assert shown["BusinessPartnerIDByExtSystem"] == ""

    def test_should_change_by_merge(self, od: Caller) -> None:
        number = partner_made(od)
        od("MERGE", f"{SET}('{number}')", {"SearchTerm1": "k"}, if_match="*")
        assert read(od, number)["SearchTerm1"] == "K"

    @pytest.mark.parametrize(
        "change",
        [
            {"BusinessPartner": "77"},
            {"BusinessPartnerCategory": "2"},
            {"CreatedByUser": "ME"},
            {"LastName": ""},
            {"Colour": "red"},
            {"to_BusinessPartnerRole": {"results": []}},
        ],
    )
    def test_should_refuse_what_cannot_be_changed(
        self, od: Caller, sap: SapSimulator, change: dict[str, Any]
    ) -> None:
        number = partner_made(od)
        before = sap.state()
        assert od("PATCH", f"{SET}('{number}')", change, if_match="*").status == 400
        assert sap.state() == before

    def test_should_answer_404_for_a_partner_that_is_not_there(self, od: Caller) -> None:
        answer = od("PATCH", f"{SET}('77')", {"SearchTerm1": "K"}, if_match="*")
        assert (answer.status, answer.json()["error"]["code"]) == (404, "/IWBEP/CM_MGW_RT/020")


class TestBelow:
    def test_should_add_a_role_by_its_set_and_by_its_partner(self, od: Caller) -> None:
        number = partner_made(od)
        role = {"BusinessPartner": number, "BusinessPartnerRole": "FLCU00"}
        assert od("POST", f"{PARTNERS}/A_BusinessPartnerRole", role).status == 201
        path = f"{SET}('{number}')/to_BusinessPartnerRole"
        made = od("POST", path, {"BusinessPartnerRole": "FLCU01"})
        assert (made.status, made.json()["d"]["BusinessPartner"]) == (201, number)
        roles = [r["BusinessPartnerRole"] for r in od("GET", path).json()["d"]["results"]]
        assert roles == ["MKK", "FLCU00", "FLCU01"]

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("A_BusinessPartnerRole", {"BusinessPartnerRole": "MKK"}),
            ("A_BusinessPartnerAddress", any_address()),
            ("A_BusinessPartnerBank", {"IBAN": IBAN}),
        ],
    )
    def test_should_add_nothing_to_a_partner_that_is_not_there(
        self, od: Caller, name: str, body: dict[str, Any]
    ) -> None:
        assert od("POST", f"{PARTNERS}/{name}", {**body, "BusinessPartner": "77"}).status == 404

    def test_should_change_what_belongs_to_a_partner(self, od: Caller, sap: SapSimulator) -> None:
        number = od("POST", SET, whole_person()).json()["d"]["BusinessPartner"]
        before = sap.records("A_BusinessPartnerAddress")[-1]
        of = f"BusinessPartner='{number}'"
        reach = f"AddressID='{before['AddressID']}',Person='',OrdinalNumber='1'"
        for name, key, change in (
            ("A_BusinessPartnerAddress", f"{of},AddressID='{before['AddressID']}'", "HouseNumber"),
            ("A_BusinessPartnerRole", f"{of},BusinessPartnerRole='MKK'", "AuthorizationGroup"),
            ("A_BusinessPartnerBank", f"{of},BankIdentification='0001'", "BankAccountName"),
            ("A_AddressEmailAddress", reach, "AddressCommunicationRemarkText"),
        ):
            path = f"{PARTNERS}/{name}({key})"
            assert od("PATCH", path, {change: "7"}, if_match="*").status == 204
            assert od("GET", path).json()["d"][change] == "7"
        after = sap.records("A_BusinessPartnerAddress")[-1]
        assert after == {**before, "HouseNumber": "7"}

    def test_should_number_further_banks_and_keep_those_of_other_countries(
        self, od: Caller
    ) -> None:
        other = {"BankCountryKey": "AT", "BankNumber": "12000", "BankAccount": "00234573201"}
        banks = [{"IBAN": IBAN, "BankIdentification": "MAIN"}, other, other]
        number = partner_made(od, to_BusinessPartnerBank=banks)
        path = f"{SET}('{number}')/to_BusinessPartnerBank"
        shown = od("GET", path).json()["d"]["results"]
        assert [b["BankIdentification"] for b in shown] == ["MAIN", "0001", "0002"]
        assert (shown[1]["BankCountryKey"], shown[1]["IBAN"]) == ("AT", "")

    def test_should_pass_over_what_is_deferred(self, od: Caller) -> None:
        deferred = {"__deferred": {"uri": "any"}}
        assert partner_made(od, to_BusinessPartnerBank=deferred, __metadata={"type": "any"})

    def test_should_delete_an_address_with_all_that_belongs_to_it(
        self, od: Caller, sap: SapSimulator
    ) -> None:
        od("POST", SET, whole_person())
        address = sap.records("A_BusinessPartnerAddress")[-1]
        key = f"BusinessPartner='{address['BusinessPartner']}',AddressID='{address['AddressID']}'"
        answer = od("DELETE", f"{PARTNERS}/A_BusinessPartnerAddress({key})", if_match="*")
        assert answer.status == 204
        assert len(sap.records("A_BusinessPartnerAddress")) == 4
        assert sap.records("A_AddressEmailAddress") == sap.records("A_AddressPhoneNumber") == []
        email = {"AddressID": address["AddressID"], "EmailAddress": "any@body.example"}
        assert od("POST", f"{PARTNERS}/A_AddressEmailAddress", email).status == 404

    def test_should_delete_no_partner_and_no_role(self, od: Caller) -> None:
        number = partner_made(od)
        assert od("DELETE", f"{SET}('{number}')", if_match="*").status == 405
        key = f"BusinessPartner='{number}',BusinessPartnerRole='MKK'"
        role = f"{PARTNERS}/A_BusinessPartnerRole({key})"
        assert od("DELETE", role, if_match="*").status == 405

    def test_should_answer_404_below_what_is_not_there(self, od: Caller) -> None:
        number = partner_made(od)
        assert od("POST", f"{SET}('{number}')/to_Nothing", {}).status == 404
        assert od("POST", f"{SET}('77')/to_BusinessPartnerRole", {}).status == 404


class TestClerk:
    def test_should_enter_a_second_partner_with_the_same_reference(
        self, od: Caller, sap: SapSimulator
    ) -> None:
        first = partner_made(od)
        second = sap.enter("A_BusinessPartner", **any_person())["BusinessPartner"]
        query = f"$filter=BusinessPartnerIDByExtSystem eq '{PARTNER_REFERENCE}'&$top=2"
        found = od("GET", f"{SET}?{query}").json()["d"]["results"]
        assert [p["BusinessPartner"] for p in found] == [first, second]

    def test_should_block_a_partner(self, od: Caller, sap: SapSimulator) -> None:
        number = partner_made(od)
        etag = read(od, number)["__metadata"]["etag"]
        sap.change("A_BusinessPartner", "1000001", BusinessPartnerIsBlocked=True)
        shown = read(od, number)
        assert shown["BusinessPartnerIsBlocked"] is True
        assert shown["__metadata"]["etag"] != etag

    def test_should_do_the_same_by_route_and_mask_the_account(self, sap: SapSimulator) -> None:
        call = Caller(sap)
        made = call("POST", "/_sim/rows/A_BusinessPartner", whole_person())
        assert made.status == 201
        path = f"/_sim/rows/A_BusinessPartner/{made.json()['BusinessPartner']}"
        assert call("POST", path, {"SearchTerm1": "X"}).json()["SearchTerm1"] == "X"
        for shown in (call("GET", "/_sim/state"), call("GET", "/_sim")):
            assert IBAN.encode() not in shown.body
            assert b"202051" not in shown.body
        assert "any@body.example" in call("GET", "/_sim").body.decode()

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("rows/Nothing", {}, 404),
            ("rows/A_BusinessPartner", {}, 400),
            ("rows/A_BusinessPartner/77", {}, 404),
            ("rows/A_BusinessPartner/100017", {"Colour": "red"}, 400),
            ("knobs", {"search_lag": "x"}, 400),
            ("knobs", {"page_clamp": True}, 400),
            ("knobs", {"colour": 1}, 400),
        ],
    )
    def test_should_say_what_cannot_be_done(
        self, sap: SapSimulator, path: str, body: object, status: int
    ) -> None:
        assert Caller(sap)("POST", f"/_sim/{path}", body).status == status

    def test_should_set_knobs_until_the_next_reset(self, sap: SapSimulator) -> None:
        knobs = {"search_lag": 5, "page_clamp": 7, "unique_references": True}
        answer = Caller(sap)("POST", "/_sim/knobs", knobs).json()
        assert {name: answer[name] for name in knobs} == knobs
        sap.reset()
        assert (sap.tenant.search_lag, sap.tenant.unique_references) == (0.0, False)
