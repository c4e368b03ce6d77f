"""What the use cases of entities are given: the entities of one org, and how the org sees them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from busbar.domain.core_schemas import core_catalogue
from busbar.domain.entities import Entity
from busbar.domain.entity_index import Sole, indexed
from busbar.domain.schemas import Catalogue, Leading, Schema
from busbar.ports.entities import Entities, EntityWrite, ReadingSeries
from busbar.ports.runtime import Clock
from busbar.ports.store import Store


@dataclass(frozen=True)
class EntityDeps:
    """Ports and settings of one org. `store` is for tasks."""

    entities: Entities
    readings: ReadingSeries
    store: Store
    clock: Clock
    catalogue: Catalogue = field(default_factory=core_catalogue)
    leading: Leading = field(default_factory=Leading)

    @property
    def org(self) -> str:
        """Whose entities they are."""
        return self.entities.org

    def schema(self, name: str) -> Schema:
        """A schema of the org."""
        return self.catalogue.get(name)

    def save(self, before: Entity, after: Entity, sole: Sole = ()) -> None:
        """Write an entity, and where it stands. Raises `Conflict`; `Held` for sole values.

        One that was written before its schema got other unique attributes gets all its lookups.
        """
        schema = self.schema(after.schema)
        was, will = indexed(schema, before), indexed(schema, after)
        if before.found_by not in ("", schema.found_by):
            was = replace(was, lookups=frozenset())
        if after.found_by != schema.found_by:
            after = replace(after, found_by=schema.found_by)
        self.entities.save(EntityWrite(before, after, was, will, sole))
