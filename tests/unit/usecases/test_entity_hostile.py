"""What an event may hold that nobody meant: told, with no harm to its neighbours or the worker."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.unit.usecases.entity_desk import EntityDesk, reading, update

C = {"customer_number": "4711"}
HALF = "\ud800"


@pytest.mark.parametrize(
    "bad",
    [
        update("contact", {"_id": "x" * 5000}),
        update("contact", {"_id": {"a": 1}}),
        update("contact", {"customer_number": {"a": {"b": 1}}}),
        update("contact", {"email": [[["a"]]]}),
        update("contact", {"email": {"email": {"email": "x"}}}),
        update("contact", {"customer_number": True}),
        update("c" * 5000, C),
        update("contact", {"x" * 5000: "1"}),
    ],
)
def test_should_say_that_nothing_is_found_by_it(bad: Any) -> None:
    codes = EntityDesk().codes(1, bad, update("contact", C))
    assert codes[0] in {
        "ENTITY_REFERENCE_NOT_FOUND",
        "MISSING_UNIQUE_IDENTIFIERS",
        "UNIQUE_ID_NOT_IN_SCHEMA",
    }
    assert codes[1:] == ["ENTITY_CREATED"]


@pytest.mark.parametrize(
    "attributes",
    [
        {"title": HALF},
        {"last_name": HALF},
        {"note": {HALF: [HALF]}},
        {"_tags": {"_append": [HALF]}},
        {"note#a%23": {"$relation": [{"schema": "account", "unique_ids": C}]}},
        {"note": float("1e308")},
        {"_version": 3, "_id": "other", "_schema": "account"},
        {"custom_download_url": {"$file_proxy_url": {"use_case_slug": "x", "params": {}}}},
    ],
)
def test_should_take_what_is_strange_and_find_it_again(attributes: dict[str, Any]) -> None:
    desk = EntityDesk()
    event = update("contact", C, **attributes)
    assert "ENTITY_CREATED" in desk.codes(1, event)
    assert desk.codes(1, event)[-1] == "ENTITY_NO_OP"


@pytest.mark.parametrize("text", ["9" * 400, "9" * 5000, f"0.{'9' * 5000}", "1e999", "-1e999999"])
@pytest.mark.parametrize("name", ["digits", "calibration_number"])
def test_should_take_no_number_that_no_number_holds(text: str, name: str) -> None:
    desk = EntityDesk(attributes={"meter_counter.calibration_number": "currency"})
    codes = desk.codes(1, update("meter_counter", {"external_id": "1"}, **{name: text}))
    assert codes == ["ATTRIBUTE_TYPE_MISMATCH", "ENTITY_CREATED"]


@pytest.mark.parametrize("value", [HALF, "a#b", "x" * 3000, "\x00", "~", "ä" * 500])
def test_should_find_an_entity_by_any_text(value: str) -> None:
    desk = EntityDesk()
    assert desk.codes(1, update("contact", {"external_id": value})) == ["ENTITY_CREATED"]
    assert desk.codes(2, update("contact", {"external_id": value})) == ["ENTITY_NO_OP"]
    assert desk.codes(3, update("contact", {"external_id": value + "1"})) == ["ENTITY_CREATED"]


def test_should_leave_out_an_attribute_whose_name_is_too_long() -> None:
    desk = EntityDesk()
    codes = desk.codes(1, update("contact", C, **{"x" * 5000: {"$relation": []}, "": 1}))
    assert codes == ["ATTRIBUTE_TYPE_MISMATCH", "ENTITY_CREATED"]


def test_should_refuse_an_entity_that_no_item_could_hold_and_keep_the_last_state() -> None:
    desk = EntityDesk()
    desk.apply(1, update("contact", C, title="Dr."))
    noise = random.Random(1).randbytes(400_000).hex()  # noqa: S311
    codes = desk.codes(2, update("contact", C, note=noise), update("account", C))
    assert codes == ["PAYLOAD_TOO_LARGE", "ENTITY_CREATED"]
    assert desk.attributes("contact", **C)["title"] == "Dr."


def test_should_refuse_an_entity_that_is_short_only_in_its_item() -> None:
    desk = EntityDesk()
    many = {f"note_{n}": "x" * 100_000 for n in range(8)}
    assert desk.codes(1, update("contact", C, **many)) == ["ENTITY_CREATED"]
    more = {f"more_{n}": "x" * 100_000 for n in range(8)}
    assert desk.codes(2, update("contact", C, **more)) == ["PAYLOAD_TOO_LARGE"]
    assert "more_1" not in desk.attributes("contact", **C)
    # What it took the place of counts only as long as there is room.
    assert desk.codes(3, update("contact", C, **dict.fromkeys(many, "y" * 100_000))) == [
        "ENTITY_UPDATED"
    ]
    assert desk.attributes("contact", **C)["note_0"][0] == "y"


def test_should_change_an_entity_of_which_an_item_holds_only_one_state() -> None:
    desk = EntityDesk()
    for version in (1, 2, 3):
        noise = random.Random(version).randbytes(240_000).hex()  # noqa: S311
        assert desk.codes(version, update("contact", C, note=noise))[0] in {
            *("ENTITY_CREATED", "ENTITY_UPDATED")
        }
    assert desk.attributes("contact", **C)["note"] == noise
    assert desk.codes(4, update("contact", C, note="short")) == ["ENTITY_UPDATED"]


def test_should_find_an_entity_by_more_values_than_a_transaction_takes() -> None:
    desk = EntityDesk()
    mails = [{"email": f"{n}@b.de"} for n in range(150)]
    desk.apply(1, update("contact", C, email=mails))
    for n in (0, 75, 149):
        assert desk.id("contact", email=f"{n}@b.de") == desk.id("contact", **C)
    desk.apply(2, update("contact", C, email=mails[:1]))
    assert desk.id("contact", email="0@b.de") == desk.id("contact", **C)
    assert not desk.entity("contact", email="149@b.de").live


@pytest.mark.parametrize("matching", ["external_id", "strict-date"])
def test_should_refuse_more_readings_of_a_year_than_an_item_holds(matching: str) -> None:
    desk = EntityDesk()
    desk.apply(1, update("meter", {"external_id": "M1"}))
    many = [
        reading(str(n), f"2026-01-{n % 28 + 1:02d}", n, direction=str(n), matching=matching)
        for n in range(4001)
    ]
    assert desk.codes(2, *many) == ["METER_READING_GROUP_FAILED"]


@pytest.mark.parametrize("tags", [5, True, {"main": 1.5}])
def test_should_take_no_relation_whose_tags_are_no_list(tags: Any) -> None:
    """Beside another key the mapping does not look at it, and it comes as it is."""
    desk = EntityDesk()
    account = {"schema": "account", "unique_ids": C, "_tags": tags}
    odd = update("contact", C, account={"$relation": [account], "x": 1}, title="Dr.")
    assert desk.codes(1, odd) == ["ATTRIBUTE_TYPE_MISMATCH", "ENTITY_CREATED"]
    assert desk.attributes("contact", **C) == {**C, "title": "Dr."}


def test_should_take_one_tag_of_a_relation_for_a_list_of_one() -> None:
    desk = EntityDesk()
    account = {"schema": "account", "unique_ids": C, "_tags": "main"}
    desk.apply(1, update("contact", C, account={"$relation": [account]}))
    (item,) = desk.attributes("contact", **C)["account"]["$relation"]
    assert item["_tags"] == ["main"]


@pytest.mark.parametrize("remark", ["noise", "x"])
def test_should_refuse_readings_of_a_year_that_are_too_large_and_keep_the_others(
    remark: str,
) -> None:
    """Those that an item does not hold, and those that are short only in it."""
    desk = EntityDesk()
    desk.apply(1, update("meter", {"external_id": "M1"}))
    desk.apply(2, reading("a", "2026-01-01", 1))
    noise = random.Random(1)  # noqa: S311
    many = [
        reading(
            str(n),
            "2026-01-02",
            n,
            remark=noise.randbytes(50_000).hex() if remark == "noise" else remark * 500_000,
        )
        for n in range(10)
    ]
    assert desk.codes(3, *many) == ["METER_READING_GROUP_FAILED"]
    series = desk.deps.readings.series(desk.id("meter", external_id="M1"), "")
    assert [one.attributes["external_id"] for one in series.live()] == ["a"]


def test_should_refuse_readings_that_no_item_holds_and_take_the_others() -> None:
    desk = EntityDesk()
    meters = [update("meter", {"external_id": name}) for name in ("M1", "M2")]
    desk.apply(1, *meters)
    noise = random.Random(1)  # noqa: S311
    large = [
        reading(str(n), "2026-01-31", n, remark=noise.randbytes(300).hex()) for n in range(1500)
    ]
    codes = desk.codes(2, *large, reading("a", "2026-01-31", 1, meter="M2"))
    assert codes == ["METER_READING_GROUP_FAILED", "METER_READING_UPSERTED"]
