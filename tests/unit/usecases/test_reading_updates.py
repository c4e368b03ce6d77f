"""Meter readings: matched by external id or German day, pruned, and refused without a meter."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.updates import ReadingPrune, ReadingUpdate
from busbar.usecases.entity_sync import meter_readings, sync_status
from tests.unit.usecases.entity_desk import EntityDesk, reading, update

M = {"external_id": "M1"}


@pytest.fixture
def desk() -> EntityDesk:
    desk = EntityDesk()
    counter = update("meter_counter", {"external_id": "HT"}, obis_number="1-0:1.8.1")
    desk.apply(1, update("meter", M), update("meter", {"external_id": "M2"}), counter)
    return desk


def values(desk: EntityDesk, counter: str = "") -> dict[str, Any]:
    counter_id = desk.id("meter_counter", external_id=counter) if counter else ""
    items = meter_readings(desk.deps, desk.id("meter", **M), counter_id)["readings"]
    return {item["external_id"]: item["value"] for item in items}


def test_should_keep_readings_apart_by_meter_and_counter(desk: EntityDesk) -> None:
    outcomes = desk.apply(
        2,
        reading("a", "2026-01-31", 1),
        reading("a", "2026-01-31", 2, counter="HT"),
        reading("a", "2026-01-31", 3, meter="M2"),
    )
    assert [(o.code, o.detail["created"]) for o in outcomes] == [("METER_READING_UPSERTED", 1)] * 3
    assert (
        values(desk, "HT"),
        len(meter_readings(desk.deps, desk.id("meter", **M))["readings"]),
    ) == (
        {"a": 2},
        2,
    )


def test_should_change_a_reading_that_is_known_by_its_external_id(desk: EntityDesk) -> None:
    desk.apply(2, reading("a", "2026-01-31", 1))
    (outcome,) = desk.apply(3, reading("a", "2025-12-31", "2.5", remark="moved"))
    assert outcome.detail["updated"] == 1
    (item,) = meter_readings(desk.deps, desk.id("meter", **M))["readings"]
    assert (item["timestamp"], item["value"]) == ("2025-12-31T00:00:00Z", 2.5)


@pytest.mark.parametrize(
    ("at", "hits"),
    [
        ("2026-01-31", True),
        ("2026-01-30T23:00:00Z", True),
        ("2026-01-31T22:59:59+00:00", True),
        ("2026-01-31T23:00:00Z", False),
        ("2026-01-30T22:59:59Z", False),
    ],
)
def test_should_match_a_reading_by_its_german_day(desk: EntityDesk, at: str, *, hits: bool) -> None:
    desk.apply(2, reading("portal", "2026-01-31T12:00:00+01:00", 1, source="ECP"))
    desk.apply(3, reading("erp", at, 2, matching="strict-date"))
    assert values(desk) == ({"erp": 2} if hits else {"portal": 1, "erp": 2})


def test_should_keep_directions_of_one_day_apart(desk: EntityDesk) -> None:
    desk.apply(2, reading("a", "2026-01-31", 1, direction="feed-in"))
    desk.apply(3, reading("b", "2026-01-31", 2, direction="feed-out", matching="strict-date"))
    desk.apply(4, reading("c", "2026-01-31", 3, matching="strict-date"))
    assert values(desk) == {"a": 1, "c": 3}


def test_should_skip_a_day_with_several_readings_and_take_the_others(desk: EntityDesk) -> None:
    desk.apply(2, reading("a", "2026-01-31", 1), reading("b", "2026-01-31T10:00:00Z", 2))
    codes = desk.codes(
        3,
        reading("c", "2026-01-31", 3, matching="strict-date"),
        reading("d", "2026-02-01", 4, matching="strict-date"),
    )
    assert codes == ["METER_READING_UPSERTED", "READING_MULTIPLE_MATCHES"]
    assert values(desk) == {"a": 1, "b": 2, "d": 4}


def test_should_not_bring_back_what_was_deleted(desk: EntityDesk) -> None:
    desk.apply(2, reading("a", "2026-01-31", 1, remark="private"))
    (outcome,) = desk.apply(5, reading("a", "2026-01-31", 1, mode="delete"))
    assert (outcome.code, outcome.detail["deleted"]) == ("METER_READING_DELETED", 1)
    assert desk.codes(4, reading("a", "2026-01-31", 2)) == ["STALE_EVENT"]
    assert values(desk) == {}
    desk.apply(6, reading("a", "2026-01-31", 3))
    assert "remark" not in meter_readings(desk.deps, desk.id("meter", **M))["readings"][0]


def deletion(**attributes: str) -> ReadingUpdate:
    """As mappings have it: only by what the reading is found."""
    matching: Any = "external_id" if "external_id" in attributes else "strict-date"
    return ReadingUpdate(M, None, attributes, "delete", matching)


@pytest.mark.parametrize("by", [{"external_id": "a"}, {"timestamp": "2026-01-31"}])
def test_should_delete_by_nothing_but_what_a_reading_is_found_by(
    desk: EntityDesk, by: dict[str, str]
) -> None:
    desk.apply(2, reading("a", "2026-01-31", 1), reading("b", "2026-02-01", 2))
    (outcome,) = desk.apply(5, deletion(**by))
    assert (outcome.code, outcome.detail["deleted"]) == ("METER_READING_DELETED", 1)
    assert values(desk) == {"b": 2}


@pytest.mark.parametrize("by", [{"external_id": "a"}, {"timestamp": "2025-01-31"}])
def test_should_not_bring_back_what_was_deleted_before_it_came(
    desk: EntityDesk, by: dict[str, str]
) -> None:
    matching = "external_id" if "external_id" in by else "strict-date"
    desk.apply(5, deletion(**by))
    desk.apply(5, deletion(**by))
    late = reading("a", "2025-01-31", 1, matching=matching)
    assert desk.codes(4, late) == ["STALE_EVENT"]
    assert values(desk) == {}
    assert desk.codes(6, late) == ["METER_READING_UPSERTED"]
    assert values(desk) == {"a": 1}
    # Kept once, though a deletion without a time was kept in another year.
    desk.apply(7, reading("a", "2025-01-31", 2, matching=matching))
    assert values(desk) == {"a": 2}


def test_should_delete_by_the_external_id_before_the_day(desk: EntityDesk) -> None:
    desk.apply(2, reading("a", "2026-01-31", 1), reading("b", "2026-02-01", 2))
    both = {"external_id": "a", "timestamp": "2026-02-01"}
    by_day = ReadingUpdate(M, None, both, "delete", "strict-date")
    for version in (3, 4):  # again: who is gone by this id stands for it
        desk.apply(version, by_day)
        assert values(desk) == {"b": 2}
    unknown = {"external_id": "portal", "timestamp": "2026-02-01"}
    desk.apply(5, ReadingUpdate(M, None, unknown, "delete", "strict-date"))
    assert values(desk) == {}


@pytest.mark.parametrize("matching", ["external_id", "strict-date"])
def test_should_delete_by_an_external_id_without_a_day(desk: EntityDesk, matching: Any) -> None:
    desk.apply(2, reading("a", "2026-01-31", 1))
    desk.apply(3, ReadingUpdate(M, None, {"external_id": "a"}, "delete", matching))
    assert values(desk) == {}


def test_should_delete_no_other_reading_for_want_of_an_id(desk: EntityDesk) -> None:
    desk.apply(2, reading("None", "2026-01-31", 1))
    desk.apply(3, deletion(timestamp="2026-02-01"))
    desk.apply(4, reading("None", "2026-01-31", 2))
    assert values(desk) == {"None": 2}
    for matching in ("external_id", "strict-date"):
        nothing: Any = ReadingUpdate(M, None, {"external_id": ""}, "delete", matching)
        assert desk.codes(5, nothing) == ["INVALID_METER_READING_ATTRIBUTES"]


@pytest.mark.parametrize("at", ["2026-03-29T00:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29"])
def test_should_match_by_the_day_on_which_summer_time_begins(desk: EntityDesk, at: str) -> None:
    desk.apply(2, reading("portal", "2026-03-29T21:59:59Z", 1))
    desk.apply(3, reading("erp", at, 2, matching="strict-date"))
    assert values(desk) == {"erp": 2}


@pytest.mark.parametrize(
    ("at", "hits"),
    [
        ("2026-10-24T22:00:00Z", True),
        ("2026-10-25T22:59:59Z", True),
        ("2026-10-24T21:59:59Z", False),
        ("2026-10-25T23:00:00Z", False),
        ("2026-10-25T23:59:59+01:00", True),
        ("2026-10-25T00:00:00+02:00", True),
    ],
)
def test_should_match_by_the_day_on_which_summer_time_ends(
    desk: EntityDesk, at: str, *, hits: bool
) -> None:
    desk.apply(2, reading("portal", "2026-10-25T12:00:00Z", 1))
    desk.apply(3, reading("erp", at, 2, matching="strict-date"))
    assert values(desk) == ({"erp": 2} if hits else {"portal": 1, "erp": 2})


@pytest.mark.parametrize(
    ("keep", "source", "left"),
    [
        (("a",), None, {"a"}),
        ((), None, set()),
        (("a",), "ERP", {"a", "portal"}),
        ((), "ECP", {"a", "b"}),
    ],
)
def test_should_prune_what_is_not_named(
    desk: EntityDesk, keep: tuple[str, ...], source: str | None, left: set[str]
) -> None:
    desk.apply(2, reading("a", "2026-01-01", 1), reading("b", "2026-02-01", 2))
    desk.apply(2, reading("portal", "2026-03-01", 2, source="ECP"))
    desk.apply(4, ReadingPrune(M, None, keep, source))
    assert set(values(desk)) == left


def test_should_prune_nothing_that_newer_events_have_said(desk: EntityDesk) -> None:
    desk.apply(9, reading("a", "2026-01-01", 1))
    desk.apply(4, ReadingPrune(M, None, ()))
    assert set(values(desk)) == {"a"}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (reading("a", "2026-01-31", 1, meter="?"), "METER_NOT_FOUND"),
        (reading("a", "2026-01-31", 1, counter="?"), "METER_NOT_FOUND"),
        (reading("a", "2026-01-31", 1, meter=""), "MISSING_UNIQUE_IDENTIFIERS"),
        (reading("", "2026-01-31", 1), "INVALID_METER_READING_ATTRIBUTES"),
        (reading("a", "31.01.2026", 1), "INVALID_METER_READING_ATTRIBUTES"),
        (reading("a", "2026-02-30", 1), "INVALID_METER_READING_ATTRIBUTES"),
        (reading("a", "9999-12-31T23:59:59Z", 1), "INVALID_METER_READING_ATTRIBUTES"),
        (reading("a", "0001-01-01T00:00:00+14:00", 1), "INVALID_METER_READING_ATTRIBUTES"),
        (reading("a", "2026-01-31", "viel"), "INVALID_METER_READING_ATTRIBUTES"),
        (reading("a", "2026-01-31", True), "INVALID_METER_READING_ATTRIBUTES"),
        (reading("a", "2026-01-31", None), "INVALID_METER_READING_ATTRIBUTES"),
    ],
)
def test_should_say_what_is_wrong_with_a_reading_and_take_its_neighbours(
    desk: EntityDesk, bad: Any, code: str
) -> None:
    codes = desk.codes(2, bad, reading("good", "2026-01-31", 7))
    assert set(codes) == {code, "METER_READING_UPSERTED"}
    assert values(desk) == {"good": 7}


def test_should_take_no_readings_of_a_meter_that_is_deleted(desk: EntityDesk) -> None:
    desk.apply(2, update("meter", M, "delete"))
    assert desk.codes(3, reading("a", "2026-01-31", 1)) == ["METER_NOT_FOUND"]


def test_should_take_readings_of_a_meter_that_comes_in_the_same_event(desk: EntityDesk) -> None:
    new = update("meter", {"external_id": "M9"})
    codes = desk.codes(2, reading("a", "2026-01-31", 1, meter="M9"), new)
    assert codes == ["ENTITY_CREATED", "METER_READING_UPSERTED"]


def test_should_say_how_far_the_readings_of_a_meter_are_synced(desk: EntityDesk) -> None:
    desk.apply(2, reading("a", "2026-01-31", 1))
    (state,) = sync_status(desk.deps, desk.id("meter", **M))["sync_states"]
    assert state["readings_last_operation"] == "upsert"
    assert state["readings_last_synced_at"] >= state["last_synced_at"]
