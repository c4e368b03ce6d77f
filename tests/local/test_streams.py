"""The contract of the table's stream: filter, order, failures, standing still."""

from __future__ import annotations

import json
import time
import uuid

import pytest

from infra.local.testing import RunningSystem
from tests.local.driving import eventually, keys_seen, put, received

pytestmark = pytest.mark.local


def test_should_deliver_what_the_filter_lets_through_in_order(plain: RunningSystem) -> None:
    name = uuid.uuid4().hex
    put(plain, f"{name}-other", kind="other")
    put(plain, f"{name}-asleep", wake=False)
    for number in range(5):
        put(plain, f"{name}-{number}")
    assert keys_seen(plain, name, 5) == [f"{name}-{number}" for number in range(5)]


def test_should_hand_records_on_in_lambdas_shape(plain: RunningSystem) -> None:
    put(plain, "shape")
    (body,) = eventually(lambda: [b for b in received(plain, "seen") if '"shape"' in b])
    record = json.loads(body)
    assert record["eventSource"] == "aws:dynamodb"
    assert record["eventName"] in {"INSERT", "MODIFY"}
    assert record["dynamodb"]["NewImage"]["body"] == {"B": "AAE="}
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], int | float)


def test_should_be_quick(plain: RunningSystem) -> None:
    put(plain, "warm")
    keys_seen(plain, "warm", 1)
    started = time.monotonic()
    put(plain, "quick")
    assert keys_seen(plain, "quick", 1)
    assert time.monotonic() - started < 1


def test_should_park_the_poison_and_deliver_the_rest(plain: RunningSystem) -> None:
    name = uuid.uuid4().hex
    plain.pause_streams()
    for part in ("a", "b", "poison", "c"):
        put(plain, f"{name}-{part}")
    plain.resume_streams()
    assert sorted(keys_seen(plain, name, 3)) == [f"{name}-{part}" for part in ("a", "b", "c")]
    (told,) = eventually(lambda: received(plain, "skipped"))
    assert json.loads(told)["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert json.loads(told)["DDBStreamBatchInfo"]["batchSize"] == 1


def test_should_deliver_later_what_was_written_while_it_stood_still(plain: RunningSystem) -> None:
    plain.pause_streams()
    try:
        put(plain, "still-1")
        time.sleep(0.7)
        assert not received(plain, "seen")
    finally:
        plain.resume_streams()
    assert keys_seen(plain, "still-1", 1) == ["still-1"]
