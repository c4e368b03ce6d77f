"""Reading answers that are not believed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from busbar.connectors.reading import (
    UnreadableError,
    day_or_none,
    exact_json_of,
    field_names,
    instant,
    json_of,
    nests_at_most,
    text,
    whole,
)
from busbar.connectors.retry_after import retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"", b"<html>", b"NaN", b"[Infinity]", b"\xff", b"[" * 99_999])
def test_should_refuse_what_is_no_json(body: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"^body$"):
        json_of(body)


@pytest.mark.parametrize("body", [b"", b"<html>", b"NaN", b"[Infinity]", b"[1e]", b"9" * 5000])
def test_should_refuse_what_is_no_json_in_exact_numbers_too(body: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"^body$"):
        exact_json_of(body)


def test_should_lose_no_digit_of_a_number() -> None:
    body = b'[0.10, 1e2, -0.0, 12345678901234567.89, 9007199254740992, 9007199254740993, -7, "1.0"]'
    assert exact_json_of(body) == [
        "0.10",
        "1e2",
        "-0.0",
        "12345678901234567.89",
        2**53,
        "9007199254740993",
        -7,
        "1.0",
    ]


@pytest.mark.parametrize("value", [None, True, "5", 1.5, 1e999, 2**60])
def test_should_refuse_what_is_no_whole_number(value: Any) -> None:
    with pytest.raises(UnreadableError, match=r"^n$"):
        whole({"n": value}, "n")


def test_should_read_a_whole_number_with_a_zero_behind_the_point() -> None:
    assert whole({"n": 10.0}, "n") == 10


@pytest.mark.parametrize("value", [None, "", 7, "yesterday", "2025-04-24T13:18:27"])
def test_should_refuse_a_time_without_an_offset(value: Any) -> None:
    with pytest.raises(UnreadableError, match=r"^at$"):
        instant({"at": value}, "at")


@pytest.mark.parametrize(
    "value",
    ["2025-04-24T13:18:27Z", "2025-04-24T13:18:27.000+0000", "2025-04-24T15:18:27+02:00"],
)
def test_should_read_every_form_of_a_time(value: str) -> None:
    assert instant({"at": value}, "at") == datetime(2025, 4, 24, 13, 18, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "day"), [(None, None), ("", None), ("2025-04-24", date(2025, 4, 24))]
)
def test_should_read_a_day_or_none(value: Any, day: date | None) -> None:
    assert day_or_none({"on": value}, "on") == day


@pytest.mark.parametrize("value", [7, "yesterday", "2025-02-30", "2025-04-24T00:00:00Z"])
def test_should_refuse_what_is_no_day(value: Any) -> None:
    with pytest.raises(UnreadableError, match=r"^on$"):
        day_or_none({"on": value}, "on")


@pytest.mark.parametrize(
    ("value", "levels"), [("x", 0), ([], 1), ({"a": 1}, 1), ({"a": [1, {"b": None}]}, 3)]
)
def test_should_tell_how_deep_a_value_nests(value: object, levels: int) -> None:
    assert nests_at_most(value, levels)
    assert levels == 0 or not nests_at_most(value, levels - 1)


def test_should_keep_only_names_of_fields() -> None:
    assert field_names(["Name", "Jana Petersen", 7, "a.b__c"]) == "Name, a.b__c"
    assert field_names("Name") == ""


def test_should_name_the_field_and_not_the_value() -> None:
    with pytest.raises(UnreadableError, match=r"^Name$"):
        text({"Name": ["Jana"]}, "Name")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("9999999", 86_400.0),
        ("-1", None),
        ("soon", None),
        ("²", None),
        ("", None),
    ],
)
def test_should_read_how_long_to_stay_away(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds
