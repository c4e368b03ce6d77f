"""POST /v1/wallbox-orders: every field is looked at before anything is kept or sent."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.wallbox_orders import WallboxOrder
from infra.local.people import PEOPLE
from infra.simulators.sample_wallboxes import OLD, UNPRICED
from tests.doubles.world import Reply, World
from tests.functions.given import errands, store, tasks
from tests.functions.portal import answer, fields_at_fault, problem
from tests.functions.wallbox_world import (
    DRIVER,
    any_address,
    any_person,
    held,
    place,
    stored_customer,
    wallbox_world,
)

MOST = 2
"""Wallboxes that Salesforce lets one order have."""


@pytest.fixture
def world() -> World:
    """A world that sells wallboxes."""
    return wallbox_world()


def held_at(world: World, refused: Reply, *fields: str) -> None:
    """The order is refused by the names of these fields, and nothing is kept."""
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == [*fields]
    assert store(world).listed(WallboxOrder, f"user#{PEOPLE[DRIVER]}").items == ()
    assert (errands(world), tasks(world)) == ([], [])
    assert not any(held(world).values())


def lines(*codes: str, quantity: Any = 1) -> Any:
    """Products of an order."""
    return [{"product_code": code, "quantity": quantity} for code in codes]


# --- products ------------------------------------------------------------------------------------


def test_unknown_product_should_be_named(world: World, event: Any) -> None:
    held_at(world, answer(world, "wallbox_order", event), "products[0].product_code")


def test_above_maximum_should_be_named_with_the_limits(world: World, event: Any) -> None:
    refused = answer(world, "wallbox_order", event)
    held_at(world, refused, "products[0].quantity")
    assert refused.json["errors"][0]["message"] == "has to be between 1 and 2"


def test_same_product_twice_should_be_named(world: World, event: Any) -> None:
    held_at(world, answer(world, "wallbox_order", event), "products[1].product_code")


def test_unknown_field_should_be_named(world: World, event: Any) -> None:
    held_at(world, answer(world, "wallbox_order", event), "colour")


@pytest.mark.parametrize("code", [OLD.code, UNPRICED.code, "wallbox-11", "x"])
def test_should_take_no_product_that_is_not_offered(world: World, code: str) -> None:
    held_at(world, place(world, products=lines(code)), "products[0].product_code")


@pytest.mark.parametrize("quantity", [0, MOST + 1, -1, 10**6, 10**6 + 1])
def test_should_refuse_a_quantity_outside_the_limits(world: World, quantity: int) -> None:
    refused = place(world, products=lines("WALLBOX-11", quantity=quantity))
    held_at(world, refused, "products[0].quantity")


@pytest.mark.parametrize("quantity", [1, MOST])
def test_should_take_the_limits_themselves(world: World, quantity: int) -> None:
    assert place(world, products=lines("WALLBOX-11", quantity=quantity)).status == 202


@pytest.mark.parametrize("quantity", ["1", True, 1.5, None, [1], {}])
def test_should_refuse_a_quantity_that_is_no_whole_number(world: World, quantity: Any) -> None:
    refused = place(world, products=lines("WALLBOX-11", quantity=quantity))
    held_at(world, refused, "products[0].quantity")


@pytest.mark.parametrize("products", [[], None, {}, "WALLBOX-11", 1])
def test_should_refuse_an_order_of_nothing(world: World, products: Any) -> None:
    held_at(world, place(world, products=products), "products")


def test_should_refuse_more_lines_than_an_order_may_have(world: World) -> None:
    codes = [f"ANY-{number}" for number in range(21)]
    held_at(world, place(world, products=lines(*codes)), "products")


def test_should_name_every_product_at_fault(world: World) -> None:
    products = [*lines("WALLBOX-11", quantity=3), *lines("CABLE-5"), *lines("ANY")]
    held_at(
        world, place(world, products=products), "products[0].quantity", "products[2].product_code"
    )


@pytest.mark.parametrize("name", ["colour", "Person", "iban", "order_id", "customer_id", ""])
def test_should_refuse_a_field_that_is_unknown(world: World, name: str) -> None:
    held_at(world, place(world, **{name: "any"}), name)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("products[0]", [{"product_code": "WALLBOX-11", "quantity": 1, "price": 1}]),
        ("person", any_person(age=40)),
        ("billing_address", any_address(state="Any")),
        ("delivery_address", any_address(state="Any")),
        ("installation_address", any_address(state="Any")),
    ],
)
def test_should_refuse_an_unknown_field_in_a_part(world: World, part: str, value: Any) -> None:
    unknown = {"products[0]": "price", "person": "age"}.get(part, "state")
    held_at(world, place(world, **{part.partition("[")[0]: value}), f"{part}.{unknown}")


# --- the person ----------------------------------------------------------------------------------


def test_bad_iban_should_be_named_and_not_repeated(world: World, event: Any) -> None:
    refused = answer(world, "wallbox_order", event)
    held_at(world, refused, "person.iban")
    assert "3704" not in refused.text


def test_born_tomorrow_should_be_named(world: World, event: Any) -> None:
    held_at(world, answer(world, "wallbox_order", event), "person.birth_date")


@pytest.mark.parametrize(
    "iban",
    [
        "DE89 3704 0044 0532 0130 0",  # one digit too few
        "DE89 3704 0044 0532 0130 000",
        "DE00 3704 0044 0532 0130 00",
        "DE98 3704 0044 0532 0130 00",  # check digits turned round
        "XX89 3704 0044 0532 0130 00",
        "US89 3704 0044 0532 0130 00",
        "89DE370400440532013000",
        "DE89-3704-0044-0532-0130-00",
        "0",
        "\uff24\uff2589370400440532013000",  # letters of another script
    ],
)
def test_should_refuse_what_is_no_iban(world: World, iban: str) -> None:
    held_at(world, place(world, person=any_person(iban=iban)), "person.iban")


@pytest.mark.parametrize(
    "iban",
    [
        "DE89370400440532013000",
        "de89 3704 0044 0532 0130 00",
        "AT61 1904 3002 3457 3201",
        "NL91 ABNA 0417 1643 00",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "",
    ],
)
def test_should_take_an_iban_of_any_country_of_sepa_or_none(world: World, iban: str) -> None:
    assert place(world, person=any_person(iban=iban)).status == 202
    assert stored_customer(world).iban == iban.replace(" ", "").upper()


@pytest.mark.parametrize(
    "day", ["2026-03-03", "9999-12-31", "1899-12-31", "1984-02-30", "17.05.1984", "", None]
)
def test_should_refuse_a_birth_date_that_cannot_be(world: World, day: Any) -> None:
    held_at(world, place(world, person=any_person(birth_date=day)), "person.birth_date")


@pytest.mark.parametrize("day", [453600000, 453600000.5, "453600000", "1984-05-17T00:00:00", True])
def test_should_not_take_for_a_day_what_is_none(world: World, day: Any) -> None:
    held_at(world, place(world, person=any_person(birth_date=day)), "person.birth_date")


@pytest.mark.parametrize("day", ["2026-03-02", "1900-01-01"])
def test_should_take_the_first_and_the_last_day(world: World, day: str) -> None:
    assert place(world, person=any_person(birth_date=day)).status == 202


@pytest.mark.parametrize("name", ["first_name", "last_name"])
@pytest.mark.parametrize("value", ["", "  ", "x" * 41, "a\nb", "a\u0000b", None, 7])
def test_should_refuse_a_name_that_is_none(world: World, name: str, value: Any) -> None:
    held_at(world, place(world, person=any_person(**{name: value})), f"person.{name}")


@pytest.mark.parametrize("phone", ["", "abc", "12", "+49", "1" * 40, "++49 441 1", None])
def test_should_refuse_a_phone_number_that_is_none(world: World, phone: Any) -> None:
    held_at(world, place(world, person=any_person(phone=phone)), "person.phone")


@pytest.mark.parametrize("email", ["", "any", "any@", "@any.example", "a b@any.example", None])
def test_should_refuse_an_email_that_is_none(world: World, email: Any) -> None:
    held_at(world, place(world, person=any_person(email=email)), "person.email")


@pytest.mark.parametrize("name", ["first_name", "last_name", "birth_date", "email", "phone"])
def test_should_need_all_of_a_person_but_the_iban(world: World, name: str) -> None:
    person = any_person()
    del person[name]
    held_at(world, place(world, person=person), f"person.{name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [("first_name", "Antje"), ("last_name", "Harms"), ("birth_date", "1985-05-17")],
)
def test_should_not_take_another_person_behind_the_same_login(
    world: World, name: str, value: str
) -> None:
    place(world, "one")
    refused = place(world, "two", person=any_person(**{name: value}))
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == [f"person.{name}"]
    assert value not in refused.text
    assert getattr(stored_customer(world), name) != value


def test_should_take_the_same_person_written_otherwise_or_reached_otherwise(world: World) -> None:
    place(world, "one")
    person = any_person(
        first_name=" WIEBKE ", email="wiebke@other.example", phone="0441 1", iban=""
    )
    assert place(world, "two", person=person).status == 202
    assert stored_customer(world).email == "wiebke@other.example"


# --- addresses -----------------------------------------------------------------------------------


def test_bad_postal_code_should_be_named(world: World, event: Any) -> None:
    held_at(world, answer(world, "wallbox_order", event), "billing_address.postal_code")


@pytest.mark.parametrize("part", ["billing_address", "delivery_address", "installation_address"])
@pytest.mark.parametrize("code", ["2612", "261211", "ABCDE", "", None, 26121])
def test_should_refuse_a_postal_code_that_is_none(world: World, part: str, code: Any) -> None:
    changes: dict[str, Any] = {part: any_address(postal_code=code)}
    refused = place(world, **changes)
    held_at(world, refused, f"{part}.postal_code")


def test_should_need_the_billing_address(world: World) -> None:
    held_at(world, place(world, billing_address=None), "billing_address")


def test_should_refuse_a_note_that_is_too_long(world: World) -> None:
    held_at(world, place(world, note="x" * 2001), "note")


def test_should_name_everything_at_fault_and_repeat_no_value(world: World) -> None:
    secret = "geheim" * 100
    refused = place(
        world,
        products=[{"product_code": secret, "quantity": secret}],
        person=any_person(first_name=secret, iban=secret),
        billing_address={},
        note=secret * 10,
        more=secret,
    )
    problem(refused, 422, "fields-invalid")
    named = fields_at_fault(refused)
    assert {"products[0].product_code", "person.first_name", "person.iban", "note", "more"} <= {
        *named
    }
    assert "geheim" not in refused.text
