"""What became of an integration's events, over HTTP; replays: `test_erp_monitoring_replay.py`."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.entities import entity_id
from busbar.usecases.erp_monitoring import Monitoring
from busbar.usecases.monitoring_bodies import StatsQuery
from busbar.wiring.parts import Parts
from tests.doubles.world import ORG, World
from tests.functions.portal import answer, problem
from tests.functions.toolkit_given import (
    CONTACT_ID,
    CONTACTS,
    CORRELATION,
    INTEGRATION_ID,
    V1,
    V2,
    ask,
    integration,
    post,
    sample_request,
)
from tests.functions.toolkit_given import event as sent

ROWS, STATS, INBOUND, CAME = (
    f"{V2}/monitoring/events",
    f"{V2}/monitoring/stats",
    f"{V1}/monitoring/inbound-events",
    f"{V1}/events",
)
SECRET = "Geheimnis"


@pytest.fixture
def erp(world: World) -> World:
    """Two customers came in one run, then one whose use case nobody knows, then a broken one."""
    integration(world)
    post(world, sent(), sent(partner="1000043"), correlation_id=CORRELATION)
    world.clock.advance(60)
    post(world, sent("nobody"))
    world.clock.advance(60)
    post(world, {**sent(), "payload": f'{{"lastName": "{SECRET}"'})
    return world


def codes(told: Any) -> list[str]:
    return [row["code"] for row in told["data"]]


# --- rows ----------------------------------------------------------------------------------------


def test_rows_should_show_those_that_fit_newest_first(erp: World, event: Any) -> None:
    told = answer(erp, "erp_monitoring", event).json
    assert codes(told) == ["ENTITY_CREATED", "ENTITY_CREATED"]
    row = told["data"][1]
    assert row["detail"]["entity_id"] == CONTACT_ID
    assert (row["use_case_type"], row["correlation_id"]) == ("inbound", CORRELATION)


def test_should_show_all_rows_without_a_body(erp: World) -> None:
    told = erp.call("POST", ROWS, "operator").json
    assert codes(told) == [
        "MALFORMED_PAYLOAD",
        "EVENT_NOT_CONFIGURED",
        "ENTITY_CREATED",
        "ENTITY_CREATED",
    ]
    assert (told["next_cursor"], told["has_more"]) == (None, False)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"level": "error"}, ["MALFORMED_PAYLOAD", "EVENT_NOT_CONFIGURED"]),
        ({"level": "skipped"}, []),
        ({"code": "EVENT_NOT_CONFIGURED"}, ["EVENT_NOT_CONFIGURED"]),
        ({"use_case_id": ""}, ["EVENT_NOT_CONFIGURED"]),
        ({"use_case_id": "__unknown__"}, []),
        ({"use_case_type": "outbound"}, []),
        ({"event_id": "unknown"}, []),
        ({"from_date": "2026-03-02T08:01:30Z"}, ["MALFORMED_PAYLOAD"]),
        ({"to_date": "2026-03-02T08:00:30Z"}, ["ENTITY_CREATED", "ENTITY_CREATED"]),
        (
            {"from_date": "2026-03-02T08:00:30Z", "to_date": "2026-03-02T08:01:30Z"},
            ["EVENT_NOT_CONFIGURED"],
        ),
        ({"from_date": "2026-03-03T00:00:00Z"}, []),
        ({"unknown": "passed over", "code": "MALFORMED_PAYLOAD"}, ["MALFORMED_PAYLOAD"]),
    ],
)
def test_should_filter_rows(erp: World, query: Any, expected: list[str]) -> None:
    assert codes(ask(erp, ROWS, query)) == expected


def test_should_show_rows_of_a_use_case_that_is_gone_as_unknown(erp: World) -> None:
    (gone,) = {r["use_case_id"] for r in ask(erp, ROWS, {"level": "success"})["data"]}
    erp.call("DELETE", f"{V1}/use-cases/{gone}", "operator")
    assert codes(ask(erp, ROWS, {"use_case_id": "__unknown__", "level": "success"})) == [
        "ENTITY_CREATED",
        "ENTITY_CREATED",
    ]


@pytest.mark.parametrize("path", [ROWS, INBOUND, CAME])
def test_should_show_everything_once_page_by_page(erp: World, path: str) -> None:
    whole = ask(erp, path)["data"]
    seen, query = list[Any](), dict[str, Any](limit=1)
    while True:
        page = ask(erp, path, query)
        assert len(page["data"]) <= 1
        seen += page["data"]
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == whole
    assert len(seen) == 4


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "5"},
        {"level": "bad"},
        {"from_date": "yesterday"},
        {"from_date": 5},
        {"cursor": {"id": "x"}},
        {"cursor": "x"},
    ],
)
def test_should_refuse_a_query_that_is_none(erp: World, query: Any) -> None:
    (field,) = query
    refused = erp.call("POST", ROWS, "operator", query)
    assert field in problem(refused, 400, "invalid-request")["message"]


def test_should_hold_nothing_of_what_events_say(erp: World) -> None:
    for path in (ROWS, INBOUND, STATS, CAME):
        for user in ("operator", "service-agent", "machine"):
            told = erp.call("POST", path, user).text
            assert "Janssen" not in told
            assert SECRET not in told
            assert "1000042" not in told


def test_unknown_integration_should_be_404(erp: World, event: Any) -> None:
    problem(answer(erp, "erp_monitoring", event), 404, "integration-not-found")


# --- version 1, counts, traces -------------------------------------------------------------------


def test_inbound_should_tell_the_same_by_the_words_of_version_one(erp: World, event: Any) -> None:
    first, second = answer(erp, "erp_monitoring", event).json["data"]
    assert first["event_id"] != second["event_id"]
    assert (first["object_type"], first["sync_type"], first["status"]) == (
        "contact",
        "entity",
        "success",
    )
    assert first["received_at"] <= first["completed_at"]
    wrong = ask(erp, INBOUND, {"status": "error", "error_category": "configuration"})["data"]
    assert [one["error_code"] for one in wrong] == ["EVENT_NOT_CONFIGURED"]
    assert ask(erp, INBOUND, {"event_name": "customer"})["data"][0]["error_category"]


def send_typed(erp: World, kind: str, at: str) -> None:
    """Send an event of a type, as version 2 has them."""
    event = {
        "event_type": kind,
        "object_type": "customer",
        "timestamp": at,
        "format": "json",
        "payload": {"partner": "1000043"},
    }
    body = {"integration_id": INTEGRATION_ID, "events": [event]}
    erp.call("POST", "/v2/erp/updates/events", "machine", body)


def test_inbound_should_tell_rows_by_the_type_of_their_event(erp: World) -> None:
    """As received events are told: those of version 3 say no type, and are updates."""
    for second, kind in enumerate(("CREATE", "DELETE")):
        erp.clock.advance(60)
        send_typed(erp, kind, f"2026-03-02T07:00:0{second}.5Z")
        erp.pump()
        (row,) = ask(erp, INBOUND, {"event_type": kind})["data"]
        assert (row["event_type"], row["sync_type"]) == (kind, "entity")
    rows = ask(erp, INBOUND)["data"]
    of_version_3 = [row for row in rows if row.get("event_type") == "UPDATE"]
    assert ask(erp, INBOUND, {"event_type": "UPDATE"})["data"] == of_version_3
    assert len(of_version_3) == 4
    of_no_event = [row for row in rows if "event_type" not in row]
    assert {row["error_code"] for row in of_no_event} == {"DEPRECATED_ENDPOINT"}
    assert ask(erp, INBOUND, {"event_type": "TRIGGER"})["data"] == []
    refused = erp.call("POST", INBOUND, "operator", {"event_type": "ANY"})
    assert "event_type" in problem(refused, 400, "invalid-request")["message"]


def test_stats_should_count_info_in_the_total_alone(erp: World, event: Any) -> None:
    post(erp, {**sent(), "deduplication_id": "one"})
    post(erp, {**sent(), "deduplication_id": "one"})
    told = answer(erp, "erp_monitoring", event).json
    counted = {name: told[f"{name}_count"] for name in ("success", "error", "warning", "info")}
    assert counted == {"success": 3, "error": 2, "warning": 0, "info": 1}
    assert (told["total_events"], told["success_rate"], told["truncated"]) == (6, 60.0, False)
    by_code = {one["code"]: one["total_events"] for one in told["breakdown"]}
    assert by_code["DUPLICATE_EVENT"] == 1
    assert told["last_error_at"].startswith("2026-03-02T08:02")


@pytest.mark.parametrize("group", ["use_case_id", "use_case_type", "level", "code", "date"])
@pytest.mark.parametrize("source", ["monitoring", "incoming"])
def test_should_break_counts_down_so_that_they_add_up(erp: World, group: str, source: str) -> None:
    told = ask(erp, STATS, {"group_by": group, "source": source})
    assert sum(one["total_events"] for one in told["breakdown"]) == told["total_events"] == 4


def test_should_count_received_events_by_what_was_answered(erp: World) -> None:
    told = ask(erp, STATS, {"source": "incoming", "group_by": "code"})
    assert {one["code"]: one["total_events"] for one in told["breakdown"]} == {
        "success": 3,
        "ignored": 1,
    }


def test_should_count_only_so_many_rows_and_say_from_when_on(erp: World) -> None:
    parts = Parts(erp.settings, erp._clients())
    monitoring = Monitoring(parts.deps(ORG), INTEGRATION_ID)
    for most, total, since in ((1, 1, "08:02:00"), (2, 2, "08:01:00"), (5, 4, None)):
        told = monitoring.stats(StatsQuery(), most)
        assert (told["total_events"], told["truncated"]) == (total, since is not None)
        assert since is None or since in told["counted_from"]


def test_should_count_nothing_without_a_rate(world: World) -> None:
    integration(world)
    told = ask(world, STATS)
    assert told["total_events"] == 0
    assert "success_rate" not in told


def test_trace_should_show_a_run_from_its_beginning(erp: World, event: Any) -> None:
    told = answer(erp, "erp_monitoring", event).json
    assert [span["code"] for span in told["spans"]] == ["ENTITY_CREATED", "ENTITY_CREATED"]
    assert told["spans"][0]["detail"]["entity_id"] == CONTACT_ID
    assert (told["status"], told["span_count"], told["truncated"]) == ("success", 2, False)
    assert told["inbound_event"]["event_name"] == "customer"
    long = erp.call("GET", f"{V2}/monitoring/traces/{'x' * 256}", "operator")
    problem(long, 400, "invalid-parameter")
    nobody = erp.call("GET", f"{V2}/monitoring/traces/nobody", "operator").json
    assert (nobody["status"], nobody["spans"], nobody["started_at"]) == ("info", [], None)


def test_should_show_the_earliest_rows_of_a_long_run(world: World) -> None:
    many = {"entities": [{**CONTACTS["entities"][0], "jsonataExpression": "partners"}]}
    integration(world, many=many)
    for first, count in ((0, 300), (300, 300)):
        partners = [{"partner": str(n)} for n in range(first, first + count)]
        post(world, sent("many", first, partners=partners), correlation_id=CORRELATION)
        world.clock.advance(60)
    told = world.call("GET", f"{V2}/monitoring/traces/{CORRELATION}", "operator").json
    assert (told["span_count"], len(told["spans"]), told["truncated"]) == (500, 500, True)
    at = [span["created_at"][:19] for span in told["spans"]]
    assert (at.count("2026-03-02T08:00:00"), at.count("2026-03-02T08:01:00")) == (300, 200)
    ids = [span["detail"]["entity_id"] for span in told["spans"]]
    assert ids[0] == entity_id(ORG, "contact", {"customer_number": "0"})
    assert ids[499] == entity_id(ORG, "contact", {"customer_number": "499"})


def test_synced_should_show_how_far_an_integration_is(erp: World, event: Any) -> None:
    (state,) = answer(erp, "erp_monitoring", event).json["sync_states"]
    assert (state["integration_id"], state["entity_slug"]) == (INTEGRATION_ID, "contact")
    assert state["last_operation"] == "create"
    other = f"/v1/integrations/entities/{CONTACT_ID}/sync-status?integration_id={CONTACT_ID}"
    assert erp.call("GET", other, "operator").json["sync_states"] == []


def test_should_forget_after_90_days_though_the_table_does_later(erp: World) -> None:
    erp.clock.advance(90 * 86400 - 30)
    assert codes(ask(erp, ROWS)) == ["MALFORMED_PAYLOAD"]
    assert len(ask(erp, CAME)["data"]) == 1
    erp.clock.advance(31)
    for path in (ROWS, INBOUND, CAME):
        assert ask(erp, path)["data"] == []
    for source in ("monitoring", "incoming"):
        assert ask(erp, STATS, {"source": source})["total_events"] == 0


def test_should_find_rows_by_a_time_of_sap_in_another_zone(world: World) -> None:
    """21 digits that begin like an id of ours, of a day that has not begun in UTC."""
    integration(world)
    at = "202603030030001234567"
    post(world, sent(), correlation_id=at)
    assert codes(ask(world, ROWS, {"correlation_id": at})) == ["ENTITY_CREATED"]
    assert len(ask(world, CAME, {"correlation_id": at})["data"]) == 1


# --- received events -----------------------------------------------------------------------------


def test_received_should_show_events_with_the_form_of_their_payload(
    world: World, event: Any
) -> None:
    integration(world)
    sample_request(world)
    (one,) = answer(world, "erp_monitoring", event).json["data"]
    assert one["payload"] == {"partner": "<redacted>", "lastName": "<redacted>"}
    assert (one["event_name"], one["status"]) == ("customer", "success")
    assert one["timestamp"] == "2026-03-02T07:00:00+00:00"


def test_should_show_what_came_whatever_became_of_it(erp: World) -> None:
    broken, nobodys, second, first = ask(erp, CAME)["data"]
    assert [one["status"] for one in (broken, nobodys, second, first)] == [
        "success",
        "ignored",
        "success",
        "success",
    ]
    assert broken["payload"] == "<unreadable>"
    assert ask(erp, CAME, {"event_id": first["event_id"]})["data"] == [first]
    assert ask(erp, CAME, {"correlation_id": CORRELATION})["data"] == [second, first]
    assert ask(erp, CAME, {"event_name": "nobody"})["data"] == [nobodys]


def test_should_show_the_form_of_xml_and_the_type_of_old_events(world: World) -> None:
    integration(world)
    old = {
        "integration_id": INTEGRATION_ID,
        "events": [
            {
                "event_type": "UPDATE",
                "object_type": "customer",
                "timestamp": "2026-03-02T07:00:00Z",
                "format": "xml",
                "payload": "<a><b>Janssen</b></a>",
            }
        ],
    }
    world.call("POST", "/v2/erp/updates/events", "machine", old)
    (one,) = ask(world, CAME)["data"]
    assert (one["format"], one["event_type"]) == ("xml", "UPDATE")
    assert "Janssen" not in str(one["payload"])
    assert "redacted" in str(one["payload"])


def test_should_tell_received_events_by_their_type(erp: World) -> None:
    """Those of version 3 say none: to a reader of the toolkit's way they are updates."""
    for kind in ("CREATE", "DELETE"):
        erp.clock.advance(60)
        send_typed(erp, kind, f"2026-03-02T07:00:00.{len(kind)}Z")
    assert [one["event_type"] for one in ask(erp, CAME)["data"]][:2] == ["DELETE", "CREATE"]
    for kind, count in (("CREATE", 1), ("DELETE", 1)):
        found = ask(erp, CAME, {"event_type": kind})["data"]
        assert [one["event_type"] for one in found] == [kind] * count
    updates = ask(erp, CAME, {"event_type": "UPDATE"})["data"]
    assert updates
    assert {one["event_type"] for one in updates} == {"UPDATE"}
    refused = erp.call("POST", CAME, "operator", {"event_type": "ANY"})
    assert "event_type" in problem(refused, 400, "invalid-request")["message"]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ("[]", "[]"),
        ("{}", "{}"),
        ('[{"a": "b"}]', '[{"a": "<redacted>"}]'),
        ("12", "<unreadable>"),
        ("no json", "<unreadable>"),
        ({"a": "b", "n": 7}, {"a": "<redacted>", "n": 0}),
        ({"DE89370400440532013000": {"a": "b"}}, {"DE…3000": {"a": "<redacted>"}}),
    ],
)
def test_should_show_every_payload_as_an_object_or_a_text(
    erp: World, payload: Any, shown: Any
) -> None:
    erp.clock.advance(60)
    post(erp, {**sent(), "payload": payload})
    assert ask(erp, CAME, {"limit": 1})["data"][0]["payload"] == shown


def test_should_show_when_an_event_came_whose_own_time_is_none(erp: World) -> None:
    erp.clock.advance(60)
    post(erp, {**sent(), "timestamp": "never"})
    one = ask(erp, CAME, {"limit": 1})["data"][0]
    assert (one["status"], one["timestamp"]) == ("error", one["received_at"])


def test_should_tell_what_is_no_longer_kept(world: World) -> None:
    integration(world)
    sample_request(world)
    world.clock.advance(14 * 86400 + 1)
    (one,) = ask(world, CAME)["data"]
    assert one["payload"] == "<no longer kept>"


def test_should_take_no_more_than_25_at_once(erp: World) -> None:
    problem(erp.call("POST", CAME, "operator", {"limit": 26}), 400, "invalid-request")


def test_service_agent_should_not_send_events_again(erp: World, event: Any) -> None:
    problem(answer(erp, "erp_monitoring", event), 403, "forbidden")


def test_should_show_a_page_of_large_events_within_what_lambda_answers(erp: World) -> None:
    """A form of short texts is longer than its event."""
    large = {"partner": "1", "texts": ["x"] * 9_000}
    small = {"partner": "1", "texts": ["x"] * 7_000}
    for _ in range(13):
        erp.clock.advance(1)
        post(erp, {**sent(), "payload": large}, {**sent(), "payload": small})
    reply = erp.call("POST", CAME, "operator", {"limit": 25})
    assert len(reply.text) < 5_000_000
    shown = {
        one["payload"] if isinstance(one["payload"], str) else "form" for one in reply.json["data"]
    }
    assert shown == {"<too large to be shown>", "form"}


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_should_refuse_a_time_that_is_none_in_utc(erp: World, at: str) -> None:
    for path, query in (
        (ROWS, {"from_date": at}),
        (STATS, {"to_date": at}),
        (CAME, {"cursor": {"event_time": at, "event_id": "any"}}),
    ):
        problem(erp.call("POST", path, "operator", query), 400, "invalid-request")
