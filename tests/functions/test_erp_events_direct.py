"""Direct payloads at the door: held to their contract before they are accepted, as the toolkit's
guide to direct mode has it: a refused one is an `error` of its own, and the request answers 422."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.ports.store import Put
from infra.operations.erp_events import APP, COMPONENT
from tests.doubles.world import Reply
from tests.functions.erp_given import (
    INTEGRATION,
    ErpWorld,
    any_event,
    codes,
    contact,
    customer,
    integration,
    messages,
    send,
)
from tests.functions.given import store

ALLOWED: dict[str, Any] = {
    "direct": True,
    "entities": [{"entity_schema": "contact", "unique_ids": ["customer_number"]}],
}
OPERATION: dict[str, Any] = {
    "entity_slug": "contact",
    "unique_ids": {"customer_number": "1000042"},
    "attributes": {"last_name": "Janssen"},
}


@pytest.fixture
def world() -> ErpWorld:
    world = ErpWorld()
    store(world).commit(Put(integration(direct=ALLOWED)))
    return world


def direct(*operations: Any, **fields: Any) -> dict[str, Any]:
    """An event of the direct use case."""
    payload = {"version": "1", "operations": list(operations)}
    return any_event(payload, **{"event_name": "direct", **fields})


def told(reply: Reply) -> list[tuple[str, str]]:
    """Status and message of each event."""
    return [(one["status"], one["message"]) for one in reply.json["results"]]


@pytest.mark.parametrize("as_text", [False, True])
def test_should_take_what_fits_and_apply_it(world: ErpWorld, as_text: bool) -> None:
    event = direct(OPERATION)
    if as_text:
        event["payload"] = json.dumps(event["payload"])
    reply = send(world, event)
    assert (reply.status, told(reply)) == (200, [("success", "")])
    world.pump()
    assert contact(world) == {"customer_number": "1000042", "last_name": "Janssen"}


def test_should_refuse_what_does_not_and_take_its_neighbours(world: ErpWorld) -> None:
    wrong = {**OPERATION, "attributes": 5}
    reply = send(world, customer(1), direct(OPERATION, wrong), direct(OPERATION))
    assert reply.status == 422
    message = "operations[1].attributes: has to be an object"
    assert told(reply) == [("success", ""), ("error", message), ("success", "")]
    assert len(messages(world)) == 2
    world.pump()
    assert contact(world, "0000001")
    assert contact(world)
    assert codes(world) == ["DIRECT_PAYLOAD_INVALID", "ENTITY_CREATED", "ENTITY_CREATED"]
    assert world.sqs.dead == {}


def test_should_say_how_much_more_is_wrong(world: ErpWorld) -> None:
    reply = send(world, direct({}, {}))
    ((status, message),) = told(reply)
    assert status == "error"
    assert message.startswith("operations[0].entity_slug: ")
    assert message.endswith(" (and 5 more)")


def test_should_not_take_the_id_of_a_refused_one_for_seen(world: ErpWorld) -> None:
    refused = send(world, direct({**OPERATION, "entity_slug": "order"}, deduplication_id="any-1"))
    assert refused.status == 422
    mended = send(world, direct(OPERATION, deduplication_id="any-1"))
    assert (mended.status, told(mended)) == (200, [("success", "")])


def test_should_answer_the_older_versions_as_ever(world: ErpWorld) -> None:
    old = {"event_type": "UPDATE", "object_type": "direct", **direct({})}
    v1 = {"app_id": APP, "component_id": COMPONENT, "meta": {}, "events": [old]}
    v2 = {"integration_id": INTEGRATION, "events": [old]}
    for number, body in ((1, v1), (2, v2)):
        reply = world.call("POST", f"/v{number}/erp/updates/events", "machine", body)
        assert reply.status == 200
        assert [status for status, _ in told(reply)] == ["error"]


def test_should_leave_a_configuration_that_nobody_could_save_to_the_worker(
    world: ErpWorld,
) -> None:
    store(world).commit(Put(integration(direct={**ALLOWED, "entities": [5]})))
    reply = send(world, direct(OPERATION))
    assert (reply.status, told(reply)) == (200, [("success", "")])
    world.pump()
    assert codes(world) == ["INVALID_MAPPING"]
