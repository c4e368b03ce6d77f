"""Queue erp_load_slices: lines of a file become entities; a bad one is told by its number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.domain.erp_loads import LARGEST_LINE, LoadSlice
from busbar.domain.outcome_rows import OutcomeBatch, SeenEvent
from busbar.ports.store import Put
from busbar.usecases.erp_load_slices import MOST_LINES
from tests.doubles.world import World
from tests.functions.erp_given import (
    CUSTOMER,
    WIEBKE,
    ErpWorld,
    any_event,
    contact,
    contacts,
    customer,
    entities_as_stored,
    integration,
    of_entities,
    records,
    rows,
    send,
)
from tests.functions.given import store
from tests.functions.load_given import (
    KEY,
    LOAD_ID,
    QUEUE,
    bodies,
    customer_line,
    file_of,
    known_load,
    load_world,
    loaded,
    put_file,
    shown,
    start,
)

LINES = [customer_line(n) for n in range(120)]


@pytest.fixture
def world() -> ErpWorld:
    return load_world()


def work(world: World, event: Any) -> list[dict[str, str]]:
    """What the worker answers of a message's failure."""
    failures: list[dict[str, str]] = world.invoke(QUEUE, event)["batchItemFailures"]
    return failures


# --- the way of a file -------------------------------------------------------------------------


def test_count_should_count_lines_and_send_for_the_slices(world: ErpWorld, event: Any) -> None:
    known_load(world, file_of(*LINES))
    assert work(world, event) == []
    assert shown(world, LOAD_ID)["lines"] == 120
    assert bodies(world) == [{"org": "demo", "load": LOAD_ID, "slice": 0}]


def test_slice_should_wait_until_lines_are_counted(world: ErpWorld, event: Any) -> None:
    known_load(world, file_of(*LINES))
    assert work(world, event) == []
    assert contacts(world) == []


def test_slice_should_become_entities(world: ErpWorld, event: Any) -> None:
    start(world, *LINES)
    world.pump()
    assert len(entities_as_stored(world)) == 120
    assert contact(world, "0000007") == {"customer_number": "0000007", "last_name": "Name 7"}
    assert work(world, event) == []


def test_unknown_org_should_be_parked(world: ErpWorld, event: Any) -> None:
    assert work(world, event) == []
    assert len(world.sqs.dead[QUEUE]) == 1


def test_unreadable_should_be_parked(world: ErpWorld, event: Any) -> None:
    assert work(world, event) == []
    assert world.sqs.dead[QUEUE] == ['{"org": "demo"']


def test_should_cut_a_large_file_into_slices_of_whole_lines() -> None:
    world = load_world(slices=3)
    lines = [
        customer_line(n, payload={"partner": f"{n:07}", "note": "x" * 3000}) for n in range(400)
    ]
    load = start(world, *lines)
    world.invoke(QUEUE, _records(bodies(world)[0]))
    waiting = [one["slice"] for one in bodies(world) if one["slice"] >= 0]
    assert waiting == [0, 1, 2]
    world.pump()
    seen = shown(world, load)
    assert (seen["lines"], seen["lines_done"], seen["lines_bad"]) == (400, 400, 0)
    assert seen["outcomes"] == {"ENTITY_CREATED": 400}
    assert (seen["percent"], seen["bytes_done"]) == (100, seen["bytes"])


def test_should_read_a_file_by_pieces_of_it() -> None:
    """Lines that begin in one piece and end in another, and slices of one long line."""
    world = load_world(slices=4)
    long = {"partner": "1", "note": "y" * 200_000}
    lines = [customer_line(n, payload={**long, "partner": f"{n:07}"}) for n in range(30)]
    seen = loaded(world, *lines)
    assert seen["outcomes"] == {"ENTITY_CREATED": 30}


def _records(body: dict[str, Any]) -> dict[str, Any]:
    return {"Records": [{"messageId": "any", "body": json.dumps(body)}]}


def test_should_hand_on_what_is_left_when_its_time_is_up() -> None:
    world = load_world(turn=0.0)
    load = start(world, *LINES)
    world.pump()
    assert shown(world, load)["outcomes"] == {"ENTITY_CREATED": 120}
    # counting, and a message for each batch
    assert len([n for n in world.boundaries.names if n == f"after send {QUEUE}"]) == 4


def test_should_count_a_file_without_a_last_line_end(world: ErpWorld) -> None:
    put_file(world, file_of(*LINES).rstrip())
    load = start(world)
    world.pump()
    assert (shown(world, load)["lines"], shown(world, load)["lines_done"]) == (120, 120)


def test_should_pass_empty_lines_and_a_byte_order_mark(world: ErpWorld) -> None:
    put_file(
        world, b"\xef\xbb\xbf" + file_of(LINES[0], "", " \r", LINES[1]).replace(b"\n", b"\r\n")
    )
    load = start(world)
    world.pump()
    seen = shown(world, load)
    assert (seen["lines_done"], seen["lines_bad"]) == (4, 0)
    assert seen["outcomes"] == {"ENTITY_CREATED": 2}


# --- what a line may be ------------------------------------------------------------------------

BAD: list[tuple[Any, str]] = [
    ("{", "MALFORMED_PAYLOAD"),
    ("[]", "MALFORMED_PAYLOAD"),
    ('{"a": NaN}', "MALFORMED_PAYLOAD"),
    ("[" * 100_000, "MALFORMED_PAYLOAD"),
    (b"\xff\xfe{}", "MALFORMED_PAYLOAD"),
    (customer_line(1, payload=None), "MALFORMED_PAYLOAD"),
    (customer_line(1, use_case_slug="No slug"), "MALFORMED_PAYLOAD"),
    (customer_line(1, timestamp=None), "INVALID_TIMESTAMP"),
    (customer_line(1, timestamp="2036-01-01T00:00:00Z"), "INVALID_TIMESTAMP"),
    (customer_line(1, use_case_slug="nobody"), "USE_CASE_NOT_FOUND"),
    (customer_line(1, use_case_slug="off"), "USE_CASE_DISABLED"),
    (customer_line(1, use_case_slug="broken"), "INVALID_MAPPING"),
    (customer_line(1, payload={"lastName": "Any"}), "MISSING_UNIQUE_IDENTIFIERS"),
    (customer_line(1, payload={"partner": "1", "n": "x" * 262_144}), "PAYLOAD_TOO_LARGE"),
    ("x" * (LARGEST_LINE + 1), "PAYLOAD_TOO_LARGE"),
]


@pytest.mark.parametrize(("bad", "code"), BAD, ids=range(len(BAD)))
def test_should_tell_a_bad_line_by_its_number_and_go_on(
    world: ErpWorld, bad: Any, code: str
) -> None:
    seen = loaded(world, LINES[0], LINES[1], bad, LINES[2])
    assert (seen["state"], seen["lines_done"], seen["lines_bad"]) == ("done", 4, 1)
    (one,) = seen["bad_lines"]
    assert (one["line"], one["code"]) == (3, code)
    (row,) = rows(world)
    assert (row.code, row.detail["line"], row.event_id) == (code, 3, one["event_id"])
    assert row.correlation_id == seen["correlation_id"]
    assert len(contacts(world)) == 3


def test_should_say_of_a_use_case_that_there_is_none_and_not_that_it_is_gone(
    world: ErpWorld,
) -> None:
    (one,) = loaded(world, customer_line(1, use_case_slug="nobody"))["bad_lines"]
    assert one["message"] == "there is no such use case, or no longer"


def test_should_say_that_a_line_has_to_hold_its_payload(world: ErpWorld) -> None:
    seen = loaded(world, customer_line(1, payload=None, payload_ref="202603020RDER00000001"))
    (one,) = seen["bad_lines"]
    assert one["message"] == "a line has to hold its payload"


def test_should_show_rows_of_bad_lines_in_the_monitoring(world: ErpWorld) -> None:
    seen = loaded(world, LINES[0], "{", LINES[1])
    path = f"/v2/integrations/{seen['integration_id']}/monitoring/traces/{seen['correlation_id']}"
    trace = world.call("GET", path, "operator").json
    assert [span["code"] for span in trace["spans"]] == ["MALFORMED_PAYLOAD"]


def test_should_show_some_of_many_bad_lines_and_write_rows_of_all(world: ErpWorld) -> None:
    seen = loaded(world, *["{"] * 130, LINES[0])
    assert (seen["lines_bad"], len(seen["bad_lines"])) == (130, 10)
    assert seen["outcomes"] == {"ENTITY_CREATED": 1, "MALFORMED_PAYLOAD": 130}
    assert sorted(row.detail["line"] for row in rows(world)) == list(range(1, 131))
    assert len(records(world, OutcomeBatch)) == 3


def test_should_write_no_rows_of_what_is_as_it_should_be(world: ErpWorld) -> None:
    loaded(world, *LINES)
    assert rows(world) == []


def test_should_take_all_that_a_live_event_may_be(world: ErpWorld) -> None:
    """By name, with a payload as text, with readings, in a group, with an id."""
    readings = {
        "meter": "M-1",
        "readings": [{"id": "r1", "meter": "M-1", "at": "2026-01-01", "value": 5}],
    }
    text = json.dumps({"partner": "0000002", "lastName": "Text"})
    seen = loaded(
        world,
        customer_line(1, use_case_slug=None, event_name="customer", group_id="a"),
        customer_line(2, payload=text, deduplication_id="any-2", correlation_id="of-the-erp"),
        customer_line(3, use_case_slug="readings", payload=readings),
    )
    assert seen["bad_lines"] == []
    assert seen["outcomes"] == {"ENTITY_CREATED": 3, "METER_READING_UPSERTED": 1}


# --- what is newer, and what came before -------------------------------------------------------


def test_should_leave_what_a_live_event_has_said_later(world: ErpWorld) -> None:
    start(world, customer_line(1000042))
    send(world, any_event({**WIEBKE, "lastName": "Later"}))
    world.pump()
    assert (contact(world) or {})["last_name"] == "Later"


def test_should_change_nothing_when_a_file_is_loaded_again(world: ErpWorld) -> None:
    loaded(world, *LINES)
    units = world.table.bill.index_units
    world.clock.advance(1)
    load = start(world, once="again")
    world.pump()
    assert shown(world, load)["outcomes"] == {"ENTITY_NO_OP": 120}
    assert world.table.bill.index_units - units < 10
    assert len(entities_as_stored(world)) == 120


def test_should_finish_bad_lines_when_their_mapping_is_mended(world: ErpWorld) -> None:
    broken = customer_line(1, use_case_slug="broken")
    loaded(world, broken)
    store(world).commit(Put(integration(broken=CUSTOMER)))
    world.clock.advance(600)
    load = start(world, once="again")
    world.pump()
    assert shown(world, load)["outcomes"] == {"ENTITY_CREATED": 1}


def test_should_take_a_deduplication_id_once(world: ErpWorld) -> None:
    twice = customer_line(1, deduplication_id="any-1")
    other = customer_line(1, deduplication_id="any-1", payload={"partner": "0000001"})
    send(world, customer(2, deduplication_id="any-2"))
    seen = loaded(world, twice, other, customer_line(2, deduplication_id="any-2"))
    assert seen["outcomes"] == {"DUPLICATE_EVENT": 2, "ENTITY_CREATED": 1}
    assert len(records(world, SeenEvent)) == 2


def test_should_take_an_id_again_whose_line_was_bad(world: ErpWorld) -> None:
    seen = loaded(
        world,
        customer_line(1, deduplication_id="any-1", payload={"lastName": "Nobody"}),
        *LINES[10 : 10 + MOST_LINES],
        customer_line(1, deduplication_id="any-1"),
    )
    assert seen["outcomes"]["ENTITY_CREATED"] == MOST_LINES + 1


# --- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [True, False])
def test_should_fail_where_the_file_is_not_what_it_was(world: ErpWorld, *, gone: bool) -> None:
    load = start(world, *LINES)
    world.invoke(QUEUE, _records(bodies(world)[0]))
    if gone:
        del world.files.objects[KEY]
    else:
        put_file(world, file_of(*LINES[:100]))
    world.pump()
    seen = shown(world, load)
    assert (seen["state"], seen["failed"]) == ("failed", "FILE_CHANGED")
    assert contacts(world) == []
    assert bodies(world) == []


def test_should_fail_before_it_is_counted_too(world: ErpWorld) -> None:
    load = start(world, *LINES)
    put_file(world, b"{}")
    world.pump()
    assert shown(world, load)["state"] == "failed"


def test_should_go_on_when_files_can_be_read_again(world: ErpWorld) -> None:
    load = start(world, *LINES)
    world.files.is_down = True
    world.pump()
    assert shown(world, load)["state"] == "counting"
    world.files.is_down = False
    world.run_for(400)
    assert shown(world, load)["state"] == "done"


def test_should_try_lines_again_that_met_others(world: ErpWorld) -> None:
    load = start(world, *LINES)
    refused = iter([True, True, False, True])
    world.fails = lambda writes: of_entities(writes) and next(refused, False)
    world.pump()  # without a retry of the message: nothing but the pauses passes
    seen = shown(world, load)
    assert (seen["state"], seen["outcomes"]) == ("done", {"ENTITY_CREATED": 120})


def test_should_try_lines_again_that_could_not_be_read_for(world: ErpWorld) -> None:
    """As at the start of a load, to which the table has yet to grow."""
    load = start(world, *LINES)
    world.throttled = 3
    world.pump()
    seen = shown(world, load)
    assert (seen["state"], seen["outcomes"]) == ("done", {"ENTITY_CREATED": 120})


def test_should_come_again_while_entities_cannot_be_written(world: ErpWorld) -> None:
    load = start(world, *LINES)
    world.fails = of_entities
    world.pump()
    assert shown(world, load)["lines_done"] == 0
    world.fails = lambda _writes: False
    world.run_for(800)
    assert shown(world, load)["outcomes"] == {"ENTITY_CREATED": 120}


def _breaking(number: str) -> Any:
    def breaks(writes: Any) -> bool:
        if any(f"#{number}" in write.key.pk for write in writes):
            raise ValueError(number)
        return False

    return breaks


def test_should_pass_a_line_that_breaks_the_worker(world: ErpWorld) -> None:
    world.fails = _breaking("0000007")
    seen = loaded(world, *LINES)
    assert (seen["state"], seen["lines_bad"]) == ("done", 1)
    assert [(b["line"], b["code"]) for b in seen["bad_lines"]] == [(8, "UNKNOWN_ERROR")]
    assert len(entities_as_stored(world)) == 119


def test_should_blame_no_line_where_all_of_them_break(world: ErpWorld) -> None:
    load = start(world, *LINES)
    world.fails = _breaking("0")
    world.pump()
    assert (shown(world, load)["lines_done"], shown(world, load)["lines_bad"]) == (0, 0)
    world.fails = lambda _writes: False
    world.run_for(800)
    assert shown(world, load)["outcomes"] == {"ENTITY_CREATED": 120}


def test_should_say_of_every_line_that_its_integration_is_gone(world: ErpWorld) -> None:
    start(world, *LINES[:3])
    del world.table.items[next(k for k in world.table.items if "#integration#" in k.pk)]
    world.pump()
    (one,) = records(world, LoadSlice)
    assert (one.bad, one.codes) == (3, {"INTEGRATION_NOT_FOUND": 3})
