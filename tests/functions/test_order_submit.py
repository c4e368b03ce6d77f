"""POST /v1/charge-card-orders: what is taken and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.customers import Role
from infra.simulators.sample import NORDWIND, PRICE_BOOK_ENTRY_ID
from tests.doubles.world import World
from tests.functions.given import CORRELATION, any_user, forget_calls, writes
from tests.functions.portal import ORDERS, answer, call_as, fields_at_fault, place, problem


def test_one_card_should_answer_201_with_the_order_number_of_salesforce(
    world: World, event: Any
) -> None:
    placed = answer(world, "order_submit", event)
    assert placed.status == 201, placed.text
    (order,) = world.salesforce.records("Order")
    assert placed.json["salesforce_order_number"] == order["OrderNumber"]
    assert placed.json["status_text"] == "Ausgangsstatus"
    assert placed.headers["Location"] == f"{ORDERS}/{placed.json['id']}"
    assert order["BusbarReference__c"] == f"BBCO{placed.json['id']}"
    assert order["AccountId"] == NORDWIND.account_id
    (item,) = world.salesforce.records("OrderItem")
    assert (item["Quantity"], item["UnitPrice"]) == (1, 9.9)
    assert item["PricebookEntryId"] == PRICE_BOOK_ENTRY_ID


def test_one_card_should_need_one_write_and_leave_nothing_in_the_outbox(
    world: World, event: Any
) -> None:
    answer(world, "order_submit", event)
    assert [c.operation for c in writes(world.salesforce)] == ["run_graph"]
    forget_calls(world)
    world.run_for(300)
    assert not world.salesforce.calls


def test_one_card_should_carry_its_correlation_id_to_salesforce_and_back(
    world: World, event: Any
) -> None:
    placed = answer(world, "order_submit", event)
    assert placed.headers["x-correlation-id"] == CORRELATION
    assert {c.correlation_id for c in world.salesforce.calls} == {CORRELATION}


def test_other_delivery_address_should_reach_salesforce_beside_the_stored_invoice_address(
    world: World, event: Any
) -> None:
    placed = answer(world, "order_submit", event)
    assert placed.status == 201, placed.text
    (order,) = world.salesforce.records("Order")
    assert order["BillingStreet"] == "Nordwind Logistik GmbH\nHafenstraße 12"
    assert order["ShippingStreet"] == "Nordwind Logistik GmbH, Lager 2\nAm Deich 4a"
    assert order["ShippingPostalCode"] == "01067"
    assert order["Description"] == "Bitte an die Pforte: Tor 3"


def test_incomplete_address_should_be_refused_by_the_name_of_the_field(
    world: World, event: Any
) -> None:
    refused = answer(world, "order_submit", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["delivery_address.postal_code"]
    assert not world.salesforce.calls


def test_quantity_zero_should_be_refused_by_the_name_of_the_field(world: World, event: Any) -> None:
    refused = answer(world, "order_submit", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["quantity"]
    assert not world.salesforce.records("Order")


def test_above_maximum_should_be_refused_with_the_limits(world: World, event: Any) -> None:
    refused = answer(world, "order_submit", event)
    problem(refused, 422, "quantity-out-of-range")
    assert fields_at_fault(refused) == ["quantity"]
    assert "between 1 and 50" in refused.json["errors"][0]["message"]
    assert not world.salesforce.records("Order")


def test_quantity_text_should_be_refused_by_the_name_of_the_field(world: World, event: Any) -> None:
    refused = answer(world, "order_submit", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["quantity"]
    assert "zwei" not in refused.text


def test_quantity_digits_as_text_should_be_refused_as_text(world: World, event: Any) -> None:
    refused = answer(world, "order_submit", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["quantity"]


def test_quantity_missing_should_be_refused_by_the_name_of_the_field(
    world: World, event: Any
) -> None:
    refused = answer(world, "order_submit", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["quantity"]


@pytest.mark.parametrize("quantity", [True, 2.5, None, [2], {"a": 1}, -3, 2**53, "2 "])
def test_should_refuse_a_quantity_that_is_no_whole_number_in_the_limits(
    world: World, quantity: object
) -> None:
    refused = world.call("POST", ORDERS, body={"quantity": quantity}, Idempotency_Key="any")
    assert refused.status == 422, refused.text
    assert fields_at_fault(refused) == ["quantity"]
    assert not world.salesforce.records("Order")


@pytest.mark.parametrize("quantity", [1, 50])
def test_should_take_the_limits_themselves(world: World, quantity: int) -> None:
    assert place(world, quantity).status == 201


def test_body_is_no_json_should_be_refused_with_400(world: World, event: Any) -> None:
    problem(answer(world, "order_submit", event), 400, "body-invalid")


def test_body_is_binary_should_be_refused_with_400(world: World, event: Any) -> None:
    problem(answer(world, "order_submit", event), 400, "body-invalid")


def test_should_refuse_a_body_beyond_64_kilobytes_with_413(world: World) -> None:
    body = {"quantity": 1, "note": "x" * 65_536}
    refused = world.call("POST", ORDERS, body=body, Idempotency_Key="any")
    problem(refused, 413, "body-too-large")


def test_missing_key_should_be_refused_with_400(world: World, event: Any) -> None:
    problem(answer(world, "order_submit", event), 400, "idempotency-key-missing")
    assert not world.salesforce.records("Order")


def test_expired_token_should_be_refused_with_401(world: World, event: Any) -> None:
    problem(answer(world, "order_submit", event), 401, "token-invalid")
    assert not world.salesforce.calls


def test_no_expiry_should_be_refused_with_401(world: World, event: Any) -> None:
    problem(answer(world, "order_submit", event), 401, "token-invalid")


def test_id_token_should_be_refused_with_401(world: World, event: Any) -> None:
    problem(answer(world, "order_submit", event), 401, "token-invalid")


def test_other_audience_should_be_refused_with_401(world: World, event: Any) -> None:
    problem(answer(world, "order_submit", event), 401, "token-invalid")


def test_should_refuse_a_fleet_manager_without_a_company(world: World) -> None:
    sub = any_user(world, Role.FLEET_MANAGER, company_id=None)
    refused = call_as(world, sub, "POST", ORDERS, {"quantity": 1}, {"Idempotency-Key": "any"})
    problem(refused, 403, "no-company")
