"""Events that nobody can apply, one in a hundred among many that are good.

The same load is played twice: as it is, and with good ones in their place. So what the bad ones
cost the others can be told from what the load costs. Then the mapping is mended, and an operator
sends back what was parked.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from busbar.ports.store import Put
from busbar.store.records import TableStore
from tests.doubles.world import ORG
from tests.faults.cloud import Cloud
from tests.faults.history import History
from tests.faults.inbound import ERP, tell
from tests.faults.inbound_events import Fact, Said, integration
from tests.faults.inbound_held import QUEUE, look_inbound
from tests.faults.ordered import VISIBILITY, Letter, OrderedQueue
from tests.faults.run import VirtualStage, let, silence
from tests.faults.trouble import Calm

FEW, MANY = 1000, 10_000
"""Events of a load: where a second counts, and at the full size."""
ONE_IN = 100
REQUEST = 100
GROUPS = 40
APART = 0.05
"""Seconds between two requests: workers do not keep up with them."""


def _mapping(level: str) -> dict[str, Any]:
    fields = [
        {"attribute": "customer_number", "field": "AccountID"},
        {"attribute": "last_name", "field": "LastName"},
        {"attribute": "title", "jsonataExpression": level},
    ]
    known = {"entity_schema": "contact", "unique_ids": ["customer_number"], "fields": fields}
    return {"entities": [known]}


BROKEN = _mapping("'Level ' & $string($number(Level))")
"""It fails for what is no number."""
MENDED = _mapping("'Level ' & Level")


def _said(number: int, level: str) -> Said:
    account, name = f"{number:010}", f"event-{number}"
    payload = {"AccountID": account, "LastName": name, "Level": level}
    facts = (
        Fact("contact", account, "last_name", name),
        Fact("contact", account, "title", f"Level {level}"),
    )
    return Said(name, "level", number, payload, facts, group=f"g{number * 7 % GROUPS}")


def load_of(count: int, *, poisoned: bool) -> list[Said]:
    """So many events; with `poisoned` every hundredth is one that the mapping fails for."""
    return [
        _said(n, "none" if poisoned and n % ONE_IN == ONE_IN // 2 else str(n)) for n in range(count)
    ]


@dataclass
class Measured:
    """What a load came to."""

    events: int
    bad: int = 0
    again: int = 0
    """Good events that a worker was given more than once."""
    latest: float = 0.0
    """Seconds by which the good event that lost most came later than without bad ones."""
    seconds: float = 0.0
    """How long all of it took."""
    found: list[str] = field(default_factory=list)
    """What is wrong."""

    def shown(self) -> str:
        """In one line."""
        return (
            f"{self.events:,} events, {self.bad} of them bad, in {self.seconds:.0f} s of the run: "
            f"{self.again} good ones were given to a worker twice, the one that lost most came "
            f"{self.latest:.2f} s later than without bad ones; {len(self.found)} wrong"
        )


def measured(count: int) -> Measured:
    """Play the load of `count` events, as it is and without bad ones."""
    with silence():
        clean, _ = _played(load_of(count, poisoned=False))
        load = load_of(count, poisoned=True)
        queue, stage = _played(load)
        result = Measured(count, seconds=stage.now())
        bad = {said.name for said in load if said.payload["Level"] == "none"}  # type: ignore[index]
        result.bad = len(bad)
        result.again = sum(
            times - 1 for body, times in queue.deliveries.items() if _name(body) not in bad
        )
        without, with_bad = _done(clean), _done(queue)
        late = {n: with_bad.get(n, float("inf")) - at for n, at in without.items() if n not in bad}
        result.latest = max(late.values())
        result.found = [
            *(f"{n} was held up for {s} s" for n, s in late.items() if s > VISIBILITY),
            *_out_of_order(queue),
            *_not_exactly(queue.dead, bad),
            *_mended(stage, queue),
        ]
    return result


def _played(load: list[Said]) -> tuple[OrderedQueue, VirtualStage]:
    cloud = Cloud(tenant=ERP)
    _configure(cloud, BROKEN)
    stage = VirtualStage(cloud)
    cloud.layer.start(Calm())

    def line(_: Any) -> None:
        for start in range(0, len(load), REQUEST):
            tell(stage, load[start : start + REQUEST])
            stage.rest(APART)

    let(stage, [line])
    return cloud.ordered[QUEUE], stage


def _configure(cloud: Cloud, mapping: dict[str, Any]) -> None:
    store = TableStore(cloud.table, cloud.engine, ORG)
    store.commit(Put(integration(level=mapping)))


def _name(body: str) -> str:
    return str(json.loads(body)["correlation_id"])


def _done(queue: OrderedQueue) -> dict[str, float]:
    return {_name(body): at for body, at in queue.done.items()}


def _out_of_order(queue: OrderedQueue) -> Iterator[str]:
    """Events of a group are done in the order in which the queue took them."""
    last: dict[str, float] = {}
    for body, group in queue.ever:
        at = queue.done.get(body, float("inf"))
        if at < last.get(group, 0.0):
            yield f"{_name(body)} was done before what came before it"
        last[group] = at


def _not_exactly(letters: Iterable[Letter], bad: set[str]) -> Iterator[str]:
    """In the dead-letter queue lie the bad ones, each once, and nothing else."""
    there = Counter(_name(letter.body) for letter in letters)
    yield from (f"{name} is parked {times} times" for name, times in there.items() if times > 1)
    yield from (f"{name} is good, and is parked" for name in there.keys() - bad)
    yield from (f"{name} is bad, and is not parked" for name in bad - there.keys())


def _mended(stage: VirtualStage, queue: OrderedQueue) -> Iterator[str]:
    """After the mapping is mended, what is sent back is applied, as are all others."""
    _configure(stage.cloud, MENDED)
    queue.redrive()
    let(stage, ())
    held = look_inbound(stage.cloud, History(stage.history.operations), [])
    if queue.dead:
        yield f"{len(queue.dead)} are parked after they were sent back"
    for asked in stage.history.of("event"):
        for slug, number, name, value in asked.wants["said"].facts:
            there = held.entities[slug, number].get(name)
            if there != value:
                yield f"{slug} {number}: {name} is {there!r}, and not {value!r}"
    yield from stage.history.broken
