"""What stands of an ERP's events in the end, as the functions that read entities show it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from busbar.domain.erp_events import event_id
from busbar.domain.outcome_rows import OutcomeBatch
from busbar.errors import Problem
from busbar.usecases.entities import find_entity, list_entities
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_history import entity_history
from busbar.usecases.entity_related import related_entities
from busbar.usecases.entity_sync import meter_readings
from busbar.usecases.erp_loads import Loads
from busbar.wiring.clients import Clients
from busbar.wiring.parts import Parts
from tests.doubles.world import ORG
from tests.faults.cloud import Cloud
from tests.faults.engine import START
from tests.faults.history import History
from tests.faults.inbound_events import INTEGRATION, KNOWN_BY, Link
from tests.faults.ordered import Letter

Json = dict[str, Any]
QUEUE, LOADS_QUEUE = "erp_apply", "erp_load_slices"
HOUR = 3600.0
PAYLOAD = ".payload"
"""How the file ends that an event's uploaded payload is kept in."""


class Row(NamedTuple):
    """What the product wrote down of an event, `at` seconds of the run."""

    event_id: str
    code: str
    level: str
    at: float


@dataclass
class Inbound:
    """Everything that rules look at. Entities are named by schema and number."""

    entities: dict[tuple[str, str], Json] = field(default_factory=dict)
    """As they are found; of one that is not, `{"problem": type}`."""
    histories: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    related: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    listed: dict[str, list[str]] = field(default_factory=dict)
    """The numbers of all entities of a schema, one for each that is there."""
    readings: dict[str, list[Json]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    requests: dict[str, Json] = field(default_factory=dict)
    """Events as they lie in S3, by our ids of them."""
    payloads: dict[str, str] = field(default_factory=dict)
    """Those that were uploaded, as they are kept of an event."""
    parked: list[Letter] = field(default_factory=list)
    """Every letter that there was before all was sent back."""
    left: list[Letter] = field(default_factory=list)
    """Those that are there at the end."""
    hours: int = 0
    """How many have passed: in each of them a repeat may leave its time at an entity."""

    loads: list[Json] = field(default_factory=list)
    """The loads of files, as they are shown, and the `names` of events by their lines."""
    loads_left: list[Letter] = field(default_factory=list)
    """What lies in the dead letters of their queue at the end."""

    def name_of(self, our_id: str) -> str:
        """Which of the ERP's events it is, by our id of it."""
        return str(self.requests.get(our_id, {}).get("correlation_id", ""))


def look_inbound(cloud: Cloud, history: History, parked: list[Letter]) -> Inbound:
    """See what stands of the events of a run."""
    deps = Parts(cloud.settings, Clients(table=cloud.table, clock=cloud.engine)).entity_deps(ORG)
    held = Inbound(parked=parked, left=list(cloud.ordered[QUEUE].dead))
    held.hours = int(cloud.engine.seconds // HOUR)
    for one in _told_of(history):
        _entity(deps, one, held)
    for slug in {slug for slug, _ in held.entities}:
        held.listed[slug] = _numbers(deps, slug)
    held.rows = list(_rows(deps))
    for key in cloud.files.below("inbound/"):
        name, content = key.rpartition("/")[2], cloud.files.objects[key].content
        if name.endswith(PAYLOAD):
            held.payloads[name.removesuffix(PAYLOAD)] = content.decode()
            continue
        request, events = name.removesuffix(".json"), json.loads(content)["events"]
        held.requests.update({event_id(request, n): event for n, event in enumerate(events)})
    _loads(cloud, held)
    return held


def _loads(cloud: Cloud, held: Inbound) -> None:
    held.loads_left = list(cloud.ordered[LOADS_QUEUE].dead)
    for one in loads_of(cloud):
        content = cloud.files.objects[one["key"]].content.decode()
        lines = {n: json.loads(line) for n, line in enumerate(content.split("\n"), 1) if line}
        names = {number: str(line["correlation_id"]) for number, line in lines.items()}
        held.loads.append({**one, "names": names})
        held.requests |= {f"{one['correlation_id']}-{n:09}": line for n, line in lines.items()}


def loads_of(cloud: Cloud) -> list[Json]:
    """The loads of files as they are shown, the first one first."""
    parts = Parts(cloud.settings, Clients(table=cloud.table, clock=cloud.engine))
    loads = Loads(parts.deps(ORG), parts.queues, INTEGRATION)
    shown = [loads.show(one["id"]) for one in loads.listed(100, None)["loads"]]
    return sorted(shown, key=lambda load: str(load["started_at"]))


def _told_of(history: History) -> Iterator[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for asked in history.of("event"):
        for fact in asked.wants["said"].facts:
            slug, number = fact.slug, fact.number
            if slug.startswith("reading "):
                slug, number = "meter", slug.removeprefix("reading ")
            found[slug, number] = None
            if isinstance(fact.value, Link):
                found.update(dict.fromkeys((fact.value.slug, n) for n in fact.value.numbers))
    yield from found


def _entity(deps: EntityDeps, one: tuple[str, str], held: Inbound) -> None:
    slug, number = one
    try:
        found = find_entity(deps, slug, {KNOWN_BY[slug]: number})
    except Problem as problem:
        held.entities[one] = {"problem": problem.slug}
        return
    if found is None:
        held.entities[one] = {"problem": "not-found"}
        return
    held.entities[one] = found
    held.histories[one] = entity_history(deps, slug, found["_id"])["changes"]
    held.related[one] = related_entities(deps, slug, found["_id"], {}, 100)["relations"]
    if slug == "meter":
        held.readings[number] = meter_readings(deps, found["_id"])["readings"]


def _numbers(deps: EntityDeps, slug: str) -> list[str]:
    numbers, cursor = [], ""
    while True:
        page = list_entities(deps, slug, {}, limit=100, cursor=cursor or None)
        numbers += [str(item.get(KNOWN_BY[slug])) for item in page["entities"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            return sorted(numbers)


def _rows(deps: EntityDeps) -> Iterator[Row]:
    cursor: str | None = ""
    while cursor is not None:
        page = deps.store.listed(OutcomeBatch, INTEGRATION, limit=100, cursor=cursor or None)
        for stored in page.items:
            at = (stored.changed_at - START).total_seconds()
            for row in stored.record.rows:
                yield Row(row.event_id, row.code, row.level, at)
        cursor = page.cursor
