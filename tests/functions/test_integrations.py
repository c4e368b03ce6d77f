"""Integrations and use cases over HTTP, in the toolkit's wire format."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from typing import Any

import pytest

from tests.doubles.world import ORG, Reply, World
from tests.functions.portal import answer, problem
from tests.functions.toolkit_given import (
    CONTACTS,
    EVENTS,
    INTEGRATION_ID,
    SLUGS,
    V1,
    V2,
    contact,
    integration,
    post,
    put,
)
from tests.functions.toolkit_given import event as sent

CASES = f"{V1}/use-cases"
NEW = {"name": "New", "slug": "new", "type": "inbound", "enabled": True}
APP = {
    "app_id": "0c4f1b5e-93a0-4ad5-8b39-6f6c7a0f5a11",
    "component_id": "5a1f7a52-6a1d-4c0e-9a55-3c7e6d4f2b10",
}


@pytest.fixture
def erp(world: World) -> World:
    """The integration of the tests, with its use cases."""
    integration(world)
    return world


def built_in(world: World) -> Any:
    """An integration that comes with the product."""
    listed = world.call("GET", "/v2/integrations", "operator").json["integrations"]
    return next(one for one in listed if one["built_in"])


def slugs(world: World, integration_id: str = INTEGRATION_ID) -> set[str]:
    listed = world.call("GET", f"/v1/integrations/{integration_id}/use-cases", "operator").json
    return {one["slug"] for one in listed["use_cases"]}


def trail(world: World) -> list[str]:
    """What the audit trail tells, oldest first."""
    entries = world.call("GET", "/v1/audit", "operator").json["entries"]
    return [entry["action"] for entry in reversed(entries)]


# --- integrations --------------------------------------------------------------------------------


def test_list_should_show_those_of_the_product_and_those_that_were_put(
    erp: World, event: Any
) -> None:
    listed = answer(erp, "integrations", event).json["integrations"]
    assert {one["built_in"] for one in listed} == {True, False}
    (own,) = [one for one in listed if not one["built_in"]]
    assert (own["id"], own["orgId"], own["system"]) == (INTEGRATION_ID, "demo", "sap")
    assert "use_cases" not in own


def test_create_should_make_one_with_its_variables_but_no_secret(world: World, event: Any) -> None:
    reply = answer(world, "integrations", event)
    assert reply.status == 201
    made = world.call("GET", f"/v1/integrations/{reply.json['id']}", "operator").json
    assert made == reply.json
    assert [one["key"] for one in made["environment_config"]] == ["tenant.code", "token"]
    assert "value" not in made["environment_config"][1]
    assert made["maps"][0]["value"] == {"0002": "Mr."}
    assert trail(world) == ["integrations_create"]


def test_show_should_show_maps_and_times(erp: World, event: Any) -> None:
    shown = answer(erp, "integrations", event).json
    assert shown["maps"][0]["key"] == "salutations"
    assert shown["created_at"]


def test_change_should_leave_the_rest_as_it_is(erp: World, event: Any) -> None:
    changed = answer(erp, "integrations", event).json
    assert changed["description"] == "the middleware of sales"
    assert (changed["name"], changed["system"]) == ("Test ERP", "sap")
    assert changed["maps"][0]["value"] == {"2": "Mr."}
    assert slugs(erp) == set(SLUGS)
    answer(erp, "integrations", event)
    assert trail(erp) == ["integrations_change"], "the same again is no change"


def test_service_agent_should_read_but_not_change(erp: World, event: Any) -> None:
    problem(answer(erp, "integrations", event), 403, "forbidden")
    assert erp.call("GET", V2, "service-agent").status == 200


def test_remove_should_remove_it_with_its_use_cases(erp: World, event: Any) -> None:
    assert answer(erp, "integrations", event).json["message"] == "removed"
    problem(answer(erp, "integrations", event), 404, "integration-not-found")
    body = {"integration_id": INTEGRATION_ID, "events": [sent()]}
    problem(erp.call("POST", EVENTS, "machine", body), 404, "integration-not-found")


def test_should_let_what_is_put_go_before_what_comes_with_the_product(world: World) -> None:
    own = built_in(world)
    path = f"/v1/integrations/{own['id']}"
    problem(world.call("DELETE", path, "operator"), 409, "integration-built-in")
    changed = put(world, path, {"description": "ours"}).json
    assert (changed["description"], changed["built_in"]) == ("ours", True)
    assert slugs(world, own["id"]) == {one["slug"] for one in own["use_cases"]}
    told = world.call("DELETE", path, "operator").json["message"]
    assert "comes with the product" in told
    assert built_in(world) == own


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 256},
        {"name": "x", "description": "x" * 1001},
        {"name": "x", "integration_type": "partner"},
        {"name": "x", "connector_config": "https://a.example"},
        {"name": "x", "connector_config": {"auth": {"client_secret": "secret-value"}}},
        {
            "name": "x",
            "environment_config": [
                {"key": "a", "label": "a", "type": "SecretString", "value": "secret-value"}
            ],
        },
        {"name": "x", "environment_config": [{"key": "A B", "label": "a", "type": "String"}]},
        {"name": "x", "environment_config": [{"key": "a", "label": "a", "type": "String"}] * 2},
        {"name": "x", "maps": [{"key": "a", "label": "a", "value": ["k"]}]},
        {"name": "x", "maps": [{"key": "a", "label": "a", "value": {"k": "x" * 33_000}}]},
        {"name": "x", "use_cases": [{"name": "x", "type": "sideways", "enabled": True}]},
    ],
)
def test_should_refuse_what_is_no_integration(world: World, body: Any) -> None:
    refused = world.call("POST", "/v2/integrations", "operator", body)
    problem(refused, 400, "invalid-request")
    assert "secret-value" not in refused.text
    assert "Value error" not in refused.text


def test_should_keep_the_value_of_a_variable_that_the_toolkits_clients_do_not_know(
    world: World,
) -> None:
    field = {"key": "tenant.code", "label": "Tenant", "type": "String"}
    body = {"name": "ERP 2", "environment_config": [{**field, "value": "0100"}]}
    made = world.call("POST", "/v1/integrations", "operator", body).json["id"]
    whole = {"name": "ERP 2", "environment_config": [{**field, "label": "Client"}]}
    after = put(world, f"/v2/integrations/{made}", whole).json
    assert after["environment_config"][0]["value"] == "0100"
    assert after["environment_config"][0]["label"] == "Client"


# --- with embedded use cases ---------------------------------------------------------------------


def test_show_whole_should_show_its_use_cases(erp: World, event: Any) -> None:
    shown = answer(erp, "integrations", event).json
    assert {one["slug"] for one in shown["use_cases"]} == set(SLUGS)


def test_create_whole_should_make_all_of_it(world: World, event: Any) -> None:
    reply = answer(world, "integrations", event)
    assert reply.status == 201
    (case,) = reply.json["use_cases"]
    assert (case["slug"], case["change_description"]) == ("prospects", "first of them")
    assert slugs(world, reply.json["id"]) == {"prospects"}


def test_put_whole_should_remove_what_it_does_not_name(erp: World, event: Any) -> None:
    customer, prospects = answer(erp, "integrations", event).json["use_cases"]
    assert (customer["slug"], customer["enabled"]) == ("customer", False)
    assert prospects["slug"] == "prospects", "made of its name"
    assert slugs(erp) == {"customer", "prospects"}
    assert post(erp, sent())[0]["status"] == "ignored"


def test_put_whole_should_change_nothing_if_it_is_the_same(erp: World) -> None:
    whole = erp.call("GET", V2, "operator").json
    first = put(erp, V2, whole).json
    second = put(erp, V2, {**first, "use_cases": first["use_cases"]}).json
    times = [[one["updated_at"] for one in told["use_cases"]] for told in (whole, first, second)]
    assert times[0] == times[1] == times[2]
    assert first["updated_at"] == second["updated_at"]


def test_should_name_every_fault_of_every_mapping_by_its_path(erp: World) -> None:
    bad = {"entities": [{"unique_ids": "x"}]}
    cases = [
        {"name": "good", "type": "inbound", "enabled": True, "configuration": CONTACTS},
        {"name": "bad", "type": "inbound", "enabled": True, "configuration": bad},
        {"name": "bad too", "type": "inbound", "enabled": True, "configuration": {"entities": 5}},
    ]
    refused = put(erp, V2, {"name": "ERP", "use_cases": cases})
    said = problem(refused, 400, "invalid-mapping")["message"]
    assert "use_cases[1].configuration.entities[0].entity_schema" in said
    assert "use_cases[1].configuration.entities[0].unique_ids" in said
    assert "use_cases[2].configuration.entities has to be a list" in said
    assert slugs(erp) == set(SLUGS)


def test_should_refuse_a_prune_whose_scope_nothing_can_be_found_by(erp: World) -> None:
    (contacts,) = CONTACTS["entities"]

    def put_with(*asked: str) -> Reply:
        query = [{"attribute": name, "constant": "x"} for name in asked]
        scope = {"scope_mode": "query", "query": query}
        prune = {"mode": "upsert-prune-scope-delete", "scope": scope}
        configuration = {"entities": [contacts, {**contacts, **prune}]}
        case = {"name": "p", "type": "inbound", "enabled": True, "configuration": configuration}
        return put(erp, V2, {"name": "ERP", "use_cases": [case]})

    said = problem(put_with("title", "their_own"), 400, "invalid-mapping")["message"]
    assert "use_cases[0].configuration.entities[1].scope.query" in said
    assert "contact is found by customer_number, last_name" in said
    assert put_with("title", "last_name").status == 200
    assert put_with("email", "title").status == 200


def test_should_give_use_cases_of_one_name_slugs_of_their_own(world: World) -> None:
    one = {"name": "Zähler & Co", "type": "inbound", "enabled": True}
    told = world.call(
        "POST", "/v2/integrations", "operator", {"name": "x", "use_cases": [one, one]}
    )
    assert [case["slug"] for case in told.json["use_cases"]] == ["z-hler-co", "z-hler-co-2"]


def test_should_refuse_a_slug_that_comes_twice_or_changes(erp: World) -> None:
    one = {"name": "x", "slug": "same", "type": "inbound", "enabled": True}
    problem(put(erp, V2, {"name": "x", "use_cases": [one, one]}), 400, "invalid-request")
    case = erp.call("GET", CASES, "operator").json["use_cases"][0]
    renamed = put(erp, f"{CASES}/{case['id']}", {"slug": "another"})
    assert "slug" in problem(renamed, 400, "invalid-request")["message"]


def test_should_take_the_id_that_its_maker_gives_to_a_use_case(erp: World) -> None:
    own = "0c4f1b5e-93a0-4ad5-8b39-6f6c7a0f5a99"
    one = {"id": own, "name": "Own", "type": "inbound", "enabled": True}
    (made,) = put(erp, V2, {"name": "ERP", "use_cases": [one]}).json["use_cases"]
    assert made["id"] == own
    (again,) = put(erp, V2, {"name": "ERP", "use_cases": [{**one, "name": "New"}]}).json[
        "use_cases"
    ]
    assert (again["id"], again["slug"], again["name"]) == (own, "own", "New")


# --- use cases -----------------------------------------------------------------------------------


def test_list_cases_should_show_them_with_their_mappings(erp: World, event: Any) -> None:
    listed = answer(erp, "integrations", event).json["use_cases"]
    (customer,) = [one for one in listed if one["slug"] == "customer"]
    assert customer["configuration"] == CONTACTS
    assert erp.call("GET", f"{CASES}/{customer['id']}", "operator").json == customer
    problem(erp.call("GET", f"{CASES}/unknown", "operator"), 404, "use-case-not-found")


def test_create_case_should_have_its_events_mapped_from_then_on(erp: World, event: Any) -> None:
    assert post(erp, sent("prospects"))[0]["status"] == "ignored"
    reply = answer(erp, "integrations", event)
    assert (reply.status, reply.json["warnings"]) == (201, [])
    assert reply.json["changed_by"]
    assert post(erp, sent("prospects", 1))[0]["status"] == "success"
    assert contact(erp)["last_name"] == "Janssen"
    problem(answer(erp, "integrations", event), 400, "use-case-exists")


@pytest.mark.parametrize("own", [{}, {"contact.loyalty_number": "string!"}])
def test_should_warn_of_a_unique_id_that_the_orgs_schemas_do_not_have(
    erp: World, own: dict[str, str]
) -> None:
    org = replace(erp.settings.orgs[ORG], entity_attributes=own)
    erp.settings = replace(erp.settings, orgs={ORG: org})
    entity = {
        "entity_schema": "contact",
        "unique_ids": ["loyalty_number"],
        "fields": [{"attribute": "loyalty_number", "field": "loyalty"}],
    }
    made = erp.call("POST", CASES, "operator", {**NEW, "configuration": {"entities": [entity]}})
    assert made.status == 201, made.text
    assert bool(made.json["warnings"]) == (not own)


VERSION_ONE = {
    "unique_ids": {"contact": {"partner": "customer_number"}},
    "fields": [{"entity": "contact", "attribute": "last_name", "field": "lastName"}],
}


@pytest.mark.parametrize(
    "document",
    [
        {"version": "1.0", "mapping": {"objects": {"partner": VERSION_ONE}}},
        {"version": "2.0", "mapping": {"events": {"CustomerChanged": CONTACTS}}},
    ],
    ids=["1.0", "2.0"],
)
def test_should_map_by_a_document_with_a_version_as_by_what_stands_in_it(
    erp: World, document: dict[str, Any]
) -> None:
    made = erp.call("POST", CASES, "operator", {**NEW, "configuration": document})
    assert (made.status, made.json["warnings"]) == (201, [])
    assert post(erp, sent("new"))[0]["status"] == "success"
    assert contact(erp)["last_name"] == "Janssen"


def test_should_refuse_a_document_of_which_nobody_knows_what_to_map_by(erp: World) -> None:
    events = {"a": CONTACTS, "b": CONTACTS}
    document = {"version": "2.0", "mapping": {"events": events}}
    refused = erp.call("POST", CASES, "operator", {**NEW, "configuration": document})
    said = problem(refused, 400, "invalid-mapping")["message"]
    assert "configuration.mapping.events it has several" in said


def test_should_name_a_scope_in_a_document_by_its_whole_path(erp: World) -> None:
    scope = {"scope_mode": "query", "query": [{"attribute": "title", "constant": "Dr."}]}
    pruning = {**CONTACTS["entities"][0], "mode": "upsert-prune-scope-delete", "scope": scope}
    document = {"version": "2.0", "mapping": {"events": {"a": {"entities": [pruning]}}}}
    refused = erp.call("POST", CASES, "operator", {**NEW, "configuration": document})
    said = problem(refused, 400, "invalid-mapping")["message"]
    assert "configuration.mapping.events.a.entities[0].scope.query" in said


def test_should_not_look_at_scopes_where_nothing_is_mapped(erp: World) -> None:
    entry = {"entity_schema": "contact", "mode": "upsert-prune-scope-delete", "scope": 5}
    direct = {"direct": True, "entities": [entry]}
    made = erp.call("POST", CASES, "operator", {**NEW, "configuration": direct})
    assert made.status == 201, made.text


def test_change_case_should_warn_of_keys_that_nobody_reads(erp: World, event: Any) -> None:
    before = erp.clock.now().isoformat()
    changed = answer(erp, "integrations", event).json
    assert [one["field"] for one in changed["warnings"]] == ["notes"]
    assert (changed["change_description"], changed["updated_at"]) == ("trimmed", before)
    post(erp, sent())
    lineage = contact(erp)["_lineage"]["last_name"]
    assert lineage["mapping_version"] == changed["updated_at"]


def test_invalid_mapping_should_be_refused_and_change_nothing(erp: World, event: Any) -> None:
    said = problem(answer(erp, "integrations", event), 400, "invalid-mapping")["message"]
    assert "configuration.entities[0].fields[0].jsonataExpression" in said
    assert "configuration.entities[0].fields[1].attribute" in said
    post(erp, sent())
    assert contact(erp)["last_name"] == "Janssen"


def test_remove_case_should_ignore_its_events_from_then_on(erp: World, event: Any) -> None:
    assert answer(erp, "integrations", event).status == 200
    assert post(erp, sent())[0]["status"] == "ignored"
    problem(answer(erp, "integrations", event), 404, "use-case-not-found")


@pytest.mark.parametrize("without", ["name", "slug", "type", "enabled"])
def test_should_refuse_a_new_use_case_without_what_it_needs(erp: World, without: str) -> None:
    body = {name: value for name, value in NEW.items() if name != without}
    refused = erp.call("POST", CASES, "operator", body)
    assert without in problem(refused, 400, "invalid-request")["message"]


def test_should_refuse_an_integration_that_the_table_would_not_take(erp: World) -> None:
    noise = base64.b64encode(random.Random(1).randbytes(600_000)).decode()  # noqa: S311
    body = {**NEW, "configuration": {"entities": [], "notes": noise}}
    problem(erp.call("POST", CASES, "operator", body), 400, "invalid-request")
    assert slugs(erp) == set(SLUGS)


# --- apps ----------------------------------------------------------------------------------------


def test_map_app_should_let_events_of_version_one_find_it(erp: World, event: Any) -> None:
    old = {
        "event_type": "UPDATE",
        "object_type": "customer",
        **{k: v for k, v in sent().items() if k != "use_case_slug"},
    }
    body = {**APP, "meta": {}, "events": [old]}
    refused = erp.call("POST", "/v1/erp/updates/events", "machine", body)
    problem(refused, 404, "integration-not-found")
    assert answer(erp, "integrations", event).json == {"integration_id": INTEGRATION_ID}
    assert erp.call("POST", "/v1/erp/updates/events", "machine", body).status == 200
    erp.pump()
    assert contact(erp)["last_name"] == "Janssen"


def test_should_not_take_an_app_from_another_integration_unless_told_so(erp: World) -> None:
    other = erp.call("POST", "/v1/integrations", "operator", {"name": "Other"}).json["id"]
    path = f"/v1/integrations/{other}/app-mapping"
    for _ in range(2):
        assert put(erp, path, APP).status == 200
    problem(put(erp, f"{V1}/app-mapping", APP), 409, "app-mapping-exists")
    assert put(erp, f"{V1}/app-mapping", {**APP, "overwrite": True}).status == 200
    problem(erp.call("DELETE", path, "operator", APP), 404, "app-mapping-not-found")
    assert trail(erp)[1:] == ["integration_apps_map"] * 2


def test_unmap_app_should_have_it_stand_for_nothing(erp: World, event: Any) -> None:
    put(erp, f"{V1}/app-mapping", APP)
    assert answer(erp, "integrations", event).status == 200
    problem(answer(erp, "integrations", event), 404, "app-mapping-not-found")
