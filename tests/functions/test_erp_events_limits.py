"""The limits of the toolkit's bodies: each is held, and says so for the event that is beyond it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.doubles.world import Reply, World
from tests.functions.erp_given import (
    INTEGRATION,
    PATH,
    ErpWorld,
    any_event,
    codes,
    contact,
    customer,
    messages,
    send,
    statuses,
)
from tests.functions.portal import problem

KIB, MIB = 1024, 1024 * 1024


@pytest.fixture
def world() -> World:
    return ErpWorld()


def filled(size: int, **fields: Any) -> dict[str, Any]:
    """An event whose payload is a text of so many bytes."""
    text = json.dumps({"partner": "1000042", "meter": "1", "note": "§"}, ensure_ascii=False)
    return any_event(text[:-2] + "x" * (size - len(text.encode())) + text[-2:], **fields)


# --- the request -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 99, 100])
def test_should_take_up_to_100_events(world: World, count: int) -> None:
    reply = send(world, *(customer(n, group_id=str(n % 7)) for n in range(count)))
    assert statuses(reply) == ["success"] * count
    world.pump()
    assert codes(world) == ["ENTITY_CREATED"] * count


def test_should_refuse_101_events(world: World) -> None:
    refused = send(world, *(customer(n) for n in range(101)))
    assert "events may hold 100" in problem(refused, 400, "invalid-request")["message"]
    assert messages(world) == []


@pytest.mark.parametrize(("more", "status"), [(-1, 200), (0, 200), (1, 413)])
def test_should_take_a_request_of_5_megabytes(world: World, more: int, status: int) -> None:
    body = json.dumps({"integration_id": INTEGRATION, "events": [any_event()]})
    body += " " * (5 * MIB + more - len(body))
    reply = world.call("POST", PATH, "machine", body)
    assert reply.status == status
    if status == 413:
        problem(reply, 413, "body-too-large")


def test_should_take_a_request_that_is_full(world: World) -> None:
    events = [filled(250 * KIB, group_id=str(n)) for n in range(20)]
    assert statuses(send(world, *events)) == ["success"] * 20
    world.pump()
    assert contact(world)
    assert world.sqs.dead == {}


# --- an event ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "most"), [("customer", 256 * KIB), ("readings", MIB), (None, 256 * KIB)]
)
def test_should_take_a_payload_of_so_many_bytes(world: World, name: str | None, most: int) -> None:
    fields: dict[str, Any] = {"event_name": name}
    if name is None:
        fields["use_case_slug"] = "customer"
    events = [filled(most + more, **fields) for more in (-1, 0, 1)]
    reply = send(world, *events)
    assert statuses(reply) == ["success", "success", "error"]
    assert "is uploaded: POST /v3/erp/updates/payloads" in reply.json["results"][2]["message"]
    assert codes(world) == ["PAYLOAD_TOO_LARGE"]


def test_should_count_the_bytes_of_an_object_as_we_write_it(world: World) -> None:
    for characters, told in ((128 * KIB - 4, "success"), (128 * KIB - 3, "error")):
        event = any_event({"n": "ü" * characters})
        assert statuses(send(world, event)) == [told]


FITTING: dict[str, list[Any]] = {
    "correlation_id": ["", None, "c" * 255],
    "group_id": ["", None, "g" * 128, "grün/1"],
    "deduplication_id": [None, "a", "d" * 255, "aZ0_-"],
    "use_case_slug": [None, "customer"],
    "event_name": ["customer"],
    "format": ["json"],
    "payload": ['{"partner":"1"}', {"partner": "1"}, "{}"],
    "timestamp": [
        "2026-03-02T07:59:00Z",
        "2026-03-02T07:59:00.123456789+01:00",
        "2026-03-02 07:59",
        "0001-01-01T00:00:00Z",
        "0001-01-01T23:59:00+23:59",
    ],
}
WRONG: dict[str, list[Any]] = {
    "correlation_id": ["c" * 256, 1, "a\nb", {}],
    "group_id": ["g" * 129, 1, []],
    "deduplication_id": ["", "d" * 256, "a b", "ü", 1],
    "use_case_slug": ["", "-a", "A", "s" * 256, 1],
    "event_name": ["", "n" * 256, 1, "a\x00b", "\ud800"],
    "format": ["csv", None, 1, [], {}],
    "payload": ["", "x", {}, [], None, 1, '"\ud800"', {"a": "\ud800"}, {"\udfff": 1}],
    "timestamp": [
        "",
        None,
        1,
        "2026-02-30T00:00:00Z",
        "2026-03-02",
        "02.03.2026",
        "2026-03-02T25:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-03-02T07:59:00Z",
    ],
}


def each(table: dict[str, list[Any]]) -> pytest.MarkDecorator:
    """Every value of every field."""
    cases = [(field, value) for field, values in table.items() for value in values]
    ids = [f"{field}-{number}" for number, (field, _) in enumerate(cases)]
    return pytest.mark.parametrize(("field", "value"), cases, ids=ids)


def beside_a_good_one(world: World, field: str, value: Any) -> Reply:
    """A good event, and another whose field has this value."""
    odd = {**any_event({"partner": "1000043"}), field: value}
    return send(world, any_event(), odd)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "2026-03-03T07:59:00Z"])
def test_should_show_again_whatever_time_it_has_taken(world: World, at: str) -> None:
    assert statuses(send(world, any_event(timestamp=at))) == ["success"]
    world.pump()
    found = world.call("GET", "/v1/entities/contact?unique_id=customer_number:1000042", "operator")
    (entity,) = found.json["entities"]
    assert entity["_lineage"]["last_name"]["event_time"].startswith(at[:19])
    came = world.call("POST", f"/v1/integrations/{INTEGRATION}/events", "operator", {})
    assert came.json["data"][0]["timestamp"].startswith(at[:19])


@each(FITTING)
def test_should_take_what_fits(world: World, field: str, value: Any) -> None:
    assert statuses(beside_a_good_one(world, field, value)) == ["success", "success"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("timestamp", "02.03.2026", "in ISO 8601, as 2026-03-02T08:00:00Z"),
        ("use_case_slug", "Kunde!", "has to be of a-z, 0-9, _ and -"),
    ],
)
def test_should_say_how_it_has_to_be(world: World, field: str, value: str, said: str) -> None:
    assert beside_a_good_one(world, field, value).json["results"][1]["message"].endswith(said)


@each(WRONG)
def test_should_refuse_what_does_not_and_take_its_neighbour(
    world: World, field: str, value: Any
) -> None:
    reply = beside_a_good_one(world, field, value)
    assert statuses(reply) == ["success", "error"]
    assert field in reply.json["results"][1]["message"]
    assert len(messages(world)) == 1
    assert codes(world) in (["MALFORMED_PAYLOAD"], ["INVALID_TIMESTAMP"])


@pytest.mark.parametrize("kind", [None, "", "update", 1, [], {}])
def test_should_refuse_an_event_type_that_is_none(world: World, kind: Any) -> None:
    old = {k: v for k, v in any_event().items() if k != "event_name"}
    old = {**old, "object_type": "customer"}
    events = [{**old, "event_type": kind}, {**old, "event_type": "DELETE"}]
    body = {"integration_id": INTEGRATION, "events": events}
    reply = world.call("POST", "/v2/erp/updates/events", "machine", body)
    assert statuses(reply) == ["error", "success"]
    assert "event_type" in reply.json["results"][0]["message"]


@pytest.mark.parametrize("none", [None, 1, "event", [], {}])
def test_should_refuse_an_event_that_is_none(world: World, none: Any) -> None:
    assert statuses(send(world, any_event(), none)) == ["success", "error"]


# --- the frame ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("integration_id", None),
        ("integration_id", "x"),
        ("integration_id", 1),
        ("correlation_id", "c" * 256),
        ("correlation_id", 1),
        ("group_id", "g" * 129),
        ("group_id", {}),
        ("events", None),
        ("events", {}),
        ("events", "x"),
    ],
)
def test_should_refuse_a_frame_that_is_wrong_and_name_the_field(
    world: World, field: str, value: Any
) -> None:
    body = {"integration_id": INTEGRATION, "events": [any_event()], field: value}
    refused = world.call("POST", PATH, "machine", body)
    assert field in problem(refused, 400, "invalid-request")["message"]
    assert world.files.writes == 0


@pytest.mark.parametrize("field", ["app_id", "component_id", "meta", "events"])
def test_should_ask_version_1_for_app_component_meta_and_events(world: World, field: str) -> None:
    body: dict[str, Any] = {"app_id": INTEGRATION, "component_id": INTEGRATION}
    body |= {"meta": {}, "events": []}
    del body[field]
    refused = world.call("POST", "/v1/erp/updates/events", "machine", body)
    assert field in problem(refused, 400, "invalid-request")["message"]
