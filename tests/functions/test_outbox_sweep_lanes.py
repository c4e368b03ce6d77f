"""outbox_sweep: what waits for a system that is down goes when it may, oldest first."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from busbar.ports.store import Put
from busbar.process.circuit_row import CircuitRow
from busbar.process.outbox import Command, OutboxRow
from tests.doubles.world import WorkerDiedError, World
from tests.functions.given import command, errands, store

WAITING = 12
LIMIT = 90
MINUTE = timedelta(minutes=1)


def wait(world: World, number: int = WAITING) -> None:
    """Orders wait for Salesforce; the last one written has waited longest."""
    now = world.clock.now()
    for each in range(number):
        message = Command.model_validate(command("order_forward", f"{each:013}"))
        row = OutboxRow(
            id=message.row_id,
            command=message,
            not_before=now,
            sweep_from=now,
            wake=False,
            since=now - each * MINUTE,
            lane="salesforce",
        )
        store(world).commit(Put(row))


def circuit(world: World, **fields: Any) -> None:
    """Salesforce's circuit stands so."""
    row = CircuitRow(id="salesforce", per_minute=LIMIT, **fields)
    store(world).commit(Put(row))


def sent(world: World) -> list[str]:
    """Whose messages lie on the queue, in the order in which they will be seen."""
    return [
        m.body.partition('"id":"')[2][:13]
        for m in sorted(world.sqs.queues.get("order_forward", []))
    ]


def oldest(number: int) -> list[str]:
    """Those that have waited longest."""
    return [f"{each:013}" for each in reversed(range(WAITING))][:number]


def swept(world: World) -> None:
    """One run."""
    world.invoke("outbox_sweep", {})


def test_should_send_nothing_while_a_system_is_down_and_no_probe_is_due(world: World) -> None:
    wait(world)
    now = world.clock.now()
    circuit(world, open_since=now, probe_at=now + timedelta(seconds=1))
    before = world.table.bill.write_units
    swept(world)
    assert sent(world) == []
    assert world.table.bill.write_units == before


def test_should_send_the_oldest_alone_as_a_probe(world: World) -> None:
    wait(world)
    now = world.clock.now()
    circuit(world, open_since=now - MINUTE, probe_at=now)
    swept(world)
    assert sent(world) == oldest(1)


def test_should_send_as_many_a_minute_as_the_system_takes_spread_and_in_order(
    world: World,
) -> None:
    wait(world)
    circuit(world, drains_until=world.clock.now() + MINUTE)
    swept(world)
    assert sent(world) == oldest(WAITING)
    times = sorted(m.visible_at for m in world.sqs.queues["order_forward"])
    gaps = {round(b - a) for a, b in pairwise(times)}
    assert gaps <= {1, 2, 3}
    wait(world, 100)
    world.clock.advance(60)
    swept(world)
    assert len(sent(world)) - WAITING == 28  # 72 slots a minute, 2.5 for each


def test_should_send_what_came_into_the_lane_after_the_circuit_had_closed(world: World) -> None:
    wait(world)
    circuit(world)
    swept(world)
    assert sent(world) == oldest(WAITING)


def test_should_hold_the_limit_and_the_line_until_the_lane_is_empty(world: World) -> None:
    def row() -> CircuitRow:
        stored = store(world).get(CircuitRow, "salesforce")
        assert stored
        return stored.record

    wait(world)
    circuit(world)
    swept(world)
    assert (row().line, row().state(world.clock.now())) == (True, "draining")
    world.clock.advance(60)
    swept(world)
    assert (row().line, row().state(world.clock.now())) == (False, "draining")
    world.clock.advance(60)
    assert row().state(world.clock.now()) == "closed"


@pytest.mark.parametrize("boundary", range(1, 9))
def test_should_lose_nobody_when_the_sweep_dies(world: World, boundary: int) -> None:
    wait(world)
    circuit(world)
    world.boundaries.die_at = world.boundaries.count + boundary
    with pytest.raises(WorkerDiedError):
        swept(world)
    world.boundaries.die_at = -1
    swept(world)
    assert set(sent(world)) == set(oldest(WAITING))
    assert {row.lane for row in errands(world)} == {""}


def test_should_hold_up_nobody_for_a_row_that_cannot_be_sent(world: World) -> None:
    wait(world)
    circuit(world)
    (first,) = (row for row in errands(world) if row.command.id == oldest(1)[0])
    lost = first.command.model_copy(update={"queue": "queue_of_an_older_release"})
    store(world).commit(Put(first.model_copy(update={"command": lost})))
    swept(world)
    assert sent(world) == oldest(WAITING)[1:]
    assert [row.lane for row in errands(world) if row.command.queue == lost.queue] == [""]
