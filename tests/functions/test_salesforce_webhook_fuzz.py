"""10,000 signed requests, each spoiled in some way: none is taken, none breaks anything."""

from __future__ import annotations

import base64
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from busbar.domain.webhook_signature import WINDOW, is_signed
from busbar.observability import logger
from tests.doubles.world import World
from tests.functions.mutations import (
    ALL,
    ID,
    KEY,
    SIGNATURE,
    TIMESTAMP,
    Sent,
    chance,
    good,
    mutated,
)

SEEDS = 10_000


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Without a line in the log for each request."""
    before = logger.log_level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


def now(world: World) -> int:
    return int(world.clock.now().timestamp())


def taken(world: World) -> list[Any]:
    """What came of requests: messages on queues, records of them."""
    kept = [i for i in world.table.items.values() if i.get("schema") == "webhook_message"]
    return [*world.sqs.queues.values(), *kept]


def test_should_take_none_of_many_spoiled_requests_and_break_at_none(world: World) -> None:
    handler, at = world.handler("salesforce_webhook"), now(world)
    statuses: Counter[int] = Counter()
    for seed in range(SEEDS):
        done, sent = mutated(seed, at)
        answered = handler(sent.as_event(), None)
        statuses[answered["statusCode"]] += 1
        assert 400 <= answered["statusCode"] < 500, (seed, done, answered)
        assert answered["headers"]["Content-Type"] == "application/problem+json", (seed, done)
    assert taken(world) == []
    assert set(statuses) == {400, 401, 404, 413}
    assert statuses[401] > SEEDS / 2


def test_should_take_every_request_that_is_not_spoiled(world: World) -> None:
    for seed in range(500):
        answered = world.invoke("salesforce_webhook", good(chance(seed), now(world)).as_event())
        assert answered["statusCode"] == 202, (seed, answered)


def test_should_spoil_in_every_way_and_the_same_at_every_run(world: World) -> None:
    at = now(world)
    first = [mutated(seed, at) for seed in range(1000)]
    assert first == [mutated(seed, at) for seed in range(1000)]
    names = {name for done, _ in first for name in done.split("+")}
    assert names == {m.__name__ for m in ALL}


@pytest.mark.parametrize("mutate", ALL, ids=lambda m: m.__name__)
def test_should_refuse_what_each_mutation_alone_makes(world: World, mutate: Any) -> None:
    for seed in range(100):
        rng = chance(seed)
        whole = good(rng, now(world))
        spoiled = mutate(rng, whole)
        if spoiled.as_event() == whole.as_event():
            continue
        answered = world.invoke("salesforce_webhook", spoiled.as_event())
        assert 400 <= answered["statusCode"] < 500, (seed, answered)
    assert taken(world) == []


# --- would it be noticed? ------------------------------------------------------------------------


def fits(sent: Sent, body: bytes | None = None, signatures: str | None = None) -> bool:
    """Whether a door that looks at nothing but the signature would take it."""
    text = sent.headers.get(SIGNATURE, "") if signatures is None else signatures
    told = (sent.headers.get(ID, ""), sent.headers.get(TIMESTAMP, ""))
    return is_signed(text, (KEY,), *told, sent.body if body is None else body)


def in_time(sent: Sent, at: int) -> bool:
    text = sent.headers.get(TIMESTAMP, "")
    return text.isdecimal() and abs(int(text) - at) <= WINDOW


def without_window(sent: Sent, _at: int) -> bool:
    return fits(sent)


def for_any_org(sent: Sent, at: int) -> bool:
    return fits(sent) and in_time(sent, at) and sent.org != "demo"


def over_parsed_json(sent: Sent, at: int) -> bool:
    return fits(sent, json.dumps(json.loads(sent.body)).encode()) and in_time(sent, at)


def without_version(sent: Sent, at: int) -> bool:
    code = sent.headers.get(SIGNATURE, "").rpartition(",")[2]
    return fits(sent, signatures=f"v1,{code}") and in_time(sent, at)


def in_any_base64(sent: Sent, at: int) -> bool:
    code = sent.headers.get(SIGNATURE, "").partition(",")[2]
    same = base64.b64encode(base64.b64decode(code)).decode()
    return fits(sent, signatures=f"v1,{same}") and in_time(sent, at)


def joined_by_comma(sent: Sent, at: int) -> bool:
    parts = sent.headers.get(SIGNATURE, "").replace(" ", "").split("v1,")
    texts = " ".join(f"v1,{part.strip(',')}" for part in parts)
    return fits(sent, signatures=texts) and in_time(sent, at)


def stripped(sent: Sent, at: int) -> bool:
    headers = {name: value.strip() for name, value in sent.headers.items()}
    return fits(Sent(headers, sent.text, sent.encoded)) and in_time(sent, at)


WEAK: list[Callable[[Sent, int], bool]] = [
    without_window,
    for_any_org,
    over_parsed_json,
    without_version,
    in_any_base64,
    joined_by_comma,
    stripped,
]


@pytest.mark.parametrize("door", WEAK, ids=lambda d: d.__name__)
def test_should_notice_a_door_that_is_too_lenient(
    world: World, door: Callable[[Sent, int], bool]
) -> None:
    at = now(world)

    def takes(seed: int) -> bool:
        sent = mutated(seed, at)[1]
        try:
            return sent.event == {} and door(sent, at)
        except (ValueError, RecursionError):
            return False

    assert any(takes(seed) for seed in range(SEEDS))
