"""GET /v1/charge-card-orders/form."""

from __future__ import annotations

from typing import Any

from tests.doubles.world import World
from tests.functions.given import forget_calls
from tests.functions.portal import ORDERS, answer, place, problem

FORM = f"{ORDERS}/form"


def test_form_should_show_stored_data_one_address_and_the_live_limits(
    world: World, event: Any
) -> None:
    form = answer(world, "order_form", event)
    assert form.status == 200, form.text
    assert form.json["company"]["customer_number"] == "K-100017"
    assert form.json["invoice_address"] == form.json["delivery_address"]
    assert form.json["delivery_differs"] is False
    assert form.json["quantity"] == {"minimum": 1, "maximum": 50}
    assert form.json["product"] == {"code": "CHARGE-CARD", "unit_price": "9.9", "currency": "EUR"}
    assert form.json["limits_are_live"] is True


def test_driver_should_be_refused_without_a_call_to_salesforce(world: World, event: Any) -> None:
    problem(answer(world, "order_form", event), 403, "forbidden")
    assert not world.salesforce.calls


def test_no_claims_should_be_refused_with_401(world: World, event: Any) -> None:
    refused = answer(world, "order_form", event)
    problem(refused, 401, "token-invalid")
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_should_show_changed_limits_at_the_next_call(world: World) -> None:
    world.call("GET", FORM)
    product = world.salesforce.records("Product2")[0]["Id"]
    world.salesforce.org.change("Product2", product, MaximumQuantity__c=7.0)
    assert world.call("GET", FORM).json["quantity"] == {"minimum": 1, "maximum": 7}
    problem(place(world, quantity=8), 422, "quantity-out-of-range")


def test_should_show_the_last_known_limits_while_salesforce_is_down(world: World) -> None:
    world.call("GET", FORM)
    world.salesforce.is_down = True
    form = world.call("GET", FORM)
    assert form.status == 200
    assert form.json["quantity"] == {"minimum": 1, "maximum": 50}
    assert form.json["limits_are_live"] is False


def test_should_answer_503_when_the_limits_were_never_known(world: World) -> None:
    world.salesforce.is_down = True
    refused = world.call("GET", FORM)
    problem(refused, 503, "limits-unknown")
    assert refused.headers["Retry-After"] == "30"


def test_should_not_write_the_offer_again_while_it_is_the_same(world: World) -> None:
    world.call("GET", FORM)
    written = world.table.bill.write_units
    world.call("GET", FORM)
    assert world.table.bill.write_units == written


def test_should_read_salesforce_once_and_log_in_once(world: World) -> None:
    world.call("GET", FORM)
    world.call("GET", FORM)
    assert [c.operation for c in world.salesforce.calls] == ["token", "run_query", "run_query"]
    forget_calls(world)
    assert not world.energised.calls
