"""Every role at every route: role x operation, as the table says and as this picture says."""

from __future__ import annotations

import pytest

from busbar.domain.authorisation import TABLE
from busbar.domain.customers import Role
from infra.catalog import USE_CASES, Route
from tests.doubles.world import World
from tests.functions.given import ORDER, any_blank_card, any_user, card_in_portal, order, ours
from tests.functions.portal import call_as, problem

ROUTES = [route for case in USE_CASES for route in case.routes]
IDS = {"order_id": ORDER, "card_id": ours(any_blank_card())}
# What a person has decided. The table must say the same, and the doors must do it.
PICTURE = """
                          fleet_manager driver wallbox_owner service_agent partner operator machine
order_form                x             -      -             -             -       -        -
order_submit              x             -      -             -             -       -        -
orders_list               x             -      -             x             -       x        -
orders_show               x             -      -             x             -       x        -
charge_cards_list         x             -      -             x             -       x        -
charge_cards_show         x             -      -             x             -       x        -
charge_cards_change       x             -      -             -             -       -        -
charge_cards_activate     x             -      -             -             -       -        -
charge_cards_deactivate   x             -      -             -             -       -        -
my_charge_cards           x             x      x             -             -       -        -
sync_cards                -             -      -             x             -       x        x
"""


def decided() -> dict[str, set[Role]]:
    """Operation -> the roles that may do it, as the picture shows it."""
    head, *lines = PICTURE.strip().splitlines()
    rows = [line.split() for line in lines]
    roles = [Role(name) for name in head.split()]
    return {
        operation: {role for role, mark in zip(roles, marks, strict=True) if mark == "x"}
        for operation, *marks in rows
    }


def test_should_say_in_the_table_what_was_decided() -> None:
    assert {operation: set(row) for operation, row in TABLE.items()} == decided()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_let_in_exactly_the_roles_of_the_table(
    world: World, role: Role, route: Route
) -> None:
    order(world)
    card = card_in_portal(world)
    sub = any_user(world, role)
    written = world.table.bill.write_units
    answered = call_as(
        world,
        sub,
        route.method,
        route.path.format(**IDS) + f"?company_id={card.company_id}",
        {"quantity": 1, "label": "any"},
        {"Idempotency-Key": "any", "If-Match": '"1"'},
    )
    if role in decided()[route.operation]:
        assert answered.status in {200, 201}, answered.text
    else:
        problem(answered, 403, "forbidden")
        assert not world.salesforce.calls
        assert not world.energised.calls
        assert world.table.bill.write_units == written


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_refuse_a_suspended_user_everywhere(world: World, route: Route) -> None:
    for role in decided()[route.operation]:
        sub = any_user(world, role, suspended=True)
        refused = call_as(world, sub, route.method, route.path.format(**IDS))
        problem(refused, 403, "forbidden")
