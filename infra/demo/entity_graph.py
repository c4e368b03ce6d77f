"""Entities and whom they are related to, as the read API shows them, and as a tree for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.demo.erp import CLERK, Json
from infra.demo.stage import Stage

Edge = tuple[str, str, str]
"""Id of an entity, name of its relation, id of whom it is related to."""
NAMES = {
    "contact": ("customer_number", "external_id"),
    "portal_user": ("external_id",),
    "billing_account": ("billing_account_number",),
    "contract": ("contract_number",),
    "meter": ("meter_number",),
    "meter_counter": ("external_id",),
}
"""Schema -> attributes by which people know an entity; the first that it has."""
BELOW: dict[str, Sequence[tuple[str, str, str]]] = {
    "contact": (
        ("in", "mapped_contact", ""),
        ("in", "customer", "billing_account"),
        ("out", "contracts", ""),
    ),
    "portal_user": (("in", "portal_users", ""),),
    "contract": (("out", "meters", ""), ("in", "contract", "meter")),
    "meter": (("out", "counters", ""),),
}
"""Schema -> what stands below it in the tree: direction, relation, of which schema alone."""
MORE = {
    "contact": ("first_name", "last_name", "_tags"),
    "contract": ("branch", "status"),
    "meter": ("sector", "status"),
    "meter_counter": ("tariff_type", "unit"),
    "portal_user": ("mapping_status",),
}


@dataclass
class Graph:
    """All that can be reached from an entity: entities, relations, the readings of each counter."""

    entities: dict[str, Json] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    readings: dict[str, list[Json]] = field(default_factory=dict)

    def of(self, schema: str) -> list[Json]:
        """The entities of a schema."""
        return [one for one in self.entities.values() if one["_schema"] == schema]

    def known_as(self, name: str) -> Json:
        """The entity that people know by this number."""
        return next(one for one in self.entities.values() if name_of(one) == name)

    def counts(self) -> dict[str, int]:
        """How many entities of each schema, and how many `readings`."""
        schemas = Counter(one["_schema"] for one in self.entities.values())
        return {**schemas, "readings": sum(map(len, self.readings.values()))}

    def versions(self) -> Json:
        """What any write would change: versions, times, readings."""
        said = {i: (one["_version"], one["_updated_at"]) for i, one in self.entities.items()}
        return {"entities": said, "readings": self.readings}

    def plain(self) -> str:
        """All of it without what is its own: versions, times, and ids, in place of which names
        stand. Two that say the same have the same."""
        said = [
            {name: value for name, value in one.items() if name[:1] != "_" or name == "_tags"}
            for one in self.entities.values()
        ]
        readings = [
            {name: value for name, value in one.items() if name != "_id"}
            for series in self.readings.values()
            for one in series
        ]
        text = json.dumps({"entities": said, "readings": readings}, sort_keys=True)
        for entity_id, one in self.entities.items():
            text = text.replace(entity_id, f"{one['_schema']} {name_of(one)}")
        found: dict[str, list[Json]] = json.loads(text)
        lines = (json.dumps(one, sort_keys=True) for part in found.values() for one in part)
        return "\n".join(sorted(lines))

    def tree(self, root: str) -> Iterator[str]:
        """The lines of the tree that begins with an entity."""
        yield self._line("", root, "")
        yield from self._below(root, "", {root})

    def _below(self, above: str, indent: str, seen: set[str]) -> Iterator[str]:
        children = [one for one in self._children(above) if one[0] not in seen]
        seen |= {child for child, _ in children}
        for number, (child, how) in enumerate(children, 1):
            branch, deeper = ("└─ ", "   ") if number == len(children) else ("├─ ", "│  ")
            yield self._line(indent + branch, child, how)
            yield from self._below(child, indent + deeper, seen)

    def _children(self, above: str) -> list[tuple[str, str]]:
        """Ids of what stands below an entity, and what relates them if that is told the other way
        around."""
        found: dict[str, str] = {}
        for direction, relation, schema in BELOW.get(self.entities[above]["_schema"], ()):
            for source, name, target in sorted(self.edges, key=self._in_order):
                mine, other = (source, target) if direction == "out" else (target, source)
                fits = not schema or self.entities[other]["_schema"] == schema
                if mine == above and name == relation and fits:
                    found.setdefault(other, "" if direction == "out" else f"by its {name}")
        return list(found.items())

    def _in_order(self, edge: Edge) -> tuple[str, str]:
        return (edge[1], name_of(self.entities[edge[2]]) + name_of(self.entities[edge[0]]))

    def _line(self, indent: str, entity_id: str, how: str) -> str:
        one = self.entities[entity_id]
        more = " ".join(_text(one[name]) for name in MORE.get(one["_schema"], ()) if one.get(name))
        if readings := self.readings.get(entity_id):
            more += f", {len(readings)} readings"
        shown = f"{indent}{one['_schema']} {name_of(one)}  {more}"
        return f"{shown:<76} v{one['_version']:<4}{how}".rstrip()


def name_of(entity: Json) -> str:
    """The number by which people know an entity."""
    names = NAMES.get(entity["_schema"], ())
    return next((str(entity[name]) for name in names if entity.get(name)), entity["_id"])


def _text(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def entity(stage: Stage, schema: str, unique_id: str) -> Json | None:
    """The entity with a unique id, `name:value`, and its lineage; None if there is none."""
    found = stage.portal("GET", f"/v1/entities/{schema}", CLERK, params={"unique_id": unique_id})
    entities: list[Json] = found.json()["entities"]
    return entities[0] if entities else None


def graph_from(stage: Stage, schema: str, unique_id: str) -> Graph:
    """Everything that can be reached from an entity, in both directions."""
    graph = Graph()
    root = entity(stage, schema, unique_id)
    waiting = [root] if root else []
    while waiting:
        one = waiting.pop(0)
        if one["_id"] in graph.entities:
            continue
        graph.entities[one["_id"]] = {k: v for k, v in one.items() if k != "_lineage"}
        path = f"/v1/entities/{one['_schema']}/{one['_id']}/relations"
        for related in stage.portal("GET", path, CLERK).json()["relations"]:
            ends = (one["_id"], related["entity"]["_id"])
            source, target = ends if related["direction"] == "out" else ends[::-1]
            graph.edges.add((source, related["relation"], target))
            waiting.append(related["entity"])
    for meter in graph.of("meter"):
        path = f"/v1/meters/{meter['_id']}/readings"
        for reading in stage.portal("GET", path, CLERK).json()["readings"]:
            graph.readings.setdefault(reading["counter_id"], []).append(reading)
    return graph
