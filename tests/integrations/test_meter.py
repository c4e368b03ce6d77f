"""Meters and their counters: tariffs and directions by OBIS, and both ways of the relation."""

from __future__ import annotations

import pytest

from tests.integrations.cases import use_case
from tests.integrations.desk import ErpDesk

METER = {"meter_number": "1ISK0070012345"}


@pytest.fixture
def desk() -> ErpDesk:
    return ErpDesk()


def test_two_tariffs_should_become_a_meter_with_two_counters(desk: ErpDesk) -> None:
    # Besides: contract and customer, by their numbers only.
    assert desk.counted("meter", "two_tariffs") == {"ENTITY_CREATED": 5}
    counters = desk.targets("meter", "counters", **METER)
    assert [(one["obis_number"], one["tariff_type"]) for one in counters] == [
        *(("1-0:1.8.1", "ht"), ("1-0:1.8.2*255", "nt"))
    ]
    for counter in counters:
        (meter,) = desk.targets("meter_counter", "meter", external_id=counter["external_id"])
        assert meter["meter_number"] == "1ISK0070012345"
    assert desk.targets("meter", "contract", **METER) == [{"contract_number": "0020001234"}]
    assert desk.targets("meter", "customer", **METER) == [{"customer_number": "0000004711"}]


@pytest.mark.parametrize(
    "ids",
    [
        {"ma_lo_id": "51238696780"},
        {"me_lo_id": "DE0004710106700000000000070012345"},
        {"external_id": "000000000010012345"},
    ],
    ids=lambda ids: next(iter(ids)),
)
def test_should_be_found_by_its_other_numbers(desk: ErpDesk, ids: dict[str, str]) -> None:
    desk.send("meter", "two_tariffs")
    assert desk.id("meter", **ids) == desk.id("meter", **METER)


def test_gas_should_have_one_counter_of_cubic_metres(desk: ErpDesk) -> None:
    desk.send("meter", "gas")
    (counter,) = desk.targets("meter", "counters", meter_number="7ELS0000424242")
    assert (counter["unit"], counter["tariff_type"], counter["direction"]) == (
        *("cubic-meter", "et", "feed-out"),
    )
    assert (counter["digits"], counter["decimals"]) == (5, 3)
    assert counter["conversion_factor"] == pytest.approx(0.9632)


def test_feed_in_should_tell_directions_apart(desk: ErpDesk) -> None:
    desk.send("meter", "feed_in")
    found = desk.targets("meter", "counters", meter_number="0000000815")
    assert [(one["external_id"][-3:], one.get("direction"), one["unit"]) for one in found] == [
        ("001", "feed-out", "kWh"),
        ("002", "feed-in", "kWh"),
        ("003", None, "Z9"),
    ]


@pytest.mark.parametrize(
    ("obis", "direction", "tariff"),
    [
        *(("1-0:1.8.1", "feed-out", "ht"), ("1-1:1.8.2*255", "feed-out", "nt")),
        *(
            ("1-0:2.8.0", "feed-in", "et"),
            ("2.8.0", "feed-in", "et"),
            ("2.8.1*01", "feed-in", "ht"),
        ),
        *(("1.8.2", "feed-out", "nt"), ("1-0:1.8.2.255", "feed-out", "nt")),
        *(("1-0:12.8.1", "feed-out", "ht"), ("7-20:3.0.0", "feed-out", "et")),
        *(("1.0.0", "feed-out", "et"), ("1-0:1.8.12", "feed-out", "et")),
    ],
)
def test_should_read_an_obis_code_however_it_is_written(
    obis: str, direction: str, tariff: str
) -> None:
    register = {"RegisterID": "001", "OBIS": obis}
    made = use_case("meter").mapped({"SerialNumber": "1", "Registers": [register]})
    counter = made.entity_updates[1].attributes
    assert (counter["direction"], counter["tariff_type"]) == (direction, tariff)
    for slug in ("meter_readings", "meter_readings_portal"):
        (sample, *_) = use_case(slug).cases()
        payload = use_case(slug).payload(sample)
        readings = payload["Readings"]
        first = readings[0] if isinstance(readings, list) else readings
        told = use_case(slug).mapped({**payload, "Readings": [{**first, "OBIS": obis}]})
        assert told.meter_readings_updates[0].attributes["direction"] == direction


def test_the_same_obis_code_on_two_meters_should_be_two_counters(desk: ErpDesk) -> None:
    for number in ("1", "2"):
        register = {"RegisterID": "001", "OBIS": "1-0:1.8.0"}
        desk.send("meter", {"SerialNumber": number, "Registers": [register]})
    assert desk.id("meter_counter", external_id="1-001") != desk.id(
        "meter_counter", external_id="2-001"
    )


def test_removed_should_keep_its_counters_and_all_else(desk: ErpDesk) -> None:
    desk.send("meter", "two_tariffs")
    before = desk.attributes("meter", **METER)
    assert desk.counted("meter", "removed") == {"ENTITY_UPDATED": 1}
    assert desk.attributes("meter", **METER) == {**before, "status": "decommissioned"}


def test_a_register_that_is_gone_should_be_let_go_and_stay(desk: ErpDesk) -> None:
    desk.send("meter", "two_tariffs")
    registers = use_case("meter").payload("two_tariffs")["Registers"]
    desk.send("meter", {"SerialNumber": METER["meter_number"], "Registers": registers[:1]})
    assert len(desk.targets("meter", "counters", **METER)) == 1
    assert desk.entity("meter_counter", external_id="1ISK0070012345-002").live


@pytest.mark.parametrize("register", [{}, {"RegisterID": 1}, {"RegisterID": ""}, None])
def test_a_register_without_a_number_should_be_no_counter(register: object) -> None:
    payload = {"SerialNumber": "0815", "Registers": [{"RegisterID": "001"}, register]}
    mapped = use_case("meter").mapped(payload)
    assert [fault.code for fault in mapped.faults] == ["MISSING_UNIQUE_IDENTIFIERS"]
    slugs = [update.entity_slug for update in mapped.entity_updates]
    assert slugs == ["meter", "meter_counter"]
    assert "counters" not in mapped.entity_updates[0].attributes


def test_a_meter_number_that_is_a_number_should_make_neither_meter_nor_counters() -> None:
    payload = {"SerialNumber": 815, "Registers": [{"RegisterID": "001"}]}
    mapped = use_case("meter").mapped(payload)
    assert mapped.entity_updates == ()
    assert {fault.code for fault in mapped.faults} == {"MISSING_UNIQUE_IDENTIFIERS"}


@pytest.mark.parametrize(("device", "kept"), [(10012345, False), ("010012345", True), (None, True)])
def test_a_device_number_that_is_a_number_should_be_left_out(device: object, *, kept: bool) -> None:
    mapped = use_case("meter").mapped({"SerialNumber": "0815", "DeviceID": device})
    (meter,) = mapped.entity_updates
    assert meter.attributes.get("external_id", "-") == (device if kept else "-")
