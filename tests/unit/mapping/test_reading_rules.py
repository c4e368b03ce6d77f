"""What a meter reading has to be like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.mapping.reading_rules import number, utc


@pytest.mark.parametrize(
    ("given_value", "at"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2026-01-31T10:11:12", "2026-01-31T10:11:12Z"),
        ("2026-01-31T10:11:12Z", "2026-01-31T10:11:12Z"),
        ("2026-01-31T10:11:12.5Z", "2026-01-31T10:11:12.5Z"),
        ("2026-01-31T10:11:12.123456789", "2026-01-31T10:11:12.123456789Z"),
        ("2026-01-31T00:30:00+01:00", "2026-01-30T23:30:00Z"),
        ("2026-01-31T23:30:00-05:30", "2026-02-01T05:00:00Z"),
        ("2026-01-31T23:30:00.25+00:00", "2026-01-31T23:30:00.25Z"),
    ],
)
def test_should_put_a_time_in_utc(given_value: str, at: str) -> None:
    assert utc(given_value) == at


@pytest.mark.parametrize(
    "value",
    [
        *("2025-02-30", "2025-13-01", "2025-00-10", "2023-02-29", "31.01.2026", "31/01/2026"),
        *(
            "20260131",
            "2026-1-31",
            "2026-01-31 10:11:12",
            "2026-01-31T10:11",
            "2026-01-31T24:00:00",
        ),
        *("2026-01-31T10:60:00", "2026-01-31T10:11:12z", "2026-01-31T10:11:12+0100", "2026-W05-1"),
        *("2026-01-31T10:11:12+25:00", "2026-01-31T10:11:12.", " 2026-01-31", "2026-01-31\n", ""),
        *(
            "1767225600",
            "1767225600000",
            "today",
            "\u0662\u0660\u0662\u0666-01-31",
            "0000-01-01",
            "0001-01-01",
        ),
        *(1767225600, 1767225600.5, None, True, [], {}),
    ],
)
def test_should_refuse_what_is_no_iso_time(value: Any) -> None:
    assert utc(value) is None


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-1439, 1439))  # noqa: DTZ001
def test_should_keep_the_instant(moment: datetime, minutes: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    found = utc(aware.isoformat())
    assert found is not None
    assert datetime.fromisoformat(found) == aware
    assert datetime.fromisoformat(found).tzinfo == UTC


@given(st.text(max_size=30))
def test_should_take_or_refuse_any_text(text: str) -> None:
    assert utc(text) is None or text[:4].isdigit()
    assert number(text) is None or float(text) == number(text)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, 5),
        (5.5, 5.5),
        (5.0, 5),
        ("12345.67", 12345.67),
        ("12345.60", 12345.6),
        (" 7 ", 7),
        ("007", 7),
        ("-3", -3),
        ("+3", 3),
        ("1e3", 1000),
        ("0", 0),
    ],
)
def test_should_read_a_value_as_a_number(value: Any, found: float) -> None:
    made = number(value)
    assert made == found
    assert type(made) is type(found)


@pytest.mark.parametrize(
    "value",
    ["", " ", "x", "12,5", "1.234,5", "1 000", "1_000", "NaN", "inf", "1e999", "0x1", "\u0663",
     ".5", "5.", None, True, False, [], {}, float("nan"), float("inf"), "9" * 50],
)  # fmt: skip
def test_should_refuse_a_value_that_is_no_number(value: Any) -> None:
    assert number(value) is None
