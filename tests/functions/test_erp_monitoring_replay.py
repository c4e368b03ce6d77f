"""Events are sent again, through the mapping as it is now."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from busbar.usecases.erp_monitoring import Monitoring
from busbar.usecases.erp_replay import Replay
from busbar.wiring.parts import Parts
from tests.doubles.files import BUCKET
from tests.doubles.world import ORG, World
from tests.functions.portal import answer, problem
from tests.functions.toolkit_given import (
    CONTACTS,
    CORRELATION,
    EVENT_ID,
    INTEGRATION_ID,
    SLUGS,
    V1,
    V2,
    ask,
    contact,
    integration,
    post,
    sample_request,
)
from tests.functions.toolkit_given import event as sent

REPLAY = f"{V1}/events/replay"
BROKEN: dict[str, Any] = {
    "entities": [
        {
            **CONTACTS["entities"][0],
            "fields": [
                {"attribute": "customer_number", "field": "partner"},
                {"attribute": "last_name", "jsonataExpression": "$number(lastName)"},
            ],
        }
    ]
}


@pytest.fixture
def erp(world: World) -> World:
    """An integration whose mapping of customers is wrong."""
    integration(world, **{**SLUGS, "customer": BROKEN})
    return world


def mend(world: World) -> None:
    """Save a mapping that is right."""
    (case,) = [
        one
        for one in world.call("GET", f"{V1}/use-cases", "operator").json["use_cases"]
        if one["slug"] == "customer"
    ]
    path = f"{V1}/use-cases/{case['id']}"
    assert world.call("PUT", path, "operator", {"configuration": CONTACTS}).status == 200


def replay(world: World, *ids: str) -> Any:
    """Send events again and let them be applied; what was answered."""
    told = ask(world, REPLAY, {"event_ids": list(ids)}, "machine")
    world.pump()
    return told


def codes(world: World, correlation: str) -> list[str]:
    trace = world.call("GET", f"{V2}/monitoring/traces/{correlation}", "operator").json
    return [span["code"] for span in trace["spans"]]


def came(world: World, event_id: str) -> Any:
    """A received event, as it is shown."""
    (one,) = ask(world, f"{V1}/events", {"event_id": event_id})["data"]
    return one


def test_replay_should_send_what_is_kept_and_name_what_is_not(world: World, event: Any) -> None:
    integration(world)
    sample_request(world)
    told = answer(world, "erp_monitoring", event).json
    assert [one["status"] for one in told["results"]] == ["success", "not_found"]
    assert told["replayed"] == 1
    assert told["event_ids"][0] == EVENT_ID
    assert told["results"][0]["replay_event_id"] != EVENT_ID
    world.pump()
    assert contact(world)["last_name"] == "Janssen"


def test_should_finish_an_event_when_its_mapping_is_mended(erp: World) -> None:
    (first,) = post(erp, sent(), correlation_id=CORRELATION)
    assert codes(erp, CORRELATION) == ["MAPPING_EXPRESSION_FAILED"]
    assert contact(erp) is None
    mend(erp)
    (result,) = replay(erp, first["event_id"])["results"]
    assert contact(erp)["last_name"] == "Janssen"
    again = came(erp, result["replay_event_id"])
    assert again["correlation_id"].startswith("replay_")
    assert codes(erp, again["correlation_id"]) == ["ENTITY_CREATED"]
    assert codes(erp, CORRELATION) == ["MAPPING_EXPRESSION_FAILED"]


def test_should_let_a_mended_mapping_win_over_its_first_run(world: World) -> None:
    shout = [
        {"attribute": "customer_number", "field": "partner"},
        {"attribute": "last_name", "jsonataExpression": "$uppercase(lastName)"},
    ]
    loud = {"entities": [{**CONTACTS["entities"][0], "fields": shout}]}
    integration(world, customer=loud)
    (first,) = post(world, sent())
    assert contact(world)["last_name"] == "JANSSEN"
    world.clock.advance(60)
    mend(world)
    replay(world, first["event_id"])
    assert contact(world)["last_name"] == "Janssen"


def test_should_not_overwrite_what_is_newer(world: World) -> None:
    integration(world)
    (first,) = post(world, sent(lastName="Old"))
    post(world, sent(second=5, lastName="New"))
    world.clock.advance(60)
    told = replay(world, first["event_id"])
    assert told["replayed"] == 1
    assert contact(world)["last_name"] == "New"


def test_should_ask_no_deduplication_again_and_be_replayed_itself(erp: World) -> None:
    (first,) = post(erp, {**sent(), "deduplication_id": "one"})
    (second,) = replay(erp, first["event_id"])["results"]
    mend(erp)
    (third,) = replay(erp, second["replay_event_id"])["results"]
    assert third["status"] == "success"
    assert contact(erp)["last_name"] == "Janssen"


def test_should_keep_the_type_that_an_old_event_said(world: World) -> None:
    integration(world)
    event = {
        "event_type": "DELETE",
        "object_type": "customer",
        "timestamp": "2026-03-02T07:00:00Z",
        "format": "json",
        "payload": {"partner": "1000042"},
    }
    body = {"integration_id": INTEGRATION_ID, "events": [event]}
    told = world.call("POST", "/v2/erp/updates/events", "machine", body).json
    one = told["results"][0]["event_id"]
    for _ in range(2):
        world.clock.advance(60)
        one = replay(world, one)["results"][0]["replay_event_id"]
        assert came(world, one)["event_type"] == "DELETE"


def test_should_send_large_events_by_their_place_in_s3(world: World) -> None:
    integration(world)
    (first,) = post(world, sent(more="x" * 220_000))
    world.clock.advance(60)
    replay(world, first["event_id"])
    operations = [c["operation"] for c in history(world)]
    assert operations == ["create"]
    assert not world.sqs.dead


def history(world: World) -> Any:
    found = contact(world)["_id"]
    path = f"/v1/entities/contact/{found}/history"
    return world.call("GET", path, "operator").json["changes"]


def test_should_send_many_large_events_in_several_requests(world: World) -> None:
    integration(world)
    ids = []
    for number in range(24):
        partner = f"{number}"
        ids += [one["event_id"] for one in post(world, sent(partner=partner, more="x" * 250_000))]
    kept = len(world.files.objects)
    told = replay(world, *ids)
    assert told["replayed"] == 24
    assert len(world.files.objects) - kept == 2
    assert not world.sqs.dead


def replayer(world: World, **limits: int) -> Replay:
    parts = Parts(replace(world.settings, files=BUCKET), world._clients())
    return Replay(Monitoring(parts.deps(ORG), INTEGRATION_ID), parts.queues, parts.ids, **limits)


def test_should_read_only_so_much_by_one_call_and_say_of_what(world: World) -> None:
    integration(world)
    ids = [post(world, sent(partner=f"{n}", more="x" * 200_000))[0]["event_id"] for n in range(4)]
    told = replayer(world, most_bytes=300_000).replay(ids)
    assert [one["status"] for one in told["results"]] == ["success", "success", "error", "error"]
    assert "another call" in told["results"][2]["message"]
    assert replayer(world).replay(ids[2:])["replayed"] == 2


def test_should_hold_few_requests_in_memory(world: World) -> None:
    integration(world)
    wide = [{"n": number} for number in range(5000)]
    ids = [post(world, sent(partner=f"{n}", rows=wide))[0]["event_id"] for n in range(10)]
    tracemalloc.start()
    told = replayer(world).replay(ids)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told["replayed"] == 10
    assert peak < 7_000_000  # three of them take 4 MB, all ten 12


def test_should_say_of_each_why_it_is_not_sent(erp: World) -> None:
    good, off, nobodys, unfit = post(
        erp,
        sent(),
        sent("meter", meter="M1"),
        sent("nobody"),
        {"use_case_slug": "customer"},
    )
    cases = erp.call("GET", f"{V1}/use-cases", "operator").json["use_cases"]
    meter = next(one["id"] for one in cases if one["slug"] == "meter")
    erp.call("PUT", f"{V1}/use-cases/{meter}", "operator", {"enabled": False})
    ids = [one["event_id"] for one in (good, off, nobodys, unfit, good)]
    told = replay(erp, *ids, "garbage", "202603020RDER00000001-000")
    assert [one["status"] for one in told["results"]] == [
        "success",
        "ignored",
        "ignored",
        "error",
        "skipped",
        "not_found",
        "not_found",
    ]
    assert told["replayed"] == 1


def test_should_send_what_nobody_knew_once_its_use_case_is_there(erp: World) -> None:
    (first,) = post(erp, sent("prospects"))
    assert (first["status"], replay(erp, first["event_id"])["replayed"]) == ("ignored", 0)
    new = {"name": "Prospects", "slug": "prospects", "type": "inbound", "enabled": True}
    body = {**new, "configuration": CONTACTS}
    assert erp.call("POST", f"{V1}/use-cases", "operator", body).status == 201
    assert replay(erp, first["event_id"])["replayed"] == 1
    assert contact(erp)["last_name"] == "Janssen"


def test_should_not_find_events_of_another_integration(erp: World) -> None:
    (first,) = post(erp, sent())
    other = erp.call("POST", "/v1/integrations", "operator", {"name": "Other"}).json["id"]
    path = f"/v1/integrations/{other}/events/replay"
    told = ask(erp, path, {"event_ids": [first["event_id"]]})
    assert told["results"][0]["status"] == "not_found"


def test_should_not_find_events_that_are_older_than_14_days(erp: World) -> None:
    (first,) = post(erp, sent())
    erp.clock.advance(14 * 86400 + 1)
    assert replay(erp, first["event_id"])["results"][0]["status"] == "not_found"


def test_should_tell_of_an_event_that_the_queue_refuses(erp: World) -> None:
    good, bad = post(erp, sent(), sent(partner="refused"))
    erp.sqs.refusing = lambda body: "refused" in body
    told = replay(erp, good["event_id"], bad["event_id"])
    assert [one["status"] for one in told["results"]] == ["success", "error"]
    assert came(erp, told["results"][1]["replay_event_id"])["status"] == "error"


@pytest.mark.parametrize("ids", [[], ["x"] * 101, "x", [1], None])
def test_should_refuse_what_is_no_list_of_ids(erp: World, ids: Any) -> None:
    problem(erp.call("POST", REPLAY, "operator", {"event_ids": ids}), 400, "invalid-request")
