"""An org's entities on the table in memory, and events in which little matters."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from busbar.domain.core_schemas import core_catalogue
from busbar.domain.entities import Entity
from busbar.domain.marks import Origin, micros
from busbar.domain.outcomes import Outcome
from busbar.domain.schemas import Leading
from busbar.domain.updates import EntityUpdate, Mapped, PruneScope, ReadingPrune, ReadingUpdate
from busbar.store.entities import TableEntities
from busbar.store.reading_series import TableReadings
from busbar.store.records import TableStore
from busbar.store.table import Table
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Workset, wanted
from busbar.usecases.entity_updates import Job, apply, apply_batch
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable

ORG = "demo"
INTEGRATION = "6f0a7d6e-0000-4000-8000-000000000001"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def update(
    slug: str, ids: Mapping[str, Any], mode: Any = "upsert", **attributes: Any
) -> EntityUpdate:
    """An update of an entity; its unique ids are among the attributes, as mappings have them."""
    return EntityUpdate(slug, ids, {**ids, **attributes}, mode)


def reading(
    external_id: str, timestamp: str, value: Any, meter: str = "M1", **more: Any
) -> ReadingUpdate:
    """A reading of a meter, by its external id unless `matching` says otherwise."""
    extra = {k: more.pop(k) for k in ("mode", "matching") if k in more}
    counter = more.pop("counter", None)
    attributes = {"source": "ERP", **more}
    attributes |= {"external_id": external_id, "timestamp": timestamp, "value": value}
    return ReadingUpdate(
        {"external_id": meter}, {"external_id": counter} if counter else None, attributes, **extra
    )


def mapped(*parts: EntityUpdate | PruneScope | ReadingUpdate | ReadingPrune) -> Mapped:
    """What a mapping has made of an event."""
    return Mapped(
        tuple(p for p in parts if isinstance(p, EntityUpdate)),
        tuple(p for p in parts if isinstance(p, PruneScope)),
        tuple(p for p in parts if isinstance(p, ReadingUpdate)),
        tuple(p for p in parts if isinstance(p, ReadingPrune)),
    )


def origin(version: int, *, event_id: str = "", system: str = "sap", **more: Any) -> Origin:
    """The origin of an event whose source gave it a version; ids follow from it."""
    at = more.pop("at", START + timedelta(seconds=version))
    made = Origin(
        org=ORG,
        integration_id=INTEGRATION,
        use_case="customer",
        system=system,
        event_id=event_id or str(uuid.uuid5(uuid.NAMESPACE_OID, f"event {version}")),
        correlation_id="c",
        source_version=micros(START) + version * 1_000_000,
        mapping_version="3",
        at=at,
    )
    return replace(made, **more)


class EntityDesk:
    """Applies events, and looks at what is there then."""

    def __init__(
        self,
        table: Table | None = None,
        leading: Mapping[str, str] | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        self.clock = ManualClock(START)
        self.table = table or MemoryTable()
        self.deps = EntityDeps(
            TableEntities(self.table, ORG),
            TableReadings(self.table, self.clock, ORG),
            TableStore(self.table, self.clock, ORG),
            self.clock,
            core_catalogue().extended(attributes or {}),
            Leading(leading),
        )

    def apply(self, version: int, *parts: Any, **how: Any) -> list[Outcome]:
        """Apply one event."""
        self.clock.advance(1)
        return apply(mapped(*parts), origin(version, **how), self.deps)

    def codes(self, version: int, *parts: Any, **how: Any) -> list[str]:
        """Apply one event: its outcomes' codes."""
        return [outcome.code for outcome in self.apply(version, *parts, **how)]

    def batch(self, *events: tuple[int, Any]) -> list[Any]:
        """Apply events of one part each, together."""
        self.clock.advance(1)
        jobs = [Job(mapped(part), origin(version)) for version, part in events]
        return apply_batch(jobs, self.deps)

    def entity(self, slug: str, **ids: Any) -> Entity:
        """An entity as it is stored; blank if it is not there."""
        workset = Workset(self.deps, fresh=True)
        found = workset.find(wanted(self.deps, slug, ids))
        return workset.entity(found.entity_id, slug)

    def attributes(self, slug: str, **ids: Any) -> dict[str, Any]:
        """The attributes of an entity that is there."""
        entity = self.entity(slug, **ids)
        assert entity.live
        return dict(entity.attributes)

    def id(self, slug: str, **ids: Any) -> str:
        """An entity's id."""
        return self.entity(slug, **ids).id

    def seen(self) -> dict[str, Any]:
        """All that readers see, whatever way it came: entities by what they are, and readings."""
        state: dict[str, Any] = {}
        for key in self.table.items:  # type: ignore[attr-defined]
            if key.sk == "A" and key.pk.startswith(f"{ORG}#entity#"):
                entity_id = key.pk.split("#")[2]
                entity = self.deps.entities.get([entity_id], consistent=True)[entity_id]
                if entity.live or entity.in_bin:
                    state[entity_id] = (entity.schema, entity.live, dict(entity.attributes))
            if key.pk.startswith(f"{ORG}#T#"):
                meter = key.pk.split("#")[2]
                for counter, series in self.deps.readings.all_series(meter).items():
                    rows = [dict(r.attributes) for r in series.live()]
                    state[f"{meter}#{counter}"] = rows
        return state
