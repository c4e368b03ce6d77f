"""The contract of queues that keep order: groups, repeats, and what a failure holds up."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from infra.local.testing import RunningSystem
from tests.local.driving import eventually, items, received

pytestmark = pytest.mark.local


def send(system: RunningSystem, group: str, *bodies: Any, once: str = "") -> None:
    """Put messages on the queue, in this order."""
    sqs: Any = system.aws("sqs")
    url = sqs.get_queue_url(QueueName="ordered.fifo")["QueueUrl"]
    entries = [
        {
            "Id": str(number),
            "MessageBody": json.dumps(body),
            "MessageGroupId": group,
            "MessageDeduplicationId": once or uuid.uuid4().hex,
        }
        for number, body in enumerate(bodies)
    ]
    assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == len(bodies)


def kept(system: RunningSystem, name: str) -> bool:
    """Whether the worker has done a message."""
    return bool(items(system, f"kept#{name}"))


def tried(system: RunningSystem, name: str) -> bool:
    """Whether the worker was given a message."""
    return bool(items(system, f"tried#{name}"))


def test_should_hold_up_the_group_of_a_message_that_failed_and_no_other(
    plain: RunningSystem,
) -> None:
    name = uuid.uuid4().hex
    send(plain, f"{name}-a", {"id": f"{name}-a1", "fail": True})
    assert eventually(lambda: tried(plain, f"{name}-a1"))
    send(plain, f"{name}-a", {"id": f"{name}-a2"})
    send(plain, f"{name}-b", {"id": f"{name}-b1"})
    assert eventually(lambda: kept(plain, f"{name}-b1"))
    assert not tried(plain, f"{name}-a2")
    # After its tries it lies aside, and its group goes on.
    assert eventually(lambda: kept(plain, f"{name}-a2"), within=15)
    aside = eventually(lambda: received(plain, "aside.fifo"))
    assert [json.loads(body)["id"] for body in aside] == [f"{name}-a1"]


def test_should_hand_a_group_on_in_its_order(plain: RunningSystem) -> None:
    name = uuid.uuid4().hex
    send(plain, name, *({"id": f"{name}-{n}", "sleep": 0.05} for n in range(10)))
    assert eventually(lambda: kept(plain, f"{name}-9"))
    assert all(kept(plain, f"{name}-{n}") for n in range(10))


def test_should_drop_a_repeat_in_its_group_and_keep_it_in_another(plain: RunningSystem) -> None:
    name = uuid.uuid4().hex
    send(plain, f"{name}-a", {"id": f"{name}-1"}, once=name)
    send(plain, f"{name}-a", {"id": f"{name}-2"}, once=name)
    send(plain, f"{name}-b", {"id": f"{name}-3"}, once=name)
    assert eventually(lambda: kept(plain, f"{name}-3"))
    assert kept(plain, f"{name}-1")
    assert not tried(plain, f"{name}-2")
