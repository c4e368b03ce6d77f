"""Tokens that API Gateway's authoriser may have let pass, and that no door of ours does."""

from __future__ import annotations

import pytest

from infra.catalog import USE_CASES, Route
from infra.local.people import PEOPLE
from tests.doubles.world import World, http_event, route_of
from tests.functions.given import IDS
from tests.functions.portal import ORDERS, Claims, answer, call_as, problem

ROUTES = [route for case in USE_CASES for route in case.routes]
NOW = 1_772_438_400
"""When a world begins."""
WRONG: dict[str, Claims] = {
    "expired": {"exp": str(NOW - 1)},
    "expiring_now": {"exp": str(NOW)},
    "no_expiry": {"exp": None},
    "expiry_is_text": {"exp": "tomorrow"},
    "expiry_is_negative": {"exp": f"-{NOW}"},
    "expiry_is_endless": {"exp": "inf"},
    "id_token": {"token_use": "id"},
    "no_token_use": {"token_use": None},
    "other_audience": {"client_id": "somebody-else"},
    "no_audience": {"client_id": None},
    "no_subject": {"sub": None},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_answer_401_to_a_token_that_is_not_valid_here(
    world: World, route: Route, wrong: Claims
) -> None:
    path = route.path.format(**IDS)
    read = world.table.bill.read_units
    refused = call_as(world, PEOPLE["fleet-manager"], route.method, path, claims=wrong)
    problem(refused, 401, "token-invalid")
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert world.table.bill.read_units == read


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_answer_401_without_claims_and_403_to_a_stranger(world: World, route: Route) -> None:
    path = route.path.format(**IDS)
    found, parameters = route_of(route.method, path)
    bare = http_event(route.method, path, None, {}, parameters, None)
    problem(answer(world, found.name, bare), 401, "token-invalid")
    problem(call_as(world, "nobody-of-ours", route.method, path), 403, "forbidden")


def test_should_take_a_token_of_a_provider_that_names_its_audience_in_aud(world: World) -> None:
    sub = PEOPLE["fleet-manager"]
    answered = call_as(world, sub, "GET", ORDERS, claims={"client_id": None, "aud": "portal"})
    assert answered.status == 200


def test_should_never_take_role_or_company_from_the_token(world: World) -> None:
    forged: Claims = {"role": "operator", "company_id": "00000000E1BEH"}
    sub = PEOPLE["fleet-manager"]
    path = f"{ORDERS}?company_id=00000000E1BEH"
    problem(call_as(world, sub, "GET", path, claims=forged), 404, "company-not-found")
