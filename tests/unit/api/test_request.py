"""What a request may hold: body, numbers, versions."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from busbar.api import LARGEST_BODY
from busbar.request import Answer, Request
from tests.unit.api.doors import OK, DoorLab


class Item(BaseModel):
    quantity: int = Field(gt=0)
    note: str = ""


class Order(BaseModel):
    items: list[Item]
    name: str = Field(min_length=2)


def parsing(request: Request) -> Answer:
    request.parse(Order)
    return OK


GOOD = {"name": "any", "items": [{"quantity": 1}]}


def faults(body: Any) -> list[str]:
    reply = DoorLab(parsing).call(body)
    assert (reply.status, reply.json["type"]) == (422, "urn:busbar:problem:fields-invalid")
    assert all(set(e) == {"field", "message"} for e in reply.json["errors"])
    return [e["field"] for e in reply.json["errors"]]


def test_should_take_a_body_that_fits() -> None:
    assert DoorLab(parsing).call(GOOD).status == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({**GOOD, "items": [{"quantity": 0}]}, ["items[0].quantity"]),
        ({**GOOD, "items": [{"quantity": 1}, {"quantity": "x"}]}, ["items[1].quantity"]),
        ({"name": "x"}, ["items", "name"]),
        ({}, ["items", "name"]),
        ({**GOOD, "items": [3]}, ["items[0]"]),
        ({**GOOD, "items": [{"quantity": 1, "note": None}]}, ["items[0].note"]),
        ({**GOOD, "items": {"0": {}}}, ["items"]),
        ({**GOOD, "name": "\ud800\ud800"}, ["name"]),
        ({**GOOD, "items": [{"quantity": 1.5}]}, ["items[0].quantity"]),
    ],
)
def test_should_name_each_field_at_fault(body: Any, fields: list[str]) -> None:
    assert sorted(faults(body)) == fields


def test_should_not_repeat_what_was_sent() -> None:
    secret = "DE02-1203-0000-0000-2020-51"
    text = DoorLab(parsing).call({"name": 7, "items": [{"quantity": secret}]}).text
    assert secret not in text
    assert "input" not in json.loads(text)["errors"][0]


BAD_BODIES = {
    "nothing": "",
    "text": "x",
    "half": '{"a": ',
    "list": "[]",
    "null": "null",
    "number": "3",
    "string": '"a"',
    "single quotes": "{'a': 1}",
    "NaN": '{"a": NaN}',
    "Infinity": '{"a": Infinity}',
    "-Infinity": '{"a": [-Infinity]}',
    "deep list": '{"a":' + "[" * 30_000 + "]" * 30_000 + "}",
    "deep object": '{"a":' * 12_000,
    "after the end": "{} {}",
    "byte order mark": "\ufeff{}",
}


@pytest.mark.parametrize("digits", [str(2**53 + 1), "9" * 5_000, f"-{2**53 + 1}"])
def test_should_refuse_a_number_that_not_every_system_holds(digits: str) -> None:
    def taken(request: Request) -> Answer:
        return Answer(200, request.json())

    assert DoorLab(taken).call(f'{{"a": {digits}}}').status == 400
    assert DoorLab(taken).call(f'{{"a": {2**53}}}').json == {"a": 2**53}


@pytest.mark.parametrize("case", list(BAD_BODIES))
def test_should_refuse_a_body_that_is_no_json_object(case: str) -> None:
    reply = DoorLab(parsing).call(BAD_BODIES[case])
    assert (reply.status, reply.json["type"]) == (400, "urn:busbar:problem:body-invalid")


@pytest.mark.parametrize("depth", [900, 990, 1000, 1010, 3000, 9_990, 10_005])
def test_should_never_break_on_a_deep_body(depth: int) -> None:
    def once(request: Request) -> Answer:
        return request.once(lambda _entity: OK)

    body = '{"a":' * depth + "1" + "}" * depth
    assert DoorLab(once).call(body, idempotency_key="any").status in {200, 400}


@pytest.mark.parametrize(("size", "status"), [(LARGEST_BODY, 200), (LARGEST_BODY + 1, 413)])
@pytest.mark.parametrize("letter", ["x", "é", "日"])
def test_should_refuse_a_body_that_is_too_large_in_bytes(
    letter: str, size: int, status: int
) -> None:
    frame = json.dumps({**GOOD, "name": ""})
    room = size - len(frame)
    width = len(letter.encode())
    name = letter * (room // width) + "x" * (room % width)
    body = json.dumps({**GOOD, "name": name}, ensure_ascii=False)
    assert len(body.encode()) == size
    assert DoorLab(parsing).call(body).status == status


def test_should_read_a_body_in_base64() -> None:
    packed = base64.b64encode(json.dumps(GOOD).encode()).decode()
    assert DoorLab(parsing).call(packed, event={"isBase64Encoded": True}).status == 200


@pytest.mark.parametrize("raw", [b"\xff\xfe", b'{"a": "\xe9"}'])
def test_should_refuse_a_body_that_is_no_utf_8(raw: bytes) -> None:
    packed = base64.b64encode(raw).decode()
    reply = DoorLab(parsing).call(packed, event={"isBase64Encoded": True})
    assert (reply.status, reply.json["type"]) == (400, "urn:busbar:problem:body-invalid")


def number(request: Request) -> Answer:
    return Answer(200, request.number("limit", 25))


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("7", 7), ("007", 7), ("999999", 999999)])
def test_should_read_a_whole_number_of_the_query(text: str, value: int) -> None:
    assert DoorLab(number).call(query={"limit": text}).json == value


def test_should_use_the_default_when_the_query_has_no_number() -> None:
    assert DoorLab(number).call(query={"other": "1"}).json == 25
    assert DoorLab(number).call().json == 25


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.5", "1e3", "x", " 7", "7\n", "\u0661", "1" * 7]
)
def test_should_refuse_what_is_no_whole_number(text: str) -> None:
    reply = DoorLab(number).call(query={"limit": text})
    assert (reply.status, reply.json["type"]) == (400, "urn:busbar:problem:invalid-parameter")
    assert [e["field"] for e in reply.json["errors"]] == ["limit"]


@pytest.mark.parametrize("query", [{"limits": "1"}, {"limit": "1", "x" * 99: ""}])
def test_should_refuse_a_parameter_that_the_route_does_not_know(query: dict[str, str]) -> None:
    reply = DoorLab(number).call(query=query)
    assert (reply.status, reply.json["type"]) == (400, "urn:busbar:problem:invalid-parameter")


def etag(request: Request) -> Answer:
    return Answer(200, request.etag())


@pytest.mark.parametrize(
    ("header", "version"), [("*", None), ('"1"', 1), (' "42" ', 42), ('"0"', 0)]
)
def test_should_read_the_version_in_if_match(header: str, version: int | None) -> None:
    assert DoorLab(etag).call(If_Match=header).json == version


def test_should_know_no_version_without_if_match() -> None:
    assert DoorLab(etag).call().json is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "1",
        'W/"1"',
        '"1", "2"',
        '"x"',
        '""',
        '"1',
        '"-1"',
        '"1.0"',
        "**",
        '"' + "9" * 16 + '"',
    ],
)
def test_should_match_nothing_when_the_tag_is_none_of_ours(header: str) -> None:
    reply = DoorLab(etag).call(if_match=header)
    assert (reply.status, reply.json["type"]) == (412, "urn:busbar:problem:etag-unknown")
