"""Readings: by the ERP's number of them, or by their day where the portal has them too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.cases import use_case
from tests.integrations.desk import ErpDesk
from tests.unit.usecases.entity_desk import reading

METER = {"meter_number": "1ISK0070012345"}


@pytest.fixture
def desk() -> ErpDesk:
    desk = ErpDesk()
    desk.send("meter", "two_tariffs")
    desk.send("meter", "feed_in")
    return desk


def readings(desk: ErpDesk, register: str, meter: str = "1ISK0070012345") -> list[dict[str, Any]]:
    """The readings of one register, by time."""
    counter = desk.id("meter_counter", external_id=f"{meter}-{register}")
    series = desk.deps.readings.series(desk.id("meter", meter_number=meter), counter)
    return [dict(one.attributes) for one in series.live()]


def from_the_portal(desk: ErpDesk, timestamp: str, version: int = 10, **more: Any) -> None:
    """A reading that a customer has told to the portal."""
    made = reading("portal-1", timestamp, 12499, source="ECP", **more)
    register = "1ISK0070012345-001"
    told = type(made)(METER, {"external_id": register}, made.attributes)
    assert desk.codes(version, told, system="portal") == ["METER_READING_UPSERTED"]


def test_yearly_should_become_a_reading_of_each_counter(desk: ErpDesk) -> None:
    assert desk.counted("meter_readings", "yearly") == {"METER_READING_UPSERTED": 2}
    (high,) = readings(desk, "001")
    assert (high["value"], high["timestamp"], high["source"]) == (
        *(12345.6, "2025-12-31T00:00:00Z", "ERP"),
    )
    (low,) = readings(desk, "002")
    assert low["timestamp"] == "2025-12-31T22:59:00Z"
    assert (low["read_by"], low["remark"]) == ("Estimate", "kein Zutritt")
    assert high["external_id"] == "00000000000000815001"


def test_corrected_should_change_the_reading_of_that_number(desk: ErpDesk) -> None:
    desk.send("meter_readings", "yearly")
    desk.send("meter_readings", "corrected")
    (low,) = readings(desk, "002")
    assert (low["value"], low["status"], low["remark"]) == (4720, "valid", "kein Zutritt")


def test_a_late_reading_should_not_undo_its_correction(desk: ErpDesk) -> None:
    desk.send("meter_readings", "corrected", version=9)
    desk.send("meter_readings", "yearly", version=5)
    assert [one["value"] for one in readings(desk, "002")] == [4720]


def test_one_is_wrong_should_be_refused_and_the_rest_be_mapped() -> None:
    one = use_case("meter_readings")
    mapped = one.mapped(one.payload("one_is_wrong"))
    assert [fault.code for fault in mapped.faults] == [
        "INVALID_TIMESTAMP",
        "MISSING_UNIQUE_IDENTIFIERS",
        "INVALID_METER_READING_ATTRIBUTES",
    ]
    assert [each.attributes["value"] for each in mapped.meter_readings_updates] == [4800]
    assert "reason" not in mapped.meter_readings_updates[0].attributes


def test_none_should_change_nothing(desk: ErpDesk) -> None:
    desk.send("meter_readings", "yearly")
    assert desk.counted("meter_readings", "none") == {}
    assert len(readings(desk, "001")) == 1


def test_readings_before_their_meter_should_be_told_and_make_none() -> None:
    desk = ErpDesk()
    assert desk.counted("meter_readings", "yearly") == {"METER_NOT_FOUND": 2}
    assert not desk.entity("meter", **METER).live


# 28 February, and by night still so in Germany alone.
@pytest.mark.parametrize("told_at", ["2026-02-28T10:15:00Z", "2026-02-27T23:30:00Z"])
def test_echo_should_change_the_reading_of_that_german_day(desk: ErpDesk, told_at: str) -> None:
    from_the_portal(desk, told_at)
    assert desk.counted("meter_readings_portal", "echo", 11) == {"METER_READING_UPSERTED": 1}
    (only,) = readings(desk, "001")
    assert only["external_id"] == "00000000000000816001"
    assert (only["value"], only["source"]) == (12500, "ECP")


def test_echo_should_be_a_reading_of_its_own_by_number(desk: ErpDesk) -> None:
    from_the_portal(desk, "2026-02-28T10:15:00Z")
    desk.send("meter_readings", use_case("meter_readings_portal").payload("echo"), 11)
    assert len(readings(desk, "001")) == 2


def test_echo_of_another_german_day_should_be_another_reading(desk: ErpDesk) -> None:
    from_the_portal(desk, "2026-02-28T23:30:00Z")
    desk.send("meter_readings_portal", "echo", 11)
    assert [one["value"] for one in readings(desk, "001")] == [12500, 12499]


def test_two_on_one_day_should_be_told_and_stay_as_they_are(desk: ErpDesk) -> None:
    payload = use_case("meter_readings_portal").payload("echo")
    (first,) = payload["Readings"]
    second = {**first, "MeterReadingResultID": "2", "ReadingDateTime": "2026-02-28T18:00:00Z"}
    desk.send("meter_readings", {"Readings": [first, second]}, 10)
    assert desk.counted("meter_readings_portal", payload, 11) == {"READING_MULTIPLE_MATCHES": 1}
    assert len(readings(desk, "001")) == 2


def test_feed_in_should_be_matched_apart_from_what_is_drawn(desk: ErpDesk) -> None:
    desk.send("meter_readings_portal", "feed_in", 10)
    payload = use_case("meter_readings_portal").payload("feed_in")
    (told,) = payload["Readings"]
    desk.send("meter_readings_portal", {"Readings": [{**told, "OBIS": "1-0:1.8.0"}]}, 11)
    found = readings(desk, "002", "0000000815")
    assert sorted(one["direction"] for one in found) == ["feed-in", "feed-out"]
    assert {one["source"] for one in found} == {"journey-submission"}


def test_unknown_channel_should_be_the_erp(desk: ErpDesk) -> None:
    desk.send("meter_readings_portal", "unknown_channel")
    assert [one["source"] for one in readings(desk, "001")] == ["ERP"]
