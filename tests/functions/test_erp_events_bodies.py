"""The toolkit's routes at bodies that are none, and at what an ERP sends that others may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.catalog import Route, use_case
from infra.operations import operations
from tests.doubles.world import Reply
from tests.functions.erp_given import (
    PATH,
    WIEBKE,
    ErpWorld,
    any_event,
    codes,
    contact,
    send,
    statuses,
)
from tests.functions.portal import problem
from tests.functions.test_bodies import HEADERS, NO_OBJECT
from tests.functions.test_bodies import send as send_bytes

ROUTES = [r for r in use_case("erp_events").routes if r.path.endswith("/events")]
EVERY = pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.operation)
TAKEN_HERE = {
    *("beyond 2^53", "below -2^53", "endless number", "deep lists", "one level too deep"),
    "no UTF-8, as a gateway mends it",
}
"""An ERP's ids are numbers of any length, and its documents have up to 64 levels. What a gateway
has mended is one event's fault."""
V3 = ROUTES[2]


@pytest.fixture
def world() -> ErpWorld:
    return ErpWorld()


@pytest.mark.parametrize("case", sorted(NO_OBJECT.keys() - TAKEN_HERE))
@EVERY
def test_should_refuse_what_is_no_json_object(world: ErpWorld, route: Route, case: str) -> None:
    problem(send_bytes(world, route, NO_OBJECT[case]), 400, "body-invalid")
    assert world.files.writes == 0


@pytest.mark.parametrize("case", sorted(TAKEN_HERE))
@EVERY
def test_should_read_what_an_erp_may_send(world: ErpWorld, route: Route, case: str) -> None:
    """It is JSON, though no request: what is missing is named."""
    refused = send_bytes(world, route, NO_OBJECT[case])
    assert "events has to be a list" in problem(refused, 400, "invalid-request")["message"]


@pytest.mark.parametrize("case", HEADERS)
@EVERY
def test_should_refuse_what_is_no_json_by_its_headers(
    world: ErpWorld, route: Route, case: str
) -> None:
    body = json.dumps(next(iter(operations()[route.operation].bodies.values()))).encode()
    encoded = "Content-Encoding" in HEADERS[case]
    slug = "content-encoding-unsupported" if encoded else "content-type-unsupported"
    problem(send_bytes(world, route, body, HEADERS[case]), 415, slug)


def test_should_refuse_the_event_that_was_no_utf_8_and_take_its_neighbours(world: ErpWorld) -> None:
    events = [
        any_event({"partner": "1000001", "lastName": "M\ufffdller"}),
        any_event('{"partner": "1000002", "lastName": "Schr\ufffdder"}'),
        any_event({"partner": "1000003", "lastName": "Jürgens"}),
    ]
    body = {"integration_id": world.integration_id, "events": events}
    reply = world.call("POST", PATH, "machine", json.dumps(body, ensure_ascii=False))
    assert statuses(reply) == ["error", "error", "success"]
    assert "send it in UTF-8" in reply.json["results"][0]["message"]
    world.pump()
    assert contact(world, "1000003") == {"customer_number": "1000003", "last_name": "Jürgens"}
    assert codes(world) == ["ENTITY_CREATED", "MALFORMED_PAYLOAD", "MALFORMED_PAYLOAD"]


def test_should_take_the_character_itself_where_its_sender_means_it(world: ErpWorld) -> None:
    event = any_event({"partner": "1000001", "lastName": "M\ufffdller"})
    body = {"integration_id": world.integration_id, "events": [event]}
    assert statuses(world.call("POST", PATH, "machine", json.dumps(body))) == ["success"]


def sent(world: ErpWorld, payload: str) -> Reply:
    """An event whose payload is this JSON, as an object in the body."""
    body = json.dumps({"integration_id": "§", "events": [any_event({"§": 1})]})
    body = body.replace('{"\\u00a7": 1}', payload).replace("\\u00a7", world.integration_id)
    return world.call("POST", PATH, "machine", body)


def test_should_keep_a_number_beyond_2_53_to_its_last_digit(world: ErpWorld) -> None:
    assert statuses(sent(world, '{"partner": 90071992547409931234}')) == ["success"]
    world.pump()
    assert contact(world, "90071992547409931234")


@pytest.mark.parametrize(("levels", "status"), [(61, 200), (62, 400)])
def test_should_take_64_levels_in_all(world: ErpWorld, levels: int, status: int) -> None:
    payload = '{"a":' * levels + "1" + "}" * levels
    assert sent(world, payload).status == status


def test_should_read_text_and_object_alike(world: ErpWorld) -> None:
    send(world, any_event(WIEBKE))
    world.pump()
    stood: Any = contact(world)
    send(world, any_event(json.dumps(WIEBKE, indent=1), timestamp="2026-03-02T07:59:30Z"))
    world.pump()
    assert contact(world) == stood
