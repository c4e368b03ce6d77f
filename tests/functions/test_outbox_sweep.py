"""outbox_sweep: what the stream has left behind is sent all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from busbar.ports import Put
from busbar.process.outbox import Command, OutboxRow, row
from tests.doubles.world import WorkerDiedError, World
from tests.functions.given import CORRELATION, ORDER, card_in_portal, command, order, shown, store
from tests.functions.portal import ORDERS, place


def left_behind(world: World, queue: str, record_id: str, sequence: int = 2) -> OutboxRow:
    """A row that no stream record speaks of, to be sent now."""
    schema = "charge_card_order" if queue == "order_forward" else "charge_card"
    made = row(
        Command.model_validate(command(queue, record_id, schema)),
        sequence,
        world.clock.now(),
        sweep_after=60,
    )
    store(world).commit(Put(made))
    return made


def sent(world: World) -> int:
    """How many messages lie on the queues."""
    return sum(len(messages) for messages in world.sqs.queues.values())


def test_schedule_should_send_rows_when_they_are_overdue_and_not_before(
    world: World, event: Any
) -> None:
    order(world)
    left_behind(world, "order_forward", ORDER)
    world.clock.advance(59)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 0
    world.clock.advance(1)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 1


def test_schedule_should_bring_an_order_through_while_the_stream_stands_still(
    world: World, event: Any
) -> None:
    order(world)
    left_behind(world, "order_forward", ORDER)
    world._relayed = 10**6  # the stream hands on nothing
    world.clock.advance(61)
    world.invoke("outbox_sweep", event)
    world.pump()
    assert shown(world)["salesforce_order_number"]
    assert {c.correlation_id for c in world.salesforce.calls} == {CORRELATION}


def test_schedule_should_send_each_row_once(world: World, event: Any) -> None:
    left_behind(world, "order_forward", ORDER)
    world.clock.advance(61)
    for _ in range(3):
        world.invoke("outbox_sweep", event)
    assert sent(world) == 1


def test_schedule_should_send_more_rows_than_one_page_holds(world: World, event: Any) -> None:
    for number in range(250):
        left_behind(world, "order_forward", f"0RDER{number:08d}")
    world.clock.advance(61)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 250


def test_schedule_should_send_again_what_a_dying_sweep_had_not_crossed_out(
    world: World, event: Any
) -> None:
    order(world)
    left_behind(world, "order_forward", ORDER)
    world.clock.advance(61)
    world.boundaries.die_at = world.boundaries.count + 2
    with pytest.raises(WorkerDiedError):
        world.invoke("outbox_sweep", event)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 2
    world.pump()
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}


def test_schedule_should_send_the_other_rows_when_one_cannot_be_sent(
    world: World, event: Any
) -> None:
    order(world)
    left_behind(world, "queue_of_an_older_release", ORDER)
    world.clock.advance(1)
    left_behind(world, "order_forward", ORDER)
    world.clock.advance(61)
    world.invoke("outbox_sweep", event)
    assert list(world.sqs.queues) == ["order_forward"]


def test_should_bring_through_an_order_whose_request_died_before_salesforce(world: World) -> None:
    rehearsal = World()
    place(rehearsal)
    before_graph = rehearsal.boundaries.names.index("before write step") + 1
    world.boundaries.die_at = before_graph
    with pytest.raises(WorkerDiedError):
        place(world)
    assert world.counts()["Order"] == 0
    world.run_for(600)
    (listed,) = world.call("GET", ORDERS).json["orders"]
    assert listed["salesforce_order_number"] == "00000101"


def test_should_finish_a_card_change_whose_request_died(world: World) -> None:
    card = card_in_portal(world)
    world.boundaries.die_at = world.boundaries.count + 2  # wanted, but nothing sent yet
    with pytest.raises(WorkerDiedError):
        world.call("POST", f"/v1/charge-cards/{card.id}/activate")
    assert not world.energised.calls
    world.run_for(timedelta(minutes=10).total_seconds())
    assert world.energised.card(card.energised_id).active is True
