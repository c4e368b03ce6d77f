"""Those who start and work off loads die at every boundary: no line is lost, none is applied twice,
and each counts once."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest

from busbar.errors import StoreUnavailable
from busbar.ports.store import Put
from tests.doubles.world import Reply, WorkerDiedError, World
from tests.functions.erp_given import ErpWorld, contact, entities_as_stored, integration, rows
from tests.functions.given import store
from tests.functions.load_given import (
    KEY,
    LOADS,
    QUEUE,
    Line,
    bodies,
    customer_line,
    file_of,
    load_world,
    put_file,
    shown,
)

NOTES: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "contact",
            "unique_ids": ["customer_number"],
            "fields": [
                {"attribute": "customer_number", "field": "partner"},
                {"attribute": "_tags", "jsonataExpression": "{'_append_all': [note]}"},
            ],
        }
    ]
}
"""Applied twice, it would show."""
MANY = [customer_line(n) for n in range(45)]
NOTE = customer_line(
    3,
    use_case_slug="note",
    payload={"partner": "0000003", "note": "one"},
    deduplication_id="note-1",
)
LINES: list[Line] = [
    *MANY,
    "{",
    NOTE,
    "",
    customer_line(3, timestamp="2026-03-02T06:00:00Z"),
    *MANY[:4],
]
BAD = 46
"""The number of the line that nobody can read."""


def any_world() -> ErpWorld:
    """Where a worker hands on after each batch: of these lines there are two."""
    world = load_world(turn=0.0)
    store(world).commit(Put(integration(note=NOTES)))
    put_file(world, file_of(*LINES))
    return world


def door(world: World) -> Reply:
    """The start of the load."""
    return world.call("POST", LOADS, "machine", {"key": KEY}, Idempotency_Key="any")


def versions(world: World) -> dict[str, int]:
    """Entity -> how often it was written."""
    return {key.pk: int(item["version"]) for key, item in entities_as_stored(world).items()}


@cache
def undisturbed() -> tuple[dict[str, int], int, int]:
    """How often entities are written if nobody dies; the boundaries of the door and of the rest."""
    world = any_world()
    world.boundaries.count = 0
    door(world)
    of_door, world.boundaries.count = world.boundaries.count, 0
    world.pump()
    return versions(world), of_door, world.boundaries.count


def as_meant(world: World, *, in_order: bool = True) -> None:
    """Every line is in, once; what cannot be is told once; the load knows how far it is.

    `in_order`: each entity was written as often as it would have been without any trouble. Where a
    line had to be tried again, others about the entity went before it.
    """
    (one,) = world.call("GET", LOADS, "operator").json["loads"]
    seen = shown(world, one["id"])
    assert (seen["state"], seen["lines"], seen["lines_done"], seen["lines_bad"]) == (
        "done",
        53,
        53,
        1,
    )
    assert seen["bytes_done"] == seen["bytes"]
    assert [line["line"] for line in seen["bad_lines"]] == [BAD]
    codes = Counter(seen["outcomes"])
    assert codes["MALFORMED_PAYLOAD"] == 1
    # Lines that are done again, as their worker died before it wrote that down, change nothing.
    assert sum(codes.values()) == 52
    written = versions(world)
    assert written.keys() == undisturbed()[0].keys()
    assert not in_order or written == undisturbed()[0]
    assert (contact(world, "0000003") or {})["last_name"] == "Name 3"
    assert (contact(world, "0000003") or {})["_tags"] == ["one"]
    assert [row.detail["line"] for row in rows(world)] == [BAD]
    assert bodies(world) == []
    assert world.sqs.dead == {}


def test_should_do_it_all_if_nobody_dies() -> None:
    world = any_world()
    assert door(world).status == 201
    world.pump()
    as_meant(world)
    assert len(versions(world)) == 45


@pytest.mark.parametrize("at", range(1, undisturbed()[1] + 1))
@pytest.mark.parametrize("later", [1, 400])
def test_should_start_one_load_when_the_door_dies(at: int, later: float) -> None:
    """Who gets no answer sends it again, at once or when the queue has forgotten the first."""
    world = any_world()
    world.boundaries.count, world.boundaries.die_at = 0, at
    with pytest.raises(WorkerDiedError):
        door(world)
    world.boundaries.die_at = -1
    world.pump()
    world.clock.advance(later)
    answered = door(world)
    if answered.status == 409:  # the first may still be at work, for all anybody knows
        world.clock.advance(60)
        answered = door(world)
    assert answered.status == 201
    world.pump()
    as_meant(world)


@pytest.mark.parametrize("at", range(1, undisturbed()[2] + 1))
def test_should_lose_and_double_nothing_when_the_worker_dies(at: int) -> None:
    world = any_world()
    door(world)
    world.boundaries.count, world.boundaries.die_at = 0, at
    world.pump()
    world.boundaries.die_at = -1
    world.run_for(1300)
    as_meant(world)


@pytest.mark.parametrize("at", range(1, undisturbed()[2] + 1))
def test_should_lose_and_double_nothing_when_two_workers_meet(at: int) -> None:
    """A worker that was taken for dead comes back while another one is at its slice."""
    world = any_world()
    door(world)
    messages = [{"org": "demo", "load": bodies(world)[0]["load"], "slice": n} for n in (-1, 0)]

    def another() -> None:
        for number, message in enumerate(messages):
            body = str(message).replace("'", '"')
            world.invoke(QUEUE, {"Records": [{"messageId": f"other-{number}", "body": body}]})

    world.boundaries.count = 0
    world.boundaries.meddle_at, world.boundaries.meddle = at, another
    world.pump()
    world.run_for(1300)
    as_meant(world)


@pytest.mark.parametrize("at", range(1, undisturbed()[2] + 1))
def test_should_go_on_when_a_call_fails_once(at: int) -> None:
    world = any_world()
    door(world)

    def refuse() -> None:
        raise StoreUnavailable("any")

    world.boundaries.count = 0
    world.boundaries.meddle_at, world.boundaries.meddle = at, refuse
    world.pump()
    world.run_for(1300)
    as_meant(world, in_order=False)


@pytest.mark.parametrize("at", range(1, undisturbed()[2] + 1))
def test_should_go_on_where_it_was_when_it_is_paused_anywhere(at: int) -> None:
    world = any_world()
    load = door(world).json["id"]

    def pause() -> None:
        world.boundaries.meddle_at = -1
        world.call("PATCH", f"{LOADS}/{load}", "operator", {"state": "paused"})

    world.boundaries.count = 0
    world.boundaries.meddle_at, world.boundaries.meddle = at, pause
    world.pump()
    assert bodies(world) == []
    assert shown(world, load)["state"] in {"paused", "done"}
    world.clock.advance(1)
    world.call("PATCH", f"{LOADS}/{load}", "operator", {"state": "running"})
    world.pump()
    as_meant(world)
