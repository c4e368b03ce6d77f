"""One correlation id from the portal to every call and back, in every answer; no internals."""

from __future__ import annotations

import pytest

from infra.catalog import USE_CASES, Route
from infra.operations import operations
from tests.doubles.world import World
from tests.functions.given import IDS, ORDER, card_in_portal, order
from tests.functions.portal import CARDS, ORDERS, problem

ROUTES = [route for case in USE_CASES for route in case.routes]
HEADER = "x-correlation-id"


@pytest.mark.parametrize("user", ["fleet-manager", "driver", "operator"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_come_back_in_every_answer_and_go_into_every_call(
    world: World, route: Route, user: str
) -> None:
    order(world)
    card_in_portal(world)
    path = route.path.format(**IDS)
    answered = world.call(route.method, path, user, {"quantity": 1}, X_Correlation_Id="abc:DEF_1.2")
    assert answered.headers[HEADER] == "abc:DEF_1.2"
    assert answered.headers["Cache-Control"] == "no-store"
    calls = [*world.salesforce.calls, *world.energised.calls]
    assert {c.correlation_id for c in calls} <= {"abc:DEF_1.2"}
    is_problem = answered.status >= 400 and not operations()[route.operation].toolkit
    assert answered.headers["Content-Type"].startswith("application/problem+json") == is_problem


@pytest.mark.parametrize(
    "wrong", ["", "short", "x" * 65, "with a space", "with\nline", "with-line-end\n", "übergröße"]
)
def test_should_be_a_fresh_one_when_the_one_sent_has_no_form(world: World, wrong: str) -> None:
    answered = world.call("GET", ORDERS, X_Correlation_Id=wrong)
    made = answered.headers[HEADER]
    assert made != wrong
    assert len(made) == 32
    assert made.isalnum()


def test_should_be_a_fresh_one_for_each_request_that_brings_none(world: World) -> None:
    first, second = (world.call("GET", ORDERS).headers[HEADER] for _ in range(2))
    assert first != second


def test_should_go_on_with_an_order_that_waits_for_salesforce(world: World) -> None:
    world.salesforce.is_down = True
    body = {"quantity": 1}
    world.call("POST", ORDERS, body=body, Idempotency_Key="k", X_Correlation_Id="from-portal-1")
    world.salesforce.is_down = False
    world.salesforce.calls.clear()
    world.run_for(600)
    assert world.counts()["Order"] == 1
    assert {c.correlation_id for c in world.salesforce.calls} == {"from-portal-1"}


def test_should_go_on_with_a_change_of_a_card_into_both_systems(world: World) -> None:
    card = card_in_portal(world)
    world.energised.is_down = True
    world.call("POST", f"{CARDS}/{card.id}/activate", X_Correlation_Id="from-portal-1")
    world.energised.is_down = False
    world.run_for(600)
    calls = [*world.energised.calls, *world.salesforce.calls]
    assert {"write_card", "update_row"} <= {c.operation for c in calls}
    assert {c.correlation_id for c in calls} == {"from-portal-1"}


def test_should_stand_in_a_500_that_tells_nothing_else(world: World) -> None:
    order(world)
    key = next(k for k in world.table.items if ORDER in k.pk)
    world.table.items[key]["body"] = b"broken"
    broken = world.call("GET", f"{ORDERS}/{ORDER}", X_Correlation_Id="from-portal-1")
    body = problem(broken, 500, "internal")
    assert set(body) == {"type", "title", "status", "correlation_id"}


def test_should_stand_in_the_answer_to_a_route_that_is_none(world: World) -> None:
    handler = world.handler("orders")
    event = {
        "version": "2.0",
        "rawPath": "/v1/nothing",
        "headers": {HEADER: "from-portal-1"},
        "requestContext": {"http": {"method": "GET", "path": "/v1/nothing"}, "stage": "$default"},
    }
    answered = handler(event, None)
    assert answered["statusCode"] == 404
    assert answered["headers"][HEADER] == "from-portal-1"
    assert answered["headers"]["Content-Type"] == "application/problem+json"
