"""Direct mode: operations held to their contract, all violations, all or nothing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.domain.updates import EntityUpdate, Mapped, ReadingUpdate
from busbar.mapping import direct
from busbar.mapping.configuration import parse

OPEN = parse({"direct": True})


def any_entity(**changed: Any) -> dict[str, Any]:
    return {
        "entity_slug": "contact",
        "unique_ids": {"customer_number": "42"},
        "attributes": {"first_name": "Erika"},
        **changed,
    }


def any_reading(**changed: Any) -> dict[str, Any]:
    return {
        "type": "meter_reading",
        "meter": {"unique_ids": {"meter_number": "M-1"}},
        "attributes": {
            "external_id": "R-1",
            "timestamp": "2026-08-24T06:00:00Z",
            "source": "ERP",
            "value": 12345.6,
        },
        **changed,
    }


def without(operation: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in operation.items() if name != key}


def payload(*operations: Any, **changed: Any) -> dict[str, Any]:
    return {"version": "1", "operations": list(operations), **changed}


def made(*operations: Any) -> Mapped:
    mapped = direct.operations(payload(*operations), OPEN)
    assert mapped.faults == ()
    return mapped


def faults(told: Any, configuration: Any = OPEN) -> dict[str, str]:
    mapped = direct.operations(told, configuration)
    assert mapped.entity_updates == ()
    assert mapped.meter_readings_updates == ()
    return {fault.path: f"{fault.code} {fault.message}" for fault in mapped.faults}


# What is taken


@pytest.mark.parametrize(
    ("operation", "update"),
    [
        (
            any_entity(),
            EntityUpdate("contact", {"customer_number": "42"}, {"first_name": "Erika"}),
        ),
        (
            any_entity(type="entity", attributes={}),
            EntityUpdate("contact", {"customer_number": "42"}, {}),
        ),
        (
            any_entity(unique_ids={"a": 7, "b": 1.5, "c": " x "}),
            EntityUpdate("contact", {"a": "7", "b": "1.5", "c": " x "}, {"first_name": "Erika"}),
        ),
        (
            without(any_entity(mode="delete"), "attributes"),
            EntityUpdate("contact", {"customer_number": "42"}, {}, "delete"),
        ),
        (
            any_entity(mode="purge", attributes=None),
            EntityUpdate("contact", {"customer_number": "42"}, {}, "purge"),
        ),
        (
            any_entity(unique_ids={"email": "x@y.de"}, unique_id_types={"email": "email"}),
            EntityUpdate(
                *("contact", {"email": "x@y.de"}, {"first_name": "Erika"}, "upsert"),
                {"email": "email"},
            ),
        ),
        (
            any_entity(unique_ids={"_id": "E-1"}),
            EntityUpdate("contact", {"_id": "E-1"}, {"first_name": "Erika"}),
        ),
    ],
)
def test_should_take_an_operation_on_an_entity(operation: Any, update: EntityUpdate) -> None:
    assert made(operation).entity_updates == (update,)


@pytest.mark.parametrize("value", [None, 5, "x", [1], {"a": {"b": 1}}, {"_append": ["T"]}, [], {}])
def test_should_pass_attribute_values_as_they_are(value: Any) -> None:
    (update,) = made(any_entity(attributes={"odd name.": value})).entity_updates
    assert update.attributes == {"odd name.": value}


ITEM = {"schema": "account", "unique_ids": {"number": 5}}
TAKEN = {"entity_schema": "account", "unique_ids": {"number": "5"}}


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ({"$relation": [ITEM]}, {"$relation": {"_set": [TAKEN]}}),
        ({"$relation": []}, {"$relation": {"_set": []}}),
        ({"$relation": {"_append": [ITEM]}}, {"$relation": {"_append": [TAKEN]}}),
        ({"$relation": {"_append_all": [ITEM, ITEM]}}, {"$relation": {"_append_all": [TAKEN] * 2}}),
        (
            {"$relation": [{**ITEM, "tags": ["primary"]}]},
            {"$relation": {"_set": [{**TAKEN, "_tags": ["primary"]}]}},
        ),
        (
            {"$relation": [{"entity_id": "E-1", "tags": ["a"]}, {"entity_id": "E-2"}]},
            {"$relation": {"_set": [{"entity_id": "E-1", "_tags": ["a"]}, {"entity_id": "E-2"}]}},
        ),
        (
            {"$relation": [{**ITEM, "unique_id_types": {"number": "phone"}}]},
            {"$relation": {"_set": [{**TAKEN, "unique_types": {"number": "phone"}}]}},
        ),
        (
            {"$relation_ref": [{**ITEM, "path": "address", "value": {"city": "Bonn"}}]},
            {
                "$relation_ref": {
                    "_set": [
                        {
                            **TAKEN,
                            "path": "address",
                            "value": {
                                "attribute": "address",
                                "operation": "_append",
                                "value": {"city": "Bonn"},
                            },
                        }
                    ]
                }
            },
        ),
    ],
)
def test_should_translate_relations(value: Any, taken: Any) -> None:
    (update,) = made(any_entity(attributes={"a": value})).entity_updates
    assert update.attributes == {"a": taken}


def test_should_take_a_meter_reading_as_it_is_stored() -> None:
    attributes = {
        "external_id": 9,
        "timestamp": "2026-08-24",
        "source": "360",
        "value": "12345.60",
        "reason": "anything",
        "metadata": {"a": 1},
    }
    operation = any_reading(
        counter={"unique_ids": {"obis_number": "1-0:1.8.0"}},
        reading_matching="strict-date",
        attributes=attributes,
    )
    assert made(operation).meter_readings_updates == (
        ReadingUpdate(
            {"meter_number": "M-1"},
            {"obis_number": "1-0:1.8.0"},
            {
                "external_id": "9",
                "timestamp": "2026-08-24T00:00:00Z",
                "source": "360",
                "value": 12345.6,
                "reason": "anything",
                "metadata": {"a": 1},
            },
            "upsert",
            "strict-date",
        ),
    )


def test_should_take_the_deletion_of_a_reading() -> None:
    (update,) = made(any_reading(mode="delete")).meter_readings_updates
    assert (update.mode, update.matching, update.meter_counter) == ("delete", "external_id", None)


def test_should_keep_the_order_of_operations() -> None:
    told = [any_entity(unique_ids={"n": str(n)}) for n in range(100)]
    assert [u.unique_identifiers["n"] for u in made(*told).entity_updates] == list(
        map(str, range(100))
    )


def test_should_warn_of_a_type_for_an_id_that_is_not_given() -> None:
    mapped = made(any_entity(unique_id_types={"email": "email"}))
    assert mapped.warnings[0].field == "operations[0].unique_id_types"


def test_should_bear_a_strange_direction_of_a_reading_and_say_so() -> None:
    attributes = {**any_reading()["attributes"], "direction": "import"}
    mapped = made(any_reading(attributes=attributes))
    assert mapped.meter_readings_updates[0].attributes["direction"] == "import"
    assert mapped.warnings[0].field == "operations[0].attributes.direction"


def test_should_leave_the_payload_as_it_is() -> None:
    told = payload(any_entity(attributes={"a": {"$relation": [ITEM]}}), any_reading())
    before = copy.deepcopy(told)
    direct.operations(told, OPEN)
    assert told == before


# What is refused

INVALID = "DIRECT_PAYLOAD_INVALID"


def relation(value: Any) -> dict[str, Any]:
    return payload(any_entity(attributes={"a": value}))


AT = "operations[0].attributes.a"


@pytest.mark.parametrize(
    ("told", "path", "says"),
    [
        ([], "", "object"),
        ({}, "version", "required"),
        (payload(any_entity(), version=1), "version", "text"),
        (without(payload(any_entity()), "operations"), "operations", "at least one"),
        (payload(), "operations", "at least one"),
        ({"version": "1", "operations": {}}, "operations", "list"),
        (payload(*[any_entity()] * 101), "operations", "at most 100"),
        (payload(any_entity(), extra=1), "extra", "not known"),
        (payload("x"), "operations[0]", "object"),
        (payload(None), "operations[0]", "required"),
        (payload(any_entity(type="thing")), "operations[0].type", "entity, meter_reading"),
        (payload(any_entity(type=["entity"])), "operations[0].type", "one of"),
        (payload(any_entity(meter={})), "operations[0].meter", "not known"),
        (payload(without(any_entity(), "entity_slug")), "operations[0].entity_slug", "required"),
        (payload(any_entity(entity_slug="")), "operations[0].entity_slug", "empty"),
        (payload(without(any_entity(), "unique_ids")), "operations[0].unique_ids", "at least one"),
        (payload(any_entity(unique_ids={})), "operations[0].unique_ids", "at least one"),
        (payload(any_entity(unique_ids=["a"])), "operations[0].unique_ids", "object"),
        (payload(any_entity(unique_ids={"a": " "})), "operations[0].unique_ids.a", "empty"),
        (payload(any_entity(unique_ids={"a": None})), "operations[0].unique_ids.a", "text"),
        (payload(any_entity(unique_ids={"a": True})), "operations[0].unique_ids.a", "text"),
        (payload(any_entity(unique_ids={"a": ["x"]})), "operations[0].unique_ids.a", "text"),
        (payload(any_entity(unique_ids={"Jana P.": 1})), "operations[0].unique_ids", "no name"),
        (payload(any_entity(unique_ids={"x" * 65: 1})), "operations[0].unique_ids", "no name"),
        (payload(any_entity(entity_slug="Jana P.")), "operations[0].entity_slug", "a name"),
        (payload(any_entity(entity_slug="x" * 65)), "operations[0].entity_slug", "a name"),
        (
            relation({"$relation": [{**ITEM, "schema": "Jana P."}]}),
            f"{AT}.$relation[0].schema",
            "a name",
        ),
        (
            payload(any_entity(unique_id_types={"a": "iban"})),
            "operations[0].unique_id_types.a",
            "email, phone",
        ),
        (payload(any_entity(unique_id_types=5)), "operations[0].unique_id_types", "object"),
        (payload(any_entity(mode="upsert-prune-scope-purge")), "operations[0].mode", "one of"),
        (payload(without(any_entity(), "attributes")), "operations[0].attributes", "required"),
        (payload(any_entity(attributes=[])), "operations[0].attributes", "object"),
        (payload(any_entity(attributes=5, mode="delete")), "operations[0].attributes", "object"),
        (relation({"$relation": 5}), f"{AT}.$relation", "list"),
        (relation({"$relation": [], "x": 1}), f"{AT}.x", "not known"),
        (relation({"$relation": {}}), f"{AT}.$relation", "exactly one"),
        (relation({"$relation": {"_apend": []}}), f"{AT}.$relation._apend", "not known"),
        (relation({"$relation": {"_set": [], "_append": []}}), f"{AT}.$relation", "exactly one"),
        (relation({"$relation": {"_set": {}}}), f"{AT}.$relation._set", "list"),
        (relation({"$relation": ["x"]}), f"{AT}.$relation[0]", "object"),
        (relation({"$relation": [{}]}), f"{AT}.$relation[0].schema", "required"),
        (relation({"$relation": [{"schema": "a"}]}), f"{AT}.$relation[0].unique_ids", "at least"),
        (relation({"$relation": [{"entity_id": ""}]}), f"{AT}.$relation[0].entity_id", "empty"),
        (
            relation({"$relation": [{"entity_id": "E", **ITEM}]}),
            f"{AT}.$relation[0].schema",
            "beside entity_id",
        ),
        (relation({"$relation": [{**ITEM, "tags": "a"}]}), f"{AT}.$relation[0].tags", "list"),
        (relation({"$relation": [{**ITEM, "_tags": []}]}), f"{AT}.$relation[0]._tags", "known"),
        (
            relation({"$relation": {"_append": [ITEM, {**ITEM, "unique_ids": {"x": ""}}]}}),
            f"{AT}.$relation._append[1].unique_ids.x",
            "empty",
        ),
        (relation({"$relation_ref": [5]}), f"{AT}.$relation_ref[0]", "object"),
        (relation({"$relation_ref": [ITEM]}), f"{AT}.$relation_ref[0].path", "required"),
        (
            relation({"$relation_ref": [{**ITEM, "path": "a"}]}),
            f"{AT}.$relation_ref[0].value",
            "required",
        ),
        (
            relation({"$relation_ref": [{"entity_id": "E", "path": "a", "value": 1}]}),
            f"{AT}.$relation_ref[0].entity_id",
            "not known",
        ),
        (payload(without(any_reading(), "meter")), "operations[0].meter", "required"),
        (payload(any_reading(meter={})), "operations[0].meter.unique_ids", "at least one"),
        (
            payload(any_reading(meter={"unique_ids": {"a": 1}, "x": 1})),
            "operations[0].meter.x",
            "not known",
        ),
        (payload(any_reading(counter=None)), "operations[0].counter", "required"),
        (payload(any_reading(counter={})), "operations[0].counter.unique_ids", "at least one"),
        (payload(any_reading(mode="purge")), "operations[0].mode", "one of"),
        (payload(any_reading(reading_matching="x")), "operations[0].reading_matching", "one of"),
        (payload(any_reading(reading_matching="strict-date")), "operations[0].counter", "strict-"),
        (payload(any_reading(entity_slug="meter")), "operations[0].entity_slug", "not known"),
        (payload(without(any_reading(), "attributes")), "operations[0].attributes", "required"),
        (payload(any_reading(attributes=[])), "operations[0].attributes", "object"),
    ],
)
def test_should_say_what_is_wrong_and_where(told: Any, path: str, says: str) -> None:
    found = faults(told)
    assert path in found, found
    assert says in found[path]
    assert found[path].startswith(INVALID)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("external_id", ""),
        ("external_id", None),
        ("external_id", []),
        ("timestamp", "24.08.2026"),
        ("timestamp", 1787551200),
        ("source", "SAP"),
        ("source", {}),
        ("value", "12,5"),
        ("value", True),
        ("value", None),
    ],
)
def test_should_refuse_the_attributes_of_a_reading(name: str, value: Any) -> None:
    attributes = {**any_reading()["attributes"], name: value}
    assert list(faults(payload(any_reading(attributes=attributes)))) == [
        f"operations[0].attributes.{name}"
    ]


def test_should_find_every_violation_and_say_of_which_operation() -> None:
    told = payload(
        any_entity(mode="x", unique_ids={}),
        any_entity(),
        any_reading(attributes={}),
        any_entity(surprise=1),
    )
    mapped = direct.operations(told, OPEN)
    assert [(fault.item, fault.path) for fault in mapped.faults] == [
        (0, "operations[0].unique_ids"),
        (0, "operations[0].mode"),
        *(
            (2, f"operations[2].attributes.{n}")
            for n in ("external_id", "timestamp", "source", "value")
        ),
        (3, "operations[3].surprise"),
    ]


def test_should_say_that_a_version_is_not_supported_and_nothing_else() -> None:
    mapped = direct.operations(payload("nonsense", version="2"), OPEN)
    (fault,) = mapped.faults
    assert (fault.code, fault.path, fault.item) == ("DIRECT_VERSION_UNSUPPORTED", "version", None)


def test_should_never_repeat_a_value() -> None:
    secret = "max.mustermann@example.org 4711"
    told = payload(
        any_entity(mode=secret, unique_ids={"a": {"b": secret}}, **{secret: secret}),
        any_entity(entity_slug=secret),
        any_reading(attributes={"source": secret, "value": secret, "timestamp": secret}),
        version=secret,
    )
    configuration = parse({"direct": True, "entities": [{"entity_schema": "account"}]})
    for version in ("1", secret):
        mapped = direct.operations({**told, "version": version}, configuration)
        assert mapped.faults
        assert all("max" not in fault.message + fault.path for fault in mapped.faults)


# The allowlist

ALLOWING = parse(
    {
        "direct": True,
        "entities": [
            {"entity_schema": "contract", "unique_ids": ["number", "branch"]},
            {"entity_schema": "contact", "unique_ids": ["customer_number"]},
            {"entity_schema": "contact", "unique_ids": ["external_id"]},
            {"entity_schema": "free"},
        ],
    }
)
NOT_ALLOWED = "DIRECT_ENTITY_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("slug", "unique_ids"),
    [
        ("contract", {"branch": "power", "number": 5}),
        ("contract", {"_id": "E-1"}),
        ("contact", {"customer_number": "1"}),
        ("contact", {"external_id": "1"}),
        ("free", {"anything": "1"}),
    ],
)
def test_should_allow_what_the_use_case_lists(slug: str, unique_ids: Any) -> None:
    told = payload(any_entity(entity_slug=slug, unique_ids=unique_ids))
    assert direct.operations(told, ALLOWING).faults == ()


@pytest.mark.parametrize(
    ("slug", "unique_ids", "path", "says"),
    [
        ("order", {"number": "1"}, "operations[0]", 'entity_slug "order"'),
        ("order", {"_id": "1"}, "operations[0]", "not allowed"),
        ("contract", {"number": "1"}, "operations[0].unique_ids", "exactly: branch, number"),
        (
            "contract",
            {"number": "1", "branch": "b", "x": "1"},
            "operations[0].unique_ids",
            "exactly",
        ),
        ("contract", {"_id": "1", "number": "1"}, "operations[0].unique_ids", "or _id"),
        ("contact", {"email": "1"}, "operations[0].unique_ids", "customer_number or external_id"),
    ],
)
def test_should_refuse_what_it_does_not_list(
    slug: str, unique_ids: Any, path: str, says: str
) -> None:
    told = payload(any_entity(entity_slug=slug, unique_ids=unique_ids))
    found = faults(told, ALLOWING)
    assert found[path].startswith(NOT_ALLOWED)
    assert says in found[path]


def test_should_not_ask_the_list_about_meter_readings() -> None:
    assert direct.operations(payload(any_reading()), ALLOWING).faults == ()


# As it is sent


@pytest.mark.parametrize(
    ("told", "form"),
    [
        ("{", "json"),
        ('{"version": "1", "version": "1"}', "json"),
        ("5", "json"),
        ("<a/>", "xml"),
        (payload(any_entity()), "xml"),
        (None, "json"),
    ],
)
def test_should_refuse_a_payload_that_it_cannot_read(told: Any, form: str) -> None:
    (fault,) = direct.read(told, OPEN, form).faults
    assert fault.code == INVALID


def test_should_read_a_payload_as_a_text_and_as_an_object_alike() -> None:
    told = payload(any_entity(), any_reading())
    assert (
        direct.read(told, OPEN) == direct.read(json.dumps(told), OPEN) == made(*told["operations"])
    )


def test_should_identify_by_long_numbers_without_losing_a_digit() -> None:
    text = json.dumps(payload(any_entity(unique_ids={"n": 12345678901234567890})))
    (update,) = direct.read(text, OPEN).entity_updates
    assert update.unique_identifiers == {"n": "12345678901234567890"}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "1", "entity"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("version", "operations", "type", "entity_slug", "unique_ids", "mode"),
                    *("attributes", "$relation", "$relation_ref", "_set", "_append", "schema"),
                    *("tags", "path", "value", "meter", "counter", "source", "timestamp", "x"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(JSON_VALUES)
def test_should_take_or_refuse_any_operation(operation: Any) -> None:
    mapped = direct.operations(payload(operation), ALLOWING)
    assert mapped.faults or mapped.entity_updates or mapped.meter_readings_updates


@given(JSON_VALUES)
def test_should_take_or_refuse_any_attribute(value: Any) -> None:
    mapped = direct.operations(payload(any_entity(attributes={"a": value})), OPEN)
    assert bool(mapped.faults) is not bool(mapped.entity_updates)


@given(JSON_VALUES)
def test_should_take_or_refuse_any_payload(told: Any) -> None:
    direct.operations(told, OPEN)
