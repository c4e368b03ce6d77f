"""outbox_relay: the table's stream wakes it, and it sends errands to their queues."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from busbar.ports.store import Put
from busbar.process.outbox import Command, OutboxRow
from busbar.store.keys import Key
from busbar.store.records import decode_body
from busbar.store.table import from_wire
from tests.doubles.world import WorkerDiedError, World
from tests.functions.given import (
    CORRELATION,
    ORDER,
    card_in_portal,
    command,
    errands,
    failed,
    order,
    shown,
    store,
    writes,
)

HOUR = timedelta(hours=1)
"""`tuning.resend_after`: from then on the sweep takes a message for lost."""


def waiting(world: World, queue: str) -> list[Any]:
    """The messages on a queue, seen or not yet: their bodies."""
    return [json.loads(m.body) for m in world.sqs.queues.get(queue, [])]


def delays(world: World, queue: str) -> list[float]:
    """After how many seconds each message of a queue is seen."""
    now = world.clock.now().timestamp()
    return [m.visible_at - now for m in world.sqs.queues.get(queue, [])]


def items(world: World) -> list[dict[str, Any]]:
    """The rows of the outbox as they lie in the table."""
    return [dict(i) for i in world.table.items.values() if i.get("schema") == "outbox"]


def put_rows(world: World, event: Any) -> None:
    """The rows of the stream's records lie in the table, as they do in truth."""
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        body = {"body": {"B": base64.b64decode(image["body"]["B"])}}
        item = from_wire({**image, **body})
        world.table.items[Key(str(item["pk"]), str(item["sk"]))] = item


def rows(event: Any) -> list[OutboxRow]:
    """The outbox rows inside stream records."""
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    return [decode_body(OutboxRow, base64.b64decode(image["body"]["B"])) for image in images]


def is_sent(world: World, at: timedelta = timedelta()) -> bool:
    """Whether every row is marked as sent: it wakes nobody, and is swept an hour after `at`."""
    again = world.clock.now() + at + HOUR
    due = again.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return all(
        not row.wake and row.sweep_from == again and "wake" not in item and item["due_at"] == due
        for row, item in zip(errands(world), items(world), strict=True)
    )


def test_order_and_card_should_go_to_their_queues_and_stay_in_the_outbox_marked_as_sent(
    world: World, event: Any
) -> None:
    put_rows(world, event)
    assert failed(world.invoke("outbox_relay", event)) == []
    (message,) = waiting(world, "order_forward")
    assert (message["id"], message["correlation_id"]) == (ORDER, CORRELATION)
    assert len(waiting(world, "card_forward")) == 1
    assert len(errands(world)) == 2
    assert is_sent(world)


def test_order_and_card_should_be_readable_by_their_workers_and_carry_the_rows_token(
    world: World, event: Any
) -> None:
    world.invoke("outbox_relay", event)
    for row, queue in zip(rows(event), ("order_forward", "card_forward"), strict=True):
        (message,) = world.sqs.queues[queue]
        assert Command.model_validate_json(message.body) == row.command
        assert row.command.queue == queue


def test_order_and_card_should_not_wake_the_relay_again_when_they_are_marked_as_sent(
    world: World, event: Any
) -> None:
    put_rows(world, event)
    world.table.stream.clear()
    world.invoke("outbox_relay", event)
    marks = list(world.table.stream)
    assert len(marks) == 2
    assert failed(world.invoke("outbox_relay", {"Records": marks})) == []
    assert len(waiting(world, "order_forward")) == len(waiting(world, "card_forward")) == 1


def test_order_and_card_should_leave_the_outbox_when_their_work_has_ended(
    world: World, event: Any
) -> None:
    order(world)
    card_in_portal(world)
    put_rows(world, event)
    world.invoke("outbox_relay", event)
    world.pump()
    assert shown(world)["salesforce_order_number"]
    assert errands(world) == []


def test_guard_should_be_left_to_the_sweep(world: World, event: Any) -> None:
    put_rows(world, event)
    assert failed(world.invoke("outbox_relay", event)) == []
    assert world.sqs.queues == {}
    assert errands(world) == rows(event)
    world.clock.advance(89)  # its author's lease, and a minute
    world.invoke("outbox_sweep", {})
    assert world.sqs.queues == {}
    world.clock.advance(1)
    world.invoke("outbox_sweep", {})
    assert len(waiting(world, "order_forward")) == 1


def test_wait_of_five_minutes_should_be_waited_out_by_the_queue(world: World, event: Any) -> None:
    put_rows(world, event)
    world.invoke("outbox_relay", event)
    assert delays(world, "card_forward") == [300.0]
    assert is_sent(world, at=timedelta(minutes=5))


def test_wait_of_five_minutes_should_be_shorter_by_what_the_stream_was_late(
    world: World, event: Any
) -> None:
    world.clock.advance(100)
    world.invoke("outbox_relay", event)
    assert delays(world, "card_forward") == [200.0]


def test_wait_beyond_sqs_should_be_left_to_the_sweep_in_its_time(world: World, event: Any) -> None:
    put_rows(world, event)
    assert failed(world.invoke("outbox_relay", event)) == []
    assert world.sqs.queues == {}
    assert errands(world) == rows(event)
    world.clock.advance(3600)
    world.invoke("outbox_sweep", {})
    assert world.sqs.queues == {}
    world.clock.advance(60)
    world.invoke("outbox_sweep", {})
    assert len(waiting(world, "card_forward")) == 1


def test_second_is_broken_should_tell_the_stream_where_to_go_on(world: World, event: Any) -> None:
    answered = world.invoke("outbox_relay", event)
    assert failed(answered) == [event["Records"][1]["dynamodb"]["SequenceNumber"]]
    assert len(waiting(world, "order_forward")) == 1
    assert waiting(world, "card_forward") == []


def test_order_and_card_should_go_out_whatever_the_order_of_the_records(
    world: World, event: Any
) -> None:
    put_rows(world, event)
    event["Records"].reverse()
    assert failed(world.invoke("outbox_relay", event)) == []
    assert len(waiting(world, "order_forward")) == len(waiting(world, "card_forward")) == 1


def test_order_and_card_should_have_one_effect_when_the_relay_dies_after_a_send(
    world: World, event: Any
) -> None:
    order(world)
    put_rows(world, event)
    world.boundaries.die_at = world.boundaries.count + 2  # just after the first message
    with pytest.raises(WorkerDiedError):
        world.invoke("outbox_relay", event)
    assert failed(world.invoke("outbox_relay", event)) == []
    assert len(waiting(world, "order_forward")) == 2
    world.pump()
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}
    assert len(writes(world.salesforce)) == 1
    assert shown(world)["salesforce_order_number"]


def test_order_and_card_should_be_sent_for_nothing_when_a_newer_wish_has_taken_the_row_over(
    world: World, event: Any
) -> None:
    card = card_in_portal(world)
    _, old = rows(event)
    newer = old.model_copy(
        update={"command": Command(**command("card_forward", card.id, "charge_card", "3"))}
    )
    store(world).commit(Put(newer))
    assert failed(world.invoke("outbox_relay", event)) == []
    assert errands(world) == [newer]
    world.invoke("card_forward", {"Records": [{"messageId": "1", "body": old_message(world)}]})
    assert errands(world) == [newer]
    assert not world.energised.calls


def old_message(world: World) -> str:
    """The message of the older wish."""
    (message,) = world.sqs.queues["card_forward"]
    return message.body


def test_should_pass_over_records_that_are_no_outbox_rows(world: World) -> None:
    order(world)
    removed = {"eventName": "REMOVE", "dynamodb": {"Keys": {}, "SequenceNumber": "1"}}
    records = [*world.table.stream, removed]
    assert failed(world.invoke("outbox_relay", {"Records": records})) == []
    assert world.sqs.queues == {}
