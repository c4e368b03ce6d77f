"""OData V2 as SAP's Gateway speaks it: envelopes, types, queries, pages, encodings, documents."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from infra.simulators import sample
from infra.simulators.sap import SapSimulator
from infra.simulators.sap.sample_rows import partner_number
from tests.contracts.simulators.any_values import (
    CONTRACTS,
    PARTNER_REFERENCE,
    PARTNERS,
    Caller,
    TurnedClock,
    any_address,
    any_contract,
    any_sap,
    in_session,
    partner_made,
)

SET = f"{PARTNERS}/A_BusinessPartner"
NORDWIND = partner_number(sample.NORDWIND)
ELBE = partner_number(sample.ELBE)
HEIDE = partner_number(sample.HEIDE)
WATTWURM = partner_number(sample.WATTWURM)


def numbers(od: Caller, query: str) -> list[str]:
    answer = od("GET", f"{SET}?{query}")
    assert answer.status == 200, answer.body
    return [row["BusinessPartner"] for row in answer.json()["d"]["results"]]


class TestEntity:
    def test_should_say_what_it_is_and_defer_the_rest(self, od: Caller) -> None:
        shown = od("GET", f"{SET}('{NORDWIND}')", host="sap.example:44300")
        entity = shown.json()["d"]
        uri = f"https://sap.example:44300{SET}('{NORDWIND}')"
        about = entity["__metadata"]
        assert (about["uri"], about["type"]) == (uri, "API_BUSINESS_PARTNER.A_BusinessPartnerType")
        assert shown.headers["etag"] == about["etag"] == f'W/"{entity["ETag"]}"'
        assert entity["to_BusinessPartnerRole"] == {
            "__deferred": {"uri": f"{uri}/to_BusinessPartnerRole"}
        }
        assert (entity["BirthDate"], entity["FirstName"]) == (None, "")
        assert shown.headers["dataserviceversion"] == "2.0"

    def test_should_be_read_without_leading_zeros_too(self, od: Caller) -> None:
        assert od("GET", f"{SET}('100017')").json()["d"]["BusinessPartner"] == NORDWIND
        assert numbers(od, "$filter=BusinessPartner eq '100017'") == [NORDWIND]

    def test_should_answer_without_leading_zeros_by_a_setting(self, clock: TurnedClock) -> None:
        od = in_session(any_sap(clock, short_numbers=True))
        entity = od("GET", f"{SET}('{NORDWIND}')").json()["d"]
        assert entity["BusinessPartner"] == "100017"
        assert entity["__metadata"]["uri"].endswith("('100017')")

    def test_should_follow_navigations_and_properties(self, od: Caller) -> None:
        row = f"{SET}('{NORDWIND}')"
        roles = od("GET", f"{row}/to_BusinessPartnerRole?$top=1").json()["d"]["results"]
        assert [r["BusinessPartnerRole"] for r in roles] == ["FLCU00"]
        assert od("GET", f"{row}/SearchTerm1").json() == {"d": {"SearchTerm1": "K-100017"}}
        assert od("GET", f"{row}/to_Nothing").status == 404

    def test_should_read_a_key_of_several_parts_in_any_order(self, od: Caller) -> None:
        for key in (
            f"BusinessPartner='{NORDWIND}',AddressID='1'",
            f"AddressID='0000000001',BusinessPartner='{NORDWIND}'",
        ):
            answer = od("GET", f"{PARTNERS}/A_BusinessPartnerAddress({quote(key)})")
            assert answer.json()["d"]["CityName"] == "Oldenburg"

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("A_BusinessPartner('77')", 404),
            ("A_BusinessPartner(77)", 400),
            ("A_BusinessPartner()", 404),
            ("A_BusinessPartner('')", 404),
            ("A_BusinessPartner(Customer='77')", 400),
            ("A_BusinessPartner('7',)", 400),
            ("A_BusinessPartnerAddress('1')", 400),
            ("A_BusinessPartner('77')/to_BusinessPartnerRole", 404),
            ("A_Nothing", 404),
            ("A_Nothing('1')", 404),
            ("a_businesspartner", 404),
            ("A_BusinessPartner('100017')/to_BusinessPartnerRole/deeper", 404),
        ],
    )
    def test_should_refuse_what_is_no_address_of_it(
        self, od: Caller, path: str, status: int
    ) -> None:
        answer = od("GET", f"{PARTNERS}/{path}")
        assert answer.status == status
        assert answer.json()["error"]["message"]["value"]

    def test_should_answer_in_json_only_to_who_asks_for_it(self, od: Caller) -> None:
        for method, url in (("GET", SET), ("GET", f"{SET}('{NORDWIND}')"), ("POST", SET)):
            answer = od(method, url, {} if method == "POST" else None, accept="*/*")
            assert (answer.status, answer.json()["error"]["code"]) == (
                406,
                "005056A509B11ED19BEB6513AA349DA5",
            )
        assert od("GET", f"{SET}?$format=json", accept="*/*").status == 200


class TestTypes:
    def test_should_keep_dates_moments_and_decimals(self, od: Caller) -> None:
        address = any_address(ValidityStartDate="/Date(1748851200000+0000)/")
        number = partner_made(
            od,
            BirthDate="/Date(-2208902400000)/",
            to_BusinessPartnerAddress={"results": [address]},
        )
        expand = "$expand=to_BusinessPartnerAddress"
        shown = od("GET", f"{SET}('{number}')?{expand}").json()["d"]
        assert shown["BirthDate"] == "/Date(-2208902400000)/"
        (shown_address,) = shown["to_BusinessPartnerAddress"]["results"]
        assert shown_address["ValidityStartDate"] == "/Date(1748851200000+0000)/"
        body = any_contract(number, UnitPrice="0.3245")
        contract = od("POST", f"{CONTRACTS}/Contracts", body).json()["d"]
        assert contract["UnitPrice"] == "0.3245"

    @pytest.mark.parametrize("price", [0.3245, "0.32455", "12345678", "NaN", "x", True])
    def test_should_take_decimals_as_text_that_fits(self, od: Caller, price: object) -> None:
        body = any_contract(partner_made(od), UnitPrice=price)
        answer = od("POST", f"{CONTRACTS}/Contracts", body)
        (detail,) = answer.json()["error"]["innererror"]["errordetails"]
        assert (answer.status, detail["target"]) == (400, "UnitPrice")


class TestFilter:
    @pytest.mark.parametrize(
        ("condition", "found"),
        [
            ("SearchTerm1 eq 'K-100017'", [NORDWIND]),
            (
                "SearchTerm1 eq 'K-100017' or BusinessPartner eq '0000100025'",
                [NORDWIND, ELBE],
            ),
            ("SearchTerm1 ne 'K-100017' and SearchTerm1 ne 'K-200001'", [ELBE, HEIDE]),
            ("substringof('Logistik',OrganizationBPName1)", [NORDWIND, WATTWURM]),
            ("substringof('Logistik', OrganizationBPName1) eq false", [ELBE, HEIDE]),
            ("startswith(SearchTerm1,'K-2') eq true", [WATTWURM]),
            ("endswith(SearchTerm1,'25') and BusinessPartnerIsBlocked eq false", [ELBE]),
            ("not (SearchTerm1 eq 'K-100017' or startswith(SearchTerm1,'K-2'))", [ELBE, HEIDE]),
            ("BusinessPartner gt '100025' and BusinessPartner le '0000200001'", [HEIDE, WATTWURM]),
            ("BusinessPartner lt '100025'", [NORDWIND]),
            ("BusinessPartner ge '200001'", [WATTWURM]),
            ("BirthDate ge datetime'1990-01-01T00:00:00'", []),
            ("BirthDate eq null and SearchTerm1 eq 'K-100025'", [ELBE]),
            ("BusinessPartnerIDByExtSystem eq 'nobody'", []),
            ("BusinessPartnerIDByExtSystem eq '' and SearchTerm1 eq 'K-100017'", [NORDWIND]),
            ("OrganizationBPName1 eq 'O''Brien and or (x)'", []),
            ("BusinessPartner eq '77'", []),
        ],
    )
    def test_should_find_what_fits(self, od: Caller, condition: str, found: list[str]) -> None:
        assert numbers(od, f"$filter={quote(condition)}") == found

    def test_should_compare_dates(self, od: Caller) -> None:
        number = partner_made(od, BirthDate="1990-01-01T00:00:00")
        for condition in ("eq datetime'1990-01-01T00:00:00'", "lt datetime'1990-01-02T00:00'"):
            assert numbers(od, f"$filter=BirthDate {condition}") == [number]

    def test_should_compare_times_of_day_and_uuids(self, od: Caller) -> None:
        number = partner_made(od)
        uuid = od("GET", f"{SET}('{number}')").json()["d"]["BusinessPartnerUUID"]
        for condition in (
            "CreationTime eq time'PT08H00M00S'",
            f"BusinessPartnerUUID eq guid'{uuid.upper()}'",
        ):
            assert numbers(od, f"$filter={condition}") == [number]

    def test_should_compare_decimals_as_numbers(self, od: Caller) -> None:
        partner = partner_made(od)
        for price in ("9.5", "10.25", None):
            od("POST", f"{CONTRACTS}/Contracts", any_contract(partner, UnitPrice=price))
        for condition, prices in (
            ("UnitPrice lt 10M", ["9.5000"]),
            ("UnitPrice eq 10.25m", ["10.2500"]),
            ("UnitPrice eq null", [None]),
        ):
            url = f"{CONTRACTS}/Contracts?$filter={condition}"
            rows = od("GET", url).json()["d"]["results"]
            assert [row["UnitPrice"] for row in rows] == prices

    @pytest.mark.parametrize(
        "condition",
        [
            "Colour eq 'red'",
            "SearchTerm1",
            "SearchTerm1 eq",
            "SearchTerm1 is 'x'",
            "SearchTerm1 eq K-1",
            "SearchTerm1 eq 'x",
            "SearchTerm1 eq 'x' and",
            "(SearchTerm1 eq 'x'",
            "SearchTerm1 eq 'x') ",
            "substringof('x')",
            "substringof('x',BusinessPartnerIsBlocked)",
            "startswith(SearchTerm1,'x') eq 'x'",
            "BusinessPartnerIsBlocked eq 'X'",
            "BirthDate eq '1990-01-01'",
            "CreationTime eq time'8 o clock'",
            "BusinessPartnerUUID eq guid'1'",
            "BirthDate eq datetime'1990-13-01T00:00:00'",
            "SearchTerm1 eq 'x' ; drop",
        ],
    )
    def test_should_answer_400_for_no_condition(self, od: Caller, condition: str) -> None:
        assert od("GET", f"{SET}?$filter={quote(condition)}").status == 400

    def test_should_follow_a_change_of_what_it_looks_up(self, od: Caller) -> None:
        number = partner_made(od)
        change = {"BusinessPartnerIDByExtSystem": "OTHER"}
        od("PATCH", f"{SET}('{number}')", change, if_match="*")
        assert numbers(od, f"$filter=BusinessPartnerIDByExtSystem eq '{PARTNER_REFERENCE}'") == []
        assert numbers(od, "$filter=BusinessPartnerIDByExtSystem eq 'OTHER'") == [number]


class TestShape:
    def test_should_select_and_expand(self, od: Caller) -> None:
        query = "$select=BusinessPartner,to_BusinessPartnerRole/BusinessPartnerRole"
        query += "&$expand=to_BusinessPartnerRole"
        entity = od("GET", f"{SET}('{NORDWIND}')?{query}").json()["d"]
        assert set(entity) == {"__metadata", "BusinessPartner", "to_BusinessPartnerRole"}
        roles = entity["to_BusinessPartnerRole"]["results"]
        assert {key for role in roles for key in role} == {"__metadata", "BusinessPartnerRole"}

    def test_should_expand_over_two_steps(self, od: Caller) -> None:
        address = any_address(to_EmailAddress=[{"EmailAddress": "any@body.example"}])
        number = partner_made(od, to_BusinessPartnerAddress=[address])
        query = "$expand=to_BusinessPartnerAddress/to_EmailAddress,to_BusinessPartnerBank"
        entity = od("GET", f"{SET}('{number}')?{query}").json()["d"]
        (shown,) = entity["to_BusinessPartnerAddress"]["results"]
        assert shown["to_EmailAddress"]["results"][0]["EmailAddress"] == "any@body.example"
        assert entity["to_BusinessPartnerBank"] == {"results": []}
        assert "__deferred" in shown["to_PhoneNumber"]

    def test_should_not_show_what_is_expanded_and_not_selected(self, od: Caller) -> None:
        query = "$select=SearchTerm1&$expand=to_BusinessPartnerRole"
        (first, *_) = od("GET", f"{SET}?{query}").json()["d"]["results"]
        assert set(first) == {"__metadata", "SearchTerm1"}
        assert "to_BusinessPartnerBank" in od("GET", f"{SET}('{ELBE}')?$select=*").json()["d"]

    @pytest.mark.parametrize(
        "query",
        [
            "$select=Colour",
            "$expand=to_Nothing",
            "$orderby=Colour",
            "$orderby=SearchTerm1 up",
            "$top=-1",
            "$top=many",
            "$skip=x",
            "$inlinecount=some",
            "$search=x",
        ],
    )
    @pytest.mark.parametrize("condition", ["", "&$filter=SearchTerm1 eq 'nobody'"])
    def test_should_answer_400_even_if_nothing_is_found(
        self, od: Caller, query: str, condition: str
    ) -> None:
        assert od("GET", f"{SET}?{query}{condition}").status == 400

    def test_should_answer_400_for_what_is_not_there_inside(self, od: Caller) -> None:
        query = "$expand=to_BusinessPartnerRole&$select=to_BusinessPartnerRole/Colour"
        assert od("GET", f"{SET}?{query}").status == 400

    def test_should_pass_over_options_that_are_not_odata_s(self, od: Caller) -> None:
        assert len(numbers(od, "sap-client=100&sap-language=DE")) == 4


class TestPages:
    def test_should_sort_skip_and_take(self, od: Caller) -> None:
        assert numbers(od, "$orderby=SearchTerm1 desc&$top=2") == [WATTWURM, HEIDE]
        assert numbers(od, "$orderby=BusinessPartnerCategory,SearchTerm1 desc&$skip=3") == [
            NORDWIND
        ]
        assert numbers(od, "$orderby=BirthDate,SearchTerm1 asc&$skip=1&$top=1") == [ELBE]
        assert numbers(od, "$top=0") == []

    def test_should_count(self, od: Caller) -> None:
        query = "$inlinecount=allpages&$top=1&$filter=startswith(SearchTerm1,'K-1')"
        page = od("GET", f"{SET}?{query}").json()["d"]
        assert (page["__count"], len(page["results"])) == ("3", 1)
        count = od("GET", f"{SET}/$count?$filter=SearchTerm1 ne 'K-100017'", accept="*/*")
        assert (count.status, count.body) == (200, b"3")

    def test_should_lead_from_page_to_page(self, od: Caller, sap: SapSimulator) -> None:
        sap.tenant.page_clamp = 2
        url, pages = f"{SET}?$filter=startswith(SearchTerm1,'K')&$orderby=SearchTerm1 desc", []
        while url:
            page = od("GET", url, host="sap.example").json()["d"]
            pages.append([row["BusinessPartner"] for row in page["results"]])
            url = page.get("__next", "")
            assert not url or urlsplit(url).netloc == "sap.example"
        assert pages == [[WATTWURM, HEIDE], [ELBE, NORDWIND]]

    def test_should_lead_no_further_than_was_asked_for(self, od: Caller, sap: SapSimulator) -> None:
        sap.tenant.page_clamp = 1
        url, found = f"{SET}?$skip=1&$top=2&$inlinecount=allpages", []
        while url:
            page = od("GET", url).json()["d"]
            assert page["__count"] == "4"
            found += [row["BusinessPartner"] for row in page["results"]]
            url = page.get("__next", "")
        assert found == [ELBE, HEIDE]

    def test_should_page_what_a_navigation_leads_to(self, od: Caller, sap: SapSimulator) -> None:
        sap.tenant.page_clamp = 1
        path = f"{SET}('{NORDWIND}')/to_BusinessPartnerRole"
        first = od("GET", path).json()["d"]
        second = od("GET", first["__next"]).json()["d"]
        roles = [page["results"][0]["BusinessPartnerRole"] for page in (first, second)]
        assert (roles, "__next" in second) == (["FLCU00", "FLCU01"], False)


class TestEncodings:
    @pytest.mark.parametrize(
        "path",
        [
            f"A_BusinessPartner%28%27{NORDWIND}%27%29",
            f"A_BusinessPartner('{NORDWIND}')/",
            f"A_BusinessPartner(BusinessPartner%3d%27{NORDWIND}%27)",
            f"A_BusinessPartner%28%27{NORDWIND}%27%29?%24select=BusinessPartner",
        ],
    )
    def test_should_read_a_row_however_its_path_is_encoded(self, od: Caller, path: str) -> None:
        assert od("GET", f"{PARTNERS}/{path}").json()["d"]["BusinessPartner"] == NORDWIND

    @pytest.mark.parametrize("space", ["%20", "+"])
    def test_should_read_names_and_values_of_a_query_that_are_encoded(
        self, od: Caller, space: str
    ) -> None:
        query = f"%24filter=SearchTerm1{space}eq{space}%27K-100017%27&%24top=2"
        assert numbers(od, query) == [NORDWIND]

    def test_should_tell_a_quote_in_a_key_from_its_end(self, od: Caller) -> None:
        assert od("GET", f"{SET}('O''Brien')").status == 404
        assert od("GET", f"{SET}('O%27%27Brien')").status == 404
        assert od("GET", f"{SET}('O'Brien')").status == 400

    def test_should_keep_a_slash_inside_a_key(self, od: Caller) -> None:
        body = {"BusinessPartnerGrouping": "BPEE", "BusinessPartner": "A/B (1)"}
        made = partner_made(od, **body)
        uri = od("GET", f"{SET}('A%2FB%20(1)')").json()["d"]["__metadata"]["uri"]
        assert uri.endswith("('A%2FB%20%281%29')")
        assert od("GET", urlsplit(uri).path).json()["d"]["BusinessPartner"] == made


class TestDocuments:
    @pytest.mark.parametrize("service", [PARTNERS, CONTRACTS])
    def test_should_list_the_sets(self, od: Caller, service: str) -> None:
        sets = od("GET", service).json()["d"]["EntitySets"]
        assert all(od("GET", f"{service}/{name}").status == 200 for name in sets)
        atom = od("GET", f"{service}/", accept="*/*")
        assert atom.headers["content-type"] == "application/atomsvc+xml"
        assert all(f'href="{name}"'.encode() in atom.body for name in sets)

    def test_should_describe_itself_in_xml_only(self, od: Caller) -> None:
        for path in ("$metadata", "%24metadata", "$metadata/"):
            shown = od("GET", f"{PARTNERS}/{path}", accept="application/xml")
            assert shown.headers["content-type"] == "application/xml"
            assert b'<EntityType Name="A_BusinessPartnerType"' in shown.body
        assert od("GET", f"{PARTNERS}/$metadata").status == 406

    def test_should_say_who_writes_a_property_and_how_long_it_may_be(self, od: Caller) -> None:
        text = od("GET", f"{PARTNERS}/$metadata", accept="*/*").body.decode()
        line = next(p for p in text.split("<Property ") if 'Name="BusinessPartnerFullName"' in p)
        assert 'MaxLength="81"' in line
        assert 'sap:creatable="false" sap:updatable="false"' in line
        key = next(p for p in text.split("<Property ") if p.startswith('Name="BusinessPartner" '))
        assert 'Nullable="false" MaxLength="10"' in key

    def test_should_know_no_other_service(self, od: Caller) -> None:
        answer = od("GET", "/sap/opu/odata/sap/API_PRODUCT_SRV/A_Product")
        assert (answer.status, answer.json()["error"]["code"]) == (403, "/IWFND/MED/170")
        elsewhere = od("GET", "/sap/bc/ping")
        assert (elsewhere.status, elsewhere.headers["content-type"]) == (
            404,
            "text/html;charset=utf-8",
        )

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("DELETE", "A_BusinessPartner"),
            ("PATCH", "A_BusinessPartner"),
            ("POST", "A_BusinessPartner('1')"),
            ("PUT", ""),
        ],
    )
    def test_should_answer_405_for_a_method_that_a_path_does_not_have(
        self, od: Caller, method: str, path: str
    ) -> None:
        body: Any = {}
        answer = od(method, f"{PARTNERS}/{path}", body)
        assert answer.status == 405
        assert answer.json()["error"]["innererror"]["errordetails"] == []
