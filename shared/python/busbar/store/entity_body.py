"""The stored form of an entity, and of a year of readings: compressed JSON.

Each event stands once, in a table that lineage points into by number; the event that said most of
an entity is the one that is meant where nothing else is said. The history takes the room that is
left in the item's last write unit, or in its second one.
"""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from busbar.domain.arrays import Log, Op
from busbar.domain.entities import Entity, Synced, Version
from busbar.domain.marks import Mark

BESIDE = 420
"""Bytes of an item that are not its body: names, keys, hash, the place in the list."""
UNIT = 1024
LARGEST = 380_000
"""Bytes of a compressed body: DynamoDB takes items of 400 kB."""
LEAST_UNITS = 2
LARGEST_TEXT = 1024 * 1024
"""Bytes of it as JSON: what is short only because it repeats itself, who reads it has to hold."""


class Events:
    """The table of events of one body, while it is written."""

    def __init__(self) -> None:
        self._numbers: dict[Mark, int] = {}

    def number(self, mark: Mark | None) -> int:
        """The event's number; -1 for none."""
        return -1 if mark is None else self._numbers.setdefault(mark, len(self._numbers))

    def table(self) -> list[list[Any]]:
        """All events, in the order of their numbers."""
        return [list(mark) for mark in self._numbers]


def read_events(table: Iterable[list[Any]]) -> list[Mark]:
    """The events of a body; `[-1]` of the list is for none and never asked for."""
    return [Mark(*row) for row in table]


def pack(body: Mapping[str, Any], most: int | None = None) -> bytes:
    """JSON, compressed; nothing where it has more than `most` bytes before."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    # JSON may hold half a surrogate pair; `json.loads` reads it back.
    encoded = text.encode(errors="surrogatepass")
    return zlib.compress(encoded, 1) if most is None or len(encoded) <= most else b""


def fits(packed: bytes) -> bool:
    """Whether there is something packed, and an item of the table holds it."""
    return 0 < len(packed) <= LARGEST


def unpack(body: bytes) -> Any:
    """What `pack` made."""
    return json.loads(zlib.decompress(body))


def encode_entity(entity: Entity) -> bytes | None:
    """An entity; its history as far as there is room, the last change always if it fits at all.

    None of one that is too large for an item, or for who reads it.
    """
    packed = pack(_entity(entity, entity.history), LARGEST_TEXT)
    kept = len(entity.history) if packed else 0
    limit = LEAST_UNITS * UNIT - BESIDE
    if len(packed) > limit and kept > 1:
        bare = len(pack(_entity(entity, entity.history[:1])))
        limit = max(limit, math.ceil((bare + BESIDE) / UNIT) * UNIT - BESIDE)
    while len(packed) > limit and kept > 1:
        kept = kept // 2
        packed = pack(_entity(entity, entity.history[:kept]))
    return packed if fits(packed) else _bare(entity)


def _bare(entity: Entity) -> bytes | None:
    """Without its history: what a large change took the place of must not keep an entity from
    being changed."""
    packed = pack(_entity(entity, ()), LARGEST_TEXT)
    return packed if fits(packed) else None


def _entity(entity: Entity, history: tuple[Version, ...]) -> dict[str, Any]:
    events = Events()
    body: dict[str, Any] = {
        "s": entity.schema,
        "a": entity.attributes,
        "l": lineage(entity.lineage, events),
        "m": [events.number(m) for m in (entity.alive, entity.deleted, entity.purged, entity.last)],
        "t": [entity.created_at, entity.changed_at],
        "y": {name: list(sync) for name, sync in entity.sync.items()},
        "f": entity.found_by,
    }
    if entity.stub:
        body["u"] = 1
    if entity.logs:
        body["g"] = {name: _log(log, events) for name, log in entity.logs.items()}
    if history:
        body["h"] = [
            [v.version, events.number(v.mark), v.at, v.operation, v.before] for v in history
        ]
    body["e"] = events.table()
    return body


def lineage(marks: Mapping[str, Mark], events: Events) -> list[Any]:
    """The event of most attributes, and those of the others by name."""
    if not marks:
        return [-1, {}]
    ((most, _),) = Counter(marks.values()).most_common(1)
    others = {name: events.number(mark) for name, mark in marks.items() if mark != most}
    return [events.number(most), others]


def read_lineage(
    stored: list[Any], attributes: Mapping[str, Any], events: list[Mark]
) -> dict[str, Mark]:
    """What `lineage` made."""
    most, others = stored
    return {name: events[others.get(name, most)] for name in attributes}


def _log(log: Log, events: Events) -> list[Any]:
    ops = [[events.number(op.mark), op.every, op.items] for op in log.ops]
    past = [list(log.past)] if log.past else []
    return [events.number(log.mark), log.base, ops, events.number(log.folded), *past]


def decode_entity(entity_id: str, version: int, content_hash: str, packed: bytes) -> Entity:
    """The entity inside a body."""
    body = unpack(packed)
    events = read_events(body["e"])

    def mark(number: int) -> Mark | None:
        return None if number < 0 else events[number]

    alive, deleted, purged, last = map(mark, body["m"])
    return Entity(
        id=entity_id,
        schema=body["s"],
        attributes=body["a"],
        lineage=read_lineage(body["l"], body["a"], events),
        logs={
            name: Log(
                mark(by),
                base,
                tuple(Op(events[n], every, items) for n, every, items in ops),
                mark(folded),
                tuple(past[0]) if past else (),
            )
            for name, (by, base, ops, folded, *past) in body.get("g", {}).items()
        },
        alive=alive,
        deleted=deleted,
        purged=purged,
        stub="u" in body,
        version=version,
        created_at=body["t"][0],
        changed_at=body["t"][1],
        content_hash=content_hash,
        last=last,
        history=tuple(
            Version(number, events[by], at, operation, before)
            for number, by, at, operation, before in body.get("h", [])
        ),
        sync={name: Synced(*sync) for name, sync in body["y"].items()},
        found_by=body.get("f", ""),
    )
