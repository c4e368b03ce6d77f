"""Entities of an event: sources, conditions, fan-out, arrays, modes, and what fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from busbar.domain.updates import EntityUpdate, Mapped
from busbar.mapping.configuration import parse
from busbar.mapping.inbound import Context, map_event

EVENT: dict[str, Any] = {
    "id": "C-1",
    "number": 42,
    "name": "Erika",
    "nothing": None,
    "empty": "",
    "flag": True,
    "a.b": "dotted",
    "address": {"street": "Ringstr.", "tags": ["x", "y"]},
    "mail": "erika@example.org",
    "mails": ["a@example.org", "b@example.org"],
    "meters": [
        {"number": "M-1", "kind": "E"},
        {"number": "M-2", "kind": "G"},
        {"number": "M-3", "kind": "E"},
    ],
    "one": [{"number": "M-9"}],
    "none": [],
}
ID = {"attribute": "id", "field": "id"}


def any_entity(**changed: Any) -> dict[str, Any]:
    return {"entity_schema": "contact", "unique_ids": ["id"], "fields": [ID], **changed}


def mapped(*entities: dict[str, Any], event: Any = EVENT, context: Context | None = None) -> Mapped:
    return map_event(parse({"entities": list(entities)}), event, context)


def only(*entities: dict[str, Any], event: Any = EVENT) -> EntityUpdate:
    made = mapped(*entities, event=event)
    assert made.faults == ()
    (update,) = made.entity_updates
    return update


def attribute(field: Mapping[str, Any], event: Any = EVENT) -> Any:
    """The value that a field gives, or "left out"."""
    fields = [ID, {"attribute": "a", **field}]
    return only(any_entity(fields=fields), event=event).attributes.get("a", "left out")


# Sources


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"field": "name"}, "Erika"),
        ({"field": "number"}, 42),
        ({"field": "flag"}, True),
        ({"field": "nothing"}, None),
        ({"field": "empty"}, ""),
        ({"field": "none"}, []),
        ({"field": "a.b"}, "dotted"),
        ({"field": "address"}, {"street": "Ringstr.", "tags": ["x", "y"]}),
        ({"field": "absent"}, "left out"),
        ({"field": "address.street"}, "left out"),
        ({"field": "$.address.street"}, "Ringstr."),
        ({"field": "$.address.absent"}, "left out"),
        ({"field": "$.nothing"}, None),
        ({"field": "$.meters[*].number"}, ["M-1", "M-2", "M-3"]),
        ({"field": "$.meters[?(@.kind == 'G')].number"}, ["M-2"]),
        ({"field": "$$.name"}, "Erika"),
        ({"field": "$$"}, EVENT),
        ({"jsonataExpression": "name & '!'"}, "Erika!"),
        ({"jsonataExpression": "absent"}, "left out"),
        ({"jsonataExpression": "undefined"}, "left out"),
        ({"jsonataExpression": "nothing"}, None),
        ({"jsonataExpression": "null"}, None),
        ({"jsonataExpression": "false"}, False),
        ({"jsonataExpression": "$exists(x) ? x : undefined"}, "left out"),
        ({"jsonataExpression": "meters[kind = 'E'].number"}, ["M-1", "M-3"]),
        ({"jsonataExpression": "meters[kind = 'G'].number"}, "M-2"),
        ({"jsonataExpression": "meters[kind = 'G'].number[]"}, ["M-2"]),
        ({"jsonataExpression": "[meters[kind = 'G'].number]"}, ["M-2"]),
        ({"jsonataExpression": "meters[kind = 'X'].number"}, "left out"),
        ({"jsonataExpression": "$$.number + 1"}, 43),
        ({"jsonataExpression": "{'a': absent, 'b': nothing}"}, {"b": None}),
        ({"jsonataExpression": "name /* a comment */"}, "Erika"),
        ({"constant": "ERP"}, "ERP"),
        ({"constant": None}, None),
        ({"constant": False}, False),
        ({"constant": ["A", {"b": 1}]}, ["A", {"b": 1}]),
        ({"constant": "C", "jsonataExpression": "name", "field": "number"}, "C"),
        ({"constant": None, "field": "number"}, None),
        ({"jsonataExpression": "name", "field": "number"}, "Erika"),
    ],
)
def test_should_give_an_attribute_the_value_of_its_source(
    field: dict[str, Any], value: Any
) -> None:
    assert attribute(field) == value


@pytest.mark.parametrize(
    ("enabled", "is_mapped"),
    [
        (True, True),
        (False, False),
        ("flag", True),
        ("flag = false", False),
        ("$exists(name) and name != ''", True),
        ("$exists(absent)", False),
        ("absent", False),
        ("nothing", False),
        ("empty", False),
        ("0", False),
        ("'x'", True),
        ("none", False),
        ("meters", True),
        ("address", True),
        ("{}", False),
    ],
)
def test_should_ask_a_field_only_if_it_is_enabled(enabled: Any, is_mapped: bool) -> None:
    for source in ({"field": "name"}, {"jsonataExpression": "name"}, {"constant": "Erika"}):
        found = attribute({**source, "enabled": enabled})
        assert found == ("Erika" if is_mapped else "left out")


def test_should_not_evaluate_a_field_that_is_not_enabled() -> None:
    field = {"jsonataExpression": "$error('evaluated')", "enabled": "$exists(absent)"}
    assert attribute(field) == "left out"


def test_should_take_the_last_of_two_fields_for_one_attribute_that_has_a_value() -> None:
    fields = [
        ID,
        {"attribute": "a", "field": "name"},
        {"attribute": "a", "constant": "second", "enabled": "flag"},
        {"attribute": "a", "field": "absent"},
    ]
    assert only(any_entity(fields=fields)).attributes["a"] == "second"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"field": "mail", "_type": "email"}, [{"email": "erika@example.org"}]),
        ({"constant": "0221", "_type": "phone"}, [{"phone": "0221"}]),
        (
            {"field": "mails", "_type": "email"},
            [{"email": "a@example.org"}, {"email": "b@example.org"}],
        ),
        (
            {"constant": [{"email": "x", "_tags": ["T"]}], "_type": "email"},
            [{"email": "x", "_tags": ["T"]}],
        ),
        ({"constant": {"email": "x"}, "_type": "email"}, [{"email": "x"}]),
        ({"field": "empty", "_type": "email"}, []),
        ({"field": "nothing", "_type": "email"}, None),
        ({"field": "absent", "_type": "email"}, "left out"),
        (
            {"jsonataExpression": "{'_append': mail}", "_type": "email"},
            {"_append": [{"email": "erika@example.org"}]},
        ),
    ],
)
def test_should_wrap_repeatable_attributes(field: dict[str, Any], value: Any) -> None:
    assert attribute(field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"jsonataExpression": "{'_append': ['A', 'B']}"}, {"_append": ["A", "B"]}),
        ({"jsonataExpression": "{'_append_all': mails}"}, {"_append_all": EVENT["mails"]}),
        ({"jsonataExpression": "{'_append': name}"}, {"_append": ["Erika"]}),
        ({"jsonataExpression": "{'_set': ['A']}"}, ["A"]),
        ({"constant": {"_append": ["A"]}}, {"_append": ["A"]}),
        ({"constant": {"_append": ["A"], "b": 1}}, {"_append": ["A"], "b": 1}),
        ({"constant": ["A"]}, ["A"]),
    ],
)
def test_should_keep_what_is_to_be_added_to_an_array(field: dict[str, Any], value: Any) -> None:
    assert attribute(field) == value


@pytest.mark.parametrize("operation", ["_append", "_append_all"])
@pytest.mark.parametrize("items", ["absent", "null", "mails[$ = 'nobody']"])
@pytest.mark.parametrize("more", [{}, {"_type": "email"}])
def test_should_add_nothing_where_there_is_nothing_to_add(
    operation: str, items: str, more: dict[str, str]
) -> None:
    """JSONata makes an empty object of it, which would take the place of all that is there."""
    assert attribute({"jsonataExpression": f"{{'{operation}': {items}}}", **more}) == "left out"


@pytest.mark.parametrize(
    ("expression", "value"),
    [("{'_set': null}", None), ("{'_set': []}", []), ("{'street': absent}", {})],
)
def test_should_still_empty_what_is_said_to_be_empty(expression: str, value: Any) -> None:
    assert attribute({"jsonataExpression": expression}) == value


# Unique ids


@pytest.mark.parametrize(
    ("value", "text"),
    [("C-1", "C-1"), (" C-1 ", " C-1 "), ("007", "007"), (42, "42"), (42.0, "42"), (1.5, "1.5")],
)
def test_should_identify_by_text(value: Any, text: str) -> None:
    update = only(any_entity(), event={"id": value})
    assert update.unique_identifiers == {"id": text}
    assert update.attributes == {"id": text}


@pytest.mark.parametrize("value", ["", "  ", None, True, [], ["C-1"], {"a": 1}])
def test_should_miss_a_unique_id_that_has_no_value(value: Any) -> None:
    made = mapped(any_entity(), event={"id": value})
    assert made.entity_updates == ()
    (fault,) = made.faults
    assert fault.code == "MISSING_UNIQUE_IDENTIFIERS"
    assert fault.message == "no value for: id"
    assert (fault.entity_schema, fault.path, fault.item) == ("contact", "entities[0].unique_ids", 0)


def test_should_name_every_unique_id_that_is_missing() -> None:
    fields = [{"attribute": name, "field": name} for name in ("id", "absent", "empty")]
    made = mapped(any_entity(unique_ids=["id", "absent", "empty"], fields=fields))
    assert made.faults[0].message == "no value for: absent, empty"


@pytest.mark.parametrize(
    "value",
    [
        "erika@example.org",
        ["erika@example.org", "x"],
        [{"email": "erika@example.org"}],
        {"email": "erika@example.org"},
    ],
)
def test_should_identify_by_the_first_of_a_repeatable_attribute(value: Any) -> None:
    fields = [{"attribute": "email", "field": "mail", "_type": "email"}]
    update = only(any_entity(unique_ids=["email"], fields=fields), event={"mail": value})
    assert update.unique_identifiers == {"email": "erika@example.org"}
    assert update.unique_types == {"email": "email"}
    assert update.attributes["email"][0] == {"email": "erika@example.org"}


def test_should_leave_the_id_of_the_entity_itself_out_of_its_attributes() -> None:
    fields = [{"attribute": "_id", "field": "id"}, {"attribute": "name", "field": "name"}]
    update = only(any_entity(unique_ids=["_id"], fields=fields))
    assert update.unique_identifiers == {"_id": "C-1"}
    assert update.attributes == {"name": "Erika"}


# Fan-out

METER: dict[str, Any] = {
    "entity_schema": "meter",
    "unique_ids": ["number"],
    "jsonataExpression": "meters",
    "fields": [{"attribute": "number", "field": "number"}],
}


def numbers(made: Mapped) -> list[Any]:
    return [update.unique_identifiers["number"] for update in made.entity_updates]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("meters", ["M-1", "M-2", "M-3"]),
        ("meters[kind = 'E']", ["M-1", "M-3"]),
        ("meters[kind = 'G']", ["M-2"]),
        ("meters[kind = 'X']", []),
        ("meters.{'number': 'N' & number}", ["NM-1", "NM-2", "NM-3"]),
        ("one", ["M-9"]),
        ("none", []),
        ("absent", []),
        ("nothing", []),
        ("$map(meters, function($m) { $merge([$m, {'of': id}]) })", ["M-1", "M-2", "M-3"]),
        ("$", ["42"]),
    ],
)
def test_should_make_one_entity_of_each_item(expression: str, found: list[str]) -> None:
    made = mapped({**METER, "jsonataExpression": expression})
    assert numbers(made) == found


def test_should_make_one_entity_of_each_item_of_a_payload_that_is_a_list() -> None:
    made = mapped({**METER, "jsonataExpression": None}, event=EVENT["meters"])
    assert numbers(made) == ["M-1", "M-2", "M-3"]


def test_should_read_the_whole_payload_by_two_dollars_inside_of_an_item() -> None:
    fields = [
        *METER["fields"],
        {"attribute": "a", "field": "$$.id"},
        {"attribute": "b", "jsonataExpression": "$$.name & '/' & number & '/' & $.kind"},
        {"attribute": "c", "jsonataExpression": "'$$.name'"},
        {"attribute": "d", "jsonataExpression": "kind", "enabled": "$$.flag and kind = 'G'"},
        {"attribute": "e", "jsonataExpression": "$count($$.meters)"},
        {"attribute": "f", "field": "$.kind"},
    ]
    made = mapped({**METER, "fields": fields})
    assert made.faults == ()
    assert dict(made.entity_updates[1].attributes) == {
        "number": "M-2",
        "a": "C-1",
        "b": "Erika/M-2/G",
        "c": "$$.name",
        "d": "G",
        "e": 3,
        "f": "G",
    }
    assert "d" not in made.entity_updates[0].attributes


def test_should_map_items_that_are_texts() -> None:
    fields = [{"attribute": "number", "jsonataExpression": "$"}, {"attribute": "x", "field": "x"}]
    made = mapped({**METER, "jsonataExpression": "mails", "fields": fields})
    assert numbers(made) == EVENT["mails"]


@pytest.mark.parametrize(
    ("enabled", "found"),
    [
        (True, ["M-1", "M-3"]),
        (False, []),
        ("$count($) > 1", ["M-1", "M-3"]),
        ("$count($) > 2", []),
        ("kind = 'E'", []),
        ("'E' in kind", ["M-1", "M-3"]),
        ("$$.flag", ["M-1", "M-3"]),
        ("$$.flag = false", []),
    ],
)
def test_should_ask_whether_an_entity_is_enabled_of_what_the_pre_processing_made(
    enabled: Any, found: list[str]
) -> None:
    entity = {**METER, "jsonataExpression": "meters[kind='E']", "enabled": enabled}
    made = mapped(entity)
    assert made.faults == ()
    assert numbers(made) == found


@pytest.mark.parametrize("expression", ["meters[kind = 'X']", "none", "absent"])
def test_should_find_nothing_to_count_where_the_pre_processing_made_nothing(
    expression: str,
) -> None:
    entity = {**METER, "jsonataExpression": expression}
    assert mapped({**entity, "enabled": "$count($) > 0"}) == Mapped()
    assert mapped({**entity, "enabled": "$count($) = 0"}) == Mapped()


@pytest.mark.parametrize(("enabled", "is_mapped"), [("flag", True), ("name = 'X'", False)])
def test_should_ask_whether_an_entity_is_enabled_of_the_payload(
    enabled: str, is_mapped: bool
) -> None:
    assert bool(mapped(any_entity(enabled=enabled)).entity_updates) is is_mapped


def test_should_refuse_more_items_than_anybody_means() -> None:
    made = mapped({**METER, "jsonataExpression": "[1..10001].{'number': $string($)}"})
    assert made.entity_updates == ()
    assert made.faults[0].code == "MAPPING_EXPRESSION_FAILED"
    assert made.faults[0].path == "entities[0]"


# What fails


@pytest.mark.parametrize(
    ("entity", "path", "item"),
    [
        (
            any_entity(fields=[ID, {"attribute": "a", "jsonataExpression": "name + 1"}]),
            "entities[0].fields[1].jsonataExpression",
            0,
        ),
        (
            any_entity(fields=[ID, {"attribute": "a", "field": "name", "enabled": "-name"}]),
            "entities[0].fields[1].enabled",
            0,
        ),
        (any_entity(jsonataExpression="-name"), "entities[0].jsonataExpression", None),
        (any_entity(enabled="-name"), "entities[0].enabled", None),
    ],
)
def test_should_name_the_place_of_an_expression_that_fails(
    entity: dict[str, Any], path: str, item: int | None
) -> None:
    made = mapped(entity, any_entity())
    assert len(made.entity_updates) == 1
    (fault,) = made.faults
    assert (fault.code, fault.path, fault.item) == ("MAPPING_EXPRESSION_FAILED", path, item)
    assert "Erika" not in fault.message
    assert "position" in fault.message


def test_should_let_one_item_fail_without_its_neighbours() -> None:
    fields = [*METER["fields"], {"attribute": "a", "jsonataExpression": "$number(value)"}]
    event = {"meters": [{"number": str(n), "value": v} for n, v in enumerate(["1", "x", "3"])]}
    made = mapped({**METER, "fields": fields}, {**METER, "mode": "delete"}, event=event)
    assert numbers(made) == ["0", "2", "0", "1", "2"]
    assert [(f.item, f.code) for f in made.faults] == [(1, "MAPPING_EXPRESSION_FAILED")]


def test_should_tell_all_that_fails_in_an_item() -> None:
    fields = [
        ID,
        {"attribute": "a", "jsonataExpression": "-name"},
        {"attribute": "b", "jsonataExpression": "name"},
        {"attribute": "c", "jsonataExpression": "$error('x')"},
    ]
    made = mapped(any_entity(fields=fields))
    assert [fault.path.split(".")[1] for fault in made.faults] == ["fields[1]", "fields[3]"]


def test_should_not_also_miss_a_unique_id_whose_expression_failed() -> None:
    made = mapped(any_entity(fields=[{"attribute": "id", "jsonataExpression": "-name"}]))
    assert [fault.code for fault in made.faults] == ["MAPPING_EXPRESSION_FAILED"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"id": 2**60}, "MALFORMED_PAYLOAD"),
        ({"id": "x", "many": [0] * 100_001}, "PAYLOAD_TOO_LARGE"),
        ({"id": {1, 2}}, "MALFORMED_PAYLOAD"),
    ],
)
def test_should_say_that_a_payload_cannot_be_mapped_at_all(event: Any, code: str) -> None:
    made = mapped(any_entity(), event=event)
    assert made.entity_updates == ()
    assert [fault.code for fault in made.faults] == [code]


def test_should_leave_the_payload_and_the_configuration_as_they_are() -> None:
    event = {"id": "1", "tags": ["a"]}
    fields = [ID, {"attribute": "t", "field": "tags"}, {"attribute": "c", "constant": ["x"]}]
    configuration = parse({"entities": [any_entity(fields=fields)]})
    first = map_event(configuration, event)
    first.entity_updates[0].attributes["c"].append("y")
    again = map_event(configuration, event)
    assert again.entity_updates[0].attributes == {"id": "1", "t": ["a"], "c": ["x"]}
    assert event == {"id": "1", "tags": ["a"]}


# Modes


@pytest.mark.parametrize("mode", ["upsert", "delete", "purge"])
def test_should_pass_the_mode_on(mode: str) -> None:
    entity = any_entity(mode=mode, fields=[ID, {"attribute": "a", "field": "name"}])
    (update,) = mapped(entity, context=Context(simulation=True)).entity_updates
    assert update.mode == mode
    assert update.attributes == {"id": "C-1", "a": "Erika"}


@pytest.mark.parametrize("mode", ["delete", "purge"])
def test_should_find_what_goes_by_its_ids_whatever_else_fails(mode: str) -> None:
    fields = [ID, {"attribute": "a", "jsonataExpression": "-name"}]
    entity = any_entity(mode=mode, fields=fields)
    assert only(entity).attributes == {"id": "C-1"}
    shown = mapped(entity, context=Context(simulation=True))
    assert len(shown.entity_updates) == len(shown.faults) == 1


SCOPE: dict[str, Any] = {
    "scope_mode": "relations",
    "schema": "account",
    "unique_ids": [{"attribute": "external_id", "field": "id"}],
}
PRUNED = {**METER, "mode": "upsert-prune-scope-delete", "scope": SCOPE}


def test_should_prune_what_is_related_and_no_longer_told() -> None:
    made = mapped(PRUNED)
    assert [update.mode for update in made.entity_updates] == ["upsert"] * 3
    (prune,) = made.prune_scope_updates
    assert prune.entity_slug == "meter"
    assert prune.scope == {
        "scope_mode": "relations",
        "schema": "account",
        "unique_ids": {"external_id": "C-1"},
    }
    assert prune.keep_unique_ids == ({"number": "M-1"}, {"number": "M-2"}, {"number": "M-3"})
    assert prune.deletion_mode == "delete"


def test_should_prune_what_fits_a_query_with_its_values_as_they_are() -> None:
    query = [
        {"attribute": "account", "field": "id"},
        {"attribute": "number", "field": "number"},
        {"attribute": "type", "constant": "INVOICE"},
        {"attribute": "open", "constant": False},
        {"attribute": "name", "jsonataExpression": "$uppercase(name)"},
    ]
    scope = {"scope_mode": "query", "query": query}
    made = mapped({**PRUNED, "mode": "upsert-prune-scope-purge", "scope": scope})
    (prune,) = made.prune_scope_updates
    assert prune.scope == {
        "scope_mode": "query",
        "query": {
            "account": "C-1",
            "number": 42,
            "type": "INVOICE",
            "open": False,
            "name": "ERIKA",
        },
    }
    assert prune.deletion_mode == "purge"


@pytest.mark.parametrize("expression", ["none", "absent", "meters[kind = 'X']"])
def test_should_prune_everything_where_nothing_is_told(expression: str) -> None:
    made = mapped({**PRUNED, "jsonataExpression": expression})
    assert [prune.keep_unique_ids for prune in made.prune_scope_updates] == [()]


def test_should_resolve_a_scope_of_the_payload_and_never_of_an_item() -> None:
    scope = {**SCOPE, "unique_ids": [{"attribute": "external_id", "field": "number"}]}
    made = mapped({**PRUNED, "scope": scope})
    assert made.prune_scope_updates[0].scope["unique_ids"] == {"external_id": "42"}


@pytest.mark.parametrize(
    "entity",
    [
        {**PRUNED, "enabled": False},
        {**PRUNED, "enabled": "$count($) > 5"},
        {**PRUNED, "jsonataExpression": "-name"},
        {**PRUNED, "fields": [{"attribute": "number", "jsonataExpression": "number + kind"}]},
        {
            **PRUNED,
            "fields": [{"attribute": "number", "jsonataExpression": "kind = 'G' ? '' : number"}],
        },
        {**PRUNED, "scope": {**SCOPE, "unique_ids": [{"attribute": "a", "field": "absent"}]}},
        {**PRUNED, "scope": {**SCOPE, "unique_ids": [{"attribute": "a", "field": "empty"}]}},
        {
            **PRUNED,
            "scope": {**SCOPE, "unique_ids": [{"attribute": "a", "jsonataExpression": "-name"}]},
        },
        {
            **PRUNED,
            "scope": {"scope_mode": "query", "query": [{"attribute": "a", "field": "nothing"}]},
        },
    ],
)
def test_should_prune_nothing_where_it_is_not_known_what_to_keep_or_where(
    entity: dict[str, Any],
) -> None:
    made = mapped(entity)
    assert made.prune_scope_updates == ()
    assert bool(made.faults) is (entity.get("enabled") is None)


def test_should_keep_an_entity_whose_other_attributes_failed() -> None:
    fields = [*METER["fields"], {"attribute": "a", "jsonataExpression": "$number(kind)"}]
    made = mapped({**PRUNED, "fields": fields})
    assert made.entity_updates == ()
    assert len(made.prune_scope_updates[0].keep_unique_ids) == 3


# Explanations


def test_should_explain_where_each_attribute_comes_from() -> None:
    fields = [
        {"attribute": "number", "field": "number"},
        {"attribute": "a", "jsonataExpression": "$$.name & kind"},
        {"attribute": "b", "constant": 5},
        {"attribute": "c", "field": "absent"},
    ]
    context = Context(explain=True)
    entity = {**METER, "fields": fields, "jsonataExpression": "meters[kind = 'G']"}
    made = mapped(entity, context=context)
    assert [
        (e.entity_schema, e.item, e.attribute, e.source, e.expression, e.reads, e.value)
        for e in made.explained
    ] == [
        (
            *("meter", 0, "", "pre-processing", "meters[kind = 'G']"),
            ("meters",),
            {"number": "M-2", "kind": "G"},
        ),
        ("meter", 0, "number", "field", "number", ("number",), "M-2"),
        ("meter", 0, "a", "jsonataExpression", "$$.name & kind", ("kind", "$$.name"), "ErikaG"),
        ("meter", 0, "b", "constant", "5", (), 5),
    ]


def test_should_explain_nothing_unless_asked() -> None:
    assert mapped(METER).explained == ()


# Simulation


def test_should_warn_of_the_configuration_in_a_simulation_only() -> None:
    entity = any_entity(condition="x")
    assert mapped(entity).warnings == ()
    warnings = mapped(entity, context=Context(simulation=True)).warnings
    assert [w.field for w in warnings] == ["entities[0].condition"]
