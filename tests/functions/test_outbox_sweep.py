"""outbox_sweep: what the stream has left behind, or a queue has lost, is sent all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from busbar.domain.orders import ChargeCardOrder
from tests.doubles.world import WorkerDiedError, World
from tests.functions.given import (
    CORRELATION,
    ORDER,
    card_in_portal,
    command,
    errands,
    order,
    put_errand,
    shown,
    stored_item,
    writes,
)
from tests.functions.portal import ORDERS, place

OLD_QUEUE = "queue_of_an_older_release"


def left_behind(world: World, queue: str, record_id: str) -> None:
    """An errand that no stream record speaks of, to be sent now."""
    schema = "charge_card" if queue == "card_forward" else "charge_card_order"
    put_errand(world, command(queue, record_id, schema))


def sent(world: World) -> int:
    """How many messages lie on the queues."""
    return sum(len(messages) for messages in world.sqs.queues.values())


def relayed(world: World) -> None:
    """The relay has sent everything; no worker has run yet."""
    while world._relay():
        pass


def unreadable(world: World, number: int) -> None:
    """Break the rows of this many errands."""
    for each in range(number):
        left_behind(world, "order_forward", f"0BR0KEN{each:06d}")
    for key, item in world.table.items.items():
        if "0BR0KEN" in key.pk:
            item["body"] = b"broken"


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


def test_schedule_should_send_each_row_once_until_it_takes_the_message_for_lost(
    world: World, event: Any
) -> None:
    left_behind(world, "order_forward", ORDER)
    world.clock.advance(61)
    for _ in range(3):
        world.invoke("outbox_sweep", event)
    assert sent(world) == 1
    world.clock.advance(3599)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 1
    world.clock.advance(1)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 2


def test_schedule_should_send_more_rows_than_one_page_holds(world: World, event: Any) -> None:
    for number in range(250):
        left_behind(world, "order_forward", f"0RDER{number:08d}")
    world.clock.advance(61)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 250


def test_schedule_should_send_again_what_a_dying_sweep_had_not_marked_as_sent(
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
    assert len(writes(world.salesforce)) == 1


@pytest.mark.parametrize("number", [1, 250])
def test_schedule_should_put_off_rows_that_cannot_be_sent_and_send_the_others_at_once(
    world: World, event: Any, number: int
) -> None:
    order(world)
    for each in range(number):
        left_behind(world, OLD_QUEUE, f"0RDER{each:08d}")
    world.clock.advance(1)
    left_behind(world, "order_forward", ORDER)
    world.clock.advance(61)
    world.invoke("outbox_sweep", event)
    assert {name: len(q) for name, q in world.sqs.queues.items()} == {"order_forward": 1}
    later = world.clock.now() + timedelta(seconds=world.settings.tuning.retry_most)
    unsendable = [row for row in errands(world) if row.command.queue == OLD_QUEUE]
    assert len(unsendable) == number
    assert {row.sweep_from for row in unsendable} == {later}


def test_schedule_should_send_a_row_that_could_not_be_sent_when_its_queue_is_there_again(
    world: World, event: Any
) -> None:
    left_behind(world, OLD_QUEUE, ORDER)
    world.clock.advance(61)
    world.invoke("outbox_sweep", event)
    queues = {**world.settings.queues, OLD_QUEUE: OLD_QUEUE}
    world.settings = replace(world.settings, queues=queues)  # a deploy
    world._handlers.clear()
    world.clock.advance(299)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 0
    world.clock.advance(1)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 1


@pytest.mark.parametrize("number", [1, 99])
def test_schedule_should_pass_over_a_row_that_cannot_be_read_and_log_it(
    world: World, event: Any, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    unreadable(world, number)
    world.clock.advance(1)
    left_behind(world, "order_forward", ORDER)
    world.clock.advance(61)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 1
    logged = [r for r in caplog.records if r.getMessage() == "record unreadable"]
    assert len({r.__dict__["pk"] for r in logged}) == number


@pytest.mark.parametrize("number", [100, 450])
def test_schedule_should_send_the_other_rows_when_a_whole_page_cannot_be_read(
    world: World, event: Any, number: int
) -> None:
    unreadable(world, number)
    world.clock.advance(1)
    left_behind(world, "order_forward", ORDER)
    world.clock.advance(61)
    world.invoke("outbox_sweep", event)
    assert sent(world) == 1


def test_should_bring_through_an_order_whose_message_the_queue_lost(world: World) -> None:
    order(world)
    left_behind(world, "order_forward", ORDER)
    relayed(world)
    assert sent(world) == 1
    world.sqs.queues.clear()
    world.run_for(3540)
    assert world.counts()["Order"] == 0
    world.run_for(180)
    assert shown(world)["salesforce_order_number"]
    assert errands(world) == []


def test_should_bring_through_an_order_whose_message_died_in_the_dead_letter_queue(
    world: World,
) -> None:
    order(world)
    item = stored_item(world, ChargeCardOrder, ORDER)
    body, item["body"] = item["body"], b"broken"  # the worker breaks whenever it comes
    left_behind(world, "order_forward", ORDER)
    world.run_for(2400)
    assert len(world.sqs.dead["order_forward"]) == 1
    item["body"] = body
    world.run_for(1800)
    assert shown(world)["salesforce_order_number"]
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}
    assert errands(world) == []


def test_should_ignore_a_dead_message_that_is_redriven_after_its_work_has_ended(
    world: World,
) -> None:
    order(world)
    left_behind(world, "order_forward", ORDER)
    relayed(world)
    (message,) = world.sqs.queues["order_forward"]
    world.pump()
    calls = len(world.salesforce.calls)
    world.sqs.put("order_forward", message.body)
    world.pump()
    assert len(world.salesforce.calls) == calls


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
