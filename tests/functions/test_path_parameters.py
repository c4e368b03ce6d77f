"""Every route at the parts of its path, and at its query: what nobody can have is not there."""

from __future__ import annotations

import pytest

from infra.catalog import USE_CASES, Route
from infra.operations import operations
from tests.doubles.world import World
from tests.functions.given import IDS
from tests.functions.people import allowed
from tests.functions.portal import call_as
from tests.functions.toolkit_given import integration

ROUTES = [route for case in USE_CASES for route in case.routes]
PARTS = [
    (route, part.strip("{}"))
    for route in ROUTES
    for part in route.path.split("/")
    if part.startswith("{")
]
PARAMETERS = [(route, name) for route in ROUTES for name in operations()[route.operation].query]
BEYOND_ALL = ["x" * 3000, "\U0001f600" * 700]
"""More than the table takes as a key; API Gateway takes 10 kB."""
HEADERS = {"Idempotency-Key": "any", "If-Match": '"1"'}


def status(world: World, route: Route, path: str) -> int:
    """What somebody who may is answered."""
    integration(world)
    body: dict[str, str] | None = None if route.method == "GET" else {}
    return call_as(world, allowed(route.operation), route.method, path, body, HEADERS).status


@pytest.mark.parametrize("value", [*BEYOND_ALL, "a#b", "%00", ".."], ids=range(5))
@pytest.mark.parametrize(
    ("route", "part"), PARTS, ids=[f"{route.operation}-{part}" for route, part in PARTS]
)
def test_should_answer_that_it_is_not_there_or_cannot_be(
    world: World, route: Route, part: str, value: str
) -> None:
    path = route.path.format(**{**IDS, part: value})
    # 200: of what nobody has there is no trace and no state, which is no error to the toolkit.
    assert status(world, route, path) in {200, 400, 404, 422}


@pytest.mark.parametrize("value", BEYOND_ALL, ids=range(2))
@pytest.mark.parametrize(
    ("route", "name"), PARAMETERS, ids=[f"{route.operation}-{name}" for route, name in PARAMETERS]
)
def test_should_refuse_a_query_that_goes_beyond_all(
    world: World, route: Route, name: str, value: str
) -> None:
    path = f"{route.path.format(**IDS)}?{name}={value}"
    assert status(world, route, path) in {400, 404, 415, 422}
