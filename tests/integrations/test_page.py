"""The page on integrations shows a mapping: it is one, and comes to what the page says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from busbar.mapping.configuration import Configuration, parse
from busbar.mapping.inbound import Context, map_event
from busbar.mapping.payloads import parse as parse_payload
from busbar.mapping.wire import schema_warnings
from infra.operations.erp_simulation import DEVICES
from tests.integrations.cases import KNOWN, ROOT


def shown() -> Any:
    """The mapping of the page."""
    text = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return json.loads(block)


@pytest.fixture
def configuration() -> Configuration:
    return parse(shown())


def any_device(serial: str, *readings: tuple[str, int]) -> dict[str, Any]:
    told = [{"Id": f"{serial}-{day}", "Day": day, "Value": value} for day, value in readings]
    return {"Serial": serial, "Maker": " ISKRA ", "Readings": told}


def test_should_make_a_meter_of_each_device_with_its_readings(configuration: Configuration) -> None:
    payload = {
        "Contract": "0020001234",
        "Site": {"Name": "Keller"},
        "Devices": [
            any_device("M1", ("2026-01-01", 1), ("2026-02-01", 2)),
            any_device("M2", ("2026-01-01", 7)),
        ],
    }

    mapped = map_event(configuration, parse_payload(payload, "json"), Context())

    assert (mapped.faults, mapped.warnings) == ((), ())
    assert [one.unique_identifiers for one in mapped.entity_updates] == [
        {"meter_number": "M1"},
        {"meter_number": "M2"},
    ]
    first = mapped.entity_updates[0].attributes
    assert (first["manufacturer"], first["location"], first["sector"]) == (
        *("ISKRA", "Keller", "power"),
    )
    (contract,) = first["contract"]["$relation"]["_set"]
    assert contract["unique_ids"] == {"contract_number": "0020001234"}
    readings = [
        (one.meter["meter_number"], one.attributes["value"])
        for one in mapped.meter_readings_updates
    ]
    assert readings == [("M1", 1), ("M1", 2), ("M2", 7)]
    assert schema_warnings(configuration, mapped, KNOWN) == []


def test_should_warn_of_nothing(configuration: Configuration) -> None:
    assert configuration.warnings == ()


def test_should_show_what_the_api_s_own_document_shows() -> None:
    assert shown() == DEVICES


def test_should_fail_where_the_page_shows_what_is_none() -> None:
    """The page's keys are those that are read: with another one a warning comes."""
    wrong = json.dumps(shown()).replace('"reading_matching"', '"reading_match"')
    assert [one.field for one in parse(json.loads(wrong)).warnings] == [
        "meter_readings[0].reading_match"
    ]
