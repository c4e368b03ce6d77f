"""Every route at its query parameters: what it does not know is refused by its name."""

from __future__ import annotations

import base64
import json

import pytest

from busbar.domain.audit import Actor
from busbar.process.audit import Audit
from infra.catalog import USE_CASES, Route
from infra.local.people import PEOPLE
from infra.local.sample import company_id
from infra.operations import operations
from infra.simulators.sample import ELBE
from tests.doubles.world import Reply, World
from tests.functions.given import (
    IDS,
    NORDWIND_ID,
    ORDER,
    card_in_portal,
    open_task,
    order,
    store,
    vehicle,
    wallbox_order,
)
from tests.functions.people import allowed
from tests.functions.portal import CARDS, ORDERS, call_as, fields_at_fault, problem
from tests.functions.toolkit_given import event, integration, load, post

ROUTES = [route for case in USE_CASES for route in case.routes]
LISTS = {
    "orders_list": ORDERS,
    "charge_cards_list": CARDS,
    "users_list": "/v1/users",
    "vehicles_list": "/v1/vehicles",
}
PAGED = [
    route
    for route in ROUTES
    if "cursor" in operations()[route.operation].query and "{entity_id}" not in route.path
]
"""All lists but that of one entity's relations, which is not there without it (`test_entities`)."""
PARAMETERS = [(r, name) for r in ROUTES for name in operations()[r.operation].query]
RECORDS = [route for route in PAGED if route.operation not in {"audit_list", "entities_list"}]
"""Lists whose cursor is a key of the table; that of the others is a place in them."""
EVERY_LIST = pytest.mark.parametrize("route", PAGED, ids=lambda route: route.operation)
EVERY_PARAMETER = pytest.mark.parametrize(
    ("route", "name"), PARAMETERS, ids=[f"{r.operation}-{name}" for r, name in PARAMETERS]
)
BODY = {"quantity": 1}
HEADERS = {"Idempotency-Key": "any", "If-Match": '"1"'}


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
    refused = call_as(world, allowed(route.operation), route.method, path, BODY, HEADERS)
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


def ask(world: World, route: Route, query: str) -> Reply:
    """Ask for a list, as somebody who may; a company is named where it can be."""
    if "{integrationId}" in route.path:
        integration(world)
    company = f"&company_id={NORDWIND_ID}" if route.operation in LISTS else ""
    path = route.path.format(**IDS)
    where = f"{path}?{query}" + ("" if "company_id" in query else company)
    return call_as(world, allowed(route.operation), route.method, where)


def _audit(world: World) -> None:
    """An entry of the audit trail."""
    keep = store(world)
    trail = Audit(keep, world.clock, "portal-0001")
    keep.commit(*trail.entry(Actor(id="any", role="operator"), "any", "task", "any"))


def refused(reply: Reply, name: str) -> None:
    """It is a 400 that names the parameter."""
    problem(reply, 400, "invalid-parameter")
    assert fields_at_fault(reply) == [name]


@EVERY_PARAMETER
def test_should_refuse_a_parameter_that_comes_twice(world: World, route: Route, name: str) -> None:
    value = {"limit": "5", "company_id": NORDWIND_ID}.get(name, "any")
    for second in (value, "1", ""):
        reply = ask(world, route, f"{name}={value}&{name}={second}")
        refused(reply, name)
        assert "more than once" in reply.text


@EVERY_PARAMETER
def test_should_refuse_a_parameter_without_a_value(world: World, route: Route, name: str) -> None:
    for query in (f"{name}=", name):
        refused(ask(world, route, query), name)


@EVERY_PARAMETER
def test_should_know_every_parameter_that_the_document_describes(
    world: World, route: Route, name: str
) -> None:
    told = ask(world, route, f"{name}=any&never_heard_of=1").text
    assert "never_heard_of" in told
    assert name in told.partition("known are ")[2].partition('"')[0].split(", ")


@EVERY_LIST
@pytest.mark.parametrize(("limit", "status"), [(1, 200), (2, 200), (99, 200), (100, 200)])
def test_should_take_a_limit_within_the_limits(
    world: World, route: Route, limit: int, status: int
) -> None:
    assert ask(world, route, f"limit={limit}").status == status


@EVERY_LIST
@pytest.mark.parametrize(
    "limit", ["0", "101", "-1", "1.0", "1e1", "+5", "5%20", "ten", "%D9%A3", "9" * 400, "1,2"]
)
def test_should_refuse_a_limit_that_is_none(world: World, route: Route, limit: str) -> None:
    refused(ask(world, route, f"limit={limit}"), "limit")


def three_of_each(world: World) -> None:
    """Things that make more than one page of one each."""
    for number in range(1, 4):
        order(world, id=f"0RDER0000000{number}")
        card_in_portal(world, number=number)
        card_in_portal(world, number=number + 10, company=ELBE)
        open_task(world, cause=f"any {number}")
        vehicle(world, id=f"VEH1C7E00000{number}", label=f"{number}")
        wallbox_order(world, id=f"0RDER0000001{number}")
        _audit(world)
        load(world, f"10AD00000000{number}")
    integration(world)
    post(world, *(event(partner=f"{number}") for number in range(1, 4)))


@EVERY_LIST
def test_should_show_everything_once_page_by_page(world: World, route: Route) -> None:
    three_of_each(world)
    seen, query = list[str](), "limit=1"
    for _ in range(3):
        page = ask(world, route, query).json
        query = f"limit=1&cursor={page.pop('next_cursor')}"
        ((_, things),) = page.items()
        seen += [str(thing.get("id") or thing.get("_id") or thing["sequence"]) for thing in things]
    assert query.endswith("None")
    assert len(seen) == len(set(seen)) == 3


@pytest.mark.parametrize("route", RECORDS, ids=lambda route: route.operation)
def test_should_refuse_a_cursor_that_was_changed_or_is_another_lists(
    world: World, route: Route
) -> None:
    three_of_each(world)
    own = ask(world, route, "limit=1").json["next_cursor"]
    others = [ask(world, r, "limit=1").json["next_cursor"] for r in PAGED if r is not route]
    where = json.loads(base64.urlsafe_b64decode(own))
    changed = [
        *others,
        own[:-5],
        own + "AAAA",
        own.swapcase(),
        "any",
        "e30=",
        "%00",
        "%FF",
        "[" * 2000,
        *(_cursor({**where, name: "any"}) for name in where),
        *(_cursor({n: v for n, v in where.items() if n != name}) for name in where),
        *(_cursor({**where, name: 1}) for name in where),
        _cursor({**where, "more": "any"}),
        _cursor([where]),
    ]
    for cursor in changed:
        refused(ask(world, route, f"limit=1&cursor={cursor}"), "cursor")
    assert ask(world, route, f"limit=1&cursor={own}").status == 200


def test_should_refuse_the_cursor_of_another_company(world: World) -> None:
    three_of_each(world)
    elbe = f"limit=1&company_id={company_id(ELBE)}"
    foreign = world.call("GET", f"{CARDS}?{elbe}", "operator").json["next_cursor"]
    assert foreign
    refused(world.call("GET", f"{CARDS}?cursor={foreign}", "fleet-manager"), "cursor")


def _cursor(start: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(start).encode()).decode()
