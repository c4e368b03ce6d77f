from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from infra.simulators import sample
from infra.simulators.faults import Fault
from infra.simulators.salesforce import SalesforceSimulator
from tests.contracts.simulators.any_values import (
    BASE,
    REFERENCE,
    Caller,
    TurnedClock,
    any_salesforce,
    logged_in,
    ordered,
)


def ask(sf: Caller, soql: str, batch: str = "") -> Any:
    return sf("GET", f"{BASE}/query?q={quote_plus(soql)}", sforce_query_options=batch)


def where(condition: str, fields: str = "Name", source: str = "Account") -> str:
    return f"SELECT {fields} FROM {source} {condition}"  # noqa: S608 (values of the tests)


def names(answer: Any) -> list[str]:
    return [r["Name"] for r in answer.json()["records"]]


OFFER = (
    "SELECT Id, Pricebook2Id, UnitPrice, Product2.ProductCode, Product2.MaximumQuantity__c "
    "FROM PricebookEntry WHERE IsActive = true AND Product2.ProductCode = 'charge-card' "
    "ORDER BY Id LIMIT 1"
)


def test_should_follow_lookups_in_selection_and_condition(sf: Caller) -> None:
    answer = ask(sf, OFFER).json()
    assert (answer["totalSize"], answer["done"]) == (1, True)
    record = answer["records"][0]
    assert record["attributes"]["type"] == "PricebookEntry"
    assert record["UnitPrice"] == 9.9
    assert record["Product2"]["attributes"]["type"] == "Product2"
    assert record["Product2"]["MaximumQuantity__c"] == 50.0


def test_should_find_the_cards_of_an_order(sf: Caller, salesforce: SalesforceSimulator) -> None:
    ordered(sf)
    ids = salesforce.assign_cards(REFERENCE)
    soql = where(f"WHERE BusbarOrder__r.BusbarReference__c = '{REFERENCE}'", "Id", "Asset")
    assert [r["Id"] for r in ask(sf, soql).json()["records"]] == ids


def test_should_show_an_empty_lookup_as_null(sf: Caller) -> None:
    soql = "SELECT BusbarOrder__r.BusbarReference__c FROM Asset LIMIT 1"
    assert ask(sf, soql).json()["records"][0]["BusbarOrder__r"] is None


@pytest.mark.parametrize("encode", [quote, quote_plus])
@pytest.mark.parametrize("path", ["query", "query/"])
def test_should_take_both_spellings_of_the_address(sf: Caller, encode: Any, path: str) -> None:
    soql = "SELECT Name FROM Account WHERE Name = 'Elbe Handwerk GmbH'"
    assert names(sf("GET", f"{BASE}/{path}?q={encode(soql)}")) == ["Elbe Handwerk GmbH"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Name = 'elbe handwerk gmbh'", ["Elbe"]),
        ("Name != 'Elbe Handwerk GmbH' AND CustomerNumber__c != null", ["Heide", "Nordwind"]),
        ("CustomerNumber__c IN ('K-100017', 'K-100033')", ["Heide", "Nordwind"]),
        ("CustomerNumber__c NOT IN ('K-100017', null)", ["Elbe", "Heide"]),
        (
            "Name LIKE '%GmbH' AND (BillingCity = 'Hamburg' OR BillingCity LIKE 'L_neburg')",
            ["Elbe", "Heide"],
        ),
        ("NOT CustomerNumber__c = null AND CustomerNumber__c <= 'K-100025'", ["Elbe", "Nordwind"]),
        (f"Id = '{sample.ELBE.account_id[:15]}'", ["Elbe"]),
        ("CreatedDate >= 2025-06-02T10:00:00+02:00 AND CustomerNumber__c > 'K-100025'", ["Heide"]),
        ("CreatedDate > 2025-06-02T08:00:00Z", []),
        (r"Name = 'it\'s'", []),
    ],
)
def test_should_filter(sf: Caller, condition: str, expected: list[str]) -> None:
    answer = ask(sf, where(f"WHERE {condition} ORDER BY Name"))
    assert [n.split()[0] for n in names(answer)] == expected


def test_should_sort_by_several_keys_and_put_empty_ones_where_asked(sf: Caller) -> None:
    order = "ORDER BY CustomerNumber__c DESC NULLS LAST, Name LIMIT 9 OFFSET 1"
    assert [n.split()[0] for n in names(ask(sf, where(order)))] == [
        "Elbe",
        "Nordwind",
        "Kartenlager",
        "Wattwurm",
    ]
    first = ask(sf, "SELECT Name FROM Account ORDER BY CustomerNumber__c ASC NULLS FIRST LIMIT 1")
    assert names(first) == ["Kartenlager"]


def test_should_count(sf: Caller) -> None:
    answer = ask(sf, "SELECT COUNT() FROM Asset WHERE CardActive__c = false").json()
    assert answer == {"totalSize": 20, "done": True, "records": []}


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        ("", "MALFORMED_QUERY"),
        ("SELECT FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name ~ 'x'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name IN 'x'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name NULL 'x'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name='a' AND Name='b' OR Name='c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT many", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account ORDER BY 5", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account ORDER BY Id NULLS", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account nonsense", "MALFORMED_QUERY"),
        ("SELECT Nowhere FROM Account", "INVALID_FIELD"),
        ("SELECT Nowhere.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Asset WHERE CardActive__c = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
    ],
)
def test_should_refuse_a_wrong_query(sf: Caller, soql: str, expected: str) -> None:
    answer = ask(sf, soql)
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, expected)


class TestPaging:
    def test_should_page_by_the_batch_size_asked_for(self, clock: TurnedClock) -> None:
        sf = logged_in(any_salesforce(clock, smallest_batch=1))
        option = "batchSize=8"
        page = ask(sf, "SELECT Id FROM Asset", option).json()
        sizes = [len(page["records"])]
        while not page["done"]:
            assert page["nextRecordsUrl"].startswith(f"{BASE}/query/01g")
            page = sf("GET", page["nextRecordsUrl"], sforce_query_options=option).json()
            sizes.append(len(page["records"]))
        assert sizes == [8, 8, 4]
        assert page["totalSize"] == 20
        assert "nextRecordsUrl" not in page

    def test_should_not_go_below_200(self, sf: Caller) -> None:
        assert ask(sf, "SELECT Id FROM Asset", "batchSize=1").json()["done"]

    def test_should_clamp_a_page_by_a_fault(
        self, sf: Caller, salesforce: SalesforceSimulator
    ) -> None:
        salesforce.add_fault(Fault("page_clamp", operation="run_query", number=15))
        page = ask(sf, "SELECT Id FROM Asset").json()
        assert (len(page["records"]), page["done"]) == (15, False)
        assert len(sf("GET", page["nextRecordsUrl"]).json()["records"]) == 5

    @pytest.mark.parametrize("locator", ["01gWA0000000001YAA-5", "nonsense", "01g-x"])
    def test_should_refuse_an_unknown_locator(self, sf: Caller, locator: str) -> None:
        answer = sf("GET", f"{BASE}/query/{locator}")
        assert (answer.status, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")

    def test_should_let_the_token_end_between_two_pages(
        self, sf: Caller, salesforce: SalesforceSimulator
    ) -> None:
        salesforce.add_fault(Fault("page_clamp", operation="run_query", number=15))
        salesforce.add_fault(Fault("expired_token", operation="next_page"))
        page = ask(sf, "SELECT Id FROM Asset").json()
        assert sf("GET", page["nextRecordsUrl"]).status == 401
        again = logged_in(salesforce)
        assert again("GET", page["nextRecordsUrl"]).status == 200


class TestSearchLag:
    def test_should_not_see_a_young_order_until_the_lag_is_over(
        self, sf: Caller, salesforce: SalesforceSimulator, clock: TurnedClock
    ) -> None:
        ordered(sf)
        soql = where(f"WHERE BusbarReference__c = '{REFERENCE}'", "Id", "Order")
        salesforce.add_fault(Fault("search_lag", operation="run_query", count=2, seconds=30))
        assert ask(sf, soql).json()["records"] == []
        clock.turn(31)
        assert len(ask(sf, soql).json()["records"]) == 1

    def test_should_always_see_it_by_its_key(
        self, sf: Caller, salesforce: SalesforceSimulator
    ) -> None:
        ordered(sf)
        salesforce.org.search_lag = 30
        path = f"{BASE}/sobjects/Order/BusbarReference__c/{REFERENCE}"
        assert sf("GET", path).status == 200
