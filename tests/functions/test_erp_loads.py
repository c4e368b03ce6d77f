"""/v1/integrations/{integrationId}/loads: a file is sent, its load started, watched, paused."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.erp_loads import LARGEST_LOAD
from tests.functions.erp_given import ErpWorld
from tests.functions.load_given import (
    KEY,
    LOAD_ID,
    LOADS,
    bodies,
    customer_line,
    file_of,
    known_load,
    load_world,
    put_file,
    shown,
    start,
    wish,
)
from tests.functions.portal import answer, fields_at_fault, problem

LINES = [customer_line(n) for n in range(120)]


@pytest.fixture
def world() -> ErpWorld:
    return load_world()


# --- sending a file and starting ---------------------------------------------------------------


def test_upload_should_give_a_form_for_a_key_of_the_org(world: ErpWorld, event: Any) -> None:
    reply = answer(world, "erp_loads", event)
    assert reply.status == 200
    assert reply.json["key"].startswith("loads/demo/")
    assert reply.json["largest"] == LARGEST_LOAD
    assert world.files.upload(reply.json, file_of(*LINES)) == 204
    load = start(world, key=reply.json["key"])
    world.pump()
    assert shown(world, load)["outcomes"] == {"ENTITY_CREATED": 120}


def test_start_should_answer_at_once_and_count_first(world: ErpWorld, event: Any) -> None:
    put_file(world, file_of(*LINES))
    reply = answer(world, "erp_loads", event)
    assert reply.status == 201
    assert reply.headers["Location"] == f"{LOADS}/{reply.json['id']}"
    assert (reply.json["state"], reply.json["lines"], reply.json["percent"]) == (
        "counting",
        None,
        0,
    )
    assert bodies(world) == [{"org": "demo", "load": reply.json["id"], "slice": -1}]


def test_should_start_one_load_for_one_key(world: ErpWorld) -> None:
    put_file(world, file_of(*LINES))
    first = start(world)
    assert start(world) == first
    assert start(world, once="other") != first


def test_foreign_key_should_be_refused(world: ErpWorld, event: Any) -> None:
    refused = answer(world, "erp_loads", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["key"]


@pytest.mark.parametrize(
    ("key", "content", "says"),
    [
        (KEY, None, "names no file"),
        (KEY, b"", "1 to"),
        ("loads/other/any.jsonl", b"{}", "loads/demo/"),
        ("loads/demo", b"{}", "loads/demo/"),
    ],
)
def test_should_say_what_is_wrong_with_a_key(
    world: ErpWorld, key: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        put_file(world, content, key)
    refused = world.call("POST", LOADS, "machine", {"key": key}, Idempotency_Key="any")
    problem(refused, 422, "fields-invalid")
    assert says in refused.json["errors"][0]["message"]


def test_should_need_a_key_against_repeats(world: ErpWorld) -> None:
    put_file(world, file_of(*LINES))
    problem(world.call("POST", LOADS, "machine", {"key": KEY}), 400, "idempotency-key-missing")


@pytest.mark.parametrize("path", ["", "/upload", f"/{LOAD_ID}"])
def test_should_know_no_loads_of_an_integration_that_is_none(world: ErpWorld, path: str) -> None:
    nobody = LOADS.replace("000000000001", "000000000009")
    method = "POST" if path == "/upload" else "GET"
    problem(world.call(method, nobody + path, "operator"), 404, "integration-not-found")


def test_should_be_refused_to_a_service_agent_but_for_looking(world: ErpWorld) -> None:
    put_file(world, file_of(*LINES))
    load = start(world)
    agent = "service-agent"
    for method, path, body in (
        ("POST", f"{LOADS}/upload", None),
        ("POST", LOADS, {"key": KEY}),
        ("PATCH", f"{LOADS}/{load}", {"state": "paused"}),
    ):
        problem(world.call(method, path, agent, body, Idempotency_Key="a"), 403, "forbidden")
    assert world.call("GET", f"{LOADS}/{load}", agent).status == 200


@pytest.mark.parametrize("what", ["files", "sqs"])
def test_should_start_later_what_cannot_be_started_now(world: ErpWorld, what: str) -> None:
    put_file(world, file_of(*LINES))
    getattr(world, what).is_down = True
    refused = world.call("POST", LOADS, "machine", {"key": KEY}, Idempotency_Key="any")
    problem(refused, 503, "try-again")
    getattr(world, what).is_down = False
    world.clock.advance(60)
    load = start(world)
    world.pump()
    assert shown(world, load)["state"] == "done"


# --- looking -----------------------------------------------------------------------------------


def test_show_should_tell_how_far_it_is(world: ErpWorld, event: Any) -> None:
    known_load(world, file_of(*LINES))
    seen = answer(world, "erp_loads", event)
    assert seen.status == 200
    assert (seen.json["state"], seen.json["lines_done"], seen.json["bad_lines"]) == (
        "counting",
        0,
        [],
    )


def test_list_should_show_the_loads_of_the_integration(world: ErpWorld, event: Any) -> None:
    put_file(world, file_of(*LINES))
    first = start(world)
    world.pump()
    world.clock.advance(1)
    second = start(world, once="again")
    page = answer(world, "erp_loads", event).json
    assert [(one["id"], one["state"]) for one in page["loads"]] == [
        (second, "counting"),
        (first, "done"),
    ]
    assert page["next_cursor"] is None


@pytest.mark.parametrize("load", [LOAD_ID, "none", "10AD000000001%23"])
def test_should_know_no_other_load(world: ErpWorld, load: str) -> None:
    problem(world.call("GET", f"{LOADS}/{load}", "operator"), 404, "load-not-found")
    problem(wish(world, load, "paused"), 404, "load-not-found")


# --- pausing, going on, cancelling -------------------------------------------------------------


def test_pause_should_stop_it_where_it_is(world: ErpWorld, event: Any) -> None:
    known_load(world, file_of(*LINES))
    assert answer(world, "erp_loads", event).json["state"] == "paused"
    assert wish(world, LOAD_ID, "paused").json["state"] == "paused"
    assert wish(world, LOAD_ID, "running").json["state"] == "counting"
    world.pump()
    assert shown(world, LOAD_ID)["state"] == "done"


def test_should_stop_behind_the_batch_at_hand_and_go_on_there() -> None:
    world = load_world()
    load = start(world, *LINES)
    world.boundaries.count = 0
    # The second batch is written down by then, and the last one is not begun.
    batches = iter(range(10))

    def second(writes: Any) -> bool:
        if any("erp_load_slice#" in write.key.pk for write in writes) and next(batches) == 2:
            wish(world, load, "paused")
        return False

    world.fails = second
    world.pump()
    seen = shown(world, load)
    assert (seen["state"], seen["lines_done"]) == ("paused", 100)
    assert bodies(world) == []
    assert wish(world, load, "running").json["state"] == "running"
    world.pump()
    seen = shown(world, load)
    assert (seen["state"], seen["outcomes"]) == ("done", {"ENTITY_CREATED": 120})


def test_should_have_what_hangs_gone_on_with_by_the_same_wish(world: ErpWorld) -> None:
    load = start(world, *LINES)
    world.sqs.queues.clear()  # whatever may lose a message
    world.clock.advance(600)
    assert wish(world, load, "running").status == 200
    world.pump()
    assert shown(world, load)["state"] == "done"


def test_should_be_cancelled_for_good(world: ErpWorld) -> None:
    load = start(world, *LINES)
    assert wish(world, load, "cancelled").json["state"] == "cancelled"
    assert wish(world, load, "cancelled").json["state"] == "cancelled"
    world.pump()
    assert shown(world, load)["lines_done"] == 0
    assert bodies(world) == []
    for state in ("running", "paused"):
        problem(wish(world, load, state), 409, "load-over")


def test_should_change_nothing_of_a_load_that_is_done(world: ErpWorld) -> None:
    load = start(world, *LINES)
    world.pump()
    for state in ("running", "paused", "cancelled"):
        problem(wish(world, load, state), 409, "load-over")
    assert shown(world, load)["state"] == "done"


def test_should_say_which_states_may_be_wished_for(world: ErpWorld) -> None:
    load = start(world, *LINES)
    refused = wish(world, load, "done")
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["state"]
