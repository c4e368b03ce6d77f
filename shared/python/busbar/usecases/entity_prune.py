"""Prune a scope: what an event did not name of a scope that it tells in full, goes.

What the event named, it has also upserted; so an entity belongs to a prune's past if its own last
event is older. The newest prune of each scope is remembered: an older event that comes later, and
brings what the newer one had not, has it taken away again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from busbar.domain.arrays import canonical
from busbar.domain.attribute_values import lookup_values
from busbar.domain.entities import Entity, relations
from busbar.domain.entity_index import filter_value, lookups_of
from busbar.domain.marks import Mark
from busbar.domain.outcomes import Outcome
from busbar.domain.updates import PruneScope
from busbar.errors import Conflict
from busbar.usecases.entity_lookup import Unfound, Wanted, Workset, has_all, wanted
from busbar.usecases.entity_plan import Plan
from busbar.usecases.entity_steps import Remove

PAGE = 200
MOST_NAMED = 100
"""Ids that an outcome names, at most."""


def prune(scope: PruneScope, mark: Mark, workset: Workset) -> list[Outcome]:
    """Remove what the event leaves out of a scope: one outcome for all of it."""
    deps, slug = workset.deps, scope.entity_slug
    digest = hashlib.sha256(canonical([scope.scope, scope.deletion_mode]).encode()).hexdigest()[:32]
    try:
        keep = [wanted(deps, slug, ids) for ids in scope.keep_unique_ids if ids]
        # Before the scope is read: what an older event brings after that finds this prune.
        by = deps.entities.pruned(slug, digest, mark)
        there = _in_scope(scope, workset)
    except Unfound as error:
        detail = {"cause": error.code}
        return [Outcome("PRUNE_SCOPE_PARTIAL_FAILURE", slug, "prune", str(error), None, detail)]
    leaving = [e for e in there if _leaves(e, by, mark, keep, workset)]
    done = _remove(leaving, by, workset, for_good=scope.deletion_mode == "purge")
    return [_outcome(scope, done, len(there) - len(leaving)), *done.refused[:1]]


def _in_scope(scope: PruneScope, workset: Workset) -> list[Entity]:
    """The live entities of a scope, read consistently. Raises `Unfound`."""
    how, slug = scope.scope, scope.entity_slug
    if how["scope_mode"] == "query":
        ids = _by_query(slug, how["query"], workset)
        belongs = _fits(slug, how["query"], workset)
    else:
        # Consistently: nobody comes back to a scope that was passed over as there was none yet.
        fresh = Workset(workset.deps, fresh=True)
        found = fresh.find(wanted(workset.deps, how["schema"], how["unique_ids"]))
        if not found.exists:
            return []
        ids = _neighbours(found.entity_id, slug, workset)
        mine = {target for _, target in relations(workset.entity(found.entity_id, how["schema"]))}

        def belongs(entity: Entity) -> bool:
            back = {target for _, target in relations(entity)}
            return entity.id in mine or found.entity_id in back

    there = workset.deps.entities.get(ids, consistent=True)
    return [e for e in there.values() if e.live and e.schema == slug and belongs(e)]


def _neighbours(entity_id: str, slug: str, workset: Workset) -> list[str]:
    """Who is related to an entity, either way."""
    deps = workset.deps
    edges = deps.entities.related(entity_id, consistent=True)
    back = {edge.source for edge in edges if edge.schema == slug}
    workset.entities.pop(entity_id, None)
    workset.entities.update(deps.entities.get([entity_id], consistent=True))
    forth = {target for _, target in relations(workset.entity(entity_id, slug))}
    return sorted(back | forth)


def _by_query(slug: str, query: Mapping[str, Any], workset: Workset) -> list[str]:
    """Ids of candidates: by a unique attribute if one is asked for, else by declared filters.

    What else is asked for is looked at in the entities themselves. Raises `Unfound`.
    """
    deps, schema = workset.deps, workset.deps.schema(slug)
    if said := schema.unanswerable(query):
        raise Unfound("UNIQUE_ID_NOT_IN_SCHEMA", said)
    places = {
        schema.filters.index(n): filter_value(v) for n, v in query.items() if n in schema.filters
    }
    unique = {n: v for n, v in query.items() if n in {a.name for a in schema.unique}}
    for name, value in unique.items():
        want = wanted(deps, slug, {name: value})
        found = deps.entities.find(want.lookups, consistent=True)
        if all(holders.complete for holders in found.values()):
            return sorted({i for holders in found.values() for i in holders.ids})
    if not places:
        raise Unfound("UNIQUE_ID_MULTIPLE_MATCHES", f"too many have one {', '.join(unique)}")
    ids: list[str] = []
    before: str | None = ""
    while before is not None:
        page, before = deps.entities.listed(slug, places, limit=PAGE, before=before)
        ids += page
    return ids


def _fits(slug: str, query: Mapping[str, Any], workset: Workset) -> Callable[[Entity], bool]:
    schema = workset.deps.schema(slug)

    def fits(entity: Entity) -> bool:
        for name, value in query.items():
            attribute = schema.attributes.get(name)
            mine = entity.attributes.get(name)
            if attribute is not None and attribute.unique:
                if not lookup_values(attribute, value) & lookup_values(attribute, mine):
                    return False
            elif filter_value(mine) != filter_value(value):
                return False
        return True

    return fits


def _leaves(entity: Entity, by: Mark, mark: Mark, keep: list[Wanted], workset: Workset) -> bool:
    alive = entity.alive or by
    if by != mark:  # a newer prune has been: what it kept, it had said
        return alive.version < by.version
    has = lookups_of(workset.deps.schema(entity.schema), entity)
    kept = any(has_all(entity, has, want) for want in keep)
    # What this very event has said of it in another place is no past of it.
    return not kept and alive < by


@dataclass
class _Done:
    """Ids of what went, and of what others wrote all the time; what another system leads."""

    gone: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)


def _remove(entities: list[Entity], by: Mark, workset: Workset, *, for_good: bool) -> _Done:
    done = _Done()
    for entity in entities:
        workset.entities[entity.id] = entity
        plan = Plan(workset.deps, workset, by)
        plan.slot(entity.id, entity.schema).do(0, Remove(by, workset.deps.leading, for_good))
        try:
            plan.write({})
        except Conflict:
            done.failed.append(entity.id)
        for outcome in plan.outcomes():
            if outcome.code == "ENTITY_DELETED" and entity.id not in done.failed:
                done.gone.append(entity.id)
            elif outcome.code == "NOT_LEADING_SYSTEM":
                done.refused.append(outcome)
    return done


def _outcome(scope: PruneScope, done: _Done, kept: int) -> Outcome:
    gone, failed = done.gone, done.failed
    code = "PRUNE_SCOPE_PARTIAL_FAILURE" if failed else "PRUNE_SCOPE_COMPLETED"
    detail = {
        "removed": len(gone),
        "failed": len(failed),
        "kept": kept + len(done.refused),
        "deletion_mode": scope.deletion_mode,
        "entity_ids": gone[:MOST_NAMED],
    }
    return Outcome(code, scope.entity_slug, "prune", f"{len(gone)} removed", None, detail)
