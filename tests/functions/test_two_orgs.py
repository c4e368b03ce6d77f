"""Two orgs on one system: whoever speaks for the one finds nothing of the other, whatever he names.

Every route of the toolkit is called with all ids of an org that has something there: by its own
machine, which has to be served, and by that of the other org, to which it is as if it was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from busbar.domain.authorisation import TABLE
from busbar.domain.customers import Role, User
from busbar.domain.erp_loads import upload_key
from busbar.domain.integrations import integration_id
from busbar.ports.store import Put
from busbar.settings.function import OrgSettings
from busbar.store.records import TableStore
from infra.catalog import USE_CASES, Route
from tests.doubles.world import ORG, Reply, World, claims_of, http_event, route_of
from tests.functions.portal import answer, problem
from tests.functions.toolkit_given import (
    CONTACTS,
    EVENT_ID,
    INTEGRATION_ID,
    LOAD_ID,
    METER_ID,
    PATH_IDS,
    V1,
    event,
    load,
    toolkit,
)

OTHER = "other"
APP = {
    "app_id": "0c4f1b5e-93a0-4ad5-8b39-6f6c7a0f5a11",
    "component_id": "5a1f7a52-6a1d-4c0e-9a55-3c7e6d4f2b10",
}
ROUTES = [route for case in USE_CASES if case.context == "toolkit" for route in case.routes]
OF_ORG = ("Janssen", "Ost", "Test ERP", f'"{ORG}"', f"{ORG}/")
"""What stands in answers to an org about what is its own."""
OLD = {"object_type": "customer", "event_type": "UPDATE", "timestamp": "2026-03-02T07:00:00Z"}
TRIAL = {"event_configuration": CONTACTS, "format": "json", "payload": {"partner": "1"}}
OPERATION = {"entity_slug": "contact", "unique_ids": {"customer_number": "1"}, "attributes": {}}


@dataclass(frozen=True)
class Call:
    """A good request of a route. `query` goes behind its path."""

    body: Any = None
    query: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)


CALLS: Mapping[str, Call] = {
    "erp_events_v1": Call({**APP, "meta": {}, "events": [{**OLD, "payload": {"partner": "1"}}]}),
    "erp_events_v2": Call(
        {"integration_id": INTEGRATION_ID, "events": [{**OLD, "payload": {"partner": "1"}}]}
    ),
    "erp_events_v3": Call({"integration_id": INTEGRATION_ID, "events": [event()]}),
    "erp_events_upload": Call({}),
    "entities_readings": Call(ids={"entity_id": METER_ID}),
    "entities_list": Call(query="?unique_id=customer_number:1000042"),
    "erp_simulation_v1": Call(
        {
            "mapping_configuration": {"version": "2.0", "mapping": {"events": {"a": CONTACTS}}},
            "object_type": "a",
            "format": "json",
            "payload": {"partner": "1"},
        },
        f"?integration_id={INTEGRATION_ID}&diff=true",
    ),
    "erp_simulation_v2": Call(TRIAL, f"?integration_id={INTEGRATION_ID}&diff=true"),
    "erp_simulation_direct": Call(
        {
            "event_configuration": {"direct": True},
            "payload": {"version": "1", "operations": [OPERATION]},
        },
        f"?integration_id={INTEGRATION_ID}&diff=true",
    ),
    "erp_monitoring_replay": Call({"event_ids": [EVENT_ID]}),
    "erp_loads_start": Call({"key": upload_key(ORG, LOAD_ID)}),
    "erp_loads_change": Call({"state": "paused"}),
    "integrations_create": Call({"name": "New"}),
    "integrations_create_whole": Call({"name": "New"}),
    "integrations_change": Call({"name": "New"}),
    "integrations_put_whole": Call({"name": "New"}),
    "integrations_map_app": Call({**APP, "overwrite": True}),
    "integrations_unmap_app": Call(APP),
    "integrations_create_case": Call(
        {"name": "n", "slug": "n", "type": "inbound", "enabled": True, "configuration": CONTACTS}
    ),
    "integrations_change_case": Call({"name": "n"}),
}


MACHINE = User(id="any-machine", role=Role.MACHINE, name="Any")


@pytest.fixture
def world() -> World:
    made = World()
    other = OrgSettings(audiences=("other-audience",))
    made.settings = replace(made.settings, orgs={**made.settings.orgs, OTHER: other})
    toolkit(made)
    for org in (ORG, OTHER):
        TableStore(made.table, made.clock, org).commit(Put(MACHINE))
    assert ask(made, ORG, "PUT", f"{V1}/app-mapping", APP).status == 200
    return made


def ask(world: World, org: str, method: str, path: str, body: Any = None) -> Reply:
    """A call by the machine of an org."""
    found, parameters = route_of(method, path.partition("?")[0])
    audience = world.settings.orgs[org].audiences[0]
    claims = claims_of(MACHINE.id, world.clock.now(), "busbar/machine")
    headers = {"Idempotency-Key": "any"}
    told = http_event(method, path, body, headers, parameters, {**claims, "client_id": audience})
    return answer(world, found.name, told)


def served(world: World, org: str, route: Route) -> Reply:
    """The answer to a good request about what is of `ORG`."""
    call = CALLS.get(route.operation, Call())
    path = route.path.format(**{**PATH_IDS, **call.ids}) + call.query
    return ask(world, org, route.method, path, call.body)


def things_of_org(world: World) -> tuple[Any, ...]:
    """All that is of `ORG`, in the table, the bucket and the queues."""
    return (
        {k: dict(i) for k, i in world.table.items.items() if k.pk.startswith(f"{ORG}#")},
        {key: held for key, held in world.files.objects.items() if f"/{ORG}/" in key},
        {name: len(messages) for name, messages in world.sqs.queues.items() if messages},
    )


def test_should_have_a_call_for_every_route_that_takes_a_body() -> None:
    writing = {r.operation for r in ROUTES if r.method in {"POST", "PUT", "PATCH"}}
    asked = {"erp_monitoring_received", "erp_monitoring_inbound", "erp_monitoring_rows"}
    assert (
        writing - asked - {"erp_monitoring_stats", "entities_restore"} - {"erp_loads_upload"}
        == CALLS.keys() & writing
    )
    assert all(Role.MACHINE in TABLE[route.operation] for route in ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_serve_the_org_itself(world: World, route: Route) -> None:
    assert 200 <= served(world, ORG, route).status < 300


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_should_show_nothing_of_it_to_the_other_and_leave_all_as_it_is(
    world: World, route: Route
) -> None:
    before = things_of_org(world)
    reply = served(world, OTHER, route)
    world.pump()
    assert [text for text in OF_ORG if text in reply.text] == []
    assert things_of_org(world) == before


def test_should_take_no_cursor_of_the_other(world: World) -> None:
    load(world, "10AD000000002")
    first = ask(world, ORG, "GET", f"{V1}/loads?limit=1").json
    path = f"/v1/integrations/{integration_id(OTHER, 'erp')}/loads"
    assert ask(world, OTHER, "GET", path).json == {"loads": [], "next_cursor": None}
    refused = ask(world, OTHER, "GET", f"{path}?limit=1&cursor={first['next_cursor']}")
    problem(refused, 400, "invalid-parameter")


@pytest.mark.parametrize(
    "key", ["loads/demo/10AD000000001.jsonl", "loads/other/../demo/10AD000000001.jsonl", "loads/"]
)
def test_should_load_no_file_of_the_other(world: World, key: str) -> None:
    path = f"/v1/integrations/{integration_id(OTHER, 'erp')}/loads"
    assert ask(world, OTHER, "POST", path, {"key": key}).status == 422
