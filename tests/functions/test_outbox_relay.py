"""outbox_relay: the table's stream wakes it, and it sends rows to their queues."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from busbar.ports import Put
from busbar.process.outbox import Command, OutboxRow
from busbar.store.records import decode_body
from tests.doubles.world import WorkerDiedError, World
from tests.functions.given import CORRELATION, ORDER, failed, order, shown, store


def waiting(world: World, queue: str) -> list[Any]:
    """The messages on a queue, seen or not yet: their bodies."""
    return [json.loads(m.body) for m in world.sqs.queues.get(queue, [])]


def delays(world: World, queue: str) -> list[float]:
    """After how many seconds each message of a queue is seen."""
    now = world.clock.now().timestamp()
    return [m.visible_at - now for m in world.sqs.queues.get(queue, [])]


def kept(world: World) -> int:
    """How many rows lie in the outbox."""
    return sum(1 for item in world.table.items.values() if item.get("schema") == "outbox")


def put_rows(world: World, event: Any) -> None:
    """The rows of the stream's records lie in the table, as they do in truth."""
    for row in rows(event):
        store(world).commit(Put(row))


def rows(event: Any) -> list[OutboxRow]:
    """The outbox rows inside stream records."""
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    return [decode_body(OutboxRow, base64.b64decode(image["body"]["B"])) for image in images]


def test_order_and_card_should_go_to_their_queues_and_leave_the_outbox(
    world: World, event: Any
) -> None:
    put_rows(world, event)
    assert failed(world.invoke("outbox_relay", event)) == []
    (message,) = waiting(world, "order_forward")
    assert (message["id"], message["correlation_id"]) == (ORDER, CORRELATION)
    assert len(waiting(world, "card_forward")) == 1
    assert kept(world) == 0


def test_order_and_card_should_be_readable_by_their_workers(world: World, event: Any) -> None:
    world.invoke("outbox_relay", event)
    for queue in ("order_forward", "card_forward"):
        (message,) = world.sqs.queues[queue]
        assert Command.model_validate_json(message.body).queue == queue


def test_guard_should_be_left_to_the_sweep(world: World, event: Any) -> None:
    put_rows(world, event)
    assert failed(world.invoke("outbox_relay", event)) == []
    assert world.sqs.queues == {}
    assert kept(world) == 1


def test_wait_of_five_minutes_should_be_waited_out_by_the_queue(world: World, event: Any) -> None:
    put_rows(world, event)
    world.invoke("outbox_relay", event)
    assert delays(world, "card_forward") == [300.0]
    assert kept(world) == 0


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
    assert kept(world) == 1
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
    assert shown(world)["salesforce_order_number"]


def test_should_pass_over_records_that_are_no_outbox_rows(world: World) -> None:
    order(world)
    removed = {"eventName": "REMOVE", "dynamodb": {"Keys": {}, "SequenceNumber": "1"}}
    records = [*world.table.stream, removed]
    assert failed(world.invoke("outbox_relay", {"Records": records})) == []
    assert world.sqs.queues == {}
