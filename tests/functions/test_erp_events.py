"""POST /v1, /v2, /v3/erp/updates/events: each event is answered for itself, and kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.domain.integrations import integration_id
from tests.doubles.world import World
from tests.functions.erp_given import (
    INTEGRATION,
    PATH,
    WIEBKE,
    ErpWorld,
    any_event,
    codes,
    contact,
    contacts,
    customer,
    entities_as_stored,
    messages,
    received,
    rows,
    send,
    statuses,
)
from tests.functions.portal import answer, problem


@pytest.fixture
def world() -> World:
    return ErpWorld()


# --- the sample events -------------------------------------------------------------------------


def test_customer_should_become_a_contact(world: World, event: Any) -> None:
    reply = answer(world, "erp_events", event)
    assert statuses(reply) == ["success"]
    world.pump()
    assert contact(world) == {
        "customer_number": "1000042",
        "first_name": "Wiebke",
        "last_name": "Janssen",
        "email": [{"email": "wiebke.janssen@example.test"}],
    }
    assert world.sqs.dead == {}
    (row,) = rows(world)
    assert (row.code, row.correlation_id) == ("ENTITY_CREATED", "erp-run-17")
    assert row.event_id == reply.json["results"][0]["event_id"]


def test_several_should_each_be_answered_for_itself(world: World, event: Any) -> None:
    reply = answer(world, "erp_events", event)
    told = ["success", "error", "skipped", "ignored", "ignored", "success"]
    assert statuses(reply) == told
    world.pump()
    assert len(contacts(world)) == 2
    assert codes(world) == [
        "DUPLICATE_EVENT",
        "ENTITY_CREATED",
        "ENTITY_CREATED",
        "EVENT_NOT_CONFIGURED",
        "MALFORMED_PAYLOAD",
        "USE_CASE_DISABLED",
    ]
    (kept,) = received(world)
    assert [one.status for one in kept.events] == told
    assert [one.event_id for one in kept.events] == [r["event_id"] for r in reply.json["results"]]


def test_bad_timestamp_should_fail_its_event_and_no_neighbour(world: World, event: Any) -> None:
    assert statuses(answer(world, "erp_events", event)) == ["error", "error", "success"]
    assert codes(world) == ["INVALID_TIMESTAMP"] * 2


def test_far_ahead_should_be_refused_beyond_a_day(world: World, event: Any) -> None:
    """It would stay over everything that comes until then."""
    assert statuses(answer(world, "erp_events", event)) == ["error", "success"]
    assert codes(world) == ["INVALID_TIMESTAMP"]


def test_unknown_integration_should_be_told_and_keep_nothing(world: World, event: Any) -> None:
    problem(answer(world, "erp_events", event), 404, "integration-not-found")
    assert world.files.writes == 0
    assert received(world) == []


def test_version_1_should_go_by_the_app_and_say_that_it_is_deprecated(
    world: World, event: Any
) -> None:
    assert statuses(answer(world, "erp_events", event)) == ["success"]
    world.pump()
    assert contact(world)
    assert codes(world) == ["DEPRECATED_ENDPOINT", "ENTITY_CREATED"]
    assert {row.correlation_id for row in rows(world)} >= {"erp-run-17"}


def test_version_2_should_be_taken_and_say_that_it_is_deprecated(world: World, event: Any) -> None:
    assert statuses(answer(world, "erp_events", event)) == ["success"]
    world.pump()
    assert contact(world)
    assert codes(world) == ["DEPRECATED_ENDPOINT", "ENTITY_CREATED"]


def test_xml_should_be_read(world: World, event: Any) -> None:
    assert statuses(answer(world, "erp_events", event)) == ["success"]
    world.pump()
    assert contact(world) == {"customer_number": "1000042"}


def test_upload_should_be_given_a_form_of_its_own(world: World, event: Any) -> None:
    given = [answer(world, "erp_events", event).json for _ in range(2)]
    assert len({one["payload_ref"] for one in given}) == 2
    assert given[0]["fields"]["Content-Type"] == "application/json"
    assert given[0]["fields"]["key"] == f"payloads/demo/{given[0]['payload_ref']}"


# --- whose integration it is -------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [integration_id("elsewhere", "erp"), INTEGRATION[:-1] + "2"])
def test_should_know_no_integration_of_another_org(world: World, wanted: str) -> None:
    problem(send(world, any_event(), integration_id=wanted), 404, "integration-not-found")


def test_should_know_an_integration_that_comes_with_the_product(world: World) -> None:
    reply = send(world, any_event(), integration_id=integration_id("demo", "erp").upper())
    assert statuses(reply) == ["success"]


def test_should_answer_404_to_an_app_that_stands_for_nothing(world: World) -> None:
    body = {"app_id": INTEGRATION, "component_id": INTEGRATION, "meta": {}, "events": []}
    refused = world.call("POST", "/v1/erp/updates/events", "machine", body)
    assert "app-mapping" in problem(refused, 404, "integration-not-found")["message"]


# --- repeats -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "told"), [(0.01, "skipped"), (23.9, "skipped"), (24, "success")])
def test_should_skip_a_deduplication_id_for_a_day(world: World, hours: float, told: str) -> None:
    send(world, any_event(deduplication_id="any-1"))
    world.clock.advance(hours * 3600)
    again = any_event({**WIEBKE, "lastName": "Feddersen"}, deduplication_id="any-1")
    assert statuses(send(world, again)) == [told]


def test_should_skip_it_within_one_request(world: World) -> None:
    events = [customer(n, deduplication_id="any-1", group_id=str(n)) for n in range(3)]
    assert statuses(send(world, *events)) == ["success", "skipped", "skipped"]


def test_should_not_skip_the_id_of_an_event_that_was_not_taken(world: World) -> None:
    send(world, any_event("{", deduplication_id="any-1", timestamp="never"))
    assert statuses(send(world, any_event(deduplication_id="any-1"))) == ["success"]


def test_should_skip_an_id_in_its_own_integration_alone(world: World) -> None:
    send(world, any_event(deduplication_id="any-1"))
    other = send(
        world, any_event(deduplication_id="any-1"), integration_id=integration_id("demo", "erp")
    )
    assert statuses(other) == ["success"]


def test_should_collapse_what_is_identical_to_the_byte_within_five_minutes(world: World) -> None:
    assert statuses(send(world, any_event(), any_event())) == ["success", "success"]
    world.clock.advance(299)
    assert statuses(send(world, any_event())) == ["success"]
    assert len(messages(world)) == 1
    world.clock.advance(2)
    assert statuses(send(world, any_event())) == ["success"]
    assert len(messages(world)) == 2


@pytest.mark.parametrize("other", [{"timestamp": "2026-03-02T07:59:01Z"}, {"group_id": "other"}])
def test_should_take_what_is_not_identical_for_another_event(
    world: World, other: dict[str, str]
) -> None:
    send(world, any_event(), any_event(**other))
    assert len(messages(world)) == 2


def test_should_write_nothing_for_a_repeat(world: World) -> None:
    send(world, any_event())
    world.pump()
    stood = entities_as_stored(world)
    for _ in range(3):
        world.clock.advance(400)
        send(world, any_event())
        world.pump()
    assert entities_as_stored(world) == stood
    assert codes(world) == ["ENTITY_CREATED", *["ENTITY_NO_OP"] * 3]


# --- groups ------------------------------------------------------------------------------------


def groups(world: World) -> list[str]:
    """The groups of the messages on the queue, in their order."""
    return [m.group for m in sorted(world.sqs.queues["erp_apply"], key=lambda m: m.number)]


def test_should_put_all_events_of_an_integration_into_one_order(world: World) -> None:
    send(world, customer(1), customer(2))
    send(world, customer(3))
    assert len(set(groups(world))) == 1


def test_should_put_events_of_a_group_into_its_order(world: World) -> None:
    send(world, customer(1), customer(2, group_id="b"), customer(3, group_id="a"), group_id="a")
    first, second, third = groups(world)
    assert first == third != second


def test_should_apply_events_of_a_group_in_their_order(world: World) -> None:
    """Though the ERP gives them all the same time."""
    for number in range(3):
        send(world, *(customer(1, f"Name {number}-{n}", group_id="a") for n in range(25)))
        world.clock.advance(0.001)
    world.pump()
    assert (contact(world, "0000001") or {})["last_name"] == "Name 2-24"


# --- what is kept ------------------------------------------------------------------------------


def test_should_keep_a_request_as_it_came_and_once(world: World) -> None:
    events = [customer(n) for n in range(30)]
    send(world, *events)
    (key,) = world.files.below("inbound/")
    (kept,) = received(world)
    assert key == f"inbound/demo/2026-03-02/{kept.id}.json"
    assert json.loads(world.files.objects[key].content)["events"] == events
    assert world.files.writes == 1


def test_should_keep_what_is_nobodys_so_that_it_can_be_replayed(world: World) -> None:
    send(world, any_event(event_name="nobody"), any_event("x"))
    assert world.files.writes == 1
    assert codes(world) == ["EVENT_NOT_CONFIGURED", "MALFORMED_PAYLOAD"]


def test_should_keep_no_file_if_all_of_it_came_before(world: World) -> None:
    for _ in range(3):
        send(world, any_event(deduplication_id="any-1"))
    assert world.files.writes == 1


def test_should_answer_a_request_without_events(world: World) -> None:
    assert send(world).json == {"results": []}
    assert received(world) == []


def test_should_tell_nothing_of_a_person_in_a_row(world: World) -> None:
    send(
        world, any_event({**WIEBKE, "email": {"no": "mail"}}), any_event("<x>wiebke", format="xml")
    )
    world.pump()
    told = " ".join(row.model_dump_json() for row in rows(world))
    assert "wiebke" not in told.lower()
    assert "Janssen" not in told


def test_should_pass_over_keys_that_it_does_not_know(world: World) -> None:
    reply = world.call(
        "POST",
        PATH,
        "machine",
        {
            "integration_id": INTEGRATION,
            "interactive": True,
            "events": [any_event(correlation_complete=True, meta={"a": 1})],
        },
    )
    assert statuses(reply) == ["success"]
