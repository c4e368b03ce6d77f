"""What an event would do to the entities: it is applied in the way of the worker, and not written.

Reads go to the table, writes stay here. So what is shown is what the worker would do just now, with
its refusals, deletions and readings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from busbar.domain.entities import Entity
from busbar.domain.entity_index import Edge, Lookup
from busbar.domain.marks import Mark, Origin
from busbar.domain.outcomes import Outcome
from busbar.domain.readings import Pruned, Series
from busbar.domain.updates import Mapped
from busbar.ports.entities import Entities, EntityWrite, Holders, ReadingSeries
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_updates import Job, apply_uncounted
from busbar.usecases.entity_views import Json, changed_names, changes_view


class UnwrittenEntities:
    """Entities whose writes are kept in memory. Implements `ports.Entities`."""

    def __init__(self, inner: Entities) -> None:
        self._inner = inner
        self.org = inner.org
        self.written: dict[str, tuple[Entity, Entity]] = {}
        """By id: as it is in the table, and as it would be."""

    def get(self, ids: Sequence[str], *, consistent: bool = False) -> dict[str, Entity]:
        """Those of the table, but for what was written here."""
        found = self._inner.get(ids, consistent=consistent)
        return {**found, **{i: self.written[i][1] for i in ids if i in self.written}}

    def find(self, lookups: Sequence[Lookup], *, consistent: bool = False) -> dict[Lookup, Holders]:
        """Those of the table: who is new in an event is found by what the event plans."""
        return self._inner.find(lookups, consistent=consistent)

    def save(self, write: EntityWrite) -> None:
        """Keep it."""
        first, _ = self.written.get(write.after.id, (write.before, write.after))
        self.written[write.after.id] = (first, write.after)

    def related(self, target: str, relation: str = "", *, consistent: bool = False) -> list[Edge]:
        """Those of the table: what a prune removes is there."""
        return self._inner.related(target, relation, consistent=consistent)

    def listed(
        self, schema: str, filters: Mapping[int, str], *, limit: int, before: str = ""
    ) -> tuple[list[str], str | None]:
        """Those of the table."""
        return self._inner.listed(schema, filters, limit=limit, before=before)

    def prune_mark(self, schema: str, scope: str) -> Mark | None:
        """That of the table."""
        return self._inner.prune_mark(schema, scope)

    def pruned(self, schema: str, scope: str, mark: Mark) -> Mark:
        """The newest one; nothing is kept."""
        known = self._inner.prune_mark(schema, scope)
        return max(known, mark) if known else mark


class UnwrittenReadings:
    """Readings whose writes are kept in memory. Implements `ports.ReadingSeries`."""

    def __init__(self, inner: ReadingSeries) -> None:
        self._inner = inner
        self.written: dict[tuple[str, str], tuple[Series, Series]] = {}

    def series(self, meter: str, counter: str, *, consistent: bool = False) -> Series:
        """That of the table, or what was written here."""
        _, known = self.written.get((meter, counter), (None, None))
        return known or self._inner.series(meter, counter, consistent=consistent)

    def all_series(self, meter: str) -> dict[str, Series]:
        """Those of the table."""
        return self._inner.all_series(meter)

    def prunes(self, meter: str, counter: str) -> Mapping[str, Pruned]:
        """Those of the series: nobody else writes here."""
        return self.series(meter, counter).prunes

    def save(self, before: Series, after: Series) -> None:
        """Keep it."""
        key = (after.meter, after.counter)
        first, _ = self.written.get(key, (before, after))
        self.written[key] = (first, after)


def rehearse(mapped: Mapped, origin: Origin, deps: EntityDeps) -> Json:
    """`{"entities", "readings", "outcomes"}`: each that would change, with its attributes before
    and after; and what became of each part.

    Raises `StoreUnavailable` or `Conflict` as the worker does.
    """
    entities, readings = UnwrittenEntities(deps.entities), UnwrittenReadings(deps.readings)
    own = replace(deps, entities=entities, readings=readings)
    ((outcomes),) = apply_uncounted([Job(mapped, origin)], own)
    if isinstance(outcomes, Exception):
        raise outcomes
    return {
        "entities": [_changed(*pair) for pair in entities.written.values()],
        "readings": [one for pair in readings.written.values() for one in _readings(*pair)],
        "outcomes": [_told(outcome) for outcome in outcomes],
    }


def _changed(before: Entity, after: Entity) -> Json:
    old, new = _seen(before), _seen(after)
    return {
        "entity_id": after.id,
        "entity_slug": after.schema,
        "operation": _operation(before, after),
        "attributes": changes_view(changed_names(old, new), old, new),
    }


def _seen(entity: Entity) -> Mapping[str, Any]:
    return entity.attributes if entity.live else {}


def _operation(before: Entity, after: Entity) -> str:
    if before.live and not after.live:
        return "purge" if after.purged != before.purged else "delete"
    if after.live and not before.live:
        return "restore" if before.in_bin else "create"
    return "patch" if changed_names(_seen(before), _seen(after)) else "no-op"


def _readings(before: Series, after: Series) -> list[Json]:
    changed = []
    for reading_id, reading in after.readings.items():
        known = before.readings.get(reading_id, Entity(reading_id, reading.schema))
        operation = _operation(known, reading)
        if operation == "no-op":
            continue
        one = _changed(known, reading)
        changed.append(
            {
                "meter_id": after.meter,
                "counter_id": after.counter or None,
                "reading_id": reading_id,
                "operation": operation,
                "attributes": one["attributes"],
            }
        )
    return changed


def _told(outcome: Outcome) -> Json:
    return {
        "code": outcome.code,
        "level": outcome.level,
        "entity_slug": outcome.entity_slug,
        "operation": outcome.operation,
        "message": outcome.message,
        "entity_id": outcome.entity_id,
    }
