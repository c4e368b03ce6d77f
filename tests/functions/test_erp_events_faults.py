"""Door and worker of an ERP's events die at every boundary: nothing that was answered `success` is
lost, nothing is applied twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import permutations
from typing import Any

import pytest

from busbar.errors import StoreUnavailable
from tests.doubles.world import Reply, WorkerDiedError, World
from tests.functions.erp_given import (
    QUEUE,
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
    send,
    statuses,
)
from tests.functions.portal import problem

LARGE = {**WIEBKE, "note": "x" * 200_000}
EVENTS = [
    any_event(LARGE, deduplication_id="any-1", group_id="a"),
    any_event({**WIEBKE, "lastName": "Feddersen"}, timestamp="2026-03-02T07:59:30Z", group_id="a"),
    customer(1, group_id="b"),
    any_event('{"', group_id="b"),
    customer(2, group_id="b", deduplication_id="any-2"),
]
TOLD = ["success", "success", "success", "success", "success"]


def any_world() -> World:
    return ErpWorld()


def boundaries(work: Callable[[World], object]) -> int:
    """How many boundaries a piece of work has."""
    world = any_world()
    world.boundaries.count = 0
    work(world)
    return world.boundaries.count


def door(world: World) -> Reply:
    """A request."""
    return send(world, *EVENTS)


def worker(world: World) -> None:
    """A request, and all that follows."""
    door(world)
    world.boundaries.count = 0
    world.pump()


def versions(world: World) -> dict[str, int]:
    """Entity -> how often it was written."""
    return {key.pk: int(item["version"]) for key, item in entities_as_stored(world).items()}


@cache
def undisturbed() -> dict[str, int]:
    """As often as entities are written if nobody dies."""
    world = any_world()
    worker(world)
    return versions(world)


def as_meant(world: World, letters: int = 1) -> None:
    """All that was answered is applied, once: each entity was written as often as it would have
    been without any trouble. What nobody can apply is parked."""
    assert versions(world) == undisturbed()
    assert len(contacts(world)) == 3
    assert (contact(world) or {})["last_name"] == "Feddersen"
    assert contact(world, "0000001")
    assert contact(world, "0000002")
    assert len(set(world.sqs.dead[QUEUE])) == letters
    assert messages(world) == []


def test_should_do_it_all_if_nobody_dies() -> None:
    world = any_world()
    assert statuses(door(world)) == TOLD
    world.pump()
    as_meant(world)
    assert len(world.sqs.dead[QUEUE]) == 1


@pytest.mark.parametrize("at", range(1, boundaries(door) + 1))
@pytest.mark.parametrize("later", [1, 400])
def test_should_lose_and_double_nothing_when_the_door_dies(at: int, later: float) -> None:
    """The sender gets no answer and sends all of it again, at once or when the queue has forgotten
    the first."""
    world = any_world()
    world.boundaries.count, world.boundaries.die_at = 0, at
    with pytest.raises(WorkerDiedError):
        door(world)
    world.boundaries.die_at = -1
    world.pump()
    world.clock.advance(later)
    assert set(statuses(door(world))) <= {"success", "skipped"}
    world.pump()
    as_meant(world, len(set(world.sqs.dead[QUEUE])))
    assert set(codes(world)) >= {"ENTITY_CREATED", "MALFORMED_PAYLOAD"}


@pytest.mark.parametrize("at", range(1, boundaries(worker) + 1))
def test_should_lose_and_double_nothing_when_the_worker_dies(at: int) -> None:
    world = any_world()
    assert statuses(door(world)) == TOLD
    world.boundaries.count, world.boundaries.die_at = 0, at
    world.pump()
    world.boundaries.die_at = -1
    world.run_for(800)
    as_meant(world)


@pytest.mark.parametrize("at", range(1, boundaries(worker) + 1))
def test_should_lose_and_double_nothing_when_two_workers_meet(at: int) -> None:
    """SQS may hand out a message twice: another worker applies all of it in between."""
    world = any_world()
    door(world)
    bodies = [m.body for m in sorted(world.sqs.queues[QUEUE], key=lambda m: m.number)]
    batch = {"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]}

    def another() -> None:
        world.invoke(QUEUE, batch)

    world.boundaries.count = 0
    world.boundaries.meddle_at, world.boundaries.meddle = at, another
    world.pump()
    world.run_for(400)
    as_meant(world, len(set(world.sqs.dead[QUEUE])))


# --- what is out of reach ----------------------------------------------------------------------


@pytest.mark.parametrize("what", ["files", "sqs"])
def test_should_promise_nothing_while_it_cannot_be_kept(what: str) -> None:
    world = any_world()
    getattr(world, what).is_down = True
    problem(door(world), 503, "try-again")
    assert messages(world) == []
    getattr(world, what).is_down = False
    assert statuses(door(world)) == TOLD
    world.pump()
    as_meant(world)


@pytest.mark.parametrize("at", range(1, boundaries(door) + 1))
def test_should_promise_nothing_while_the_table_is_out_of_reach(at: int) -> None:
    world = any_world()

    def refuse() -> None:
        raise StoreUnavailable("any")

    world.boundaries.count = 0
    world.boundaries.meddle_at, world.boundaries.meddle = at, refuse
    problem(door(world), 503, "try-again")
    assert set(statuses(door(world))) <= {"success", "skipped"}
    world.pump()
    as_meant(world)


def test_should_call_success_only_what_the_queue_has_taken() -> None:
    world = any_world()
    world.sqs.refusing = lambda body: '"0000001\\"' in body
    reply = door(world)
    assert statuses(reply) == ["success", "success", "error", "success", "success"]
    assert "send it again" in reply.json["results"][2]["message"]
    world.sqs.refusing = lambda _body: False
    assert statuses(send(world, EVENTS[2])) == ["success"]
    world.pump()
    as_meant(world)


def test_should_not_skip_an_event_that_the_queue_has_not_taken() -> None:
    world = any_world()
    world.sqs.refusing = lambda body: '"0000002\\"' in body
    door(world)
    world.sqs.refusing = lambda _body: False
    assert statuses(send(world, EVENTS[4])) == ["success"]


# --- order -------------------------------------------------------------------------------------


def event_at(second: int, **fields: Any) -> dict[str, Any]:
    """What the ERP says of a customer at a second."""
    payload = {"partner": "1000042", "lastName": f"At {second}"}
    if second % 2:
        payload["firstName"] = f"At {second}"
    return any_event(payload, timestamp=f"2026-03-02T07:58:{second:02}Z", **fields)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_should_end_alike_in_whatever_order_events_come(order: tuple[int, ...]) -> None:
    world = any_world()
    for second in (*order, order[0]):
        send(world, event_at(second, group_id=str(second)))
        world.clock.advance(400)
        world.pump()
    assert contact(world) == {
        "customer_number": "1000042",
        "last_name": "At 3",
        "first_name": "At 3",
    }


def test_should_hold_up_no_good_event_by_one_in_a_hundred_that_are_not() -> None:
    world = any_world()
    for batch in range(10):
        events = [customer(batch * 100 + n, group_id=str(n % 10)) for n in range(99)]
        send(world, *events[:50], any_event(f'{{"{batch}', group_id="3"), *events[50:])
    world.pump()  # without a retry: no time passes
    assert codes(world).count("ENTITY_CREATED") == 990
    assert len(world.sqs.dead[QUEUE]) == 10
    assert messages(world) == []
    assert len(received(world)) == 10
