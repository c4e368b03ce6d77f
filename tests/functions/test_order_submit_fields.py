"""POST /v1/charge-card-orders: every field is looked at before anything is kept or sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.domain.orders import ChargeCardOrder
from tests.doubles.world import World
from tests.functions.given import store
from tests.functions.portal import ORDERS, fields_at_fault, problem

ADDRESS = {
    "name": "Nordwind Logistik GmbH",
    "street": "Am Deich",
    "house_number": "4a",
    "postal_code": "01067",
    "city": "Dresden",
    "country": "DE",
}
SURROGATE = '"\\ud800"'
"""A lone surrogate, as JSON can carry it and UTF-8 cannot."""


def order(world: World, body: Any) -> Any:
    """Send an order with this body."""
    return world.call("POST", ORDERS, body=body, Idempotency_Key="any")


def held_at(world: World, body: Any, field: str) -> None:
    """The order is refused by the name of the field, and nothing is kept."""
    refused = order(world, body)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == [field]
    page = store(world).listed(ChargeCardOrder, "company#00000000N0RDW")
    assert page.items == ()
    assert not world.salesforce.calls


@pytest.mark.parametrize(
    "name", ["Quantity", "qty", "company_id", "delivery_adress", "id", "__proto__", ""]
)
def test_should_refuse_a_field_that_is_unknown_by_its_name(world: World, name: str) -> None:
    held_at(world, {"quantity": 1, name: "any"}, name)


def test_should_refuse_an_unknown_field_of_the_address(world: World) -> None:
    address = {**ADDRESS, "state": "Sachsen"}
    held_at(world, {"quantity": 1, "delivery_address": address}, "delivery_address.state")


@pytest.mark.parametrize(
    ("field", "longest"),
    [("name", 80), ("street", 100), ("house_number", 12), ("city", 40)],
)
def test_should_take_the_longest_text_of_an_address_and_no_longer_one(
    world: World, field: str, longest: int
) -> None:
    too_long = {**ADDRESS, field: "x" * (longest + 1)}
    held_at(world, {"quantity": 1, "delivery_address": too_long}, f"delivery_address.{field}")
    just = {**ADDRESS, field: "x" * longest}
    placed = order(world, {"quantity": 1, "delivery_address": just})
    assert placed.status == 201, placed.text


def test_should_refuse_a_note_that_is_too_long(world: World) -> None:
    held_at(world, {"quantity": 1, "note": "x" * 2001}, "note")
    assert order(world, {"quantity": 1, "note": "ü" * 2000}).status == 201


@pytest.mark.parametrize("field", ["name", "street", "postal_code", "city", "country"])
@pytest.mark.parametrize("text", ["", "   ", "\t"], ids=["empty", "blanks", "tab"])
def test_should_refuse_an_address_with_an_empty_field(world: World, field: str, text: str) -> None:
    address = {**ADDRESS, field: text}
    held_at(world, {"quantity": 1, "delivery_address": address}, f"delivery_address.{field}")


def test_should_take_an_address_without_a_house_number(world: World) -> None:
    address = {**ADDRESS, "house_number": ""}
    assert order(world, {"quantity": 1, "delivery_address": address}).status == 201


@pytest.mark.parametrize("country", ["de", "DEU", "D", "49", "Ä", "D\n", "DE\n", " DE", "XX1"])
def test_should_refuse_a_country_that_is_no_code_of_two_letters(world: World, country: str) -> None:
    address = {**ADDRESS, "country": country}
    held_at(world, {"quantity": 1, "delivery_address": address}, "delivery_address.country")


@pytest.mark.parametrize("field", ADDRESS)
@pytest.mark.parametrize("text", [SURROGATE, '"a\\u0000b"', '"a\\u001bb"', '"a\\nb"', "1", "null"])
def test_should_refuse_an_address_field_that_is_no_line_of_text(
    world: World, field: str, text: str
) -> None:
    address = {**ADDRESS, field: "@"}
    body = json.dumps({"quantity": 1, "delivery_address": address}).replace('"@"', text)
    held_at(world, body, f"delivery_address.{field}")


@pytest.mark.parametrize("text", [SURROGATE, '"a\\u0000b"', '"\\u001b"', "7", "null", "[]"])
def test_should_refuse_a_note_that_is_no_text(world: World, text: str) -> None:
    held_at(world, f'{{"quantity":1,"note":{text}}}', "note")


def test_should_take_a_note_of_several_lines_in_any_language(world: World) -> None:
    note = "Bitte an die Pforte\nTor 3, große Halle\r\nご注意 🚚"
    assert order(world, {"quantity": 1, "note": note}).status == 201
    assert world.salesforce.records("Order")[0]["Description"] == note


def test_should_name_every_field_at_fault_and_repeat_no_value(world: World) -> None:
    secret = "geheim" * 100
    body = {"quantity": "2", "note": secret * 10, "more": secret, "delivery_address": {}}
    refused = order(world, body)
    problem(refused, 422, "fields-invalid")
    named = fields_at_fault(refused)
    assert {"quantity", "note", "more"} <= set(named)
    assert {n for n in named if n.startswith("delivery_address.")}
    assert "geheim" not in refused.text


@pytest.mark.parametrize("code", ["1234", "123456", "ABCDE", "0106 7", "٠١٠٦٧"])
def test_should_refuse_a_german_postal_code_that_has_not_five_digits(
    world: World, code: str
) -> None:
    refused = order(world, {"quantity": 1, "delivery_address": {**ADDRESS, "postal_code": code}})
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["delivery_address.postal_code"]


def test_should_take_a_postal_code_of_another_country_as_it_is(world: World) -> None:
    address = {**ADDRESS, "postal_code": "SW1A 1AA", "country": "GB"}
    assert order(world, {"quantity": 1, "delivery_address": address}).status == 201


@pytest.mark.parametrize("number", ["1e400", "NaN", "Infinity", "9007199254740993", "1" * 5000])
def test_should_refuse_a_number_that_json_cannot_hold_exactly(world: World, number: str) -> None:
    refused = order(world, f'{{"quantity":{number}}}')
    assert refused.status in {400, 422}, refused.text
    assert not world.salesforce.records("Order")
