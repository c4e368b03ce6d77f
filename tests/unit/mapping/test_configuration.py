"""Mapping configurations: the three kinds of documents, every fault with its path, warnings."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.errors import InvalidMapping
from busbar.mapping.configuration import parse, parse_all
from busbar.mapping.sources import Constant, Formula, Key, Path

FIELD = {"attribute": "id", "field": "id"}
RELATION_IDS = [{"attribute": "external_id", "field": "accountId"}]


def any_entity(**changed: Any) -> dict[str, Any]:
    return {"entity_schema": "contact", "unique_ids": ["id"], "fields": [FIELD], **changed}


def any_reading(**changed: Any) -> dict[str, Any]:
    return {
        "meter": {"unique_ids": [{"attribute": "meter_number", "field": "meterId"}]},
        "fields": [
            {"attribute": name, "field": name}
            for name in ("external_id", "timestamp", "source", "value")
        ],
        **changed,
    }


def with_field(**field: Any) -> dict[str, Any]:
    return {"entities": [any_entity(fields=[FIELD, {"attribute": "a", **field}])]}


def with_relation(**relation: Any) -> dict[str, Any]:
    return with_field(relations={"operation": "_set", **relation})


def with_reference(**item: Any) -> dict[str, Any]:
    whole = {
        "entity_schema": "contact",
        "unique_ids": RELATION_IDS,
        "path": "address",
        "value": {"attribute": "address", "operation": "_append", "field": "address"},
    }
    return with_field(relation_refs={"operation": "_set", "items": [{**whole, **item}]})


def with_scope(**scope: Any) -> dict[str, Any]:
    return {"entities": [any_entity(mode="upsert-prune-scope-delete", scope=scope)]}


def faults(document: Any) -> dict[str, str]:
    with pytest.raises(InvalidMapping) as caught:
        parse(document)
    return dict(caught.value.faults)


def refused(document: Any) -> tuple[tuple[str, str], ...] | None:
    """All faults of a document; None if it is taken."""
    try:
        parse(document)
    except InvalidMapping as error:
        return error.faults
    return None


def warned(document: Any) -> dict[str, str]:
    return {warning.field: warning.message for warning in parse(document).warnings}


# What is taken


def test_should_read_the_inner_document_of_a_use_case() -> None:
    made = parse({"entities": [any_entity()], "meter_readings": [any_reading()]})
    assert [entity.schema for entity in made.entities] == ["contact"]
    assert made.entities[0].unique_ids == ("id",)
    assert len(made.readings) == 1
    assert made.warnings == ()


def test_should_read_a_document_of_version_2_by_the_name_of_the_event() -> None:
    events = {
        "CustomerChanged": {"entities": [any_entity()]},
        "Gone": {"entities": [any_entity(mode="delete")]},
    }
    document = {"version": "2.0", "mapping": {"events": events}}
    assert parse(document, "CustomerChanged").entities[0].mode == "upsert"
    assert parse(document, "Gone").entities[0].mode == "delete"
    assert set(parse_all(document)) == {"CustomerChanged", "Gone"}


@pytest.mark.parametrize(("name", "says"), [("Other", "no entry"), (None, "a name is needed")])
def test_should_say_that_a_document_has_no_such_event(name: str | None, says: str) -> None:
    events = {"A": {"entities": [any_entity()]}, "B": {"entities": [any_entity()]}}
    document = {"version": "2.0", "mapping": {"events": events}}
    with pytest.raises(InvalidMapping, match=says) as caught:
        parse(document, name)
    assert caught.value.faults[0][0] == "mapping.events"


def test_should_take_the_only_event_of_a_document_without_a_name() -> None:
    document = {"version": "2.0", "mapping": {"events": {"A": {"entities": [any_entity()]}}}}
    assert parse(document).entities


V1 = {
    "version": "1.0",
    "mapping": {
        "objects": {
            "business_partner": {
                "unique_ids": {
                    "contact": {"partner_id": "_id"},
                    "account": ["number"],
                    "portal_user": {"mail": "email", "org": "origin"},
                },
                "fields": [
                    {"entity": "contact", "attribute": "first_name", "field": "firstName"},
                    {"entity": "account", "attribute": "number", "field": "$.account.id"},
                    {"entity": "contact", "attribute": "both", "jsonataExpression": "a & b"},
                    {"entity": "portal_user", "attribute": "email", "field": "EMail"},
                ],
            }
        }
    },
}


def test_should_read_a_document_of_version_1_entity_by_entity() -> None:
    made = parse(V1, "business_partner")
    assert [entity.schema for entity in made.entities] == ["contact", "account", "portal_user"]
    contact, account, user = made.entities
    assert contact.unique_ids == ("_id",)
    assert [f.attribute for f in contact.fields] == ["_id", "first_name", "both"]
    assert contact.fields[0].value == Key("partner_id")
    assert account.unique_ids == ("number",)
    assert user.unique_ids == ("email", "origin")
    # A field of the same name goes before the key of the payload.
    assert {f.attribute: f.value.text for f in user.fields} == {"email": "EMail", "origin": "org"}


def test_should_take_version_1_where_a_document_names_none() -> None:
    assert parse({"mapping": V1["mapping"]}).entities


@pytest.mark.parametrize(
    ("field", "kind", "text"),
    [
        ({"field": "a"}, Key, "a"),
        ({"field": "a.b"}, Key, "a.b"),
        ({"field": "$.a.b"}, Path, "$.a.b"),
        ({"field": "$$.a"}, Path, "$$.a"),
        ({"field": "$"}, Path, "$"),
        ({"jsonataExpression": "a & b"}, Formula, "a & b"),
        ({"constant": 5}, Constant, "5"),
        ({"constant": None}, Constant, "null"),
        ({"constant": {"ä": [1]}}, Constant, '{"ä": [1]}'),
        ({"constant": 1, "jsonataExpression": "a", "field": "a"}, Constant, "1"),
        ({"constant": None, "field": "a"}, Constant, "null"),
        ({"jsonataExpression": "a", "field": "b"}, Formula, "a"),
        ({"jsonataExpression": "", "field": "b"}, Key, "b"),
        ({"jsonataExpression": None, "field": "b"}, Key, "b"),
    ],
)
def test_should_take_the_source_that_goes_before_the_others(
    field: dict[str, Any], kind: type, text: str
) -> None:
    value = parse(with_field(**field)).entities[0].fields[1].value
    assert type(value) is kind
    assert value.text == text


@pytest.mark.parametrize(
    "document",
    [
        {"entities": []},
        {"meter_readings": []},
        {"entities": None, "meter_readings": [any_reading()]},
        {"direct": True},
        {"direct": True, "entities": []},
        {"direct": True, "entities": [{"entity_schema": "contact", "unique_ids": ["a"]}]},
        {"direct": True, "entities": [{"entity_schema": "contact"}]},
        {"direct": True, "entities": [any_entity()]},
        {"direct": False, "entities": [any_entity()]},
        {"entities": [any_entity(enabled=False)]},
        {"entities": [any_entity(enabled="status = 'active'")]},
        {"entities": [any_entity(mode="purge")]},
        {"entities": [any_entity(scope=None, jsonataExpression=None)]},
        with_scope(scope_mode="relations", schema="account", unique_ids=RELATION_IDS),
        with_scope(scope_mode="query", query=[{"attribute": "type", "constant": "X"}]),
        with_field(field="mail", _type="email"),
        with_field(field="a", enabled=False),
        with_field(field="a", enabled="$exists(a)"),
        with_relation(items=[{"entity_schema": "account", "unique_ids": RELATION_IDS}]),
        with_relation(items=[{"entity_schema": "account", "unique_ids": ["id"], "_tags": ["A"]}]),
        with_relation(items=[]),
        with_relation(items=[], jsonataExpression="persons"),
        with_relation(jsonataExpression="persons"),
        with_field(relations={"jsonataExpression": "persons"}),
        with_reference(),
        with_reference(value={"attribute": "address", "constant": {"city": "Bonn"}}),
        with_field(relation_refs={"operation": "_append_all", "jsonataExpression": "x"}),
        with_field(portal_ref={}),
        with_field(portal_ref={"filter": {"origin": "B2B_PORTAL", "enabled": None}}),
        with_field(portal_ref={"return": "jsonata", "jsonataExpression": "$.portal_id"}),
        with_field(env_var_ref={"key": "erp.base_url"}),
        with_field(env_var_ref={"key": "a", "return": "jsonata", "jsonataExpression": "$"}),
        with_field(file_proxy_url={"use_case_slug": "doc"}),
        with_field(file_proxy_url={"use_case_id": "id", "params": {"d": {"field": "d"}}}),
        {"meter_readings": [any_reading(mode="upsert-prune-scope", scope={"source": "ERP"})]},
        {"meter_readings": [any_reading(meter={"unique_ids": ["meter_number"]})]},
        {
            "meter_readings": [
                any_reading(mode="delete", fields=[{"attribute": "external_id", "field": "id"}])
            ]
        },
    ],
)
def test_should_take_what_the_toolkit_takes_without_a_word(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    assert parse(document).warnings == ()
    assert document == before


# What is refused


@pytest.mark.parametrize(
    ("document", "path", "says"),
    [
        ([], "", "object"),
        ("x", "", "object"),
        (None, "", "object"),
        ({}, "", "needs entities"),
        ({"direct": "yes", "entities": []}, "direct", "true or false"),
        ({"entities": {}}, "entities", "list"),
        ({"entities": "x"}, "entities", "list"),
        ({"entities": [1]}, "entities[0]", "object"),
        ({"entities": [any_entity()] * 501}, "entities", "500"),
        ({"entities": [any_entity(entity_schema=None)]}, "entities[0].entity_schema", "required"),
        ({"entities": [any_entity(entity_schema=" ")]}, "entities[0].entity_schema", "text"),
        ({"entities": [any_entity(entity_schema=7)]}, "entities[0].entity_schema", "text"),
        ({"entities": [any_entity(unique_ids=[])]}, "entities[0].unique_ids", "empty"),
        ({"entities": [any_entity(unique_ids=None)]}, "entities[0].unique_ids", "required"),
        ({"entities": [any_entity(unique_ids="id")]}, "entities[0].unique_ids", "list"),
        ({"entities": [any_entity(unique_ids=["id", 5])]}, "entities[0].unique_ids[1]", "text"),
        ({"entities": [any_entity(unique_ids=["id", "x"])]}, "entities[0].unique_ids[1]", "among"),
        ({"entities": [any_entity(fields=None)]}, "entities[0].fields", "list"),
        ({"entities": [any_entity(fields={})]}, "entities[0].fields", "list"),
        ({"entities": [any_entity(mode="merge")]}, "entities[0].mode", "one of"),
        ({"entities": [any_entity(mode=["upsert"])]}, "entities[0].mode", "one of"),
        ({"entities": [any_entity(enabled=1)]}, "entities[0].enabled", "JSONata"),
        ({"entities": [any_entity(enabled="a &")]}, "entities[0].enabled", "S0207"),
        (
            {"entities": [any_entity(jsonataExpression="a[")]},
            "entities[0].jsonataExpression",
            "no JSONata expression",
        ),
        ({"entities": [any_entity(jsonataExpression=5)]}, "entities[0].jsonataExpression", "text"),
        ({"entities": [any_entity(mode="upsert-prune-scope-purge")]}, "entities[0].scope", "requ"),
        (with_scope(), "entities[0].scope.scope_mode", "one of"),
        (with_scope(scope_mode="reverse"), "entities[0].scope.scope_mode", "one of"),
        (with_scope(scope_mode="query"), "entities[0].scope.query", "list"),
        (with_scope(scope_mode="query", query=[]), "entities[0].scope.query", "empty"),
        (with_scope(scope_mode="relations"), "entities[0].scope.schema", "required"),
        (
            with_scope(scope_mode="relations", schema="a", unique_ids=[{"attribute": "b"}]),
            "entities[0].scope.unique_ids[0]",
            "needs a field",
        ),
        (with_field(), "entities[0].fields[1]", "needs one of"),
        (with_field(jsonataExpression=""), "entities[0].fields[1]", "needs one of"),
        (with_field(field=5), "entities[0].fields[1].field", "key"),
        (with_field(field="$.a["), "entities[0].fields[1].field", "JSONPath"),
        (with_field(field="$$a"), "entities[0].fields[1].field", "JSONPath"),
        (with_field(jsonataExpression="(("), "entities[0].fields[1].jsonataExpression", "S0203"),
        (
            with_field(jsonataExpression="$default('x') ~> "),
            "entities[0].fields[1].jsonataExpression",
            "no JSONata",
        ),
        (with_field(field="a", enabled="&"), "entities[0].fields[1].enabled", "no JSONata"),
        (with_field(field="a", _type="iban"), "entities[0].fields[1]._type", "email, phone"),
        (with_field(field="a", _type=["email"]), "entities[0].fields[1]._type", "email, phone"),
        (
            {"entities": [any_entity(fields=[FIELD, {"field": "a"}])]},
            "entities[0].fields[1].attribute",
            "required",
        ),
        (with_relation(), "entities[0].fields[1].relations", "either"),
        (
            with_relation(
                items=[{"entity_schema": "a", "unique_ids": ["b"]}], jsonataExpression="x"
            ),
            "entities[0].fields[1].relations",
            "either",
        ),
        (
            with_relation(operation="_add", items=[]),
            "entities[0].fields[1].relations.operation",
            "_set, _append, _append_all",
        ),
        (with_relation(items=[1]), "entities[0].fields[1].relations.items[0]", "object"),
        (
            with_relation(items=[{"unique_ids": ["a"]}]),
            "entities[0].fields[1].relations.items[0].entity_schema",
            "required",
        ),
        (
            with_relation(items=[{"entity_schema": "a", "unique_ids": []}]),
            "entities[0].fields[1].relations.items[0].unique_ids",
            "empty",
        ),
        (
            with_relation(items=[{"entity_schema": "a", "unique_ids": ["x"], "_tags": "T"}]),
            "entities[0].fields[1].relations.items[0]._tags",
            "list",
        ),
        (
            with_relation(
                items=[
                    {
                        "entity_schema": "a",
                        "unique_ids": [{"attribute": "b", "jsonataExpression": "a["}],
                    }
                ]
            ),
            "entities[0].fields[1].relations.items[0].unique_ids[0].jsonataExpression",
            "no JSONata",
        ),
        (
            with_relation(jsonataExpression="]"),
            "entities[0].fields[1].relations.jsonataExpression",
            "no JSONata",
        ),
        (
            with_reference(path=None),
            "entities[0].fields[1].relation_refs.items[0].path",
            "required",
        ),
        (
            with_reference(value=None),
            "entities[0].fields[1].relation_refs.items[0].value",
            "object",
        ),
        (
            with_reference(value={"attribute": "address"}),
            "entities[0].fields[1].relation_refs.items[0].value",
            "needs a field",
        ),
        (
            with_reference(value={"field": "a"}),
            "entities[0].fields[1].relation_refs.items[0].value.attribute",
            "required",
        ),
        (
            with_reference(value={"attribute": "a", "field": "a", "operation": "add"}),
            "entities[0].fields[1].relation_refs.items[0].value.operation",
            "one of",
        ),
        (
            {"meter_readings": [any_reading(meter={"unique_ids": [5]})]},
            "meter_readings[0].meter.unique_ids[0]",
            "object",
        ),
        ({"entities": [any_entity(fields=[FIELD, 5])]}, "entities[0].fields[1]", "object"),
        ({"direct": True, "entities": [5]}, "entities[0]", "object"),
        (with_scope(scope_mode="query", query=5), "entities[0].scope.query", "list"),
        (
            {"entities": [any_entity(mode="upsert-prune-scope-delete", scope=5)]},
            "entities[0].scope",
            "object",
        ),
        ({"meter_readings": [5]}, "meter_readings[0]", "object"),
        (
            {"meter_readings": [any_reading(mode="upsert-prune-scope", scope=5)]},
            "meter_readings[0].scope",
            "object",
        ),
        (
            with_field(relation_refs={"operation": "_set", "items": [5]}),
            "entities[0].fields[1].relation_refs.items[0]",
            "object",
        ),
        (with_field(relations=5), "entities[0].fields[1].relations", "object"),
        (with_field(env_var_ref=5), "entities[0].fields[1].env_var_ref", "object"),
        (with_field(file_proxy_url=5), "entities[0].fields[1].file_proxy_url", "object"),
        (
            with_field(file_proxy_url={"use_case_id": "a", "params": {"d": 5}}),
            "entities[0].fields[1].file_proxy_url.params.d",
            "object",
        ),
        (
            {"version": "1.0", "mapping": {"objects": {"a": {"unique_ids": {}, "fields": [5]}}}},
            "mapping.objects.a.fields[0]",
            "object",
        ),
        (with_field(portal_ref=5), "entities[0].fields[1].portal_ref", "object"),
        (with_field(portal_ref={"filter": 5}), "entities[0].fields[1].portal_ref.filter", "object"),
        (
            with_field(portal_ref={"filter": {"origin": ["MOON"]}}),
            "entities[0].fields[1].portal_ref.filter.origin",
            "END_CUSTOMER_PORTAL",
        ),
        (
            with_field(portal_ref={"filter": {"enabled": "yes"}}),
            "entities[0].fields[1].portal_ref.filter.enabled",
            "true or false",
        ),
        (
            with_field(portal_ref={"filter": {"name": 5}}),
            "entities[0].fields[1].portal_ref.filter.name",
            "text",
        ),
        (
            with_field(portal_ref={"select": "first"}),
            "entities[0].fields[1].portal_ref.select",
            "single, all",
        ),
        (
            with_field(portal_ref={"return": "jsonata"}),
            "entities[0].fields[1].portal_ref.jsonataExpression",
            "required",
        ),
        (with_field(env_var_ref={}), "entities[0].fields[1].env_var_ref.key", "required"),
        (with_field(env_var_ref={"key": "A b"}), "entities[0].fields[1].env_var_ref.key", "a-z"),
        (
            with_field(env_var_ref={"key": "a", "default": 5}),
            "entities[0].fields[1].env_var_ref.default",
            "text",
        ),
        (
            with_field(env_var_ref={"key": "a", "return": "jsonata", "jsonataExpression": "("}),
            "entities[0].fields[1].env_var_ref.jsonataExpression",
            "no JSONata",
        ),
        (with_field(file_proxy_url={}), "entities[0].fields[1].file_proxy_url", "either"),
        (
            with_field(file_proxy_url={"use_case_id": "a", "use_case_slug": "b"}),
            "entities[0].fields[1].file_proxy_url",
            "either",
        ),
        (
            with_field(file_proxy_url={"use_case_slug": "Doc Download"}),
            "entities[0].fields[1].file_proxy_url.use_case_slug",
            "a-z",
        ),
        (
            with_field(file_proxy_url={"use_case_slug": "d", "params": {"a b": {}}}),
            'entities[0].fields[1].file_proxy_url.params["a b"]',
            "needs a field",
        ),
        ({"meter_readings": [{}]}, "meter_readings[0].meter", "object"),
        (
            {"meter_readings": [any_reading(meter={"unique_ids": []})]},
            "meter_readings[0].meter.unique_ids",
            "empty",
        ),
        (
            {"meter_readings": [any_reading(meter_counter={})]},
            "meter_readings[0].meter_counter.unique_ids",
            "list",
        ),
        (
            {"meter_readings": [any_reading(), any_reading(fields=[FIELD])]},
            "meter_readings[1].fields",
            "item 1 is missing required field attributes: external_id, timestamp, source, value",
        ),
        (
            {"meter_readings": [any_reading(mode="delete", fields=[FIELD])]},
            "meter_readings[0].fields",
            "external_id",
        ),
        ({"meter_readings": [any_reading(mode="purge")]}, "meter_readings[0].mode", "one of"),
        (
            {"meter_readings": [any_reading(reading_matching="loose")]},
            "meter_readings[0].reading_matching",
            "one of",
        ),
        (
            {"meter_readings": [any_reading(mode="upsert-prune-scope", scope={"source": 5})]},
            "meter_readings[0].scope.source",
            "text",
        ),
        (
            {"direct": True, "entities": [{"entity_schema": "a", "unique_ids": []}]},
            "entities[0].unique_ids",
            "empty",
        ),
        ({"direct": True, "entities": [{}]}, "entities[0].entity_schema", "required"),
        ({"version": "3.0", "mapping": {"events": {}}}, "version", "1.0 or 2.0"),
        ({"version": ["2.0"], "mapping": {"events": {}}}, "version", "1.0 or 2.0"),
        ({"version": "2.0"}, "mapping", "object"),
        ({"version": "2.0", "mapping": {}}, "mapping.events", "object"),
        ({"version": "2.0", "mapping": {"events": {}}}, "mapping.events", "empty"),
        ({"version": "2.0", "mapping": {"events": {"a b": 5}}}, 'mapping.events["a b"]', "object"),
        (
            {"version": "2.0", "mapping": {"events": {"A": {"entities": [{}]}}}},
            "mapping.events.A.entities[0].entity_schema",
            "required",
        ),
        ({"version": "1.0", "mapping": {"objects": {}}}, "mapping.objects", "empty"),
        (
            {"version": "1.0", "mapping": {"objects": {"a": {"unique_ids": {}, "fields": []}}}},
            "mapping.objects.a.unique_ids",
            "empty",
        ),
        (
            {
                "version": "1.0",
                "mapping": {
                    "objects": {
                        "a": {"unique_ids": {"contact": ["id"]}, "fields": [{"entity": "x"}]}
                    }
                },
            },
            "mapping.objects.a.fields[0].entity",
            "no unique_ids",
        ),
        (
            {
                "version": "1.0",
                "mapping": {"objects": {"a": {"unique_ids": {"contact": ["id"]}, "fields": []}}},
            },
            "mapping.objects.a.unique_ids.contact.unique_ids[0]",
            "among",
        ),
        (
            {
                "version": "1.0",
                "mapping": {"objects": {"a": {"unique_ids": {"contact": {"k": 5}}, "fields": []}}},
            },
            "mapping.objects.a.unique_ids.contact",
            "attributes",
        ),
    ],
)
def test_should_say_what_is_wrong_and_where(document: Any, path: str, says: str) -> None:
    found = faults(document)
    assert path in found, found
    assert says in found[path]


def test_should_tell_all_faults_at_once() -> None:
    document = {
        "entities": [
            any_entity(mode="x", jsonataExpression="("),
            any_entity(fields=[{"attribute": "id"}, {"attribute": "b", "field": "$["}]),
        ],
        "meter_readings": [{"fields": []}],
    }
    assert list(faults(document)) == [
        "entities[0].mode",
        "entities[0].jsonataExpression",
        "entities[1].fields[0]",
        "entities[1].fields[1].field",
        "meter_readings[0].meter",
        "meter_readings[0].fields",
    ]


def test_should_tell_the_faults_of_all_events_of_a_document() -> None:
    events = {"A": {"entities": [any_entity(mode="x")]}, "B": {"entities": 5}}
    found = faults({"version": "2.0", "mapping": {"events": events}})
    assert list(found) == ["mapping.events.A.entities[0].mode", "mapping.events.B.entities"]


def test_should_say_it_in_one_line_as_an_error() -> None:
    with pytest.raises(InvalidMapping) as caught:
        parse({"entities": [any_entity(mode="x")]})
    assert str(caught.value).startswith("entities[0].mode: has to be one of: upsert")
    assert caught.value.code == "INVALID_MAPPING"


# What is passed over


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"entities": [any_entity()], "pricing": 1}, "pricing"),
        ({"entities": [any_entity(condition="a = 1")]}, "entities[0].condition"),
        ({"entities": [any_entity(pricing={"items": []})]}, "entities[0].pricing"),
        ({"entities": [any_entity(conditional={"from_rows": []})]}, "entities[0].conditional"),
        ({"entities": [any_entity(scope={"scope_mode": "query"})]}, "entities[0].scope"),
        ({"entities": [any_entity(jsonataExpression=" ")]}, "entities[0].jsonataExpression"),
        ({"entities": [any_entity(enabled="")]}, "entities[0].enabled"),
        (with_field(field="a", _tags=["x"]), "entities[0].fields[1]._tags"),
        (with_field(field="a", constant=1), "entities[0].fields[1].field"),
        (
            with_field(field="a", relations={"operation": "_set", "items": []}),
            "entities[0].fields[1].field",
        ),
        (
            with_relation(items=[{"entity_schema": "a", "unique_ids": ["b"], "tags": []}]),
            "entities[0].fields[1].relations.items[0].tags",
        ),
        (with_relation(items=[], mode="x"), "entities[0].fields[1].relations.mode"),
        (
            with_field(env_var_ref={"key": "a", "jsonataExpression": "$"}),
            "entities[0].fields[1].env_var_ref.jsonataExpression",
        ),
        (
            with_field(portal_ref={"filter": {"colour": "red"}}),
            "entities[0].fields[1].portal_ref.filter.colour",
        ),
        ({"meter_readings": [any_reading(enabled=True)]}, "meter_readings[0].enabled"),
        ({"meter_readings": [any_reading(scope={})]}, "meter_readings[0].scope"),
        (
            {"meter_readings": [any_reading(reading_matching="strict-date")]},
            "meter_readings[0].reading_matching",
        ),
        ({"direct": True, "meter_readings": [any_reading()]}, "meter_readings"),
        (
            {"version": "2.0", "x": 1, "mapping": {"events": {"A": {"entities": [any_entity()]}}}},
            "x",
        ),
        (
            {
                "version": "1.0",
                "mapping": {
                    "objects": {
                        "a": {
                            "unique_ids": {"c": ["id"]},
                            "fields": [{**FIELD, "entity": "c", "note": "x"}],
                        }
                    }
                },
            },
            "mapping.objects.a.fields[0].note",
        ),
    ],
)
def test_should_warn_of_what_it_passes_over(document: Any, path: str) -> None:
    assert path in warned(document)


def test_should_name_the_schema_that_a_warning_is_about() -> None:
    made = parse({"entities": [any_entity(condition="x")]})
    assert made.warnings[0].entity_schema == "contact"


def test_should_keep_the_warnings_of_events_apart() -> None:
    events = {"A": {"entities": [any_entity(odd=1)]}, "B": {"entities": [any_entity()]}}
    document = {"version": "2.0", "mapping": {"events": events}}
    assert len(parse(document, "A").warnings) == 1
    assert parse(document, "B").warnings == ()


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "a", "$.a", "$", "(", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("entities", "meter_readings", "direct", "version", "mapping", "events"),
                    *("objects", "fields", "unique_ids", "entity_schema", "attribute", "field"),
                    *("relations", "items", "operation", "scope", "scope_mode", "mode", "enabled"),
                    *("jsonataExpression", "constant", "relation_refs", "portal_ref", "meter"),
                    *("env_var_ref", "file_proxy_url", "filter", "params", "value", "path"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(JSON_VALUES)
def test_should_take_or_refuse_any_document(document: Any) -> None:
    found = refused(document)
    assert found is None or found
    assert all(text for _, text in found or ())


@given(JSON_VALUES, st.sampled_from(["fields", "unique_ids", "scope", "enabled", "mode", "x"]))
def test_should_take_or_refuse_any_part(part: Any, key: str) -> None:
    entity = any_entity(**{key: part})
    found = refused({"entities": [entity], "meter_readings": [any_reading()]})
    assert all(path.startswith("entities[0]") for path, _ in found or ())
