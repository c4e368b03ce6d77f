"""An event's id says where it is kept, and on which day it came."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from busbar.domain.erp_events import (
    day_of,
    event_id,
    payload_key,
    place_of,
    request_id,
    request_key,
    request_of,
)

AT = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
REQUEST = request_id(AT, "0RDER00000001")


def test_should_lead_from_an_event_to_its_request_and_place() -> None:
    event = event_id(REQUEST, 7)
    assert request_of(event) == REQUEST
    assert place_of("demo", event) == (request_key("demo", REQUEST), 7)


def test_should_keep_an_uploaded_payload_beside_the_request_of_its_event() -> None:
    key = payload_key("demo", event_id(REQUEST, 7))
    assert key == f"inbound/demo/2026-03-02/{REQUEST}-007.payload"
    with pytest.raises(ValueError, match="no event"):
        payload_key("demo", REQUEST)


@pytest.mark.parametrize("name", [REQUEST, event_id(REQUEST, 0), f"replay_{REQUEST}"])
def test_should_know_the_day_of_every_id_of_ours(name: str) -> None:
    assert day_of(name) == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "run-17",
            "20260302",
            "202602300RDER00000001-000",
            f"{REQUEST}-1",
            f"x{REQUEST}",
            "²" * 8,
        ),
        "202603030030001234567",
    ],
)
def test_should_know_no_day_of_what_others_have_named(name: str) -> None:
    assert day_of(name) is None


@pytest.mark.parametrize("name", ["", REQUEST, f"{REQUEST}-1", f"{REQUEST}-0000", "garbage"])
def test_should_find_no_request_of_what_is_no_event(name: str) -> None:
    assert request_of(name) is None
    assert place_of("demo", name) is None
