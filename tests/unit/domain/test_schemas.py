"""Schemas say what an attribute takes, by what an entity is found, and who leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.domain.attribute_values import Mismatch, coerced, lookup_values
from busbar.domain.calendar_day import berlin_day
from busbar.domain.changes import Append, Relate, Set, parsed
from busbar.domain.core_schemas import core_catalogue
from busbar.domain.schemas import MOST_FILTERS, Attribute, Leading, attribute, schema

CORE = core_catalogue().names()


@pytest.mark.parametrize("name", CORE)
def test_should_find_and_list_every_core_entity(name: str) -> None:
    core = core_catalogue().get(name)
    assert core.attributes["external_id"].unique
    assert 1 <= len(core.filters) <= MOST_FILTERS


@pytest.mark.parametrize(
    ("name", "attribute_name"),
    [
        ("billing_account", "identity_id"),
        ("file", "is_invoice"),
        ("file", "size_bytes"),
        ("portal_user", "source"),
        ("billing_event", "billing_account"),
    ],
)
def test_should_have_what_the_published_schemas_lack(name: str, attribute_name: str) -> None:
    assert attribute_name in core_catalogue().get(name).attributes


TAKEN: list[tuple[str, Any, Any]] = [
    ("string", "007", "007"),
    ("string", 7, "7"),
    ("string", ["a", 1], ["a", "1"]),
    ("number", "12.5", 12.5),
    ("number", " -3 ", -3),
    ("number", 1.5, 1.5),
    ("currency", 1234, 1234),
    ("currency", 1234.0, 1234),
    ("currency", "1234", 1234),
    ("boolean", "True", True),
    ("boolean", False, False),
    ("date", "2026-02-28", "2026-02-28"),
    ("date", "2026-02-28T00:00:00Z", "2026-02-28T00:00:00Z"),
    ("datetime", "2026-02-28", "2026-02-28T00:00:00Z"),
    ("datetime", "2026-02-28T10:00:00", "2026-02-28T10:00:00Z"),
    ("datetime", "2026-02-28T10:00:00+01:00", "2026-02-28T10:00:00+01:00"),
    ("address", {"city": "x"}, [{"city": "x"}]),
    ("address", [{"city": "x"}], [{"city": "x"}]),
    ("email", "a@b.de", [{"email": "a@b.de"}]),
    ("email", ["a@b.de", {"email": "c"}], [{"email": "a@b.de"}, {"email": "c"}]),
    ("phone", {"phone": "+49"}, [{"phone": "+49"}]),
    ("string", [{"email": "a@b.de", "_tags": ["x"]}], "a@b.de"),
    ("tags", "a", ["a"]),
    ("json", {"any": [1]}, {"any": [1]}),
]
REFUSED: list[tuple[str, Any]] = [
    ("string", {"a": 1}),
    ("string", True),
    ("number", "1.000,50"),
    ("number", True),
    ("number", "NaN"),
    ("number", [1]),
    ("currency", 12.5),
    ("boolean", 1),
    ("boolean", "yes"),
    ("date", "31.12.2026"),
    ("date", "2026-02-30"),
    ("date", 20260228),
    ("datetime", "10:00"),
    ("address", "Hauptstraße 1"),
    ("email", [["a"]]),
    ("tags", {"a": 1}),
    ("relation", "some-id"),
]


@pytest.mark.parametrize(("kind", "given_value", "kept"), TAKEN)
def test_should_bring_into_form_what_can_only_mean_one_thing(
    kind: Any, given_value: Any, kept: Any
) -> None:
    assert coerced(Attribute("x", kind), given_value) == kept
    assert type(coerced(Attribute("x", kind), given_value)) is type(kept)


@pytest.mark.parametrize(("kind", "given_value"), REFUSED)
def test_should_refuse_what_does_not_fit_without_quoting_it(kind: Any, given_value: Any) -> None:
    with pytest.raises(Mismatch) as raised:
        coerced(Attribute("x", kind), given_value)
    assert str(given_value) not in str(raised.value)


@pytest.mark.parametrize("kind", [kind for kind, _, _ in TAKEN])
def test_should_take_null_for_any_type(kind: Any) -> None:
    assert parsed(Attribute("x", kind), None) == Set(None)


@pytest.mark.parametrize(
    ("kind", "value", "found_by"),
    [
        ("string", " 007 ", {"007"}),
        ("string", 7, {"7"}),
        ("string", "", set()),
        ("string", None, set()),
        ("email", [{"email": "A@b.de"}], None),
        ("phone", "+49 (171) 12-3", None),
    ],
)
def test_should_spell_what_is_looked_for(kind: Any, value: Any, found_by: set[str] | None) -> None:
    values = lookup_values(Attribute("x", kind), value)
    if found_by is not None:
        assert values == found_by
        return
    same = {"email": " a@B.de", "phone": [{"phone": "+4917112 3"}]}[kind]
    assert values == lookup_values(Attribute("x", kind), same)
    assert all(text.startswith("~") for text in values)  # nothing of a person in a key


def test_should_show_no_address_and_no_long_text_in_a_key() -> None:
    for text in ("a@b.de", "x" * 300):
        (value,) = lookup_values(Attribute("x"), text)
        assert text not in value
        assert len(value) == 33


@pytest.mark.parametrize(
    ("raw", "change"),
    [
        ({"_append": ["a"]}, Append(["a"])),
        ({"_append_all": ["a"]}, Append(["a"], every=True)),
        ({"_set": ["a"]}, Set(["a"])),
        ({"_append": "a"}, Append(["a"])),
        ({"$relation": []}, Relate("_set", ())),
    ],
)
def test_should_read_what_is_asked_of_an_array(raw: Any, change: Any) -> None:
    assert parsed(None, raw) == change


@pytest.mark.parametrize(
    "raw",
    [
        {"$relation": {"_set": [], "_append": []}},
        {"$relation": {"_other": []}},
        {"$relation": "x"},
        {"$relation": ["x"]},
        {"$relation": [{"unique_ids": {"a": 1}}]},
        {"$relation_ref": [{"schema": "contact", "unique_ids": {"a": 1}}]},
        {
            "$relation_ref": [
                {
                    "schema": "contact",
                    "unique_ids": {"a": 1},
                    "path": "p",
                    "value": {"attribute": "p", "operation": "_other", "value": 1},
                }
            ]
        },
    ],
)
def test_should_refuse_relations_that_nobody_can_read(raw: Any) -> None:
    with pytest.raises(Mismatch):
        parsed(None, raw)


def test_should_read_the_two_spellings_of_a_relation_alike() -> None:
    mapped = {"entity_schema": "contact", "unique_ids": {"a": 1}, "_tags": ["x"]}
    direct = {"schema": "contact", "unique_ids": {"a": 1}, "tags": ["x"]}
    assert parsed(None, {"$relation": {"_set": [mapped]}}) == parsed(None, {"$relation": [direct]})


def test_should_take_an_orgs_own_attributes_and_schemas() -> None:
    own = core_catalogue().extended(
        {"contract.grid_number": "string!", "note.text": "string"}, {"contract": "grid_number"}
    )
    assert [a.name for a in own.get("contract").unique][-1] == "grid_number"
    assert own.get("contract").filters == ("grid_number",)
    assert "note" in own
    assert "note" not in core_catalogue()


@pytest.mark.parametrize(
    ("attributes", "filters"),
    [
        ({"contract.a": "no_such_type"}, {}),
        ({"contract.a": "address!"}, {}),
        ({"contract.a": "json"}, {"contract": "a"}),
        ({}, {"contract": "unknown"}),
        ({}, {"contract": "status branch type billing_period contract_number"}),
    ],
)
def test_should_refuse_schemas_that_the_table_cannot_serve(
    attributes: dict[str, str], filters: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=r"type|unique|filter"):
        core_catalogue().extended(attributes, filters)


def test_should_write_attributes_in_one_line() -> None:
    assert attribute("a:relation>x,y") == Attribute("a", "relation", to=("x", "y"))
    assert attribute("a!") == Attribute("a", unique=True)
    assert schema("s", "a", "a b:number").filters == ("a",)


def test_should_let_the_attribute_itself_go_before_the_star() -> None:
    leading = Leading({"contact.*": "crm", "contact.email": "portal"})
    assert [leading.of("contact", n) for n in ("email", "title")] == ["portal", "crm"]
    assert leading.of("account", "title") is None
    assert Leading().of("contact", "title") is None


@given(st.datetimes(datetime(1996, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_should_know_the_german_day_of_any_time(at: datetime) -> None:
    assert berlin_day(at) == at.astimezone(ZoneInfo("Europe/Berlin")).date()


@pytest.mark.parametrize("year", range(2020, 2031))
@pytest.mark.parametrize("month", [3, 10])
def test_should_know_the_german_day_around_the_change_of_time(year: int, month: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    at = datetime(year, month, 20, tzinfo=UTC)
    for hours in range(24 * 13):
        then = at + timedelta(hours=hours)
        assert berlin_day(then) == then.astimezone(berlin).date()
