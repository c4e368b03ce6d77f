from __future__ import annotations

from typing import Any

import pytest

from infra.simulators import sample
from infra.simulators.salesforce import SalesforceSimulator
from tests.contracts.simulators.any_values import (
    BASE,
    REFERENCE,
    Caller,
    TurnedClock,
    any_item,
    any_order,
    any_salesforce,
    logged_in,
    ordered,
)

ROWS = f"{BASE}/sobjects"
ORDER_BY_KEY = f"{ROWS}/Order/BusbarReference__c/{REFERENCE}"
NORDWIND = f"{ROWS}/Account/{sample.NORDWIND.account_id}"


def code(answer: Any) -> str:
    return str(answer.json()[0]["errorCode"])


def created(sf: Caller, **changes: Any) -> str:
    answer = sf("POST", f"{ROWS}/Order", any_order(**changes))
    assert answer.status == 201, answer.body
    return str(answer.json()["id"])


def test_should_create_a_row_with_an_18_character_id_and_a_number(sf: Caller) -> None:
    answer = sf("POST", f"{ROWS}/Order/", any_order())
    order_id = answer.json()["id"]
    assert answer.status == 201
    assert answer.json() == {"id": order_id, "success": True, "errors": []}
    assert order_id.startswith("801")
    assert len(order_id) == 18
    row = sf("GET", f"{ROWS}/Order/{order_id}").json()
    assert row["OrderNumber"] == "00000101"
    assert row["attributes"]["url"] == f"{ROWS}/Order/{order_id}"
    assert row["CreatedDate"] == "2025-06-02T08:00:00.000+0000"
    assert row["TrackingId__c"] is None


def test_should_read_only_the_fields_asked_for_also_by_the_short_id(sf: Caller) -> None:
    row = sf("GET", f"{NORDWIND[:-3]}?fields=Name").json()
    assert set(row) == {"attributes", "Id", "Name"}


def test_should_update_and_delete(sf: Caller, clock: TurnedClock) -> None:
    order_id = created(sf)
    clock.turn(5)
    answer = sf("PATCH", f"{ROWS}/Order/{order_id}", {"Description": "eilig"})
    assert (answer.status, answer.body) == (204, b"")
    row = sf("GET", f"{ROWS}/Order/{order_id}").json()
    assert row["Description"] == "eilig"
    assert row["SystemModstamp"] == "2025-06-02T08:00:05.000+0000"
    assert sf("DELETE", f"{ROWS}/Order/{order_id}").status == 204
    gone = sf("GET", f"{ROWS}/Order/{order_id}")
    assert (gone.status, code(gone)) == (404, "ENTITY_IS_DELETED")


def test_should_delete_items_with_their_order_and_free_its_cards(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    order_id = ordered(sf)
    salesforce.assign_cards(REFERENCE)
    assert sf("DELETE", f"{ROWS}/Order/{order_id}").status == 204
    assert salesforce.records("OrderItem") == []
    assert {a["BusbarOrder__c"] for a in salesforce.records("Asset")} == {None}


def test_should_not_delete_an_account_that_orders_need(sf: Caller) -> None:
    created(sf)
    assert code(sf("DELETE", NORDWIND)) == "DELETE_FAILED"


class TestUpsert:
    def test_should_answer_201_then_200_and_tell_which(self, sf: Caller) -> None:
        first = sf("PATCH", ORDER_BY_KEY, any_order())
        second = sf("PATCH", ORDER_BY_KEY.lower().replace("order/", "Order/"), any_order())
        assert (first.status, first.json()["created"]) == (201, True)
        assert (second.status, second.json()["created"]) == (200, False)
        assert first.json()["id"] == second.json()["id"]

    def test_should_read_and_delete_by_the_key(self, sf: Caller) -> None:
        sf("PATCH", ORDER_BY_KEY, any_order())
        assert sf("GET", f"{ORDER_BY_KEY}?fields=Status").json()["Status"] == "Draft"
        assert sf("DELETE", ORDER_BY_KEY).status == 204
        assert sf("GET", ORDER_BY_KEY).status == 404

    def test_should_answer_300_and_write_nothing_when_several_have_the_key(
        self, clock: TurnedClock
    ) -> None:
        sf = logged_in(any_salesforce(clock, non_unique=["Order.BusbarReference__c"]))
        ids = [created(sf, BusbarReference__c=REFERENCE) for _ in range(2)]
        answer = sf("PATCH", ORDER_BY_KEY, {"Description": "nie"})
        assert answer.status == 300
        assert answer.json() == [f"{ROWS}/Order/{i}" for i in ids]
        assert sf("GET", ORDER_BY_KEY).status == 300
        assert sf("DELETE", ORDER_BY_KEY).status == 300
        assert sf("GET", f"{ROWS}/Order/{ids[0]}").json()["Description"] is None

    def test_should_not_create_with_update_only(self, sf: Caller) -> None:
        answer = sf("PATCH", f"{ORDER_BY_KEY}?updateOnly=true", any_order())
        assert (answer.status, code(answer)) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("field", ["Description", "Nowhere__c"])
    def test_should_know_only_external_ids_as_keys(self, sf: Caller, field: str) -> None:
        answer = sf("PATCH", f"{ROWS}/Order/{field}/x", any_order())
        assert (answer.status, code(answer)) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("field", ["BusbarReference__c", "Id"])
    def test_should_refuse_the_key_in_the_body(self, sf: Caller, field: str) -> None:
        answer = sf("PATCH", ORDER_BY_KEY, any_order(**{field: REFERENCE}))
        assert (answer.status, code(answer)) == (400, "INVALID_FIELD")

    def test_should_decode_the_key(self, sf: Caller, salesforce: SalesforceSimulator) -> None:
        sf("PATCH", f"{ROWS}/Order/BusbarReference__c/a%2Fb%20c", any_order())
        assert salesforce.records("Order")[0]["BusbarReference__c"] == "a/b c"


class TestErrors:
    def test_should_name_the_record_that_has_the_value(self, sf: Caller) -> None:
        first = created(sf, BusbarReference__c=REFERENCE)
        answer = sf("POST", f"{ROWS}/Order", any_order(BusbarReference__c=REFERENCE.lower()))
        assert (answer.status, code(answer)) == (400, "DUPLICATE_VALUE")
        assert f"on record with id: {first}" in answer.json()[0]["message"]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"AccountId": None}, "REQUIRED_FIELD_MISSING"),
            ({"AccountId": sample.PRODUCT_ID}, "MALFORMED_ID"),
            ({"AccountId": "001WA0000000999ZZZ"}, "MALFORMED_ID"),
            ({"AccountId": "001WA0000000zzz"}, "INVALID_CROSS_REFERENCE_KEY"),
            ({"BillingCity": "x" * 41}, "STRING_TOO_LONG"),
            ({"BillingCity": 7}, "JSON_PARSER_ERROR"),
            ({"EffectiveDate": "2025-13-01"}, "JSON_PARSER_ERROR"),
            ({"EffectiveDate": 7}, "JSON_PARSER_ERROR"),
            ({"Status": "Unterwegs"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
            ({"Status": "Activated"}, "FAILED_ACTIVATION"),
            ({"Nowhere__c": "x"}, "INVALID_FIELD"),
            ({"OrderNumber": "1"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            ({"Account": {"Name": "x"}}, "INVALID_FIELD"),
            ({"Account": {"BusbarReference__c": "x"}}, "INVALID_FIELD"),
        ],
    )
    def test_should_refuse_a_wrong_order(
        self, sf: Caller, change: dict[str, Any], expected: str
    ) -> None:
        answer = sf("POST", f"{ROWS}/Order", any_order(**change))
        assert (answer.status, code(answer)) == (400, expected)

    def test_should_name_missing_fields(self, sf: Caller) -> None:
        answer = sf("POST", f"{ROWS}/OrderItem", {"Quantity": 1, "UnitPrice": "9.90"})
        assert answer.json() == [
            {
                "message": "Required fields are missing: [OrderId, PricebookEntryId]",
                "errorCode": "REQUIRED_FIELD_MISSING",
                "fields": ["OrderId", "PricebookEntryId"],
            }
        ]

    @pytest.mark.parametrize("body", [b"{", b"", b"\xff", b"[]"])
    def test_should_refuse_what_is_no_json_object(self, sf: Caller, body: bytes) -> None:
        assert code(sf("POST", f"{ROWS}/Order", body=body)) == "JSON_PARSER_ERROR"

    def test_should_refuse_an_entry_of_another_price_book(self, sf: Caller) -> None:
        order_id = created(sf, Pricebook2Id=None)
        answer = sf("POST", f"{ROWS}/OrderItem", any_item(order_id))
        assert code(answer) == "FIELD_INTEGRITY_EXCEPTION"

    @pytest.mark.parametrize("field", ["OrderId", "PricebookEntryId"])
    def test_should_not_move_an_item(self, sf: Caller, field: str) -> None:
        body = any_item(created(sf))
        item_id = sf("POST", f"{ROWS}/OrderItem", body).json()["id"]
        answer = sf("PATCH", f"{ROWS}/OrderItem/{item_id}", {field: body[field]})
        assert code(answer) == "INVALID_FIELD_FOR_INSERT_UPDATE"
        assert answer.json()[0]["fields"] == [field]

    def test_should_activate_only_an_order_with_items(self, sf: Caller) -> None:
        order_id = created(sf)
        url = f"{ROWS}/Order/{order_id}"
        assert code(sf("PATCH", url, {"Status": "Activated"})) == "FAILED_ACTIVATION"
        sf("POST", f"{ROWS}/OrderItem", any_item(order_id))
        assert sf("PATCH", url, {"Status": "Activated"}).status == 204

    @pytest.mark.parametrize(
        "url",
        [
            f"{ROWS}/Nothing/001WA0000000001YAA",
            f"{ROWS}/Account/001WA0000000zzz",
            f"{ROWS}/Account/nonsense",
            "/services/data/v45.0/query?q=SELECT+Id+FROM+Account",
            "/services/data/60/query?q=SELECT+Id+FROM+Account",
            "/services/nothing",
        ],
    )
    def test_should_answer_404_in_an_array(self, sf: Caller, url: str) -> None:
        answer = sf("GET", url)
        assert answer.status == 404
        assert answer.json() == [
            {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
        ]

    def test_should_answer_405_for_another_method(self, sf: Caller) -> None:
        answer = sf("PUT", NORDWIND)
        assert (answer.status, code(answer)) == (405, "METHOD_NOT_ALLOWED")

    def test_should_know_no_other_columns(self, sf: Caller) -> None:
        answer = sf("GET", f"{NORDWIND}?fields=Name,Nowhere")
        assert answer.json()[0]["message"] == "No such column 'Nowhere' on sobject of type Account"


def test_should_take_a_parent_by_its_external_id(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    order = any_order(Account={"BusbarReference__c": sample.ELBE.reference})
    del order["AccountId"]
    assert sf("POST", f"{ROWS}/Order", order).status == 201
    assert salesforce.records("Order")[0]["AccountId"] == sample.ELBE.account_id


def test_should_keep_conditions_on_time(sf: Caller) -> None:
    before = "Mon, 02 Jun 2025 07:59:00 GMT"
    after = "Mon, 02 Jun 2025 08:00:00 GMT"
    assert sf("GET", NORDWIND, if_modified_since=after).status == 304
    assert sf("GET", NORDWIND, if_modified_since=before).status == 200
    assert sf("PATCH", NORDWIND, {"Name": "x"}, if_unmodified_since=before).status == 412
    assert sf("PATCH", NORDWIND, {"Name": "x"}, if_unmodified_since=after).status == 204
    assert sf("GET", NORDWIND, if_modified_since="gestern").status == 400


def test_should_tell_the_quota_and_stop_at_it(clock: TurnedClock) -> None:
    sf = logged_in(any_salesforce(clock, api_limit=2))
    answers = [sf("GET", NORDWIND) for _ in range(3)]
    assert answers[0].headers["sforce-limit-info"] == "api-usage=1/2"
    assert [a.status for a in answers] == [200, 200, 403]
    assert code(answers[2]) == "REQUEST_LIMIT_EXCEEDED"
    clock.turn(86400)
    sf = logged_in(sf.simulator)  # type: ignore[arg-type]
    assert sf("GET", NORDWIND).status == 200
