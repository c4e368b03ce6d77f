"""What simulations answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.domain.updates import Mapped
from busbar.mapping import direct
from busbar.mapping.configuration import parse
from busbar.mapping.inbound import Context, map_event
from busbar.mapping.payloads import parse as parse_payload
from busbar.mapping.wire import (
    Known,
    message_of,
    schema_warnings,
    simulated,
    simulated_direct,
)

SIMULATED = Context(simulation=True)


def simulate(configuration: dict[str, Any], payload: Any, name: str | None = None) -> Any:
    parsed = parse(configuration, name)
    answer = simulated(map_event(parsed, parse_payload(payload), SIMULATED))
    # It has to be JSON as it stands.
    assert json.loads(json.dumps(answer)) == answer
    return answer


def entity(schema: str, unique_id: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"entity_schema": schema, "unique_ids": [unique_id], "fields": list(fields), **more}


NUMBER = {"attribute": "contract_number", "field": "number"}
TO_ACCOUNT = {
    "attribute": "billing_account",
    "relations": {
        "operation": "_set",
        "items": [
            {
                "entity_schema": "billing_account",
                "_tags": ["PRIMARY"],
                "unique_ids": [{"attribute": "external_id", "field": "account"}],
            }
        ],
    },
}


def test_should_answer_as_the_toolkit_does_for_entities_and_readings() -> None:
    configuration = {
        "entities": [
            entity("contract", "contract_number", NUMBER, TO_ACCOUNT),
            entity(
                *("meter", "meter_number", {"attribute": "meter_number", "field": "id"}),
                jsonataExpression="meters.{'id': number}",
            ),
        ],
        "meter_readings": [
            {
                "jsonataExpression": "$.readings",
                "meter": {"unique_ids": [{"attribute": "external_id", "field": "meter"}]},
                "meter_counter": {"unique_ids": [{"attribute": "obis", "constant": "1.8.0"}]},
                "fields": [
                    {"attribute": "external_id", "field": "id"},
                    {"attribute": "timestamp", "field": "at"},
                    {"attribute": "source", "constant": "ERP"},
                    {"attribute": "value", "jsonataExpression": "$string(value)"},
                    {"attribute": "reason", "constant": "monthly_billing"},
                ],
            }
        ],
    }
    payload = {
        "number": "CTR-1",
        "account": "A-9",
        "meters": [{"number": "M-1"}, {"number": "M-2"}],
        "readings": [{"meter": "M-1", "id": "R-1", "at": "2025-01-15T10:00:00Z", "value": 12345.6}],
    }
    assert simulate(configuration, json.dumps(payload)) == {
        "entity_updates": [
            {
                "entity_slug": "contract",
                "unique_identifiers": {"contract_number": "CTR-1"},
                "attributes": {
                    "contract_number": "CTR-1",
                    "billing_account": {
                        "$relation": {
                            "_set": [
                                {
                                    "$entity_unique_ids": {"external_id": "A-9"},
                                    "_schema": "billing_account",
                                    "_tags": ["PRIMARY"],
                                }
                            ]
                        }
                    },
                },
                "mode": "upsert",
            },
            *(
                {
                    "entity_slug": "meter",
                    "unique_identifiers": {"meter_number": number},
                    "attributes": {"meter_number": number},
                    "mode": "upsert",
                }
                for number in ("M-1", "M-2")
            ),
        ],
        "meter_readings_updates": [
            {
                "meter": {"$entity_unique_ids": {"external_id": "M-1"}},
                "meter_counter": {"$entity_unique_ids": {"obis": "1.8.0"}},
                "attributes": {
                    "external_id": "R-1",
                    "timestamp": "2025-01-15T10:00:00Z",
                    "source": "ERP",
                    "value": "12345.6",
                    "reason": "monthly_billing",
                },
                "mode": "upsert",
            }
        ],
        "prune_scope_updates": [],
        "meter_readings_prune_scope_updates": [],
        "warnings": [
            {
                "entity_schema": "meter_reading",
                "field": "reason",
                "message": "reason: has to be empty or one of: regular, irregular, last, first,"
                " meter_change, contract_change, meter_adjustment",
            }
        ],
    }


def test_should_answer_documents_of_both_versions_alike() -> None:
    v1 = {
        "mapping": {
            "objects": {
                "bp": {
                    "unique_ids": {"contact": {"partner_id": "_id"}},
                    "fields": [{"entity": "contact", "attribute": "name", "field": "firstName"}],
                }
            }
        }
    }
    fields = (
        {"attribute": "_id", "field": "partner_id"},
        {"attribute": "name", "field": "firstName"},
    )
    events = {"bp": {"entities": [entity("contact", "_id", *fields)]}}
    v2 = {"version": "2.0", "mapping": {"events": events}}
    payload = '{"partner_id": "BP1", "firstName": "John"}'
    assert simulate(v1, payload, "bp") == simulate(v2, payload, "bp")
    assert simulate(v1, payload)["entity_updates"] == [
        {
            "entity_slug": "contact",
            "unique_identifiers": {"_id": "BP1"},
            "attributes": {"name": "John"},
            "mode": "upsert",
        }
    ]


@pytest.mark.parametrize("mode", ["upsert-prune-scope-purge", "upsert-prune-scope-delete"])
def test_should_answer_what_would_be_pruned(mode: str) -> None:
    scope = {"scope_mode": "query", "query": [{"attribute": "account", "field": "account"}]}
    configuration = {
        "entities": [
            entity(
                *("invoice", "number", {"attribute": "number", "field": "n"}),
                jsonataExpression="invoices",
                mode=mode,
                scope=scope,
            )
        ]
    }
    answer = simulate(configuration, {"account": "A", "invoices": [{"n": 1}]})
    assert answer["entity_updates"][0]["mode"] == "upsert"
    assert answer["prune_scope_updates"] == [
        {
            "entity_slug": "invoice",
            "scope": {"scope_mode": "query", "query": {"account": "A"}},
            "keep_unique_ids": [{"number": "1"}],
            "deletion_mode": mode.rpartition("-")[2],
        }
    ]


@pytest.mark.parametrize("source", [None, "ERP"])
def test_should_answer_which_readings_would_be_pruned(source: str | None) -> None:
    reading = {
        "mode": "upsert-prune-scope",
        "meter": {"unique_ids": ["meter"]},
        "meter_counter": {"unique_ids": ["counter"]},
        "fields": [
            {"attribute": name, "constant": value}
            for name, value in (
                ("external_id", "R"),
                ("timestamp", "2026-01-01"),
                ("source", "ERP"),
                ("value", 1),
            )
        ],
    }
    if source:
        reading["scope"] = {"source": source}
    answer = simulate({"meter_readings": [reading]}, {"meter": "M-1", "counter": "R"})
    (prune,) = answer["meter_readings_prune_scope_updates"]
    assert prune == {
        "meter": {"$entity_unique_ids": {"meter": "M-1"}},
        "meter_counter": {"$entity_unique_ids": {"counter": "R"}},
        "keep_external_ids": ["R"],
        **({"source": source} if source else {}),
    }


def test_should_answer_what_failed_among_the_warnings() -> None:
    configuration = {
        "entities": [
            entity("contact", "id", {"attribute": "id", "jsonataExpression": "$number(id)"}),
            entity("meter", "id", {"attribute": "id", "field": "absent"}, odd=1),
        ]
    }
    answer = simulate(configuration, {"id": "geheim"})
    assert answer["entity_updates"] == []
    assert [(w["entity_schema"], w["field"]) for w in answer["warnings"]] == [
        ("meter", "entities[1].odd"),
        ("contact", "entities[0].fields[0].jsonataExpression"),
        ("meter", "entities[1].unique_ids"),
    ]
    assert answer["warnings"][1]["message"].startswith(
        "MAPPING_EXPRESSION_FAILED: D3030 at position 8: the value cannot be made a number"
    )
    assert answer["warnings"][2]["message"].endswith("no value for: id (item 0)")
    assert "geheim" not in json.dumps(answer)


def test_should_answer_references_as_relations() -> None:
    reference = {
        "attribute": "billing_address",
        "relation_refs": {
            "operation": "_append",
            "items": [
                {
                    "entity_schema": "contact",
                    "unique_ids": [{"attribute": "customer_number", "field": "number"}],
                    "path": "address",
                    "value": {"attribute": "address", "operation": "_append", "field": "address"},
                }
            ],
        },
    }
    configuration = {"entities": [entity("contract", "contract_number", NUMBER, reference)]}
    answer = simulate(configuration, {"number": "1", "address": {"city": "Bonn"}})
    assert answer["entity_updates"][0]["attributes"]["billing_address"] == {
        "$relation_ref": {
            "_append": [
                {
                    "$entity_unique_ids": {"customer_number": "1"},
                    "_schema": "contact",
                    "path": "address",
                    "value": {
                        "attribute": "address",
                        "operation": "_append",
                        "value": {"city": "Bonn"},
                    },
                }
            ]
        }
    }


def test_should_answer_relations_to_entities_that_are_known_as_they_are() -> None:
    text = "{'$relation': [{'entity_id': 'E-1', '_tags': ['T']}]}"
    field = {"attribute": "account", "jsonataExpression": text}
    answer = simulate(
        {"entities": [entity("contract", "contract_number", NUMBER, field)]}, {"number": 1}
    )
    assert answer["entity_updates"][0]["attributes"]["account"] == {
        "$relation": {"_set": [{"entity_id": "E-1", "_tags": ["T"]}]}
    }


def test_should_answer_explanations_where_they_are_asked_for() -> None:
    parsed = parse({"entities": [entity("contract", "contract_number", NUMBER, TO_ACCOUNT)]})
    mapped = map_event(parsed, {"number": "1", "account": "A"}, Context(explain=True))
    assert "explained" not in simulated(mapped)
    first, second = simulated(mapped, explain=True)["explained"]
    assert first == {
        "entity_schema": "contract",
        "item": 0,
        "attribute": "contract_number",
        "source": "field",
        "expression": "number",
        "reads": ["number"],
        "value": "1",
    }
    assert second["value"]["$relation"]["_set"][0]["_schema"] == "billing_account"
    assert second["reads"] == ["account"]


def test_should_map_xml_as_it_maps_json() -> None:
    configuration = {
        "entities": [
            entity(
                *("meter", "number", {"attribute": "number", "field": "@_id"}),
                {"attribute": "kind", "field": "kind"},
                {"attribute": "of", "field": "$$.customer.id"},
                jsonataExpression="customer.meters.meter[]",
            )
        ]
    }
    one = '<meter id="007"><kind>E</kind></meter>'
    for meters in (one, one * 2):
        text = f"<customer><id>C1</id><meters>{meters}</meters></customer>"
        answer = simulated(map_event(parse(configuration), parse_payload(text, "xml")))
        assert {json.dumps(u["attributes"]) for u in answer["entity_updates"]} == {
            '{"number": "007", "kind": "E", "of": "C1"}'
        }
        assert len(answer["entity_updates"]) == meters.count("<kind>")


# Direct

READING = {
    "type": "meter_reading",
    "meter": {"unique_ids": {"meter_number": "M-1"}},
    "counter": {"unique_ids": {"obis_number": "1-0:1.8.0"}},
    "reading_matching": "strict-date",
    "attributes": {
        "external_id": "R-1",
        "timestamp": "2026-08-24T06:00:00Z",
        "source": "ERP",
        "value": 12345.6,
    },
}
CONTACT = {
    "entity_slug": "contact",
    "unique_ids": {"email": "a@b.de"},
    "unique_id_types": {"email": "email"},
    "attributes": {
        "account": {"$relation": [{"schema": "account", "unique_ids": {"n": 1}, "tags": ["x"]}]}
    },
}


def test_should_answer_a_valid_direct_payload_with_its_updates() -> None:
    payload = {"version": "1", "operations": [CONTACT, READING]}
    assert simulated_direct(direct.operations(payload, parse({"direct": True}))) == {
        "valid": True,
        "errors": [],
        "warnings": [],
        "entity_updates": [
            {
                "entity_slug": "contact",
                "unique_identifiers": {"email": "a@b.de"},
                "unique_identifiers_metadata": {"email": {"fieldType": "email"}},
                "attributes": {
                    "account": {
                        "$relation": {
                            "_set": [
                                {
                                    "$entity_unique_ids": {"n": "1"},
                                    "_schema": "account",
                                    "_tags": ["x"],
                                }
                            ]
                        }
                    }
                },
                "mode": "upsert",
            }
        ],
        "meter_reading_updates": [
            {
                "meter": {"$entity_unique_ids": {"meter_number": "M-1"}},
                "meter_counter": {"$entity_unique_ids": {"obis_number": "1-0:1.8.0"}},
                "attributes": READING["attributes"],
                "mode": "upsert",
                "_config": {"reading_matching": "strict-date"},
            }
        ],
    }


def test_should_answer_an_invalid_direct_payload_with_every_error_only() -> None:
    configuration = parse(
        {"direct": True, "entities": [{"entity_schema": "contract", "unique_ids": ["number"]}]}
    )
    operation = {"entity_slug": "order", "unique_ids": {"n": "1"}, "attributes": {}}
    payload = {"version": "1", "operations": [operation], "x": 1}
    assert simulated_direct(direct.operations(payload, configuration)) == {
        "valid": False,
        "errors": [
            {"code": "DIRECT_PAYLOAD_INVALID", "message": "x: this key is not known"},
            {
                "code": "DIRECT_ENTITY_NOT_ALLOWED",
                "message": 'operations[0]: entity_slug "order" is not allowed by the use case',
                "operation_index": 0,
            },
        ],
    }


def test_should_say_what_is_wrong_without_a_place_too() -> None:
    (fault,) = direct.read("{", parse({"direct": True})).faults
    assert message_of(fault).startswith("it is no JSON")


# Schemas


def test_should_warn_of_unique_ids_that_their_schema_does_not_have() -> None:
    scope = {
        "scope_mode": "relations",
        "schema": "customer_account",
        "unique_ids": [{"attribute": "nr", "field": "number"}],
    }
    configuration = parse(
        {
            "entities": [
                entity(
                    *("contract", "contract_number", NUMBER, TO_ACCOUNT),
                    mode="upsert-prune-scope-delete",
                    scope=scope,
                ),
                entity("unknown", "odd", {"attribute": "odd", "field": "x"}),
                entity("contact", "_id", {"attribute": "_id", "field": "x"}),
                entity("contact", "last_name", {"attribute": "last_name", "field": "x"}),
            ],
            "meter_readings": [
                {
                    "meter": {"unique_ids": ["serial"]},
                    "meter_counter": {"unique_ids": ["obis_number"]},
                    "mode": "delete",
                    "fields": [{"attribute": "external_id", "field": "id"}],
                }
            ],
        }
    )
    known: Known = {
        "contract": {"number": "found"},
        "billing_account": {"number": "found"},
        "customer_account": {"number": "found"},
        "meter": {"meter_number": "found"},
        "meter_counter": {"obis_number": "found"},
        "contact": {"customer_number": "found", "last_name": "asked"},
    }
    mapped = map_event(configuration, {})
    found = schema_warnings(configuration, mapped, known)
    assert [(warning.entity_schema, warning.field) for warning in found] == [
        ("contract", "contract_number"),
        ("billing_account", "external_id"),
        ("customer_account", "nr"),
        ("unknown", "odd"),
        ("contact", "last_name"),
        ("meter", "serial"),
    ]
    assert found[0].message == (
        'Unique identifier "contract_number" not found in schema "contract"'
    )
    assert found[3].message == 'There is no schema "unknown" here'
    assert found[4].message.endswith(' of schema "contact" is none that entities are found by')


def test_should_warn_of_the_unique_ids_of_direct_operations() -> None:
    configuration = parse({"direct": True})
    mapped = direct.operations({"version": "1", "operations": [CONTACT]}, configuration)
    assert schema_warnings(configuration, mapped, {"contact": {"email": "found"}}) == []
    (warning,) = schema_warnings(configuration, mapped, {"contact": {"email": "asked"}})
    assert warning.field == "email"


def test_should_warn_of_the_meters_of_direct_operations() -> None:
    configuration = parse({"direct": True})
    mapped = direct.operations({"version": "1", "operations": [READING]}, configuration)
    known: Known = {"meter": {"meter_number": "found"}, "meter_counter": {"serial": ""}}
    assert [w.field for w in schema_warnings(configuration, mapped, known)] == ["obis_number"]


def test_should_warn_of_what_direct_mode_allows_and_cannot_find() -> None:
    allowed = {"entity_schema": "contact", "unique_ids": ["custmer_number"]}
    configuration = parse({"direct": True, "entities": [allowed]})
    (warning,) = schema_warnings(configuration, Mapped(), {"contact": {"customer_number": "found"}})
    assert (warning.entity_schema, warning.field) == ("contact", "custmer_number")


@pytest.mark.parametrize(
    ("names", "warned"),
    [
        (["contract_number", "type"], []),
        (["type", "contract_number"], []),
        (["type"], ["type"]),
        (["contract_number", "meters"], ["meters"]),
        (["contract_number", "absent"], ["absent"]),
    ],
)
def test_should_not_warn_of_what_is_asked_of_who_is_found(
    names: list[str], warned: list[str]
) -> None:
    fields = [{"attribute": name, "field": name} for name in names]
    entity = {"entity_schema": "contract", "unique_ids": names, "fields": fields}
    known: Known = {"contract": {"contract_number": "found", "type": "asked", "meters": ""}}
    found = schema_warnings(parse({"entities": [entity]}), Mapped(), known)
    assert [warning.field for warning in found] == warned
