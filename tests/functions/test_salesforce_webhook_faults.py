"""The webhook under faults: what was answered with 2xx is on its queue, and repeats do no harm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.simulators.webhook import message
from tests.doubles.world import Reply, WorkerDiedError, World
from tests.functions.given import order, shown, stored_card, tasks, writes
from tests.functions.portal import problem
from tests.functions.sender import (
    body_of,
    card_assigned,
    post,
    queued,
    send,
    signed_headers,
    status_changed,
)

LAST = status_changed(Status__c="Geliefert", SourceVersion__c="1772438403000")
EVENTS = (card_assigned(), status_changed(), LAST)
PASSES = 2 * (len(EVENTS) + 1)
"""Before and after each message, and before and after the record."""


class Throttled:
    """SQS that refuses every message but the first `taken`."""

    def __init__(self, world: World, taken: int) -> None:
        self._sqs, self._left = world.sqs, taken

    def send_message(self, **call: Any) -> None:
        """SendMessage."""
        self._left -= 1
        if self._left < 0:
            response: Any = {"Error": {"Code": "RequestThrottled", "Message": "any"}}
            raise ClientError(response, "SendMessage")
        self._sqs.send_message(**call)


def with_sqs(world: World, sqs: Any) -> None:
    """Let functions made from now on find this SQS."""
    world._handlers.clear()
    clients = world._clients
    made = clients()
    made._made["sqs"] = sqs
    world._clients = lambda: made  # type: ignore[method-assign]


def history(world: World) -> list[str]:
    """The states of the order, as the portal shows them."""
    return [line["status"] for line in shown(world)["history"]]


@pytest.mark.parametrize("taken", range(len(EVENTS)))
def test_should_answer_503_when_some_events_cannot_be_queued_and_take_all_at_the_next_try(
    world: World, taken: int
) -> None:
    real = world.sqs
    with_sqs(world, Throttled(world, taken))
    got = send(world, *EVENTS)
    body = problem(got, 503, "try-again")
    assert f"{taken} of {len(EVENTS)} events" in body["detail"]
    assert got.headers["Retry-After"] == "5"
    world._handlers.clear()
    world._clients()._made["sqs"] = real
    again = send(world, *EVENTS)
    assert (again.status, "Idempotent-Replayed" in again.headers) == (202, False)
    order(world, quantity=1)
    world.pump()
    assert history(world) == ["accepted", "in_progress", "delivered"]
    assert stored_card(world).order_id
    assert world.sqs.dead == {}


def test_should_have_as_many_boundaries_as_are_tried_below(world: World) -> None:
    before = world.boundaries.count
    send(world, *EVENTS)
    assert world.boundaries.count - before == PASSES


@pytest.mark.parametrize("at", range(1, PASSES + 1))
def test_should_lose_and_double_nothing_when_it_dies_anywhere_and_salesforce_repeats(
    world: World, at: int
) -> None:
    order(world, quantity=1)
    world.boundaries.die_at = world.boundaries.count + at
    with pytest.raises(WorkerDiedError):
        send(world, *EVENTS)
    assert send(world, *EVENTS).status == 202
    world.pump()
    assert len(writes(world.energised)) == 1
    assert history(world) == ["accepted", "in_progress", "delivered"]
    assert (world.sqs.dead, tasks(world)) == ({}, [])


def test_should_answer_the_copy_of_a_message_that_it_was_just_taking(world: World) -> None:
    # Two at once: both read that the message is new, both queue its events, one remembers it.
    body = body_of(*EVENTS)
    headers = signed_headers(world, body)
    second: list[Reply] = []
    real = world.sqs.send_message

    def overtaken(**call: Any) -> None:
        if not second:
            second.append(Reply(0, {}, ""))
            second[0] = post(world, body, headers)
        real(**call)

    world.sqs.send_message = overtaken  # type: ignore[method-assign]
    first = post(world, body, headers)
    assert (first.status, second[0].status) == (202, 202)
    order(world, quantity=1)
    world.pump()
    assert len(writes(world.energised)) == 1
    assert (world.sqs.dead, tasks(world)) == ({}, [])


def by_webhook(world: World) -> list[Reply]:
    """Let Salesforce send its events by webhook; the answers, as they come."""
    answers: list[Reply] = []

    def publish(envelope: Mapping[str, Any], _key: str) -> None:
        message_id, body = message(dict(envelope))
        reply = post(world, body, signed_headers(world, body, message_id=message_id))
        answers.append(reply)
        if reply.status != 202:
            raise ConnectionError(str(reply.status))

    world.salesforce.events.webhook = publish
    world.salesforce.events.by_webhook = True
    return answers


def test_should_end_as_by_the_bus_when_events_come_twice_and_out_of_order(world: World) -> None:
    answers = by_webhook(world)
    order(world)
    number = "00000100"
    world.salesforce.load(
        {"Order": [{"Id": "801000000000001AAA", "BusbarReference__c": "BBCO0RDER00000001",
                    "OrderNumber": number}]}
    )  # fmt: skip
    world.salesforce.events.copies = 2
    world.salesforce.events.holding = True
    world.salesforce.assign_cards(number, 2)
    for status in ("Bearbeitung", "Geliefert"):
        world.salesforce.set_order_status(number, status)
    world.salesforce.release_events([3, 1, 2, 0])
    world.pump()
    assert [reply.status for reply in answers] == [202] * 8
    assert shown(world)["status"] == "delivered"
    assert len(writes(world.energised)) == 2
    assert (world.sqs.dead, tasks(world)) == ({}, [])


def test_should_refuse_while_the_table_cannot_be_read_and_take_it_later(world: World) -> None:
    class Down:
        def get_item(self, **_call: Any) -> Any:
            response: Any = {
                "Error": {"Code": "ThrottlingException", "Message": "any"},
                "ResponseMetadata": {"HTTPStatusCode": 400},
            }
            raise ClientError(response, "GetItem")

    made = world._clients()
    table, made.table = made.table, None
    made._made["dynamodb"] = Down()
    world._clients = lambda: made  # type: ignore[method-assign]
    problem(send(world, *EVENTS), 503, "try-again")
    assert not queued(world, "card_event")
    made.table = table
    world._handlers.clear()
    assert send(world, *EVENTS).status == 202


def test_should_tell_nothing_of_a_payload_in_logs_and_answers(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = "CANARY-Frauke-DE89370400440532013000"
    event = card_assigned(Holder__c=canary)
    answers = [
        send(world, event),
        send(world, event),
        send(world, event, {"event": "x", "payload": {"a": canary}}, message_id="m2"),
        send(world, {"event": "ChargeCardAssigned__e", "payload": [canary]}, message_id="m3"),
        send(world, event, age=1000),
    ]
    with_sqs(world, Throttled(world, 0))
    answers.append(send(world, event, message_id="m4"))
    assert [a.status for a in answers] == [202, 202, 422, 422, 401, 503]
    assert canary not in capsys.readouterr().out
    assert canary not in json.dumps([[a.text, dict(a.headers)] for a in answers])
