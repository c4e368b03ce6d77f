"""Simulations over HTTP: in the toolkit's wire format, by the worker's way, without a write."""

from __future__ import annotations

from typing import Any

from infra.operations.erp_simulation import OPERATIONS
from tests.doubles.world import World
from tests.functions.portal import answer, problem
from tests.functions.toolkit_given import CONTACT_ID, CONTACTS, contact, integration, post
from tests.functions.toolkit_given import event as sent

V2 = "/v2/erp/updates/mapping_simulation"


def updated(told: Any) -> Any:
    (one,) = told["entity_updates"]
    return one["attributes"]


def test_v1_should_map_by_the_entry_of_a_document_that_is_named(world: World, event: Any) -> None:
    told = answer(world, "erp_simulation", event).json
    assert updated(told) == {"customer_number": "1000042", "last_name": "Janssen"}


def test_v2_should_map_a_payload_that_is_a_text(world: World, event: Any) -> None:
    written = world.table.bill.write_units
    reply = answer(world, "erp_simulation", event)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert updated(reply.json) == {"customer_number": "1000042", "last_name": "Janssen"}
    assert world.table.bill.write_units == written
    assert contact(world) is None


def test_explained_should_say_where_values_come_from_and_what_would_change(
    world: World, event: Any
) -> None:
    integration(world)
    post(world, sent(lastName="Ost"))
    told = answer(world, "erp_simulation", event).json
    by_name = {one["attribute"]: one for one in told["explained"]}
    assert by_name["last_name"]["reads"] == ["lastName"]
    assert by_name["salutation"]["value"] == "Mr."
    (changed,) = told["diff"]["entities"]
    assert changed["entity_id"] == CONTACT_ID
    assert changed["attributes"] == {"last_name": {"before": "Ost", "after": "Janssen"}}
    assert contact(world)["last_name"] == "Ost"


def test_explained_should_fit_what_the_worker_then_does(world: World) -> None:
    integration(world)
    post(world, sent(lastName="Ost"))
    body = {"event_configuration": CONTACTS, "format": "json", "payload": sent()["payload"]}
    told = world.call("POST", f"{V2}?diff=true", "operator", body).json["diff"]["entities"]
    post(world, sent(second=1))
    shown = world.call("GET", f"/v1/entities/contact/{CONTACT_ID}/history", "operator").json
    real = shown["changes"][0]["attributes"]
    # Without the integration its variables are not known.
    assert told[0]["attributes"] == real


def test_invalid_mapping_should_be_refused_with_the_path_of_every_fault(
    world: World, event: Any
) -> None:
    refused = answer(world, "erp_simulation", event)
    said = problem(refused, 422, "invalid-mapping")["message"]
    assert "entities[0].fields[0].jsonataExpression" in said
    assert "entities[0].fields[1].attribute" in said


def test_direct_should_show_what_a_payload_would_come_to(world: World, event: Any) -> None:
    told = answer(world, "erp_simulation", event).json
    assert (told["valid"], told["errors"]) == (True, [])
    assert updated(told) == {"last_name": "Janssen"}


def test_direct_violations_should_all_be_told(world: World, event: Any) -> None:
    told = answer(world, "erp_simulation", event).json
    assert not told["valid"]
    assert {one["operation_index"] for one in told["errors"]} == {0, 1}
    assert {one["code"] for one in told["errors"]} == {"DIRECT_PAYLOAD_INVALID"}


def test_should_refuse_what_has_no_frame(world: World) -> None:
    problem(world.call("POST", V2, "operator", {"payload": 1}), 400, "invalid-request")
    problem(world.call("POST", V2, "operator", "[]"), 400, "body-invalid")
    problem(world.call("POST", V2, "fleet-manager", {}), 403, "forbidden")
    asked = f"{V2}?integration_id=unknown"
    problem(world.call("POST", asked, "operator", {}), 404, "integration-not-found")


def test_should_keep_long_numbers_as_the_digits_that_came(world: World) -> None:
    payload = '{"partner": 12345678901234567890, "lastName": "Janssen"}'
    body = (
        '{"event_configuration": {"entities": [{"entity_schema": "contact", "unique_ids":'
        ' ["customer_number"], "fields": [{"attribute": "customer_number", "field": "partner"}]}]},'
        f' "format": "json", "payload": {payload}}}'
    )
    told = world.call("POST", V2, "machine", body).json
    assert updated(told) == {"customer_number": "12345678901234567890"}


def test_should_say_what_is_wrong_with_a_configuration_as_a_whole(world: World) -> None:
    """No key of it is at fault, so none is named."""
    body = {"event_configuration": {}, "format": "json", "payload": {"a": 1}}
    told = problem(world.call("POST", V2, "operator", body), 422, "invalid-mapping")
    assert told["message"].endswith(": needs entities or meter_readings, or direct: true")


def test_should_find_nothing_wrong_with_the_direct_payload_that_the_api_s_document_shows(
    world: World,
) -> None:
    body = OPERATIONS["erp_simulation_direct"].bodies["a relation, a reading, a deletion"]
    told = world.call("POST", "/v1/erp/updates/direct_simulation", "machine", body).json
    assert (told["valid"], told["errors"], told["warnings"]) == (True, [], [])
    assert [one["mode"] for one in told["entity_updates"]] == ["upsert", "delete"]
    assert len(told["meter_reading_updates"]) == 1
