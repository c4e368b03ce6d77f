"""Every operation that takes a body, at bodies that are none: each is refused, and says why.

The toolkit's read more than these, as ERPs send it: `test_erp_events_bodies.py`.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from busbar.body import DEEPEST
from infra.catalog import USE_CASES, Route
from infra.operations import operations
from tests.doubles.world import Reply, World, http_event, route_of
from tests.functions.given import IDS, ready
from tests.functions.people import allowed
from tests.functions.portal import answer, fields_at_fault, problem

DESCRIBED = operations()
ROUTES = [
    r
    for c in USE_CASES
    for r in c.routes
    if DESCRIBED[r.operation].body and not DESCRIBED[r.operation].toolkit
]
EVERY = pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.operation, indirect=True)
DEEP = '{"a":' * 5000 + "1" + "}" * 5000
NO_OBJECT = {
    "empty": b"",
    "blank": b"  \n",
    "text": b"quantity=1",
    "half": b'{"quantity": ',
    "list": b"[]",
    "null": b"null",
    "number": b"1",
    "two": b"{} {}",
    "trailing": b"{}x",
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"note": "ü"}'.encode("utf-16"),
    "no UTF-8": b'{"note": "\xff"}',
    "Latin-1": '{"note": "ü"}'.encode("latin-1"),
    "no UTF-8, as a gateway mends it": '{"note": "\ufffd"}'.encode(),
    "bare control character": b'{"note": "a\nb"}',
    "NaN": b'{"quantity": NaN}',
    "Infinity": b'{"quantity": Infinity}',
    "-Infinity": b'{"quantity": [-Infinity]}',
    "beyond all floats": b'{"quantity": 1e400}',
    "beyond 2^53": b'{"label": 9007199254740993}',
    "below -2^53": b'{"quantity": -9007199254740993}',
    "endless number": b'{"quantity": ' + b"9" * 5000 + b"}",
    "name twice": b'{"quantity": 1, "quantity": 2}',
    "name twice, further down": b'{"a": [{"b": 1, "b": 1}]}',
    "same name, other letters": b'{"note": "", "n\\u006fte": ""}',
    "deep": DEEP.encode(),
    "deep lists": b'{"a":' + b"[" * 50 + b"]" * 50 + b"}",
    "one level too deep": b'{"a":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}",
}
"""What is no JSON object, or one that two readers would read in two ways: 400."""
NO_FIELD = {
    "unknown": b'{"never_heard_of": 1}',
    "nothing in its name": b'{"": 1}',
    "lone surrogate in its name": b'{"\\ud800": 1}',
    "long name": b'{"' + b"x" * 5000 + b'": 1}',
    "deep as it may be": b'{"a":' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}",
    "many": json.dumps(dict.fromkeys(map(str, range(1000)), 1)).encode(),
}
"""What is a JSON object with a field that nothing knows: 422."""
HEADERS = {
    "form": {"Content-Type": "application/x-www-form-urlencoded"},
    "text": {"Content-Type": "text/plain"},
    "patch": {"Content-Type": "application/merge-patch+json"},
    "empty type": {"Content-Type": ""},
    "UTF-16": {"Content-Type": "application/json; charset=utf-16"},
    "gzip": {"Content-Encoding": "gzip"},
    "deflate in gzip": {"Content-Encoding": "deflate, gzip", "Content-Type": "application/json"},
}
"""What is no JSON in UTF-8 by its own word: 415."""
FINE = {
    "no word": {},
    "JSON": {"Content-Type": "application/json"},
    "UTF-8": {"Content-Type": 'Application/JSON; charset="UTF-8"'},
    "identity": {"Content-Encoding": "identity", "Content-Type": "application/json"},
}


@pytest.fixture
def route(request: pytest.FixtureRequest) -> Route:
    """The route that the test is about."""
    found: Route = request.param
    return found


@pytest.fixture
def world(route: Route) -> World:
    """A world in which the route can be granted."""
    return ready(route.operation)[0]


def send(world: World, route: Route, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    """Send these very bytes, as API Gateway hands them on: in base64 if they are no text."""
    path = route.path.format(**IDS)
    case, parameters = route_of(route.method, path)
    claims = {**world.claims("operator"), "sub": allowed(route.operation)}
    usual = {"Idempotency-Key": "any", "If-Match": "*"}
    event = http_event(route.method, path, None, {**usual, **(headers or {})}, parameters, claims)
    try:
        event["body"] = body.decode()
    except UnicodeDecodeError:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return answer(world, case.name, event)


def refused(world: World, status: int, slug: str, reply: Reply) -> Any:
    """It is this problem, and nothing was done; its body."""
    assert not world.salesforce.calls
    assert not world.energised.calls
    return problem(reply, status, slug)


@pytest.mark.parametrize("case", NO_OBJECT)
@EVERY
def test_should_refuse_what_is_no_json_object(world: World, route: Route, case: str) -> None:
    if case == "empty" and operations()[route.operation].body_optional:
        return
    written = world.table.bill.write_units
    told = refused(world, 400, "body-invalid", send(world, route, NO_OBJECT[case]))
    assert told.get("detail") or told["errors"]
    assert world.table.bill.write_units == written


@EVERY
def test_should_say_what_is_wrong_with_a_body(world: World, route: Route) -> None:
    def said(case: str) -> str:
        return send(world, route, NO_OBJECT[case]).text

    assert "from character 14 on" in said("half")
    assert "from character 1 on" in said("byte order mark")
    assert "no text in UTF-8" in said("no UTF-8")
    assert "NaN" in said("NaN")
    assert "too large" in said("beyond all floats")
    assert "2^53" in said("beyond 2^53")
    assert f"{DEEPEST} levels" in said("deep")
    assert fields_at_fault(send(world, route, NO_OBJECT["name twice"])) == ["quantity"]


@pytest.mark.parametrize("case", NO_FIELD)
@EVERY
def test_should_refuse_a_field_that_nothing_knows(world: World, route: Route, case: str) -> None:
    reply = send(world, route, NO_FIELD[case])
    refused(world, 422, "fields-invalid", reply)
    assert len(reply.text.encode()) < 8 * 1024


@pytest.mark.parametrize("case", HEADERS)
@EVERY
def test_should_refuse_what_is_no_json_by_its_headers(
    world: World, route: Route, case: str
) -> None:
    written = world.table.bill.write_units
    body = json.dumps(next(iter(operations()[route.operation].bodies.values()))).encode()
    reply = send(world, route, body, HEADERS[case])
    encoded = "Content-Encoding" in HEADERS[case]
    slug = "content-encoding-unsupported" if encoded else "content-type-unsupported"
    refused(world, 415, slug, reply)
    assert reply.headers["Accept-Encoding" if encoded else "Accept"]
    assert world.table.bill.write_units == written


@pytest.mark.parametrize("case", FINE)
@EVERY
def test_should_take_json_in_utf_8(world: World, route: Route, case: str) -> None:
    described = operations()[route.operation]
    body = json.dumps(next(iter(described.bodies.values()))).encode()
    assert send(world, route, body, FINE[case]).status in described.answers


@pytest.mark.parametrize("size", [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1])
@EVERY
def test_should_take_a_body_of_64_kilobytes_and_no_longer_one(
    world: World, route: Route, size: int
) -> None:
    described = operations()[route.operation]
    body = json.dumps(next(iter(described.bodies.values()))).encode()
    reply = send(world, route, body + b" " * (size - len(body)))
    if size > 64 * 1024:
        refused(world, 413, "body-too-large", reply)
    else:
        assert reply.status in described.answers, reply.text
