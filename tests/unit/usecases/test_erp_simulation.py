"""Events are tried out: the toolkit's answer, explained, compared; and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.integrations import Integration, Variable
from busbar.errors import Problem
from busbar.ports.store import Put
from busbar.usecases.erp_simulation import Kind, Simulation
from tests.unit.usecases.entity_desk import INTEGRATION, EntityDesk, reading, update
from tests.unit.usecases.in_process import mapper

FIELDS: list[dict[str, Any]] = [
    {"attribute": "customer_number", "field": "partner"},
    {"attribute": "last_name", "jsonataExpression": "$uppercase(name.last)"},
]
CONTACT: dict[str, Any] = {
    "entities": [{"entity_schema": "contact", "unique_ids": ["customer_number"], "fields": FIELDS}]
}
EVENT = {"partner": "4711", "name": {"last": "Muster"}}
IBAN = "DE89370400440532013000"


@pytest.fixture
def desk() -> EntityDesk:
    return EntityDesk()


def simulate(
    desk: EntityDesk, body: dict[str, Any], kind: Kind = "v2", lost: str = "", **query: str
) -> Any:
    return Simulation(mapper(lost), desk.deps, query).run(kind, body)


def v2(configuration: Any = CONTACT, payload: Any = EVENT, form: str = "json") -> dict[str, Any]:
    return {"event_configuration": configuration, "format": form, "payload": payload}


def refused(desk: EntityDesk, body: dict[str, Any], kind: Kind = "v2", **query: str) -> Problem:
    with pytest.raises(Problem) as told:
        simulate(desk, body, kind, **query)
    return told.value


def test_should_show_what_an_event_would_come_to_and_write_nothing(desk: EntityDesk) -> None:
    answer = simulate(desk, v2())
    assert answer == {
        "entity_updates": [
            {
                "entity_slug": "contact",
                "unique_identifiers": {"customer_number": "4711"},
                "attributes": {"customer_number": "4711", "last_name": "MUSTER"},
                "mode": "upsert",
            }
        ],
        "meter_readings_updates": [],
        "prune_scope_updates": [],
        "meter_readings_prune_scope_updates": [],
        "warnings": [],
    }
    assert not desk.table.items  # type: ignore[attr-defined]


def test_should_map_xml_and_texts_alike(desk: EntityDesk) -> None:
    text = '{"partner": "4711", "name": {"last": "Muster"}}'
    xml = "<event><partner>4711</partner><name><last>Muster</last></name></event>"
    by_path = {
        "entities": [
            {
                **CONTACT["entities"][0],
                "fields": [{"attribute": "customer_number", "field": "$.event.partner"}],
            }
        ]
    }
    assert simulate(desk, v2(payload=text)) == simulate(desk, v2())
    found = simulate(desk, v2(by_path, xml, "xml"))["entity_updates"]
    assert [one["unique_identifiers"] for one in found] == [{"customer_number": "4711"}]


@pytest.mark.parametrize(
    "document",
    [
        {"version": "2.0", "mapping": {"events": {"customer": CONTACT, "other": CONTACT}}},
        {
            "version": "1.0",
            "mapping": {
                "objects": {
                    "customer": {
                        "unique_ids": {"contact": ["customer_number"]},
                        "fields": [{"entity": "contact", **field} for field in FIELDS],
                    }
                }
            },
        },
    ],
    ids=["2.0", "1.0"],
)
def test_should_take_the_documents_of_version_one(desk: EntityDesk, document: Any) -> None:
    body = {"mapping_configuration": document, "object_type": "customer", **v2()}
    assert simulate(desk, body, "v1") == simulate(desk, v2())
    body["object_type"] = "nobody"
    problem = refused(desk, body, "v1")
    assert (problem.status, problem.slug) == (422, "invalid-mapping")


def test_should_warn_of_a_scope_that_nothing_can_be_found_by(desk: EntityDesk) -> None:
    scope = {"scope_mode": "query", "query": [{"attribute": "their_own", "constant": "x"}]}
    mode = {"mode": "upsert-prune-scope-delete", "scope": scope}
    pruning = {"entities": [{**CONTACT["entities"][0], **mode}]}
    (first, second) = simulate(desk, v2(pruning))["warnings"]
    assert first["message"] == 'Unique identifier "their_own" not found in schema "contact"'
    assert (second["entity_schema"], second["field"]) == ("contact", "scope.query")
    assert second["message"].startswith("contact is found by customer_number, last_name")


def test_should_name_every_fault_of_a_configuration_by_its_path(desk: EntityDesk) -> None:
    fields = [{"attribute": "a", "jsonataExpression": "$("}, {"field": "x"}]
    wrong = {"entities": [{"entity_schema": "contact", "unique_ids": [], "fields": fields}]}
    problem = refused(desk, v2(wrong))
    assert (problem.status, problem.slug) == (422, "invalid-mapping")
    named = {error.field for error in problem.errors}
    assert "entities[0].fields[0].jsonataExpression" in named
    assert "entities[0].fields[1].attribute" in named


@pytest.mark.parametrize("payload", ["no json", '{"a": 1, "a": 2}', "[1", "1"])
def test_should_refuse_a_payload_that_cannot_be_read(desk: EntityDesk, payload: str) -> None:
    problem = refused(desk, v2(payload=payload))
    assert (problem.status, problem.slug) == (422, "malformed-payload")


def test_should_name_what_is_wrong_with_the_frame(desk: EntityDesk) -> None:
    problem = refused(desk, {"format": "csv"}, "v1")
    assert problem.status == 400
    assert [error.field for error in problem.errors] == [
        "mapping_configuration",
        "payload",
        "format",
        "object_type",
    ]


def test_should_warn_of_unknown_keys_and_of_unique_ids_that_nothing_is_found_by(
    desk: EntityDesk,
) -> None:
    entity = {**CONTACT["entities"][0], "unique_ids": ["partner_id"], "condition": "x"}
    entity["fields"] = [{"attribute": "partner_id", "field": "partner"}]
    told = simulate(desk, v2({"entities": [entity]}))["warnings"]
    assert {one["field"] for one in told} == {"entities[0].condition", "partner_id"}


def test_should_tell_of_an_expression_that_fails_among_the_warnings(desk: EntityDesk) -> None:
    fields = [*FIELDS, {"attribute": "title", "jsonataExpression": "$number(partner & 'x')"}]
    told = simulate(desk, v2({"entities": [{**CONTACT["entities"][0], "fields": fields}]}))
    assert told["entity_updates"] == []
    (warning,) = told["warnings"]
    assert warning["field"] == "entities[0].fields[2].jsonataExpression"
    assert warning["message"].startswith("MAPPING_EXPRESSION_FAILED")


def test_should_tell_of_a_mapping_that_had_to_be_ended(desk: EntityDesk) -> None:
    (warning,) = simulate(desk, v2(), lost="TIMEOUT")["warnings"]
    assert warning["message"].startswith("TIMEOUT")


def test_should_explain_each_value_by_expression_and_the_paths_it_read(desk: EntityDesk) -> None:
    number, name = simulate(desk, v2(), explain="true")["explained"]
    assert number["source"] == "field"
    assert name == {
        "entity_schema": "contact",
        "item": 0,
        "attribute": "last_name",
        "source": "jsonataExpression",
        "expression": "$uppercase(name.last)",
        "reads": ["name.last"],
        "value": "MUSTER",
    }


def test_should_compare_with_what_is_stored(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", {"customer_number": "4711"}, last_name="MEIER", title="Dr."))
    written = dict(desk.table.items)  # type: ignore[attr-defined]
    diff = simulate(desk, v2(), diff="true")["diff"]
    assert diff["entities"] == [
        {
            "entity_id": desk.id("contact", customer_number="4711"),
            "entity_slug": "contact",
            "operation": "patch",
            "attributes": {"last_name": {"before": "MEIER", "after": "MUSTER"}},
        }
    ]
    assert [one["code"] for one in diff["outcomes"]] == ["ENTITY_UPDATED"]
    assert desk.table.items == written  # type: ignore[attr-defined]


def test_should_show_a_create_and_a_delete_as_what_they_are(desk: EntityDesk) -> None:
    (new,) = simulate(desk, v2(), diff="true")["diff"]["entities"]
    assert new["operation"] == "create"
    assert new["attributes"]["last_name"] == {"after": "MUSTER"}
    desk.apply(1, update("contact", {"customer_number": "4711"}, last_name="MEIER"))
    for mode in ("delete", "purge"):
        gone = {"entities": [{**CONTACT["entities"][0], "mode": mode}]}
        (told,) = simulate(desk, v2(gone), diff="true")["diff"]["entities"]
        assert told["operation"] == mode
        assert told["attributes"]["last_name"] == {"before": "MEIER"}


def test_should_show_no_iban_of_a_stored_entity(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", {"customer_number": "4711"}, last_name=IBAN))
    (told,) = simulate(desk, v2(), diff="true")["diff"]["entities"]
    assert told["attributes"]["last_name"]["before"] == "DE…3000"


def test_should_show_readings_that_would_change(desk: EntityDesk) -> None:
    desk.apply(1, update("meter", {"external_id": "M1"}))
    desk.apply(2, reading("R1", "2026-03-01", 10))
    entry = {
        "meter": {"unique_ids": [{"attribute": "external_id", "field": "meter"}]},
        "fields": [
            {"attribute": "external_id", "field": "id"},
            {"attribute": "timestamp", "constant": "2026-03-01"},
            {"attribute": "source", "constant": "ERP"},
            {"attribute": "value", "field": "value"},
        ],
    }
    body = v2({"entities": [], "meter_readings": [entry]}, {"meter": "M1", "id": "R1", "value": 12})
    (told,) = simulate(desk, body, diff="true")["diff"]["readings"]
    assert told["operation"] == "patch"
    assert told["attributes"]["value"] == {"before": 10, "after": 12}
    body["payload"]["meter"] = "M2"
    outcomes = simulate(desk, body, diff="true")["diff"]["outcomes"]
    assert [one["code"] for one in outcomes] == ["METER_NOT_FOUND"]


def test_should_count_no_refusal_of_a_system_that_does_not_lead(desk: EntityDesk) -> None:
    led = EntityDesk(desk.table, {"contact.last_name": "crm"})
    led.apply(1, update("contact", {"customer_number": "4711"}, last_name="MEIER"), system="crm")
    written = dict(led.table.items)  # type: ignore[attr-defined]
    outcomes = simulate(led, v2(), diff="true")["diff"]["outcomes"]
    assert "NOT_LEADING_SYSTEM" in [one["code"] for one in outcomes]
    assert led.table.items == written  # type: ignore[attr-defined]


def test_should_give_expressions_the_variables_of_the_integration_that_is_named(
    desk: EntityDesk,
) -> None:
    own = Integration(
        id=INTEGRATION,
        name="any",
        system="sap",
        variables=(Variable(key="tenant.code", value="T1"),),
    )
    desk.deps.store.commit(Put(own))
    fields = [*FIELDS, {"attribute": "title", "jsonataExpression": "$env.tenant.code"}]
    body = v2({"entities": [{**CONTACT["entities"][0], "fields": fields}]})
    (told,) = simulate(desk, body, integration_id=INTEGRATION)["entity_updates"]
    assert told["attributes"]["title"] == "T1"
    assert refused(desk, body, integration_id="another").status == 404


def test_should_check_a_direct_payload_and_list_every_violation(desk: EntityDesk) -> None:
    good = {"entity_slug": "contact", "unique_ids": {"customer_number": 4711}, "attributes": {}}
    direct = {"event_configuration": {"direct": True, "entities": []}}
    payload = {"version": "1", "operations": [good]}
    told = simulate(desk, {**direct, "payload": payload}, "direct", diff="true")
    assert told["valid"]
    assert told["errors"] == []
    assert told["entity_updates"][0]["unique_identifiers"] == {"customer_number": "4711"}
    assert told["diff"]["entities"][0]["operation"] == "create"
    payload["operations"] = [{"mode": "what"}, {"type": "meter_reading"}]
    told = simulate(desk, {**direct, "payload": payload}, "direct", diff="true")
    assert not told["valid"]
    assert {error["operation_index"] for error in told["errors"]} == {0, 1}
    assert "diff" not in told


@pytest.mark.parametrize(
    ("told", "types"),
    [
        ({}, {"email": {"fieldType": "email"}}),
        ({"number": "phone"}, {"email": {"fieldType": "email"}, "number": {"fieldType": "phone"}}),
        ({"email": "phone"}, {"email": {"fieldType": "phone"}}),
    ],
)
def test_should_show_the_types_that_a_direct_payload_leaves_to_the_schema(
    desk: EntityDesk, told: dict[str, str], types: dict[str, Any]
) -> None:
    ids = {"email": "a@example.test", "number": "1"}
    operation = {"entity_slug": "contact", "unique_ids": ids, "attributes": {}}
    payload = {"version": "1", "operations": [{**operation, "unique_id_types": told}]}
    body = {"event_configuration": {"direct": True}, "payload": payload}
    (shown,) = simulate(desk, body, "direct")["entity_updates"]
    assert shown["unique_identifiers_metadata"] == types


def test_should_hold_direct_and_mapped_simulations_apart(desk: EntityDesk) -> None:
    assert refused(desk, v2({"direct": True, "entities": []})).status == 422
    problem = refused(desk, v2(), "direct")
    assert problem.errors[0].field == "event_configuration.direct"


def test_should_refuse_an_option_that_is_none(desk: EntityDesk) -> None:
    assert refused(desk, v2(), explain="yes").errors[0].field == "explain"
