"""What has to come out of an ERP's events: each applied or parked with its row, nothing twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.doubles.canaries import found_in
from tests.faults.evidence import Evidence
from tests.faults.history import Operation
from tests.faults.inbound_events import GONE, GROWN, Fact, Link, Said
from tests.faults.inbound_held import Inbound

_LINE = re.compile("-[0-9]{9}$")
"""How the id of a line ends."""
Json = dict[str, Any]
Rule = Callable[[Inbound, "Told"], Iterator[str]]


@dataclass(frozen=True)
class Event:
    """An event that was told. The one that was sent last is the later one of two of one time."""

    said: Said
    sent: float
    first: float
    completed: float
    outcome: str
    body: Json

    @property
    def loaded(self) -> bool:
        """Whether it came in a file."""
        return bool(self.body.get("status") == "loaded")

    @property
    def place(self) -> tuple[int, float]:
        """Its place among the events about one thing."""
        return self.said.second, self.sent


class Told:
    """All events of a run."""

    def __init__(self, operations: list[Operation]) -> None:
        self.events = [
            Event(o.wants["said"], o.wants["sent"], o.invoked, o.completed, o.outcome, o.body)
            for o in operations
            if o.outcome != "fail"
        ]
        self.by_name = {event.said.name: event for event in self.events}

    @property
    def answered(self) -> list[Event]:
        """Those that were answered `success`, or `skipped` as they had come before."""
        return [event for event in self.events if event.outcome == "ok"]

    def facts(self) -> dict[tuple[str, str, str], list[tuple[Event, Any]]]:
        """(schema, number, attribute) -> what was said of it, the last one last."""
        found: dict[tuple[str, str, str], list[tuple[Event, Any]]] = {}
        for event in sorted(self.events, key=lambda event: event.place):
            for fact in event.said.facts:
                found.setdefault(fact[:3], []).append((event, fact.value))
        return found

    def gone(self) -> set[tuple[str, str]]:
        """The entities that were last said to be gone."""
        last: dict[tuple[str, str], Fact] = {}
        for event in sorted(self.events, key=lambda event: event.place):
            last.update({fact[:2]: fact for fact in event.said.facts})
        return {one for one, fact in last.items() if fact.attribute == GONE}


def last_told(held: Inbound, told: Told) -> Iterator[str]:
    """Each attribute has the value that was told last, and lineage names the event."""
    gone = told.gone()
    for (slug, number, name), said in told.facts().items():
        if (slug, number) in gone or name in {GONE, GROWN} or slug.startswith("reading "):
            continue
        there = held.entities[slug, number]
        if "problem" in there:
            yield f"{slug} {number} is not to be found: {there['problem']}"
            continue
        value, could_be = there.get(name), _could_be_last(said)
        fits = [event for event, wanted in could_be if _shown(held, wanted) == _plain(value)]
        if not fits:
            yield f"{slug} {number}: {name} is {value!r}, and not {could_be[-1][1]!r}"
            continue
        by = held.name_of(there["_lineage"].get(name, {}).get("event_id", ""))
        if by not in {event.said.name for event in fits}:
            yield f"{slug} {number}: {name} is said to be of {by!r}, and is of {fits[-1].said.name}"


def _could_be_last(said: list[tuple[Event, Any]]) -> list[tuple[Event, Any]]:
    """The last one that was answered, and any later one of which nobody knows."""
    known = [n for n, (event, _) in enumerate(said) if event.outcome == "ok"]
    return said[known[-1] :] if known else said


def _shown(held: Inbound, wanted: Any) -> Any:
    """A value as it is read; of a relation the ids, in their order."""
    if not isinstance(wanted, Link):
        return wanted
    return [held.entities[wanted.slug, number].get("_id") for number in wanted.numbers]


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and "$relation" in value:
        return [item["entity_id"] for item in value["$relation"]]
    return value


def gone(held: Inbound, told: Told) -> Iterator[str]:
    """Who was last said to be gone is not there."""
    for slug, number in told.gone():
        if held.entities[slug, number].get("problem") != "not-found":
            yield f"{slug} {number} is there, and was last said to be gone"


def no_other(held: Inbound, told: Told) -> Iterator[str]:
    """Every entity is there once, and no other one."""
    wanted: dict[str, set[str]] = {}
    away = told.gone()
    for slug, number in held.entities.keys() - away:
        wanted.setdefault(slug, set()).add(number)
    for slug, numbers in held.listed.items():
        for number, times in Counter(numbers).items():
            if times > 1:
                yield f"{slug} {number} is there {times} times"
            if number not in wanted.get(slug, ()):
                yield f"there is a {slug} {number}, of which nobody told"
        for number in wanted.get(slug, set()) - set(numbers):
            yield f"{slug} {number} is not listed"


def related(held: Inbound, told: Told) -> Iterator[str]:
    """A relation is seen once from either side."""
    for (slug, number), items in held.related.items():
        ways = Counter((i["direction"], i["relation"], i["entity"]["_id"]) for i in items)
        yield from (f"{slug} {number}: {way} is there twice" for way, n in ways.items() if n > 1)
    away = told.gone()
    for (slug, number, name), said in told.facts().items():
        wanted = said[-1][1]
        if not isinstance(wanted, Link) or len(_could_be_last(said)) > 1 or (slug, number) in away:
            continue
        mine = held.entities[slug, number].get("_id")
        for other in wanted.numbers:
            back = held.related.get((wanted.slug, other), [])
            if not any((i["relation"], i["entity"]["_id"]) == (name, mine) for i in back):
                yield f"{slug} {number} has the {name} {other}, which does not show it"


def grown(held: Inbound, told: Told) -> Iterator[str]:
    """What was added is there once, in the order in which it happened."""
    for (slug, number, name), said in told.facts().items():
        if name != GROWN:
            continue
        there = held.entities[slug, number].get(name, [])
        sure = [value for event, value in said if event.outcome == "ok"]
        if [one for one in there if one in sure] != sure or len(there) != len(set(there)):
            yield f"{slug} {number}: {name} is {there}, and not {sure}"


def readings(held: Inbound, told: Told) -> Iterator[str]:
    """Every reading is there once, as it was told last."""
    wanted: dict[str, dict[str, list[Any]]] = {}
    for (slug, number, _), said in told.facts().items():
        if slug.startswith("reading "):
            values = [value for _, value in _could_be_last(said)]
            wanted.setdefault(slug.removeprefix("reading "), {})[number] = values
    for meter, mine in wanted.items():
        there = held.readings.get(meter, [])
        if sorted(str(r["external_id"]) for r in there) != sorted(mine):
            yield f"meter {meter} has the readings {[r['external_id'] for r in there]}"
            continue
        for reading in there:
            if reading["value"] not in mine[reading["external_id"]]:
                value = mine[reading["external_id"]][0]
                yield f"reading {reading['external_id']} is {reading['value']}, and not {value}"


def versions(held: Inbound, told: Told) -> Iterator[str]:
    """No event has changed an entity twice, and none was written oftener than told of."""
    touched: Counter[tuple[str, str]] = Counter()
    for event in told.events:
        for _ in range(len(held.loads) if event.loaded else 1):
            touched.update({one for fact in event.said.facts for one in _named(fact)})
    # What a relation of it may have waited for is added to what the event has done already.
    waiting = [event.said for event in told.events if event.said.use_case == "owner"]
    touched.update(fact[:2] for said in waiting for fact in said.facts)
    waited = {said.name for said in waiting}
    for one, items in held.histories.items():
        names = Counter(_once(held, str(item["by"]["event_id"])) for item in items)
        for name, times in names.items():
            if times > 1 + (name in waited):
                yield f"{one}: the event {name} was applied {times} times"
        written = held.entities[one].get("_version", 0)
        if written > touched[one] + held.hours:
            yield f"{one} was written {written} times for {touched[one]} events"


def _once(held: Inbound, our_id: str) -> str:
    """What may change an entity once: an event, however often it was sent; a line of one load."""
    return our_id if _LINE.search(our_id) else held.name_of(our_id)


def _named(fact: Fact) -> Iterator[tuple[str, str]]:
    yield fact.slug, fact.number
    if isinstance(fact.value, Link):
        yield from ((fact.value.slug, number) for number in fact.value.numbers)


def kept(held: Inbound, told: Told) -> Iterator[str]:
    """Of every event that was answered, the request is in S3, and a row tells what became of it."""
    rows = {held.name_of(row.event_id) for row in held.rows}
    for event in told.answered:
        ours = str(event.body["event_id"])
        if event.body["status"] == "success" and held.name_of(ours) != event.said.name:
            yield f"the event {event.said.name}, answered as {ours}, is not in S3"
        if event.said.ref and held.payloads.get(ours, event.said.text) != event.said.text:
            yield f"the payload of the event {event.said.name} is kept as another one"
        if event.said.ref and event.body["status"] == "success" and ours not in held.payloads:
            yield f"the payload of the event {event.said.name}, answered as {ours}, is not in S3"
        if event.said.name not in rows and (event.said.poisoned or not event.loaded):
            yield f"nothing tells what became of the event {event.said.name}"


def parked(held: Inbound, told: Told) -> Iterator[str]:
    """What is parked has its row by then, holds nothing personal, and is there until it is done."""
    for letter in held.parked:
        event = json.loads(letter.body)
        if not letter.reason:
            continue
        if found := found_in(letter.body):
            yield f"a dead letter holds {found}"
        mine = [r for r in held.rows if (r.event_id, r.code) == (event["event_id"], letter.reason)]
        if not any(row.at <= letter.at for row in mine):
            yield f"{event['correlation_id']} was parked as {letter.reason}, before a row told so"
    there = {json.loads(letter.body)["correlation_id"] for letter in held.left}
    live = [event for event in told.events if not event.loaded]
    maybe = {event.said.name for event in live if event.said.poisoned}
    poisoned = maybe & {event.said.name for event in told.answered}
    if lost := poisoned - there:
        yield f"nobody can apply {sorted(lost)}, and they are not parked"
    if other := there - maybe:
        yield f"{sorted(other)} are parked at the end"


def in_their_order(held: Inbound, told: Told) -> Iterator[str]:
    """What was told in one group, one after the other, never fails for what came before it."""
    for letter in held.parked:
        event = told.by_name.get(json.loads(letter.body)["correlation_id"])
        if event is None or letter.reason != "METER_NOT_FOUND":
            continue
        meter = {fact.slug.removeprefix("reading ") for fact in event.said.facts}
        before = [
            other
            for other in told.answered
            if other.said.use_case == "meter"
            and other.said.group == event.said.group
            and {fact.number for fact in other.said.facts} & meter
            and other.completed < event.first
        ]
        ever = {json.loads(one.body)["correlation_id"] for one in held.parked}
        if before and not {other.said.name for other in before} & ever:
            yield f"{event.said.name} was not applied for want of what stood before it"


def loaded(held: Inbound, told: Told) -> Iterator[str]:
    """A file is worked off to its end, each line counts once, and no good one is a bad one.

    Where a line was lost with the child process, it was loaded again: then the last load counts.
    """
    for load in held.loads:
        done = (load["state"], load["lines_done"], load["percent"])
        if done != ("done", load["lines"], 100):
            yield f"the load is {done}, of {load['lines']} lines"
        if load["lines_bad"] != len(load["bad_lines"]):
            yield f"the load counts {load['lines_bad']} bad lines, and has {load['bad_lines']}"
    for load in held.loads:
        bad = [n for n, name in load["names"].items() if told.by_name[name].said.poisoned]
        shown, last = [line["line"] for line in load["bad_lines"]], load is held.loads[-1]
        if (shown == bad) != last:
            what = f"shows {shown} as bad, and not {bad}" if last else "was made twice"
            yield f"the load {what}"
    if held.loads and "DUPLICATE_EVENT" in held.loads[0]["outcomes"]:
        yield "the load takes lines for repeats of themselves"
    if held.loads_left:
        yield f"the load was given up: {held.loads_left}"


def bad_lines_once(held: Inbound, _told: Told) -> Iterator[str]:
    """A bad line has rows once, however often its batch was done."""
    rows = Counter(row.event_id for row in held.rows)
    for load in held.loads:
        for line in load["bad_lines"]:
            if rows[line["event_id"]] != 1:
                yield f"{rows[line['event_id']]} rows tell of the bad line {line['line']}"


RULES: tuple[Rule, ...] = (
    last_told,
    gone,
    no_other,
    related,
    grown,
    readings,
    versions,
    kept,
    parked,
    in_their_order,
    loaded,
    bad_lines_once,
)


def inbound(evidence: Evidence) -> Iterator[str]:
    """All of it, where an ERP has told of something."""
    if evidence.inbound is None:
        return
    told = Told(evidence.history.of("event"))
    for rule in RULES:
        yield from rule(evidence.inbound, told)
