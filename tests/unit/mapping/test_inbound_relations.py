"""Relations, references, and attributes that are looked up."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.updates import Mapped
from busbar.mapping.configuration import parse
from busbar.mapping.inbound import Context, map_event

EVENT: dict[str, Any] = {
    "id": "C-1",
    "accountId": "A-1",
    "number": 7,
    "empty": "",
    "nothing": None,
    "mail": "x@example.org",
    "address": {"street": "Ringstr.", "city": "Bonn"},
    "persons": [{"mail": "a@x.de", "role": "OWNER"}, {"mail": "b@x.de", "role": "USER"}],
    "person": [{"mail": "a@x.de", "role": "OWNER"}],
    "none": [],
}
ID = {"attribute": "id", "field": "id"}
BY_ACCOUNT: dict[str, Any] = {"attribute": "external_id", "field": "accountId"}
ACCOUNT: dict[str, Any] = {"entity_schema": "account", "unique_ids": [BY_ACCOUNT]}
LEFT_OUT = "left out"


def mapped(field: dict[str, Any], context: Context | None = None) -> Mapped:
    fields = [ID, {"attribute": "a", **field}]
    entity = {"entity_schema": "contract", "unique_ids": ["id"], "fields": fields}
    return map_event(parse({"entities": [entity]}), EVENT, context)


def value(field: dict[str, Any], context: Context | None = None) -> Any:
    made = mapped(field, context)
    assert made.faults == ()
    return made.entity_updates[0].attributes.get("a", LEFT_OUT)


def related(*items: Any, operation: str | None = "_set") -> dict[str, Any]:
    return {"relations": {"operation": operation, "items": list(items)}}


def missing(field: str) -> dict[str, Any]:
    return {"entity_schema": "account", "unique_ids": [{"attribute": "x", "field": field}]}


RESOLVED: dict[str, Any] = {"entity_schema": "account", "unique_ids": {"external_id": "A-1"}}


@pytest.mark.parametrize(
    ("field", "made"),
    [
        (related(ACCOUNT), {"_set": [RESOLVED]}),
        (related(ACCOUNT, operation=None), {"_set": [RESOLVED]}),
        (related(ACCOUNT, operation="_append"), {"_append": [RESOLVED]}),
        (related(ACCOUNT, operation="_append_all"), {"_append_all": [RESOLVED]}),
        (related({**ACCOUNT, "_tags": ["P", "Q"]}), {"_set": [{**RESOLVED, "_tags": ["P", "Q"]}]}),
        (related({**ACCOUNT, "_tags": []}), {"_set": [RESOLVED]}),
        (related(ACCOUNT, ACCOUNT), {"_set": [RESOLVED, RESOLVED]}),
        (related(), {"_set": []}),
        (
            related(
                {"entity_schema": "b", "unique_ids": ["id", {"attribute": "t", "constant": 5}]}
            ),
            {"_set": [{"entity_schema": "b", "unique_ids": {"id": "C-1", "t": "5"}}]},
        ),
        (
            related(
                {
                    "entity_schema": "contact",
                    "unique_ids": [{"attribute": "email", "_type": "email", "field": "mail"}],
                }
            ),
            {
                "_set": [
                    {
                        "entity_schema": "contact",
                        "unique_ids": {"email": "x@example.org"},
                        "unique_types": {"email": "email"},
                    }
                ]
            },
        ),
        (
            related(
                {
                    "entity_schema": "a",
                    "unique_ids": [{"attribute": "x", "jsonataExpression": "'N' & number"}],
                }
            ),
            {"_set": [{"entity_schema": "a", "unique_ids": {"x": "N7"}}]},
        ),
    ],
)
def test_should_leave_relations_unresolved_with_their_operation(
    field: dict[str, Any], made: Any
) -> None:
    assert value(field) == {"$relation": made}


@pytest.mark.parametrize("name", ["absent", "empty", "nothing", "none", "address"])
def test_should_leave_a_relation_out_and_say_so_where_its_id_is_missing(name: str) -> None:
    made = mapped(related(missing(name)))
    assert made.entity_updates[0].attributes == {"id": "C-1"}
    (warning,) = made.warnings
    assert warning.entity_schema == "contract"
    assert warning.field == "entities[0].fields[1].relations.items[0]"
    assert "x is missing" in warning.message


def test_should_set_all_targets_or_none() -> None:
    assert value(related(ACCOUNT, missing("absent"))) == LEFT_OUT


def test_should_add_the_targets_that_are_there() -> None:
    made = value(related(ACCOUNT, missing("absent"), operation="_append"))
    assert made == {"$relation": {"_append": [RESOLVED]}}


def of_expression(text: str, operation: str = "_set") -> dict[str, Any]:
    return {"relations": {"operation": operation, "jsonataExpression": text}}


PERSON = """persons.{'entity_schema': 'contact', '_tags': [role],
    'unique_ids': [{'attribute': 'email', 'constant': mail, '_type': 'email'}]}"""


@pytest.mark.parametrize(
    ("text", "items"),
    [
        (
            PERSON,
            [
                {
                    "entity_schema": "contact",
                    "unique_ids": {"email": f"{each}@x.de"},
                    "unique_types": {"email": "email"},
                    "_tags": [role],
                }
                for each, role in (("a", "OWNER"), ("b", "USER"))
            ],
        ),
        (
            "person.{'entity_schema': 'contact',"
            " 'unique_ids': [{'attribute': 'm', 'constant': mail}]}",
            [{"entity_schema": "contact", "unique_ids": {"m": "a@x.de"}}],
        ),
        ("[]", []),
        ("none", "left out"),
        ("absent", "left out"),
        ("nothing", "left out"),
        (
            "{'entity_schema': 'a', 'unique_ids': [{'attribute': 'x', 'field': 'accountId'}]}",
            [{"entity_schema": "a", "unique_ids": {"x": "A-1"}}],
        ),
        (
            "{'entity_schema': 'a', 'unique_ids': [{'attribute': 'x', 'field': '$.address.city'}]}",
            [{"entity_schema": "a", "unique_ids": {"x": "Bonn"}}],
        ),
        (
            "{'entity_schema': 'a', 'unique_ids': {'attribute': 'x', 'constant': number}}",
            [{"entity_schema": "a", "unique_ids": {"x": "7"}}],
        ),
        (
            "{'entity_schema': 'a', 'unique_ids': {'x': number, 'y': id}}",
            [{"entity_schema": "a", "unique_ids": {"x": "7", "y": "C-1"}}],
        ),
        (
            "{'_schema': 'a', '$entity_unique_ids': {'x': id}, '_tags': 'T'}",
            [{"entity_schema": "a", "unique_ids": {"x": "C-1"}, "_tags": ["T"]}],
        ),
        ("{'entity_id': 'E-1', '_tags': ['T']}", [{"entity_id": "E-1", "_tags": ["T"]}]),
    ],
)
def test_should_take_relations_that_an_expression_makes(text: str, items: Any) -> None:
    if text == "none":
        # A path gives nothing for an empty list.
        items = []
    made = value(of_expression(text))
    assert made == (LEFT_OUT if items == LEFT_OUT else {"$relation": {"_set": items}})


@pytest.mark.parametrize(
    "text",
    [
        "'x'",
        "[1]",
        "{'unique_ids': {'a': 'b'}}",
        "{'entity_schema': 5, 'unique_ids': {'a': 'b'}}",
        "{'entity_schema': address.street, 'unique_ids': {'a': 'b'}}",
        "{'entity_schema': $pad('x', 65, 'x'), 'unique_ids': {'a': 'b'}}",
        "{'entity_schema': 'a', 'unique_ids': {'c d': 'b', 'a': 'b'}}",
        "{'entity_schema': 'a', 'unique_ids': [{'attribute': 'x', 'jsonataExpression': 'id'}]}",
        "{'entity_schema': 'a', 'unique_ids': [{'attribute': 'x', 'field': '$['}]}",
        "-id",
    ],
)
def test_should_refuse_a_result_that_is_no_relation(text: str) -> None:
    made = mapped(of_expression(text))
    assert made.entity_updates == ()
    (fault,) = made.faults
    assert fault.code == "MAPPING_EXPRESSION_FAILED"
    assert fault.path == "entities[0].fields[1].relations.jsonataExpression"


@pytest.mark.parametrize(
    "ids", ["[]", "{}", "{'x': ''}", "{'x': absent}", "[{'attribute': 'x', 'field': 'absent'}]"]
)
def test_should_leave_out_made_relations_without_an_id(ids: str) -> None:
    text = f"[{{'entity_schema': 'a', 'unique_ids': {ids}}}, {{'entity_id': 'E'}}]"
    made = mapped(of_expression(text))
    assert "a" not in made.entity_updates[0].attributes
    assert len(made.warnings) == 1
    assert value(of_expression(text, "_append")) == {"$relation": {"_append": [{"entity_id": "E"}]}}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "{'$relation': [{'entity_id': 'E', '_tags': ['T']}]}",
            {"_set": [{"entity_id": "E", "_tags": ["T"]}]},
        ),
        ("{'$relation': {'_append': {'entity_id': 'E'}}}", {"_append": [{"entity_id": "E"}]}),
        (
            "{'$relation': {'_set': [{'_schema': 'a', '$entity_unique_ids': {'x': id}}]}}",
            {"_set": [{"entity_schema": "a", "unique_ids": {"x": "C-1"}}]},
        ),
    ],
)
def test_should_take_relations_that_a_plain_expression_makes_whole(text: str, made: Any) -> None:
    assert value({"jsonataExpression": text}) == {"$relation": made}


def test_should_leave_out_what_a_plain_expression_makes_of_a_missing_id() -> None:
    text = "{'$relation': [{'entity_schema': 'a', 'unique_ids': {'x': empty}}]}"
    made = mapped({"jsonataExpression": text})
    assert made.entity_updates[0].attributes == {"id": "C-1"}
    assert made.warnings[0].field == "entities[0].fields[1]"


@pytest.mark.parametrize("wrap", ["$relation", "$relation_ref"])
@pytest.mark.parametrize("inner", ["absent", "{'_set': absent}", "{'_append': absent}"])
def test_should_leave_alone_what_a_plain_expression_makes_of_nothing(wrap: str, inner: str) -> None:
    assert value({"jsonataExpression": f"{{'{wrap}': {inner}}}"}) == LEFT_OUT


def reference(operation: str = "_set", **value: Any) -> dict[str, Any]:
    item = {**ACCOUNT, "path": "address", "value": {"attribute": "address", **value}}
    return {"relation_refs": {"operation": operation, "items": [item]}}


@pytest.mark.parametrize(
    ("field", "operation", "told"),
    [
        (
            reference(operation="_set", field="address"),
            "_set",
            {"attribute": "address", "operation": "_set", "value": EVENT["address"]},
        ),
        (
            reference("_append", constant={"city": "Köln"}),
            "_append",
            {"attribute": "address", "operation": "_set", "value": {"city": "Köln"}},
        ),
    ],
)
def test_should_leave_references_unresolved(
    field: dict[str, Any], operation: str, told: Any
) -> None:
    item = {**RESOLVED, "path": "address", "value": told}
    assert value(field) == {"$relation_ref": {operation: [item]}}


def test_should_carry_how_the_referenced_value_is_to_be_written() -> None:
    field = reference(jsonataExpression="{'street': address.street}")
    field["relation_refs"]["items"][0]["value"]["operation"] = "_append"
    (item,) = value(field)["$relation_ref"]["_set"]
    assert item["value"] == {
        "attribute": "address",
        "operation": "_append",
        "value": {"street": "Ringstr."},
    }


@pytest.mark.parametrize("source", [{"field": "absent"}, {"field": "nothing"}])
def test_should_fail_a_reference_to_nothing_and_keep_the_rest_of_the_entity(
    source: dict[str, Any],
) -> None:
    made = mapped(reference(**source))
    assert made.entity_updates[0].attributes == {"id": "C-1"}
    (fault,) = made.faults
    assert fault.code == "RELATION_REF_VALUE_UNDEFINED"
    assert fault.path == "entities[0].fields[1].relation_refs.items[0].value"


@pytest.mark.parametrize(
    ("value_text", "told"),
    [
        ("address", {"attribute": "address", "operation": "_append", "value": EVENT["address"]}),
        (
            "{'attribute': 'addresses', 'operation': '_append_all', 'constant': address}",
            {"attribute": "addresses", "operation": "_append_all", "value": EVENT["address"]},
        ),
        (
            "{'attribute': 'addresses', 'field': 'address'}",
            {"attribute": "addresses", "operation": "_set", "value": EVENT["address"]},
        ),
    ],
)
def test_should_take_references_that_an_expression_makes(value_text: str, told: Any) -> None:
    text = (
        "{'entity_schema': 'account', 'unique_ids': {'external_id': accountId},"
        f" 'path': 'address', 'value': {value_text}}}"
    )
    field = {"relation_refs": {"operation": "_set", "jsonataExpression": text}}
    item = {**RESOLVED, "path": "address", "value": told}
    assert value(field) == {"$relation_ref": {"_set": [item]}}


def test_should_leave_a_reference_out_where_the_id_of_its_target_is_missing() -> None:
    field = reference(field="address")
    field["relation_refs"]["items"][0]["unique_ids"] = [{"attribute": "x", "field": "empty"}]
    made = mapped(field)
    assert made.entity_updates[0].attributes == {"id": "C-1"}
    assert "x is missing" in made.warnings[0].message


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ("'value': address", "MAPPING_EXPRESSION_FAILED"),
        ("'path': '', 'value': address", "MAPPING_EXPRESSION_FAILED"),
        (
            "'path': 'a', 'value': {'attribute': 'a', 'operation': 'add', 'constant': 1}",
            "MAPPING_EXPRESSION_FAILED",
        ),
        ("'path': 'a'", "RELATION_REF_VALUE_UNDEFINED"),
        ("'path': 'a', 'value': null", "RELATION_REF_VALUE_UNDEFINED"),
        ("'path': 'a', 'value': {'attribute': 'a'}", "RELATION_REF_VALUE_UNDEFINED"),
        ("'path': 'a', 'value': {'attribute': 'a', 'field': 'x'}", "RELATION_REF_VALUE_UNDEFINED"),
    ],
)
def test_should_refuse_a_made_reference_that_leads_nowhere(members: str, code: str) -> None:
    text = f"{{'entity_schema': 'a', 'unique_ids': {{'x': id}}, {members}}}"
    made = mapped({"relation_refs": {"operation": "_set", "jsonataExpression": text}})
    assert [fault.code for fault in made.faults] == [code]
    assert bool(made.entity_updates) is (code == "RELATION_REF_VALUE_UNDEFINED")


# Portals

PORTALS = [
    {"portal_id": "p3", "origin": "END_CUSTOMER_PORTAL", "enabled": True, "is_dummy": False,
     "domain": "c.example", "name": "C", "_created_at": "2024-01-01"},
    {"portal_id": "p1", "origin": "END_CUSTOMER_PORTAL", "enabled": True, "is_dummy": False,
     "domain": "a.example", "name": "A", "_created_at": "2023-01-01"},
    {"portal_id": "p2", "origin": "INSTALLER_PORTAL", "enabled": True, "is_dummy": False,
     "name": "B", "_created_at": "2022-01-01"},
    {"portal_id": "p0", "origin": "INSTALLER_PORTAL", "enabled": False, "is_dummy": False,
     "name": "off"},
    {"portal_id": "p9", "origin": "B2B_PORTAL", "enabled": True, "is_dummy": True, "name": "dummy"},
]  # fmt: skip
KNOWN = Context(portals=PORTALS)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ({}, "p2"),
        ({"filter": {"origin": "END_CUSTOMER_PORTAL"}}, "p1"),
        ({"filter": {"origin": ["END_CUSTOMER_PORTAL", "INSTALLER_PORTAL"]}}, "p2"),
        ({"filter": {"name": "C"}, "return": "domain"}, "c.example"),
        ({"filter": {"enabled": None}}, "p0"),
        ({"filter": {"enabled": False}}, "p0"),
        ({"filter": {"is_dummy": None, "name": "dummy"}, "return": "origin"}, "B2B_PORTAL"),
        ({"filter": {"is_dummy": True}, "return": "name"}, "dummy"),
        ({"select": "all"}, ["p2", "p1", "p3"]),
        ({"select": "all", "return": "domain"}, ["a.example", "c.example"]),
        ({"select": "all", "filter": {"name": "none"}}, []),
        ({"return": "jsonata", "jsonataExpression": "name & '/' & $.portal_id"}, "B/p2"),
        ({"select": "all", "return": "jsonata", "jsonataExpression": "$count($)"}, 3),
        ({"filter": {"name": "B"}, "return": "domain"}, LEFT_OUT),
    ],
)
def test_should_find_a_portal(reference: dict[str, Any], found: Any) -> None:
    assert value({"portal_ref": reference}, KNOWN) == found


@pytest.mark.parametrize(
    ("reference", "context", "says", "found"),
    [
        ({"filter": {"name": "none"}}, KNOWN, "PORTAL_REF_NO_MATCH", LEFT_OUT),
        ({}, KNOWN, "PORTAL_REF_AMBIGUOUS", "p2"),
        ({}, Context(), "not known here", LEFT_OUT),
    ],
)
def test_should_warn_where_no_or_no_single_portal_is_meant(
    reference: dict[str, Any], context: Context, says: str, found: Any
) -> None:
    made = mapped({"portal_ref": reference}, context)
    assert made.entity_updates[0].attributes.get("a", LEFT_OUT) == found
    assert says in made.warnings[0].message


def test_should_fail_where_the_expression_on_a_portal_fails() -> None:
    reference = {"filter": {"name": "B"}, "return": "jsonata", "jsonataExpression": "-name"}
    (fault,) = mapped({"portal_ref": reference}, KNOWN).faults
    assert fault.path == "entities[0].fields[1].portal_ref.jsonataExpression"


# Variables

SET = Context(env={"erp.base_url": "HTTPS://ERP", "prefix": "EPL", "map": {"Mr.": "1"}})


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ({"key": "prefix"}, "EPL"),
        ({"key": "erp.base_url"}, "HTTPS://ERP"),
        ({"key": "absent", "default": "D"}, "D"),
        ({"key": "prefix", "default": "D"}, "EPL"),
        ({"key": "absent"}, LEFT_OUT),
        (
            {"key": "erp.base_url", "return": "jsonata", "jsonataExpression": "$lowercase($)"},
            "https://erp",
        ),
        ({"key": "absent", "default": "D", "return": "jsonata", "jsonataExpression": "$"}, "D"),
    ],
)
def test_should_give_a_variable_of_the_org(reference: dict[str, Any], found: Any) -> None:
    assert value({"env_var_ref": reference}, SET) == found


def test_should_warn_of_a_variable_that_is_not_there_unless_it_has_a_default() -> None:
    made = mapped({"env_var_ref": {"key": "absent"}}, SET)
    assert "ENV_VAR_REF_NOT_FOUND" in made.warnings[0].message
    assert mapped({"env_var_ref": {"key": "absent", "default": ""}}, SET).warnings == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$env.prefix & id", "EPLC-1"),
        ("$env.erp.base_url", "HTTPS://ERP"),
        ("$env.absent", LEFT_OUT),
        ("$mapValue($env.map, 'Mr.')", "1"),
        ("$mapKey($env.map, '1')", "Mr."),
        ("$mapKey($env.map, '9')", LEFT_OUT),
        ("$mapValue($env.map, '')", LEFT_OUT),
        ("$mapValue($env.map, '', 'none')", "none"),
        ("$mapValue($env.map, null, 'none')", "none"),
        ("$mapValue($env.map, absent, 'none')", "none"),
    ],
)
def test_should_give_variables_and_maps_to_expressions(text: str, found: Any) -> None:
    assert value({"jsonataExpression": text}, SET) == found


UNMAPPED = [
    ("$mapValue($env.map, 'Dr.', 'none')", "none"),
    ("$mapKey($env.map, '9', 'none')", "none"),
    ("$mapValue($env.map, 'Mr.', 'x') & $mapValue($env.map, 'Dr.', 'none')", "1none"),
    ("$count(['Dr.', 'Sir'].$mapValue($env.map, $, 'none'))", 2),
]


@pytest.mark.parametrize(("text", "found"), UNMAPPED)
@pytest.mark.parametrize("beside", [[], [{"attribute": "x", "jsonataExpression": "id & 'x'"}]])
def test_should_tell_where_a_default_was_taken_as_no_table_has_the_value(
    text: str, found: Any, beside: list[Any]
) -> None:
    """Whether it is evaluated by itself or with its neighbours."""
    fields = [
        {"attribute": "id", "field": "id"},
        {"attribute": "wanted", "jsonataExpression": text},
        *beside,
    ]
    entity = {"entity_schema": "contract", "unique_ids": ["id"], "fields": fields}
    made = map_event(parse({"entities": [entity]}), {"id": "1"}, SET)
    (update,) = made.entity_updates
    assert update.attributes["wanted"] == found
    (fault,) = made.faults
    assert (fault.code, fault.path) == (
        "LOOKUP_UNMAPPED",
        "entities[0].fields[1].jsonataExpression",
    )
    assert "Dr." not in fault.message


def test_should_tell_of_a_table_once_for_all_items_of_an_event() -> None:
    fields = [
        {"attribute": "id", "jsonataExpression": "$string($)"},
        {"attribute": "wanted", "jsonataExpression": "$mapValue($$.t, $string($), 'none')"},
    ]
    entity = {"entity_schema": "contract", "unique_ids": ["id"], "fields": fields}
    entity["jsonataExpression"] = "items"
    made = map_event(parse({"entities": [entity]}), {"items": [1, 2, 3], "t": {"1": "one"}}, SET)
    assert [one.attributes["wanted"] for one in made.entity_updates] == ["one", "none", "none"]
    assert [fault.code for fault in made.faults] == ["LOOKUP_UNMAPPED"]


def test_should_fail_where_a_map_is_none() -> None:
    (fault,) = mapped({"jsonataExpression": "$mapValue($env.absent, 'x')"}, SET).faults
    assert "$mapValue: first argument must be an object" in fault.message


# Files

PROXY = {
    "use_case_slug": "doc",
    "params": {
        "id": {"field": "id"},
        "n": {"field": "number"},
        "c": {"constant": True},
        "e": {"jsonataExpression": "address.city"},
        "absent": {"field": "absent"},
    },
}


def test_should_keep_the_address_of_a_file_to_be_completed() -> None:
    params = {"id": "C-1", "n": "7", "c": "true", "e": "Bonn"}
    assert value({"file_proxy_url": PROXY}) == {
        "$file_proxy_url": {"use_case_slug": "doc", "params": params}
    }
    assert value({"file_proxy_url": {"use_case_id": "u"}}) == {
        "$file_proxy_url": {"use_case_id": "u", "params": {}}
    }


def test_should_skip_the_address_of_a_file_in_a_simulation() -> None:
    made = mapped({"file_proxy_url": PROXY}, Context(simulation=True))
    assert "a" not in made.entity_updates[0].attributes
    assert made.warnings == ()


# Explanations


@pytest.mark.parametrize(
    ("field", "kind", "reads"),
    [
        (related(ACCOUNT), "relations", ("accountId",)),
        (of_expression(PERSON), "relations", ("persons.mail", "persons.role")),
        (reference(field="$.address"), "relation_refs", ("accountId", "$.address")),
        ({"env_var_ref": {"key": "prefix"}}, "env_var_ref", ("$env.prefix",)),
        ({"portal_ref": {"filter": {"name": "B"}}}, "portal_ref", ()),
        ({"file_proxy_url": PROXY}, "file_proxy_url", ("id", "number", "address.city", "absent")),
    ],
)
def test_should_explain_what_was_looked_up(
    field: dict[str, Any], kind: str, reads: tuple[str, ...]
) -> None:
    context = Context(explain=True, env=SET.env, portals=PORTALS)
    explained = mapped(field, context).explained[1]
    assert (explained.source, explained.reads) == (kind, reads)
    assert explained.expression
