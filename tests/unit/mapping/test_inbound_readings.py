"""Meter readings of an event: required attributes, times, words, deletion and pruning."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.updates import Mapped, ReadingUpdate
from busbar.mapping.configuration import parse
from busbar.mapping.inbound import Context, map_event

READING: dict[str, Any] = {
    "meterId": "M-1",
    "counterId": "R-1",
    "id": "RDG-1",
    "at": "2026-01-31",
    "value": "12345.60",
    "reason": "regular",
    "direction": "feed-out",
    "source": "ERP",
}
SIMULATED = Context(simulation=True)


def any_entry(**changed: Any) -> dict[str, Any]:
    return {
        "meter": {"unique_ids": [{"attribute": "external_id", "field": "meterId"}]},
        "fields": [
            {"attribute": "external_id", "field": "id"},
            {"attribute": "timestamp", "field": "at"},
            {"attribute": "source", "field": "source"},
            {"attribute": "value", "field": "value"},
            {"attribute": "reason", "field": "reason"},
            {"attribute": "direction", "field": "direction"},
        ],
        **changed,
    }


COUNTED = any_entry(
    meter_counter={"unique_ids": [{"attribute": "obis_number", "field": "counterId"}]}
)


def mapped(entry: dict[str, Any], event: Any, context: Context | None = None) -> Mapped:
    return map_event(parse({"meter_readings": [entry]}), event, context)


def only(entry: dict[str, Any], **changed: Any) -> ReadingUpdate:
    made = mapped(entry, {**READING, **changed})
    assert made.faults == ()
    (update,) = made.meter_readings_updates
    return update


def test_should_make_a_reading_of_the_whole_payload() -> None:
    assert only(any_entry()) == ReadingUpdate(
        {"external_id": "M-1"},
        None,
        {
            "external_id": "RDG-1",
            "timestamp": "2026-01-31T00:00:00Z",
            "source": "ERP",
            "value": 12345.6,
            "reason": "regular",
            "direction": "feed-out",
        },
    )


def test_should_name_the_counter_where_there_is_one() -> None:
    assert only(COUNTED).meter_counter == {"obis_number": "R-1"}


def test_should_take_meters_by_the_bare_name_of_an_attribute() -> None:
    update = only(any_entry(meter={"unique_ids": ["meterId"]}))
    assert update.meter == {"meterId": "M-1"}


def test_should_take_the_field_of_a_meter_that_is_named_by_its_attribute_alone() -> None:
    """As one of the toolkit's guides writes it."""
    fields = [
        *any_entry()["fields"],
        {"attribute": "meter_number", "field": "meterId"},
        {"attribute": "obis_number", "jsonataExpression": "'1-0:' & counterId"},
    ]
    bare = {"meter": {"unique_ids": ["meter_number"]}, "fields": fields}
    update = only(any_entry(**bare, meter_counter={"unique_ids": ["obis_number"]}))
    assert (update.meter, update.meter_counter) == (
        {"meter_number": "M-1"},
        {"obis_number": "1-0:R-1"},
    )


@pytest.mark.parametrize("matching", ["external_id", "strict-date"])
def test_should_pass_on_how_readings_are_matched(matching: str) -> None:
    assert only({**COUNTED, "reading_matching": matching}).matching == matching


@pytest.mark.parametrize(
    ("expression", "ids"),
    [("$.readings", ["1", "2"]), ("readings[0]", ["1"]), ("readings[id = 'x']", []), ("x", [])],
)
def test_should_make_one_reading_of_each_item(expression: str, ids: list[str]) -> None:
    event = {"readings": [{**READING, "id": 1}, {**READING, "id": "2"}]}
    made = mapped(any_entry(jsonataExpression=expression), event)
    assert [update.attributes["external_id"] for update in made.meter_readings_updates] == ids
    assert made.faults == ()


def test_should_read_the_payload_from_inside_of_an_item() -> None:
    event = {"day": "2026-02-01", "readings": [READING]}
    fields = [*any_entry()["fields"], {"attribute": "timestamp", "field": "$$.day"}]
    made = mapped(any_entry(jsonataExpression="readings", fields=fields), event)
    assert made.meter_readings_updates[0].attributes["timestamp"] == "2026-02-01T00:00:00Z"


@pytest.mark.parametrize("name", ["id", "at", "source", "value"])
@pytest.mark.parametrize("value", [None, "", "absent"])
@pytest.mark.parametrize("context", [Context(), SIMULATED])
def test_should_miss_a_required_attribute(name: str, value: Any, context: Context) -> None:
    event = {**READING, name: value}
    if value == "absent":
        del event[name]
    made = mapped(any_entry(), event, context)
    assert made.meter_readings_updates == ()
    (fault,) = made.faults
    wanted = {"id": "external_id", "at": "timestamp"}.get(name, name)
    assert fault.code == "INVALID_METER_READING_ATTRIBUTES"
    assert fault.message == f"item 0 is missing required field attributes: {wanted}"
    assert (fault.entity_schema, fault.path, fault.item) == (
        "meter_reading",
        "meter_readings[0]",
        0,
    )


@pytest.mark.parametrize("value", ["31.01.2026", "2025-02-30", 1767225600, "1767225600"])
@pytest.mark.parametrize("context", [Context(), SIMULATED])
def test_should_refuse_a_time_that_is_not_iso(value: Any, context: Context) -> None:
    made = mapped(any_entry(), {**READING, "at": value}, context)
    assert made.meter_readings_updates == ()
    assert [fault.code for fault in made.faults] == ["INVALID_TIMESTAMP"]


WRONG = [
    ("source", "SAP"),
    ("source", "erp"),
    ("source", ["ERP"]),
    ("reason", "monthly_billing"),
    ("reason", {"a": 1}),
    ("value", "12,5"),
    ("value", True),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_should_refuse_at_ingest_what_the_toolkit_does_not_take(name: str, value: Any) -> None:
    made = mapped(any_entry(), {**READING, name: value})
    assert made.meter_readings_updates == ()
    (fault,) = made.faults
    assert fault.code == "INVALID_METER_READING_ATTRIBUTES"
    assert fault.message.startswith(f"{name}: ")
    assert str(value) not in fault.message


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_should_only_warn_of_it_in_a_simulation(name: str, value: Any) -> None:
    made = mapped(any_entry(), {**READING, name: value}, SIMULATED)
    assert made.faults == ()
    assert made.meter_readings_updates[0].attributes[name] == value
    assert [w.field for w in made.warnings] == [name]


def test_should_show_values_as_they_are_mapped_in_a_simulation() -> None:
    (update,) = mapped(any_entry(), READING, SIMULATED).meter_readings_updates
    assert update.attributes["value"] == "12345.60"
    assert update.attributes["timestamp"] == "2026-01-31"


@pytest.mark.parametrize("reason", ["", None, "last", "meter_adjustment"])
def test_should_take_readings_without_a_reason_or_with_a_known_one(reason: Any) -> None:
    assert only(any_entry(), reason=reason).attributes["reason"] == reason


def test_should_bear_a_strange_direction_and_say_so() -> None:
    made = mapped(any_entry(), {**READING, "direction": "import"})
    assert len(made.meter_readings_updates) == 1
    assert made.warnings[0].field == "direction"


@pytest.mark.parametrize(
    ("entry", "event", "path"),
    [
        (any_entry(), {**READING, "meterId": ""}, "meter_readings[0].meter.unique_ids"),
        (COUNTED, {**READING, "counterId": None}, "meter_readings[0].meter_counter.unique_ids"),
    ],
)
def test_should_miss_the_ids_of_meter_and_counter(
    entry: dict[str, Any], event: Any, path: str
) -> None:
    made = mapped(entry, event)
    assert made.meter_readings_updates == ()
    assert [(f.code, f.path) for f in made.faults] == [("MISSING_UNIQUE_IDENTIFIERS", path)]


def test_should_let_one_reading_fail_without_its_neighbours() -> None:
    values = [{"id": "1"}, {"id": "2", "at": "x"}, {"id": "3", "meterId": ""}, {"id": "4"}]
    event = {"readings": [{**READING, **each} for each in values]}
    made = mapped(any_entry(jsonataExpression="readings"), event)
    assert [u.attributes["external_id"] for u in made.meter_readings_updates] == ["1", "4"]
    assert [fault.item for fault in made.faults] == [1, 2]


# Deletion

DELETION = any_entry(mode="delete", fields=[{"attribute": "external_id", "field": "id"}])


def test_should_delete_by_the_external_id_alone() -> None:
    update = only(DELETION)
    assert update.mode == "delete"
    assert update.attributes == {"external_id": "RDG-1"}


def test_should_delete_by_the_day_where_it_is_matched_so() -> None:
    fields = [{"attribute": "timestamp", "field": "at"}]
    entry = {**COUNTED, "mode": "delete", "reading_matching": "strict-date", "fields": fields}
    assert only(entry).attributes == {"timestamp": "2026-01-31T00:00:00Z"}


def test_should_not_delete_what_it_cannot_find() -> None:
    made = mapped(DELETION, {**READING, "id": ""})
    assert [fault.code for fault in made.faults] == ["INVALID_METER_READING_ATTRIBUTES"]


# Pruning


def pruned(entry: dict[str, Any], event: Any) -> Mapped:
    return mapped({**entry, "mode": "upsert-prune-scope", "jsonataExpression": "readings"}, event)


def readings(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"readings": [{**READING, **each} for each in changes]}


def test_should_prune_the_readings_of_each_meter_and_counter() -> None:
    event = readings(
        {"id": 1}, {"id": "2", "counterId": "R-2"}, {"id": "3"}, {"id": "4", "meterId": "M-2"}
    )
    made = pruned(COUNTED, event)
    assert {update.mode for update in made.meter_readings_updates} == {"upsert"}
    assert [
        (p.meter, p.meter_counter, p.keep_external_ids, p.source)
        for p in made.meter_readings_prune_scope_updates
    ] == [
        ({"external_id": "M-1"}, {"obis_number": "R-1"}, ("1", "3"), None),
        ({"external_id": "M-1"}, {"obis_number": "R-2"}, ("2",), None),
        ({"external_id": "M-2"}, {"obis_number": "R-1"}, ("4",), None),
    ]


def test_should_prune_those_of_one_source_only_if_it_is_named() -> None:
    made = pruned(any_entry(scope={"source": "ERP"}), readings({}))
    assert [p.source for p in made.meter_readings_prune_scope_updates] == ["ERP"]


def test_should_prune_all_readings_of_the_meter_that_the_payload_names() -> None:
    made = pruned(COUNTED, {"readings": [], "meterId": "M-7", "counterId": "R-7"})
    (prune,) = made.meter_readings_prune_scope_updates
    assert (prune.meter, prune.meter_counter) == (
        {"external_id": "M-7"},
        {"obis_number": "R-7"},
    )
    assert prune.keep_external_ids == ()


def test_should_prune_nothing_where_no_meter_is_named_at_all() -> None:
    made = pruned(COUNTED, {"readings": [], "meterId": "M-7"})
    assert made.meter_readings_prune_scope_updates == ()
    assert made.faults == ()
    assert "no readings, and no meter" in made.warnings[0].message


@pytest.mark.parametrize("change", [{"id": ""}, {"meterId": ""}, {"counterId": None}])
def test_should_prune_nothing_where_it_is_not_known_what_to_keep(change: dict[str, Any]) -> None:
    made = pruned(COUNTED, readings({}, {"id": "2", **change}))
    assert len(made.meter_readings_updates) == 1
    assert made.meter_readings_prune_scope_updates == ()
    assert made.faults[-1].message == "nothing is pruned: it is not known what to keep"


def test_should_keep_a_reading_that_was_told_but_could_not_be_taken() -> None:
    made = pruned(COUNTED, readings({"id": "1"}, {"id": "2", "value": "x"}))
    assert made.meter_readings_prune_scope_updates[0].keep_external_ids == ("1", "2")
    assert len(made.faults) == 1


def test_should_prune_nothing_where_the_pre_processing_fails() -> None:
    entry = any_entry(mode="upsert-prune-scope", jsonataExpression="-id")
    made = mapped(entry, READING)
    assert made.meter_readings_prune_scope_updates == ()
    assert made.faults[0].path == "meter_readings[0].jsonataExpression"


FAILING = {"unique_ids": [{"attribute": "x", "jsonataExpression": "-meterId"}]}
MODES: list[dict[str, Any]] = [{}, {"mode": "upsert-prune-scope"}]


@pytest.mark.parametrize("key", ["meter", "meter_counter"])
@pytest.mark.parametrize("mode", MODES)
def test_should_name_the_place_where_the_ids_of_a_meter_fail(
    key: str, mode: dict[str, Any]
) -> None:
    made = mapped(any_entry(**mode, **{key: FAILING}), READING)
    assert made.meter_readings_updates == ()
    assert made.meter_readings_prune_scope_updates == ()
    place = f"meter_readings[0].{key}.unique_ids[0].jsonataExpression"
    assert made.faults[0].path == place


def test_should_prune_nothing_where_the_ids_of_the_meter_fail_without_readings() -> None:
    made = pruned(any_entry(meter=FAILING), {"readings": [], "meterId": "M"})
    assert made.meter_readings_prune_scope_updates == ()
    assert made.faults[0].code == "MAPPING_EXPRESSION_FAILED"
