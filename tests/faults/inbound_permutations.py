"""Six events of an ERP in every order, one of them twice, through the door, the queue and the
worker: each in a group of its own, so that nothing keeps their order.

    python -m tests.faults inbound-permutations

plays all 720 orders of each kind (`inbound_kinds.py`). Every other time the events come all at
once, so that a worker has them in one batch; else more than a minute apart. In the end an operator
sends back what was parked for want of what came behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from busbar.ports.store import Put
from busbar.store.records import TableStore
from busbar.wiring.clients import Clients
from busbar.wiring.parts import Parts
from tests.doubles.world import ORG
from tests.faults.cloud import Cloud
from tests.faults.inbound import ERP
from tests.faults.inbound_events import HAPPENED, INTEGRATION, PATH, integration
from tests.faults.inbound_held import QUEUE
from tests.faults.inbound_kinds import OWN, Kind, Told
from tests.faults.permutations import EVENTS, ORDERS, differences
from tests.faults.run import VirtualStage, let
from tests.faults.trouble import Calm

ALL = len(ORDERS)
APART = 70.0
"""Seconds between two events, where they do not come at once."""
State = dict[str, Any]


def wrong(kind: Kind, numbers: Iterable[int]) -> Iterator[str]:
    """The orders, by their numbers, that do not end in the state of the events' own order."""
    expected = play(kind, range(EVENTS), APART)
    for number in numbers:
        order = arranged(number)
        there = play(kind, order, APART * (number % 2))
        if found := differences(expected, there):
            yield f"{kind.name}, {order}: {'; '.join(found[:3])}"


def arranged(number: int) -> tuple[int, ...]:
    """The `number`-th order of six events, with one of them once more somewhere behind it."""
    order, doubled = list(ORDERS[number]), number % EVENTS
    behind = order.index(doubled) + 1
    order.insert(behind + number // EVENTS % (EVENTS + 1 - behind), doubled)
    return tuple(order)


def play(kind: Kind, order: Iterable[int], apart: float) -> State:
    """What stands after the events at these positions have come in this order."""
    cloud = Cloud(tenant=ERP)
    TableStore(cloud.table, cloud.engine, ORG).commit(Put(integration(**OWN)))
    stage = VirtualStage(cloud)
    cloud.layer.start(Calm())

    def line(_: Any) -> None:
        for place, told in enumerate(kind.before):
            _tell(stage, told, place - len(kind.before), f"b{place}")
        stage.rest(APART if kind.before else 0.0)
        for place, position in enumerate(order):
            _tell(stage, kind.events[position], position, str(place))
            stage.rest(apart)

    let(stage, [line])
    for _ in range(2):
        cloud.ordered[QUEUE].redrive()
        let(stage, ())
    if broken := [*stage.history.broken, *map(str, cloud.ordered[QUEUE].dead)]:
        return {"broken": broken}
    return state_of(cloud)


def _tell(stage: VirtualStage, told: Told, second: int, once: str) -> None:
    use_case, payload = told
    event = {
        "use_case_slug": use_case,
        "timestamp": (HAPPENED + timedelta(seconds=second)).isoformat(),
        "format": "json",
        "payload": payload or {"any": 1},
        "group_id": once,
        # A repeat under another name: the queue takes it once more.
        "deduplication_id": f"once-{once}",
    }
    reply = stage.request(
        "POST", PATH, "machine", {"integration_id": INTEGRATION, "events": [event]}
    )
    assert reply is not None
    assert [one["status"] for one in reply.json["results"]] == ["success"], reply.text


def state_of(cloud: Cloud) -> State:
    """All that readers may see: entities, those in the bin too, and readings."""
    deps = Parts(cloud.settings, Clients(table=cloud.table, clock=cloud.engine)).entity_deps(ORG)
    state: State = {}
    for key in cloud.table.items:  # type: ignore[attr-defined]
        name = key.pk.split("#")[-1]
        if key.sk == "A" and key.pk.startswith(f"{ORG}#entity#"):
            entity = deps.entities.get([name], consistent=True)[name]
            if entity.live or entity.in_bin:
                place = f"{entity.schema} {name}"
                state[place] = "live" if entity.live else "deleted"
                state |= {f"{place} {n}": value for n, value in entity.attributes.items()}
        if key.pk.startswith(f"{ORG}#T#"):
            for counter, series in deps.readings.all_series(name).items():
                rows = [dict(reading.attributes) for reading in series.live()]
                state[f"readings {name} {counter}"] = rows
    return state
