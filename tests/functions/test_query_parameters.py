"""Every route at its query parameters: what it does not know is refused by its name."""

from __future__ import annotations

import pytest

from busbar.domain.authorisation import TABLE
from busbar.domain.customers import Role
from infra.catalog import USE_CASES, Route
from infra.local.people import PEOPLE
from tests.doubles.world import World
from tests.functions.given import IDS, NORDWIND_ID, ORDER, card_in_portal, open_task, order
from tests.functions.portal import CARDS, ORDERS, call_as, fields_at_fault, problem

ROUTES = [route for case in USE_CASES for route in case.routes]
LISTS = {
    "orders_list": ORDERS,
    "charge_cards_list": CARDS,
    "users_list": "/v1/users",
    "vehicles_list": "/v1/vehicles",
}
BODY = {"quantity": 1}
HEADERS = {"Idempotency-Key": "any", "If-Match": '"1"'}


def allowed(route: Route) -> str:
    """A person who may use the route."""
    people = {
        "fleet-manager": Role.FLEET_MANAGER,
        "driver": Role.DRIVER,
        "operator": Role.OPERATOR,
    }
    return PEOPLE[next(who for who, role in people.items() if role in TABLE[route.operation])]


@pytest.mark.parametrize("name", ["status", "Limit", "company", "offset", "x" * 300])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_refuse_a_parameter_that_is_unknown_by_its_name(
    world: World, route: Route, name: str
) -> None:
    order(world)
    card_in_portal(world)
    open_task(world)
    path = f"{route.path.format(**IDS)}?{name}=secret-value"
    written = world.table.bill.write_units
    refused = call_as(world, allowed(route), route.method, path, BODY, HEADERS)
    problem(refused, 400, "invalid-parameter")
    (field,) = fields_at_fault(refused)
    assert name.startswith(field)
    assert "secret-value" not in refused.text
    assert not world.salesforce.calls
    assert not world.energised.calls
    assert world.table.bill.write_units == written


@pytest.mark.parametrize("operation", LISTS)
def test_should_know_company_limit_and_cursor_in_every_list(world: World, operation: str) -> None:
    path = LISTS[operation]
    for query in (f"company_id={NORDWIND_ID}", "limit=5", f"company_id={NORDWIND_ID}&limit=1"):
        assert world.call("GET", f"{path}?{query}").status == 200


@pytest.mark.parametrize("name", ["company_id", "limit", "cursor"])
def test_should_refuse_the_parameters_of_a_list_where_there_is_none(
    world: World, name: str
) -> None:
    order(world)
    refused = world.call("GET", f"{ORDERS}/{ORDER}?{name}=1")
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == [name]


@pytest.mark.parametrize("company", ["x", "0RDER", "a#b", NORDWIND_ID.lower() + "x", "*"])
@pytest.mark.parametrize("path", LISTS.values(), ids=LISTS)
def test_should_answer_404_to_a_company_that_is_none(world: World, path: str, company: str) -> None:
    for user in ("fleet-manager", "operator"):
        answered = call_as(world, PEOPLE[user], "GET", f"{path}?company_id={company}")
        problem(answered, 404, "company-not-found")
