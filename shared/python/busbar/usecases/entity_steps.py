"""What an event does to one entity, as functions that can be done anew on a newer state of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from busbar.domain.changes import Append, Set
from busbar.domain.entities import Entity, Merged, deleted, merge, purged, upserted
from busbar.domain.marks import Mark
from busbar.domain.outcomes import Outcome
from busbar.domain.schemas import Leading

Step = Callable[[Entity], tuple[Entity, list[Outcome]]]
Changes = Mapping[str, Set | Append]
WHOLE = "*"
"""In the place of an attribute: the entity itself."""


@dataclass(frozen=True)
class Upsert:
    """Wants an entity to be there, and says this of it. `identity` is what it is known by, said of
    it when it is new. `stub`: nothing more is known."""

    changes: Changes
    identity: Changes
    mark: Mark
    leading: Leading
    stub: bool = False
    quiet: bool = False
    """No outcome if nothing changes: a side effect of another entity's update."""
    detail: Mapping[str, object] = field(default_factory=dict)

    def __call__(self, entity: Entity) -> tuple[Entity, list[Outcome]]:
        """The step."""
        new = entity.alive is None or (entity.purged is not None and entity.alive <= entity.purged)
        changes = {**self.identity, **self.changes} if new else dict(self.changes)
        refused = self._refused(entity, changes)
        allowed = {name: change for name, change in changes.items() if name not in refused}
        if refused and not allowed and not new:
            return entity, [self._not_leading(entity, refused)]
        merged = upserted(entity, allowed, self.mark, stub=self.stub)
        if self.stub and new:
            merged = merged._replace(entity=replace(merged.entity, stub=True))
        outcomes = [self._not_leading(entity, refused)] if refused else []
        return merged.entity, outcomes + self._verdict(entity, merged, len(allowed))

    def _refused(self, entity: Entity, changes: Changes) -> dict[str, str]:
        """Attributes that another system leads and that would change, and that system."""
        found: dict[str, str] = {}
        for name, change in changes.items() if self.leading else ():
            leader = self.leading.of(entity.schema, name)
            if leader in (None, self.mark.system) or name in self.identity:
                continue
            after = merge(entity, {name: change}, self.mark).entity.attributes
            if after.get(name) != entity.attributes.get(name):
                found[name] = str(leader)
        return found

    def _not_leading(self, entity: Entity, refused: Mapping[str, str]) -> Outcome:
        return Outcome(
            "NOT_LEADING_SYSTEM",
            entity.schema,
            "upsert",
            f"{', '.join(sorted(refused))}: led by another system than {self.mark.system}",
            entity.id,
            {"attributes": dict(refused), "system": self.mark.system},
        )

    def _verdict(self, before: Entity, merged: Merged, said: int) -> list[Outcome]:
        def outcome(code: str, message: str) -> Outcome:
            more = {"stale": list(merged.stale)} if merged.stale else {}
            detail = {**self.detail, **more}
            return Outcome(code, before.schema, "upsert", message, before.id, detail)

        after = merged.entity
        if not after.live:
            return [outcome("STALE_EVENT", "a newer event has removed it")]
        if before.in_bin:
            warning = outcome("SOFT_DELETED_ENTITY_MATCHED", "it was deleted, and is restored")
            return [warning, outcome("ENTITY_UPDATED", "restored")]
        if not before.live:
            return [outcome("ENTITY_CREATED", "stub of a relation" if self.stub else "")]
        if before.attributes != after.attributes:
            return [outcome("ENTITY_UPDATED", "")]
        if self.quiet or self.stub:
            return []
        if said and len(merged.stale) == said:
            return [outcome("STALE_EVENT", "newer events have said all of it")]
        return [outcome("ENTITY_NO_OP", "")]


@dataclass(frozen=True)
class Remove:
    """Wants an entity to be gone: into the bin, or for good. Of one that another system leads as a
    whole, nobody but that one may want it."""

    mark: Mark
    leading: Leading
    for_good: bool = False

    def __call__(self, entity: Entity) -> tuple[Entity, list[Outcome]]:
        """The step."""
        leader = self.leading.of(entity.schema, WHOLE)
        if leader not in (None, self.mark.system):
            said = f"led by another system than {self.mark.system}"
            detail = {"attributes": {WHOLE: leader}, "system": self.mark.system}
            return entity, [self._outcome(entity, "NOT_LEADING_SYSTEM", said, detail)]
        after = purged(entity, self.mark) if self.for_good else deleted(entity, self.mark)
        was_there = entity.live or (self.for_good and entity.in_bin)
        is_there = after.live or (self.for_good and after.in_bin)
        if was_there and not is_there:
            return after, [self._outcome(entity, "ENTITY_DELETED", "")]
        if after.live:
            return after, [self._outcome(entity, "STALE_EVENT", "a newer event has said it anew")]
        message = "" if entity.version else "nothing to remove; older events bring it no more"
        return after, [self._outcome(entity, "ENTITY_NO_OP", message)]

    def _outcome(
        self, entity: Entity, code: str, message: str, detail: Mapping[str, object] | None = None
    ) -> Outcome:
        operation = "purge" if self.for_good else "delete"
        return Outcome(code, entity.schema, operation, message, entity.id, detail or {})
