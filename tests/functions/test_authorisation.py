"""Every role at every route: role x operation, as the table says and as this picture says."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.authorisation import TABLE
from busbar.domain.customers import Role
from infra.catalog import USE_CASES, Route
from infra.local.people import PEOPLE
from infra.operations import operations
from infra.operations.erp_events import INTEGRATION
from tests.doubles.world import World
from tests.functions.given import (
    IDS,
    NORDWIND_ID,
    any_proof,
    any_user,
    app_mapping,
    card_in_portal,
    empty_company,
    is_of_toolkit,
    known_products,
    open_task,
    order,
    owned_wallbox,
    vehicle,
    wallbox_order,
)
from tests.functions.portal import SYNC, call_as, problem
from tests.functions.toolkit_given import INTEGRATION_ID, METER_ID, toolkit
from tests.functions.wallbox_owner import any_tariff
from tests.functions.wallbox_world import any_submission


def body_of(operation: str) -> Any:
    """A good body, as the operation is described."""
    return next(iter(operations()[operation].bodies.values()))


LISTS = {"orders_list", "charge_cards_list"}
"""Routes that know `company_id`."""
LET_IN = {"tasks_retry": {409}, "tasks_adopt": {422}}
"""Answers to who may ask: this task cannot be tried again, and Salesforce holds no such order."""
MACHINE_SCOPE = "busbar/machine"
ADDRESS = {
    "name": "Any",
    "street": "Any",
    "house_number": "1",
    "postal_code": "26121",
    "city": "Any",
    "country": "DE",
}
BODIES: dict[str, Any] = {
    "order_submit": {"quantity": 1},
    "wallbox_order": any_submission(),
    "my_wallbox_tariff": any_tariff(),
    "my_wallbox_proof": {},
    "tasks_resume": {"reason": "any"},
    "tasks_retry": {"reason": "any"},
    "tasks_adopt": {"reason": "any", "external_id": "any"},
    "tasks_cancel": {"reason": "any"},
    "audit_verify": {"first": 1},
    "companies_create": {
        "name": "Any",
        "customer_number": "any",
        "email": "any@any.example",
        "address": ADDRESS,
    },
    "companies_import": "name,customer_number,email,street,postal_code,city\n",
    "companies_change": {"phone": "1"},
    "users_create": {"sub": "any", "role": "driver", "name": "Any", "company_id": NORDWIND_ID},
    "users_import": "sub,role,name\n",
    "users_change": {"name": "Any"},
    "vehicles_import": "label\n",
    **{name: body_of(name) for name in ("erp_loads_start", "erp_loads_change")},
    **{name: body_of(name) for name, one in operations().items() if one.toolkit and one.body},
}
"""A good body per operation; a label does for all others."""
ROUTES = [route for case in USE_CASES for route in case.routes]
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
wallbox_products          x             x      x             x             -       x        -
wallbox_order             x             x      x             -             -       -        -
wallbox_orders_list       x             x      x             x             -       x        -
wallbox_orders_show       x             x      x             x             -       x        -
my_wallbox                x             x      x             -             -       -        -
my_wallbox_tariff         x             x      x             -             -       -        -
my_wallbox_proof          x             x      x             -             -       -        -
wallbox_proof_show        x             x      x             x             -       x        -
sync_cards                -             -      -             x             -       x        x
reconcile                 -             -      -             x             -       x        x
systems_list              -             -      -             x             -       x        -
companies_list            -             -      -             x             -       x        x
companies_create          -             -      -             x             -       x        x
companies_import          -             -      -             x             -       x        x
companies_show            x             -      -             x             -       x        x
companies_change          -             -      -             x             -       x        x
companies_remove          -             -      -             x             -       x        x
users_list                x             -      -             x             -       x        x
users_create              x             -      -             x             -       x        x
users_import              x             -      -             x             -       x        x
users_show                x             -      -             x             -       x        x
users_change              x             -      -             x             -       x        x
users_remove              x             -      -             x             -       x        x
vehicles_list             x             -      -             x             -       x        -
vehicles_create           x             -      -             -             -       -        -
vehicles_import           x             -      -             -             -       -        -
vehicles_show             x             -      -             x             -       x        -
vehicles_change           x             -      -             -             -       -        -
vehicles_remove           x             -      -             -             -       -        -
tasks_list                -             -      -             x             -       x        -
tasks_show                -             -      -             x             -       x        -
connection_check          -             -      -             -             -       x        -
tasks_resume              -             -      -             x             -       x        -
tasks_retry               -             -      -             x             -       x        -
tasks_adopt               -             -      -             x             -       x        -
tasks_cancel              -             -      -             x             -       x        -
audit_list                -             -      -             -             -       x        -
audit_verify              -             -      -             -             -       x        -
erp_events_v1             -             -      -             -             -       x        x
erp_events_v2             -             -      -             -             -       x        x
erp_events_v3             -             -      -             -             -       x        x
erp_events_upload         -             -      -             -             -       x        x
entities_list             -             -      -             x             -       x        x
entities_show             -             -      -             x             -       x        x
entities_relations        -             -      -             x             -       x        x
entities_history          -             -      -             x             -       x        x
entities_version          -             -      -             x             -       x        x
entities_restore          -             -      -             x             -       x        x
entities_readings         -             -      -             x             -       x        x
erp_simulation_v1         -             -      -             x             -       x        x
erp_simulation_v2         -             -      -             x             -       x        x
erp_simulation_direct     -             -      -             x             -       x        x
erp_monitoring_received   -             -      -             x             -       x        x
erp_monitoring_replay     -             -      -             -             -       x        x
erp_monitoring_inbound    -             -      -             x             -       x        x
erp_monitoring_rows       -             -      -             x             -       x        x
erp_monitoring_stats      -             -      -             x             -       x        x
erp_monitoring_trace      -             -      -             x             -       x        x
erp_monitoring_synced     -             -      -             x             -       x        x
erp_loads_upload          -             -      -             -             -       x        x
erp_loads_start           -             -      -             -             -       x        x
erp_loads_list            -             -      -             x             -       x        x
erp_loads_show            -             -      -             x             -       x        x
erp_loads_change          -             -      -             -             -       x        x
integrations_list         -             -      -             x             -       x        x
integrations_create       -             -      -             -             -       x        x
integrations_show         -             -      -             x             -       x        x
integrations_change       -             -      -             -             -       x        x
integrations_remove       -             -      -             -             -       x        x
integrations_list_whole   -             -      -             x             -       x        x
integrations_create_whole -             -      -             -             -       x        x
integrations_show_whole   -             -      -             x             -       x        x
integrations_put_whole    -             -      -             -             -       x        x
integrations_remove_whole -             -      -             -             -       x        x
integrations_map_app      -             -      -             -             -       x        x
integrations_unmap_app    -             -      -             -             -       x        x
integrations_list_cases   -             -      -             x             -       x        x
integrations_create_case  -             -      -             -             -       x        x
integrations_show_case    -             -      -             x             -       x        x
integrations_change_case  -             -      -             -             -       x        x
integrations_remove_case  -             -      -             -             -       x        x
openapi                   x             x      x             x             x       x        x
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
    open_task(world)
    vehicle(world)
    known_products(world)
    ids = {**IDS, "company_id": empty_company(world)} if route.method == "DELETE" else IDS
    sub = any_user(world, role)
    if is_of_toolkit(route.operation):
        toolkit(world)
        unmaps = route.operation == "integrations_unmap_app"
        app_mapping(world, INTEGRATION_ID if unmaps else INTEGRATION)
    if route.operation == "entities_readings":
        ids = {**IDS, "entity_id": METER_ID}
    wallbox_order(world, sub)
    owned_wallbox(world, sub, proof=any_proof(world))
    query = f"?company_id={card.company_id}" if route.operation in LISTS else ""
    kind = "text/csv" if route.operation.endswith("_import") else "application/json"
    written = world.table.bill.write_units
    answered = call_as(
        world,
        sub,
        route.method,
        route.path.format(**ids) + query,
        BODIES.get(route.operation, {"label": "any"}),
        {"Idempotency-Key": "any", "If-Match": "*", "Content-Type": kind},
        claims={"scope": MACHINE_SCOPE},
    )
    if role in decided()[route.operation]:
        assert answered.status in LET_IN.get(route.operation, {200, 201, 202, 204}), answered.text
    else:
        problem(answered, 403, "forbidden")
        assert not world.salesforce.calls
        assert not world.energised.calls
        assert world.table.bill.write_units == written


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_refuse_a_machine_without_its_scope_everywhere(world: World, route: Route) -> None:
    sub = any_user(world, Role.MACHINE)
    for scope in (None, "", "openid busbar/machines", "busbar", "busbar/machine-2"):
        path = route.path.format(**IDS)
        refused = call_as(world, sub, route.method, path, claims={"scope": scope})
        problem(refused, 403, "forbidden")
    assert not world.energised.calls
    assert not world.salesforce.calls


def test_should_let_a_machine_in_whose_scope_is_one_of_several(world: World) -> None:
    sub = any_user(world, Role.MACHINE)
    for scope in (MACHINE_SCOPE, f"any/other {MACHINE_SCOPE}"):
        assert call_as(world, sub, "POST", SYNC, claims={"scope": scope}).status == 200


def test_should_give_a_person_nothing_for_the_scope_of_a_machine(world: World) -> None:
    claims = {"scope": MACHINE_SCOPE}
    refused = call_as(world, PEOPLE["fleet-manager"], "POST", SYNC, claims=claims)
    problem(refused, 403, "forbidden")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_refuse_a_suspended_user_everywhere(world: World, route: Route) -> None:
    for role in decided()[route.operation]:
        sub = any_user(world, role, suspended=True)
        refused = call_as(world, sub, route.method, route.path.format(**IDS))
        problem(refused, 403, "forbidden")
