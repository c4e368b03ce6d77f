"""Recorded answers of Salesforce, read by the real connector."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from busbar.connectors.reach import Reach
from busbar.connectors.salesforce.orders import SalesforceOrders
from busbar.errors import (
    Duplicate,
    Missing,
    Refused,
    Unavailable,
    Unknown,
    UpstreamError,
)
from busbar.settings.salesforce import SalesforceSettings
from tests.contracts.recording import FixedClock, Player, Seconds, Secrets

RECORDED = Path(__file__).parent / "recorded"
SETTINGS = SalesforceSettings(
    base_url="https://acme.my.salesforce.com", secret_id="any", event_source="any"
)
PROBING = replace(SETTINGS, mode="probe")
SECRET = {"client_id": "id", "client_secret": "s3cret"}
REFERENCE = "BBCO0000000000001"
ORDER_ID = "801000000000001AAA"
ORDER_FIELDS = "Id,OrderNumber,Status,SystemModstamp,TrackingId__c,DeliveryDate__c"
PAYLOAD = {
    "order": {"AccountId": "001000000000001AAA", "Description": "Jana Petersen"},
    "items": [{"reference": "BBCI0000000000001", "fields": {"Quantity": 5}}],
}


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["body"]


def connected(
    *steps: Any,
    settings: SalesforceSettings = SETTINGS,
    credentials: Secrets | None = None,
    clock: FixedClock | None = None,
    monotonic: Seconds | None = None,
) -> tuple[SalesforceOrders, Player]:
    player = Player(RECORDED, list(steps))
    orders = SalesforceOrders(
        settings,
        Reach(
            credentials or Secrets([SECRET]),
            clock=clock or FixedClock(),
            correlation=lambda: "corr-1",
            transport=player.transport,
            monotonic=monotonic or Seconds(),
        ),
    )
    return orders, player


# --- what is read ------------------------------------------------------------------------------


def test_should_read_the_offer_with_its_price_as_a_decimal() -> None:
    orders, player = connected("token", "offer")
    offer = orders.read_offer(5)
    assert (offer.unit_price, offer.currency) == ("32.45", "EUR")
    assert (offer.minimum_quantity, offer.maximum_quantity) == (5, 500)
    assert offer.price_book_entry_id == "01u000000000001AAA"
    query = player.sent[1].url.params["q"]
    assert "Product2.ProductCode = 'CHARGE-CARD'" in query
    assert "Pricebook2Id =" not in query


def test_should_ask_for_the_price_book_and_the_currency_where_settings_say_so() -> None:
    settings = replace(SETTINGS, price_book_id="01s'x", currency="")
    orders, player = connected("token", "no_records", settings=settings)
    with pytest.raises(Missing) as caught:
        orders.read_offer(5)
    assert caught.value.code == "NO_OFFER"
    query = player.sent[1].url.params["q"]
    assert "Pricebook2Id = '01s\\'x'" in query
    assert "CurrencyIsoCode" in query


def test_should_find_the_order_by_its_external_id() -> None:
    orders, player = connected("token", "order_found")
    (found,) = orders.find_order("BB/CO", 5)
    assert found.external_id == ORDER_ID
    assert found.fields == {
        "order_number": "00000101",
        "status": "Draft",
        "version": "1745500707000",
    }
    assert player.calls()[1].endswith("/sobjects/Order/BusbarReference__c/BB%2FCO")
    assert player.sent[1].url.params["fields"] == ORDER_FIELDS


@pytest.mark.parametrize(
    ("answer", "settings"), [("order_delivered", SETTINGS), ("orders_queried", PROBING)]
)
def test_should_find_the_delivery_of_an_order_in_both_ways(
    answer: str, settings: SalesforceSettings
) -> None:
    orders, player = connected("token", answer, settings=settings)
    (found,) = orders.find_order(REFERENCE, 5)
    assert found.fields == {
        "order_number": "00000101",
        "status": "Geliefert",
        "version": "1745500707000",
        "tracking_id": "00340434161094",
        "delivery_date": "2025-04-24",
    }
    asked = " ".join(player.sent[1].url.params.values())
    assert "TrackingId__c" in asked
    assert "DeliveryDate__c" in asked


@pytest.mark.parametrize("answer", ["order_delivered", "orders_queried"])
def test_should_not_ask_for_the_delivery_where_the_org_has_no_such_fields(answer: str) -> None:
    settings = replace(
        SETTINGS if answer == "order_delivered" else PROBING,
        order_tracking_field="",
        order_delivery_date_field="",
    )
    orders, player = connected("token", answer, settings=settings)
    (found,) = orders.find_order(REFERENCE, 5)
    assert set(found.fields) == {"order_number", "status", "version"}
    assert "__c" not in " ".join(player.sent[1].url.params.values()).partition(" FROM ")[0]


def test_should_find_nothing_when_salesforce_says_so() -> None:
    orders, _ = connected("token", "order_missing")
    assert orders.find_order(REFERENCE, 5) == []


def test_should_not_take_a_maintenance_page_for_an_order_that_is_not_there() -> None:
    orders, _ = connected("token", "maintenance_page")
    with pytest.raises(Unavailable):
        orders.find_order(REFERENCE, 5)


def test_should_hand_out_every_order_when_the_reference_is_not_unique() -> None:
    orders, _ = connected("token", "order_several")
    assert [f.external_id for f in orders.find_order(REFERENCE, 5)] == [
        ORDER_ID,
        "801000000000002AAA",
    ]


def test_should_read_all_pages_of_assets_and_leave_out_those_without_a_card() -> None:
    orders, player = connected("token", "assets_page_1", "assets_page_2")
    cards = list(orders.assets_of(REFERENCE, 5))
    assert [c.card_id for c in cards] == ["410001", "410002", "410004"]
    assert [c.delivered for c in cards] == [True, False, True]
    assert cards[0].version == 1_745_500_707_000
    assert player.calls()[2] == "GET /services/data/v60.0/query/01g000000000001AAA-2"


def test_should_not_follow_the_next_page_to_another_host() -> None:
    orders, player = connected("token", "assets_foreign_page")
    with pytest.raises(Unavailable, match="nextRecordsUrl"):
        orders.assets_of(REFERENCE, 5)
    assert len(player.sent) == 2


def test_should_read_exactly_the_fields_that_settings_name() -> None:
    orders, player = connected("token", "asset")
    fields = orders.read_asset("02i000000000001AAA", 5)
    assert fields["CardActive__c"] is True
    assert set(fields) == set(SETTINGS.asset_fields)
    assert player.sent[1].url.params["fields"] == ",".join(SETTINGS.asset_fields)


def test_should_set_fields_of_an_asset() -> None:
    orders, player = connected("token", "updated")
    orders.write_asset("02i000000000001AAA", {"CardActive__c": True}, 5)
    assert player.calls()[1] == "PATCH /services/data/v60.0/sobjects/Asset/02i000000000001AAA"
    assert player.json_sent() == {"CardActive__c": True}


def test_should_miss_an_asset_that_is_gone() -> None:
    orders, _ = connected("token", "deleted")
    with pytest.raises(Missing) as caught:
        orders.read_asset("02i000000000001AAA", 5)
    assert caught.value.code == "ENTITY_IS_DELETED"


@pytest.mark.parametrize("asset_id", ["", ".", ".."])
def test_should_send_nothing_for_an_id_that_is_none(asset_id: str) -> None:
    orders, player = connected()
    with pytest.raises(Missing):
        orders.write_asset(asset_id, {}, 5)
    assert player.sent == []


# --- creating an order -------------------------------------------------------------------------


def test_should_upsert_order_and_items_and_read_the_number_in_one_graph() -> None:
    orders, player = connected("token", "graph_created")
    found = orders.create_order(REFERENCE, PAYLOAD, 5)
    assert found.fields["order_number"] == "00000101"
    (graph,) = player.json_sent(1)["graphs"]
    order, item, read = graph["compositeRequest"]
    base = "/services/data/v60.0/sobjects"
    assert (order["method"], order["url"]) == (
        "PATCH",
        f"{base}/Order/BusbarReference__c/{REFERENCE}",
    )
    assert "BusbarReference__c" not in order["body"]
    assert item["url"] == f"{base}/OrderItem/BusbarReference__c/BBCI0000000000001"
    assert item["body"] == {"Quantity": 5, "OrderId": "@{order.id}"}
    assert read == {
        "method": "GET",
        "url": f"{base}/Order/@{{order.id}}?fields={ORDER_FIELDS}",
        "referenceId": "read",
    }


def test_should_create_with_the_reference_as_a_field_where_it_is_not_unique() -> None:
    orders, player = connected("token", "graph_created", "orders_queried", settings=PROBING)
    assert orders.create_order(REFERENCE, PAYLOAD, 5).external_id == ORDER_ID
    order, item, _ = player.json_sent(1)["graphs"][0]["compositeRequest"]
    assert (order["method"], order["url"]) == ("POST", "/services/data/v60.0/sobjects/Order")
    assert order["body"]["BusbarReference__c"] == REFERENCE
    assert item["body"]["BusbarReference__c"] == "BBCI0000000000001"
    assert f"BusbarReference__c = '{REFERENCE}'" in player.sent[2].url.params["q"]


def test_should_let_no_mapping_change_the_reference() -> None:
    payload = {**PAYLOAD, "order": {"BusbarReference__c": "OTHER"}}
    orders, player = connected("token", "graph_created")
    orders.create_order(REFERENCE, payload, 5)
    assert player.json_sent(1)["graphs"][0]["compositeRequest"][0]["body"] == {}


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("graph_required_field", Refused, "REQUIRED_FIELD_MISSING"),
        ("graph_duplicate_value", Duplicate, "DUPLICATE_VALUE"),
        ("graph_duplicate_rule", Refused, "DUPLICATES_DETECTED"),
        ("graph_row_locked", Unavailable, "UNABLE_TO_LOCK_ROW"),
        ("html_success", Unknown, "UNREADABLE_ANSWER"),
        ("quota", Unavailable, "REQUEST_LIMIT_EXCEEDED"),
        ("missing_rights", Refused, "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("server_error", Unknown, "UNKNOWN_EXCEPTION"),
        ("unavailable", Unknown, "SERVER_UNAVAILABLE"),
        (httpx.Response(302), Unknown, "HTTP_302"),
        (httpx.Response(200, json={"graphs": []}), Unknown, "UNREADABLE_ANSWER"),
        (httpx.ConnectError("refused"), Unavailable, "ConnectError"),
        (httpx.ConnectTimeout("slow"), Unavailable, "ConnectTimeout"),
        (httpx.ReadTimeout("slow"), Unknown, "ReadTimeout"),
        (httpx.WriteTimeout("slow"), Unknown, "WriteTimeout"),
        (httpx.RemoteProtocolError("reset"), Unknown, "RemoteProtocolError"),
    ],
)
def test_should_tell_the_consequence_of_a_failed_create(
    answer: Any, kind: type[UpstreamError], code: str
) -> None:
    orders, player = connected("token", answer)
    with pytest.raises(UpstreamError) as caught:
        orders.create_order(REFERENCE, PAYLOAD, 5)
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.operation == "create_order"
    assert len(player.sent) == 2


@pytest.mark.parametrize(
    ("look", "kind"),
    [("order_found", Duplicate), ("order_missing", Refused), ("server_error", Unavailable)],
)
def test_should_look_whether_an_unchangeable_field_means_that_the_order_is_there(
    look: str, kind: type[UpstreamError]
) -> None:
    orders, _ = connected("token", "graph_item_there", look)
    with pytest.raises(UpstreamError) as caught:
        orders.create_order(REFERENCE, PAYLOAD, 5)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "read",
    [None, [], {}, {"Id": ORDER_ID}, {"Id": ORDER_ID, "OrderNumber": "1", "Status": "Draft"}],
)
def test_should_not_know_when_the_order_was_made_but_its_number_not_read(read: object) -> None:
    answer = recorded("graph_created")
    nodes = answer["graphs"][0]["graphResponse"]["compositeResponse"]
    nodes[-1]["body"] = read
    orders, _ = connected("token", httpx.Response(200, json=answer))
    with pytest.raises(Unknown, match="UNREADABLE_ANSWER"):
        orders.create_order(REFERENCE, PAYLOAD, 5)


@pytest.mark.parametrize("look", ["server_error", "html_success", httpx.ReadTimeout("slow")])
def test_should_not_know_whether_the_order_is_the_only_one_where_nobody_answers(look: Any) -> None:
    orders, _ = connected("token", "graph_created", look, settings=PROBING)
    with pytest.raises(Unknown) as caught:
        orders.create_order(REFERENCE, PAYLOAD, 5)
    assert caught.value.detail == "READ_AFTER_CREATE"


def test_should_know_the_order_although_the_search_lags_behind() -> None:
    orders, _ = connected("token", "graph_created", "no_records", settings=PROBING)
    assert orders.create_order(REFERENCE, PAYLOAD, 5).fields["order_number"] == "00000101"


def duplicate_value(message: str, fields: list[str]) -> httpx.Response:
    answer = recorded("graph_duplicate_value")
    nodes = answer["graphs"][0]["graphResponse"]["compositeResponse"]
    nodes[0]["body"][0] |= {"message": message, "fields": fields}
    return httpx.Response(200, json=answer)


@pytest.mark.parametrize(
    ("message", "fields", "kind", "detail"),
    [
        ("duplicate value found: {} duplicates value on record", ["Other__c"], Refused, "Other__c"),
        ("duplicate value found: Other__c duplicates value on record", [], Refused, "Other__c"),
        ("duplicate value found: Code duplicates value on record", [], Refused, "Code"),
        ("Doppelter Wert gefunden: Other__c dupliziert einen Wert", [], Refused, "Other__c"),
        ("anything", ["BUSBARREFERENCE__C"], Duplicate, "BUSBARREFERENCE__C"),
        ("anything", ["Other__c", "BusbarReference__c"], Duplicate, "Other__c, BusbarReference__c"),
        ("Doppelter Wert gefunden: BusbarReference__c", [], Duplicate, "BusbarReference__c"),
        ("duplicate value found: <unknown> duplicates value on <unknown>", [], Duplicate, ""),
    ],
)
def test_should_take_only_a_duplicate_of_our_reference_for_our_order(
    message: str, fields: list[str], kind: type[UpstreamError], detail: str
) -> None:
    orders, _ = connected("token", duplicate_value(message, fields))
    with pytest.raises(UpstreamError) as caught:
        orders.create_order(REFERENCE, PAYLOAD, 5)
    assert (type(caught.value), caught.value.detail) == (kind, detail)


def test_should_name_the_part_that_a_mapping_left_out() -> None:
    orders, player = connected()
    with pytest.raises(Refused, match="items"):
        orders.create_order(REFERENCE, {"order": {}}, 5)
    assert player.sent == []


# --- other failures ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        ("validation", Refused, "CardLabel__c"),
        ("deleted", Missing, ""),
        ("server_error", Unknown, ""),
        (httpx.Response(200, json={}), Unknown, "status"),
        (httpx.Response(403, text="<html>"), Unavailable, ""),
        (httpx.Response(400, text="<html>"), Refused, ""),
    ],
)
def test_should_keep_values_out_of_what_a_failed_write_tells(
    answer: Any, kind: type[UpstreamError], detail: str
) -> None:
    orders, _ = connected("token", answer)
    with pytest.raises(UpstreamError) as caught:
        orders.write_asset("02i000000000001AAA", {"CardLabel__c": "Jana Petersen"}, 5)
    assert (type(caught.value), caught.value.detail) == (kind, detail)
    assert "Petersen" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="[" * 100_000),
        httpx.Response(200, text='{"records": [{"Id": 7}]}'),
        httpx.Response(200, text='{"records": "no"}'),
        httpx.Response(200, text='{"records": [{"Id": "x", "UnitPrice": NaN}]}'),
        httpx.Response(200, json=[]),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(500, text="x"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_should_call_salesforce_unavailable_when_an_offer_cannot_be_read(answer: Any) -> None:
    orders, _ = connected("token", answer)
    with pytest.raises(Unavailable):
        orders.read_offer(5)


def test_should_carry_the_wait_and_the_request_id_that_salesforce_names() -> None:
    headers = {"Retry-After": "Sun, 01 Mar 2026 12:00:30 GMT", "X-SFDC-Request-Id": "req-7"}
    orders, _ = connected("token", httpx.Response(429, headers=headers))
    with pytest.raises(Unavailable) as caught:
        orders.read_offer(5)
    assert (caught.value.retry_after, caught.value.request_id) == (30.0, "req-7")


# --- logging in --------------------------------------------------------------------------------


def test_should_log_in_once_for_many_calls() -> None:
    orders, player = connected("token", "offer", "offer")
    orders.read_offer(5)
    orders.read_offer(5)
    assert player.calls().count("POST /services/oauth2/token") == 1
    assert player.sent[1].headers["authorization"] == "Bearer 00D000000000001!AQ0TOKEN"
    assert player.sent[1].headers["sforce-call-options"] == "client=busbar"
    assert player.sent[1].headers["x-correlation-id"] == "corr-1"
    assert player.sent[1].url.host == "acme.my.salesforce.com"
    assert b"client_secret=s3cret" in player.sent[0].content


def test_should_send_the_credentials_as_basic_where_settings_say_so() -> None:
    settings = replace(SETTINGS, client_authentication="basic")
    orders, player = connected("token", "offer", settings=settings)
    orders.read_offer(5)
    assert player.sent[0].content == b"grant_type=client_credentials"
    assert player.sent[0].headers["authorization"].startswith("Basic ")


def test_should_renew_an_old_token_unasked() -> None:
    clock = FixedClock()
    orders, player = connected("token", "offer", "token", "offer", clock=clock)
    orders.read_offer(5)
    clock.at += timedelta(seconds=SETTINGS.token_seconds)
    orders.read_offer(5)
    assert player.calls().count("POST /services/oauth2/token") == 2


def test_should_log_in_again_and_repeat_a_write_that_was_answered_with_401() -> None:
    orders, player = connected("token", "session_expired", "token", "updated")
    orders.write_asset("02i000000000001AAA", {}, 5)
    assert len(player.sent) == 4


def test_should_wait_for_a_person_when_salesforce_refuses_a_fresh_token() -> None:
    orders, player = connected("token", "session_expired", "token", "session_expired")
    with pytest.raises(Unavailable) as caught:
        orders.create_order(REFERENCE, PAYLOAD, 5)
    assert caught.value.code == "INVALID_SESSION_ID"
    assert player.steps == []


def test_should_read_the_secret_past_its_cache_when_it_is_refused() -> None:
    secrets = Secrets([SECRET, {**SECRET, "client_secret": "rotated"}])
    orders, player = connected("token_invalid_client", "token", "offer", credentials=secrets)
    orders.read_offer(5)
    assert b"client_secret=rotated" in player.sent[1].content


def test_should_not_try_the_same_secret_twice() -> None:
    orders, player = connected("token_invalid_client")
    with pytest.raises(Unavailable) as caught:
        orders.create_order(REFERENCE, PAYLOAD, 5)
    assert caught.value.code == "invalid_client"
    assert len(player.sent) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.Response(500),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"access_token": 7}),
        httpx.Response(200, json={"access_token": "tök en"}),
        httpx.Response(200, json={"access_token": "a\r\nX-Evil: 1"}),
    ],
)
def test_should_know_that_nothing_was_done_when_a_login_fails_before_a_write(answer: Any) -> None:
    orders, _ = connected(answer)
    with pytest.raises(Unavailable):
        orders.create_order(REFERENCE, PAYLOAD, 5)


def test_should_wait_when_the_secret_is_incomplete() -> None:
    orders, player = connected(credentials=Secrets([{"client_id": "id"}]))
    with pytest.raises(Unavailable, match="INCOMPLETE_SECRET"):
        orders.read_offer(5)
    assert player.sent == []


# --- time --------------------------------------------------------------------------------------


def test_should_start_no_further_call_when_the_time_is_used_up() -> None:
    # Each look at the time costs a second: budget, token call (2 looks), graph.
    orders, player = connected("token", "graph_created", monotonic=Seconds(each=1.0))
    with pytest.raises(Unavailable, match="NO_TIME_LEFT"):
        orders.create_order(REFERENCE, PAYLOAD, 2.5)
    assert len(player.sent) == 1


def test_should_share_one_budget_between_the_calls_of_an_operation() -> None:
    orders, player = connected("token", "offer", monotonic=Seconds(each=1.0))
    orders.read_offer(10)
    first, second = (r.extensions["timeout"] for r in player.sent)
    assert first == {"connect": 2.0, "pool": 2.0, "read": 9.0, "write": 9.0}
    assert second["read"] < first["read"]
