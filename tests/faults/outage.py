"""A system is down for days while work for it goes on coming in: what it and the table are spared.

The same load is played twice, with the system up and with it down; every call is counted by the
minute. 5,000 orders in 72 hours is the full size; a smaller one has the same load for fewer hours.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from busbar.domain.identifiers import reference
from busbar.domain.orders import KIND
from busbar.settings.function import Tuning
from busbar.store.keys import Key
from busbar.store.table import INDEX_KEYS, Item, Write
from tests.doubles.memory_table import PlainTable
from tests.faults.checker import judge
from tests.faults.cloud import HOUR, Cloud
from tests.faults.evidence import Evidence
from tests.faults.run import played
from tests.faults.scenarios import (
    DRIVERS,
    MANAGER,
    WALLBOXES,
    Line,
    Scenario,
    order,
    outage,
    place,
    switch,
    synchronised,
    wallbox,
)
from tests.faults.setups import Mode, Tenant
from tests.faults.stage import CARDS, Client, Stage
from tests.faults.stage import ORDERS as FORM
from tests.faults.trouble import Calm, Effect, Fault

ORDERS = 5000
DAYS = 72 * HOUR
MOST = 1.1
"""Calls in any minute while a system is down, against the busiest one while it is up."""
NOTICED = Tuning().circuit_failures + 1
"""So many calls it takes to see that a system is down, and to ask whether it still is, be the load
ever so small."""
PROBES = 0.6
"""Probes a minute of a system that has been down for some time."""
AWAKE = 5
"""Minutes until a probe and then a sweep have come, after long outages."""


class IndexedTable(PlainTable):
    """A table whose indexes are kept, so that thousands of rows can wait in them."""

    def __init__(self) -> None:
        super().__init__()
        self._sorted: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)

    def _apply(self, write: Write) -> None:
        old = self.items.get(write.key)
        super()._apply(write)
        for pk, sk in INDEX_KEYS.values():
            before, after = _entry(old, pk, sk), _entry(write.item, pk, sk)
            if before != after:
                self._move(pk, before, after, write.key)

    def _move(
        self, pk: str, before: tuple[str, str] | None, after: tuple[str, str] | None, key: Key
    ) -> None:
        if before:
            self._sorted[pk, before[0]].remove((before[1], *key))
        if after:
            rows = self._sorted[pk, after[0]]
            rows.append((after[1], *key))
            rows.sort()

    def query(
        self,
        index: str,
        partition: str,
        *,
        newest_first: bool,
        limit: int,
        until: str | None = None,
        start: Mapping[str, str] | None = None,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """As the table that it extends answers, without looking at everything that it holds."""
        pk, sk = INDEX_KEYS[index]
        rows: Sequence[tuple[str, str, str]] = self._sorted[pk, partition]
        if until is not None and not newest_first and not start:
            rows = [r for r in heapq.nsmallest(limit + 1, rows) if r[0] <= until]
        else:
            rows = [r for r in rows if until is None or r[0] <= until]
            rows = rows[::-1] if newest_first else rows
        if start:
            here = (start[sk], start["pk"], start["sk"])
            rows = [r for r in rows if (r < here if newest_first else r > here)]
        page: list[Item] = [{"pk": r[1], "sk": r[2], pk: partition, sk: r[0]} for r in rows[:limit]]
        more = len(rows) > limit
        return page, ({k: str(v) for k, v in page[-1].items()} if more else None)


def _entry(item: Item | None, pk: str, sk: str) -> tuple[str, str] | None:
    return (str(item[pk]), str(item[sk])) if item and pk in item else None


@dataclass
class Counted(Calm):
    """Nothing goes wrong by itself, and every effect is counted."""

    calls: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """Calls by system and minute."""
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each call of a system was made."""
    creates: list[float] = field(default_factory=list)
    """When orders were sent to Salesforce."""
    writes: Counter[int] = field(default_factory=Counter)
    messages: Counter[int] = field(default_factory=Counter)

    def at(self, effect: Effect, seconds: float) -> Fault | None:
        """Count it."""
        minute = int(seconds // 60)
        if effect.kind == "call":
            system = effect.name.partition(" ")[0]
            self.calls[system][minute] += 1
            self.times[system].append(seconds)
            if effect.name.endswith("graph"):
                self.creates.append(seconds)
        elif effect.kind == "write":
            self.writes[minute] += 1
        elif effect.kind == "send":
            self.messages[minute] += 1
        return None


@dataclass
class Course:
    """What one run was like. `downtime` is in minutes, 0 where the system was up."""

    system: str
    size: int
    limit: int
    downtime: int
    counted: Counted
    evidence: Evidence
    wrong: list[str]

    @property
    def calls(self) -> Counter[int]:
        """Calls of the system by minute."""
        return self.counted.calls[self.system]

    def while_down(self, minutes: int, what: Counter[int]) -> int:
        """How much there was of it in the first minutes."""
        return sum(number for minute, number in what.items() if minute < minutes)

    def busiest_minute(self, until: float = float("inf")) -> int:
        """Most calls in any sixty seconds from the system's return on."""
        times = sorted(t for t in self.counted.times[self.system] if self.back <= t <= until)
        return max(bisect_left(times, start + 60.0) - number for number, start in enumerate(times))

    @property
    def back(self) -> float:
        """When the system was there again."""
        return self.downtime * 60.0

    def drain(self) -> Counter[int]:
        """Calls by minute from the system's return on."""
        return Counter({m: n for m, n in self.calls.items() if m >= self.downtime})


def _ordering(count: int, every: float) -> Line:
    def line(stage: Stage) -> None:
        client = Client(stage, MANAGER)
        for number in range(count):
            place(stage, client, f"key {number:05}", 1, delivered=False)
            stage.rest(every)

    return line


def _wishing(every: float) -> Line:
    """A fleet manager switches one card after the other on."""

    def line(stage: Stage) -> None:
        client = Client(stage, MANAGER)
        for card in sorted(c["id"] for c in client.everything(CARDS, "cards")):
            switch(stage, client, card, active=True)
            stage.rest(every)

    return line


def _looking(begins: float, seconds: float) -> Line:
    """Somebody looks at the order form, again and again, from a moment on."""

    def line(stage: Stage) -> None:
        stage.rest(begins)
        for _ in range(int(seconds)):
            Client(stage, MANAGER).ask("GET", f"{FORM}/form")
            stage.rest(1.0)

    return line


def orders(count: int, *, down: bool, limit: int = 600, mode: Mode = "unique_key") -> Course:
    """So many orders, as thick as 5,000 in 72 hours, with Salesforce up or down meanwhile."""
    seconds = DAYS * count / ORDERS
    lines: tuple[Line, ...] = (_ordering(count, seconds / count),)
    if down:
        lines = (outage("salesforce", seconds), *lines)
    cloud = Cloud(mode=mode, table=IndexedTable(), limits={"salesforce": limit})
    return _course(cloud, "salesforce", count, Scenario("orders", lines), seconds if down else 0)


def cards(count: int, *, down: bool, hours: float = 6.0, limit: int = 300) -> Course:
    """So many wishes for cards, with be.ENERGISED up or down meanwhile."""
    before = (order("cards", count, cards_used=False), synchronised(3))
    lines: tuple[Line, ...] = (_wishing(hours * HOUR / count),)
    if down:
        lines = (outage("energised", hours * HOUR), *lines)
    cloud = Cloud(table=IndexedTable(), tenant=Tenant(cards=count), limits={"energised": limit})
    scenario = Scenario("cards", lines, before)
    return _course(cloud, "energised", count, scenario, hours * HOUR if down else 0)


def wallboxes(count: int, *, down: bool, hours: float = 1.0, limit: int = 300) -> Course:
    """So many orders of wallboxes, with SAP up or down meanwhile."""
    every = hours * HOUR / count
    lines = tuple(
        wallbox(f"key {number}", DRIVERS[number % 2], number * every) for number in range(count)
    )
    if down:
        lines = (outage("sap", hours * HOUR), *lines)
    cloud = Cloud(table=IndexedTable(), tenant=WALLBOXES, limits={"sap": limit})
    scenario = Scenario("wallboxes", lines)
    return _course(cloud, "sap", count, scenario, hours * HOUR if down else 0)


def _course(cloud: Cloud, system: str, size: int, scenario: Scenario, down: float) -> Course:
    counted = Counted()
    evidence = played(cloud, scenario, counted)
    settings: Any = cloud.settings.orgs["demo"]
    limit = getattr(settings, system).calls_per_minute
    return Course(system, size, limit, int(down // 60), counted, evidence, judge(evidence))


def displaced(course: Course) -> int:
    """By how many places an order came at most away from its place in the order of acceptance."""
    asked = [reference(KIND, o.body["id"]) for o in course.evidence.history.of("order")]
    rows = course.evidence.held.salesforce["Order"]
    came = {row["BusbarReference__c"]: place for place, row in enumerate(rows)}
    return max(abs(came[ours] - place) for place, ours in enumerate(asked))


def compare(up: Course, down: Course) -> list[str]:
    """What is wrong with an outage, as sentences; prints what it came to."""
    busiest, limit, start = max(up.calls.values()), down.limit, down.downtime
    worst = max(n for m, n in down.calls.items() if m < start)
    drain = down.drain()
    most, took, ideal = down.busiest_minute(), max(drain) - start + 1, sum(drain.values()) / limit
    waited = down.size * start / 60 / 2
    calls, messages, writes = (
        down.while_down(start, c) for c in (down.calls, down.counted.messages, down.counted.writes)
    )
    all_writes = [sum(course.counted.writes.values()) / course.size for course in (down, up)]
    print(
        f"{down.system} down for {start / 60:.1f} h, {down.size:,} wait\n"
        f"  calls: {calls:,} while down, {sum(up.calls.values()):,} of the same load up; "
        f"in the worst minute {worst}, and {busiest} in the busiest one up\n"
        f"  messages while down: {messages:,}, {messages / waited:.3f} an hour and waiting one\n"
        f"  table writes while down: {writes:,}, those that take the work in among them; "
        f"{all_writes[0]:.1f} each to the end, and {all_writes[1]:.1f} with the system up\n"
        f"  drain: {sum(drain.values()):,} calls in {took} minutes; at {limit} a minute "
        f"{ideal:.1f} at best; {most} in the busiest minute",
        flush=True,
    )
    holds = {
        f"{worst} calls in a minute, {busiest} while up": worst <= max(MOST * busiest, NOTICED),
        f"{most} calls in a minute of the drain": most <= limit,
        f"the drain took {took} minutes": took <= 1.5 * ideal + AWAKE,
        f"{calls} calls while it was down": calls <= PROBES * start + 2 * NOTICED,
        f"{messages} messages for {down.size} that wait": messages <= 1.5 * start + 2 * down.size,
        f"{writes} writes": writes <= 8 * start + 10 * down.size,
    }
    return [*up.wrong, *down.wrong, *(text for text, held in holds.items() if not held)]


def crowded(count: int = 60, limit: int = 90) -> list[str]:
    """Work drains while everybody looks at the form: the limit holds, and nobody starves."""
    seconds = DAYS * count / ORDERS
    looking = [_looking(seconds - 60, 900) for _ in range(4)]
    lines = (outage("salesforce", seconds), _ordering(count, seconds / count), *looking)
    cloud = Cloud(table=IndexedTable(), limits={"salesforce": limit})
    course = _course(cloud, "salesforce", count, Scenario("crowded", lines), seconds)
    made = [t for t in course.counted.creates if t >= seconds]
    most, took = course.busiest_minute(max(made)), (max(made) - seconds) / 60
    print(
        f"{count} orders drain while 240 forms a minute are asked for: in {took:.1f} minutes, "
        f"{most} calls in the busiest one, of {limit}",
        flush=True,
    )
    wrong = [f"{most} calls in a minute, of {limit}"] if most > limit else []
    late = [f"the drain took {took:.0f} minutes"] if took > 3 * 2 * count / limit + AWAKE else []
    return [*course.wrong, *wrong, *late]


def small_size() -> list[str]:
    """What CI plays."""
    return [
        *sized(200, 90),
        *crowded(),
        *compare(cards(30, down=False), cards(30, down=True)),
        *compare(wallboxes(30, down=False), wallboxes(30, down=True)),
    ]


def full_size() -> list[str]:
    """5,000 orders in 72 hours of Salesforce, 50 cards in 6 hours of be.ENERGISED, 120 orders of
    wallboxes in an hour of SAP."""
    return [
        *sized(ORDERS, 600),
        *crowded(200),
        *compare(cards(50, down=False), cards(50, down=True)),
        *compare(wallboxes(120, down=False), wallboxes(120, down=True)),
    ]


NEAR = 30
"""Places by which an order may come before or after its own: so many are on their way at once."""


def sized(count: int, limit: int) -> list[str]:
    """So many orders in as much of 72 hours, and the order in which they come through."""
    down = orders(count, down=True, limit=limit)
    most = displaced(down)
    print(f"  no order more than {most} places away from its place")
    wrong = compare(orders(count, down=False, limit=limit), down)
    return [*wrong, *([f"an order came {most} places away from its own"] if most > NEAR else [])]
