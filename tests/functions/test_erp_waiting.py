"""Queue erp_apply: an event whose relation leads to what is not there yet waits for a day."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from busbar.domain.entities import entity_id
from busbar.ports.store import Put
from busbar.process.outbox import OutboxRow
from tests.doubles.world import ORG, World
from tests.functions.erp_given import (
    CUSTOMER,
    QUEUE,
    WIEBKE,
    ErpWorld,
    any_event,
    codes,
    contact,
    contacts,
    integration,
    records,
    rows,
    send,
    statuses,
)
from tests.functions.given import store

(_CONTACT,) = CUSTOMER["entities"]
PAYING: dict[str, Any] = {
    "entities": [
        {
            **_CONTACT,
            "fields": [
                *_CONTACT["fields"],
                {
                    "attribute": "account",
                    "relations": {"jsonataExpression": "[payers.{'entity_id': $}]"},
                },
                {
                    "attribute": "tenant",
                    "relations": {
                        "items": [
                            {
                                "entity_schema": "account",
                                "unique_ids": [{"attribute": "customer_number", "field": "tenant"}],
                            }
                        ]
                    },
                    "enabled": "$exists(tenant)",
                },
            ],
        }
    ]
}
ACCOUNT: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "account",
            "unique_ids": ["external_id"],
            "fields": [
                {"attribute": "external_id", "field": "id"},
                {"attribute": "customer_number", "field": "number"},
            ],
        }
    ]
}
A_DAY = 86400.0
LATER = "2026-03-02T07:59:30Z"


@pytest.fixture
def world() -> ErpWorld:
    """A world with customers who pay by accounts."""
    world = ErpWorld()
    store(world).commit(Put(integration(customer=PAYING, account=ACCOUNT)))
    return world


def account(name: str) -> str:
    """The id of the account that its event creates."""
    return entity_id(ORG, "account", {"external_id": name})


def paid_by(*names: str, **fields: Any) -> dict[str, Any]:
    """A customer whose accounts are named by their ids."""
    return any_event({**WIEBKE, "payers": [account(name) for name in names]}, **fields)


def opened(name: str, number: str | None = None, **fields: Any) -> dict[str, Any]:
    """An account."""
    return any_event({"id": name, "number": number}, event_name="account", **fields)


def tell(world: World, *events: Any) -> None:
    """The events are told, and what can be done of them at once is done."""
    assert set(statuses(send(world, *events))) == {"success"}
    world.pump()


def related(world: World, attribute: str = "account") -> list[str] | None:
    """To whom the customer is related; None if nothing is said of it."""
    value = (contact(world) or {}).get(attribute)
    return value and [item["entity_id"] for item in value["$relation"]]


def parked(world: World) -> list[Any]:
    """The messages on the dead-letter queue."""
    return [json.loads(body) for body in world.sqs.dead.get(QUEUE, [])]


def test_should_relate_to_what_is_there_a_minute_after_it_came(world: ErpWorld) -> None:
    tell(world, paid_by("A"))
    assert (contact(world) or {})["last_name"] == "Janssen"
    assert related(world) is None
    assert codes(world) == ["ENTITY_CREATED", "RELATION_DEFERRED"]
    (row,) = [row for row in rows(world) if row.code == "RELATION_DEFERRED"]
    assert row.level == "warning"
    assert row.detail["cause"] == "ENTITY_REFERENCE_NOT_FOUND"
    (errand,) = records(world, OutboxRow)
    assert "Janssen" not in errand.body
    tell(world, opened("A"))
    world.run_for(120)
    assert related(world) == [account("A")]
    assert records(world, OutboxRow) == []
    assert parked(world) == []


def test_should_set_all_of_an_attribute_or_nothing(world: ErpWorld) -> None:
    tell(world, opened("A"), paid_by("A", "B"))
    world.run_for(600)
    assert related(world) is None
    tell(world, opened("B"))
    world.run_for(1200)
    assert related(world) == [account("A"), account("B")]


def test_should_wait_for_one_of_several_to_be_another(world: ErpWorld) -> None:
    tell(world, opened("A", "77"), opened("B", "77"), any_event({**WIEBKE, "tenant": "77"}))
    world.run_for(300)
    assert related(world, "tenant") is None
    tell(world, opened("B", "78", timestamp=LATER))
    world.run_for(600)
    assert related(world, "tenant") == [account("A")]


@pytest.mark.parametrize("at_once", [False, True])
def test_should_give_way_to_what_a_newer_event_says(world: ErpWorld, at_once: bool) -> None:
    newer = paid_by("B", timestamp=LATER)
    tell(world, opened("B"), paid_by("A"), *([newer] if at_once else []))
    if not at_once:
        world.run_for(600)
        tell(world, newer)
    world.run_for(2 * A_DAY, step=600)
    assert related(world) == [account("B")]
    assert (records(world, OutboxRow), parked(world)) == ([], [])
    tell(world, opened("A"))
    world.run_for(A_DAY, step=600)
    assert related(world) == [account("B")]


def test_should_not_wait_for_what_a_late_event_says_of_it(world: ErpWorld) -> None:
    tell(world, opened("B"), paid_by("B", timestamp=LATER), paid_by("A"))
    assert "RELATION_DEFERRED" not in codes(world)
    assert (records(world, OutboxRow), parked(world)) == ([], [])


def test_should_park_it_after_a_day_by_what_it_waited_for(world: ErpWorld) -> None:
    tell(world, paid_by("A"))
    world.run_for(A_DAY - 600, step=60)
    assert parked(world) == []
    tries = codes(world).count("RELATION_DEFERRED")
    assert 15 < tries < 25
    world.run_for(3 * 3600, step=60)
    (letter,) = parked(world)
    assert "payload" not in letter
    assert codes(world).count("ENTITY_REFERENCE_NOT_FOUND") == 1
    assert records(world, OutboxRow) == []
    world.run_for(A_DAY, step=600)
    assert len(parked(world)) == 1
    # Sent back, it does not wait once more; and with what it wanted, it is done.
    assert world.sqs.redrive(QUEUE) == 1
    world.pump()
    assert len(parked(world)) == 1
    tell(world, opened("A"))
    assert world.sqs.redrive(QUEUE) == 1
    world.pump()
    assert related(world) == [account("A")]
    assert parked(world) == []


def test_should_park_at_once_what_no_time_helps(world: ErpWorld) -> None:
    tell(world, any_event({**WIEBKE, "payers": ["no-id"]}))
    assert len(parked(world)) == 1
    assert records(world, OutboxRow) == []


def test_should_park_at_once_what_has_to_be_mended_elsewhere_too(world: ErpWorld) -> None:
    broken = {"attribute": "title", "jsonataExpression": "$number('x')"}
    entity = PAYING["entities"][0]
    other = {**entity, "fields": [*entity["fields"], broken]}
    both = {"entities": [*PAYING["entities"], other]}
    store(world).commit(Put(integration(customer=both)))
    tell(world, paid_by("A"))
    assert len(parked(world)) == 1
    assert records(world, OutboxRow) == []
    assert "ENTITY_REFERENCE_NOT_FOUND" in codes(world)


def test_should_not_be_lost_while_the_queue_is_down_or_its_message_is(world: ErpWorld) -> None:
    tell(world, paid_by("A"), opened("A", group_id="b"))
    world.sqs.is_down = True
    world.run_for(300)
    world.sqs.is_down = False
    world.clock.advance(600)
    world.invoke("outbox_sweep", {})
    world.sqs.queues[QUEUE].clear()
    world.run_for(1800)
    assert related(world) is None
    world.run_for(3600)
    assert related(world) == [account("A")]
    assert records(world, OutboxRow) == []


def test_should_go_in_its_own_group_behind_what_stands_there(world: ErpWorld) -> None:
    tell(world, paid_by("A", group_id="g"))
    (errand,) = records(world, OutboxRow)
    assert errand.since == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    world.clock.advance(60)
    world.invoke("outbox_sweep", {})
    (message,) = world.sqs.queues[QUEUE]
    assert (message.group, message.body) == (errand.group, errand.body)
    assert json.loads(message.body)["group"] == "g"


def test_should_be_sent_once_by_two_sweeps_at_once(world: ErpWorld) -> None:
    tell(world, paid_by("A"))
    (before,) = [dict(i) for i in world.table.items.values() if i.get("schema") == "outbox"]
    key = next(k for k, i in world.table.items.items() if i.get("schema") == "outbox")
    world.clock.advance(60)
    world.invoke("outbox_sweep", {})
    world.table.items[key] = before
    world.invoke("outbox_sweep", {})
    assert len(world.sqs.queues[QUEUE]) == 1
    world.pump()
    assert contacts(world)
