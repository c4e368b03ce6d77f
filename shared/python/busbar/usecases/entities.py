"""Read entities: by id, by unique ids, by relation, listed; and take one out of the bin."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from busbar.domain.entities import Entity, relations, restored
from busbar.domain.entity_index import filter_value, filters_of
from busbar.domain.entity_versions import sealed
from busbar.domain.marks import Mark, micros
from busbar.domain.schemas import Schema
from busbar.errors import Conflict, FieldError, Problem
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Workset, wanted
from busbar.usecases.entity_views import Json, entity_view, existing, not_found

MOST = 100
"""Entities of a page, at most."""
TRIES = 6
_PLACE = re.compile(r"[0-9TZ:.-]{27}#[0-9a-f-]{36}#[0-9a-f.-]{0,40}")


def get_entity(
    deps: EntityDeps, entity_id: str, *, schema: str | None = None, deleted: bool = False
) -> Json:
    """One entity with its lineage: 1 RU. With `deleted`, one in the bin too.

    Raises `Problem` 404.
    """
    entity = existing(deps, entity_id, deleted=deleted)
    if schema is not None and entity.schema != schema:
        not_found()
    return entity_view(entity, deps.org, lineage=True)


def find_entity(deps: EntityDeps, schema: str, unique_ids: Mapping[str, Any]) -> Json:
    """The entity that has all of these unique values: 1 RU per value and 1 for the entity.

    Raises `Problem` 404, 400 if it is not found by such an attribute, 409 if several have them.
    """
    workset = Workset(deps, fresh=True)
    try:
        found = workset.find(wanted(deps, schema, unique_ids))
    except Unfound as error:
        if error.code == "ENTITY_REFERENCE_NOT_FOUND":
            not_found()
        several = error.code == "UNIQUE_ID_MULTIPLE_MATCHES"
        raise Problem(
            409 if several else 400,
            "several-entities" if several else "not-a-unique-id",
            "Several entities have these unique ids" if several else "Not a unique id",
            str(error),
        ) from None
    entity = workset.entity(found.entity_id, schema) if found.exists else None
    if entity is None or not entity.live:
        not_found()
    return entity_view(entity, deps.org, lineage=True)


def related_entities(
    deps: EntityDeps, entity_id: str, *, relation: str | None = None, limit: int = MOST
) -> Json:
    """Whom an entity is related to, and who is related to it: 0.5 RU each, and 1.

    `{"items": [{"direction": "out" | "in", "relation", "entity"}], "more": bool}`; `limit` at most
    100 of each direction. Raises `Problem` 404.
    """
    entity = existing(deps, entity_id)
    out = sorted((n, i) for n, i in relations(entity) if relation in (None, n))
    edges = deps.entities.related(entity_id, relation or "")
    wanted_ids = [i for _, i in out[:limit]] + [edge.source for edge in edges[:limit]]
    there = deps.entities.get(list(dict.fromkeys(wanted_ids)))
    items = [_related("out", name, there.get(i), deps.org) for name, i in out[:limit]]
    for edge in edges[:limit]:
        source = there.get(edge.source)
        if source and (edge.relation, entity_id) in relations(source):
            items.append(_related("in", edge.relation, source, deps.org))
    more = len(out) > limit or len(edges) > limit
    return {"items": [item for item in items if item], "more": more}


def _related(direction: str, name: str, entity: Entity | None, org: str) -> Json | None:
    if entity is None or not entity.live:
        return None
    return {"direction": direction, "relation": name, "entity": entity_view(entity, org)}


def list_entities(
    deps: EntityDeps,
    schema: str,
    filters: Mapping[str, str],
    *,
    limit: int = 25,
    cursor: str | None = None,
) -> Json:
    """Entities of a schema by declared filters, newest change first: `{"items", "cursor"}`.

    A page may be short, even empty; it is the last one if `cursor` is None. Raises `Problem` 400
    for another filter, naming those that are allowed.
    """
    known = _listed_schema(deps, schema, filters)
    places = {known.filters.index(name): value for name, value in filters.items()}
    before = _read_cursor(cursor) if cursor else ""
    limit = min(limit, MOST)
    ids, following = deps.entities.listed(schema, places, limit=limit, before=before)
    there = deps.entities.get(ids)
    found = [there[i] for i in ids if i in there and _fits(known, there[i], places)]
    return {
        "items": [entity_view(entity, deps.org) for entity in found],
        "cursor": _cursor(following) if following else None,
    }


def _listed_schema(deps: EntityDeps, name: str, filters: Mapping[str, str]) -> Schema:
    schema = deps.schema(name)
    if not schema.filters:
        raise Problem(400, "not-listed", "There is no such list", f"{name} declares no filters")
    errors = tuple(
        FieldError(f, f"is no filter of {name}") for f in filters if f not in schema.filters
    )
    if errors:
        allowed = ", ".join(schema.filters)
        detail = f"{name} is listed by {allowed}"
        raise Problem(400, "unknown-filter", "Unknown filter", detail, errors)
    return schema


def _fits(schema: Schema, entity: Entity, places: Mapping[int, str]) -> bool:
    """Indexes lag, and digests can look alike: what is read is asked again."""
    held = filters_of(schema, entity)
    wanted_values = {place: filter_value(value) for place, value in places.items()}
    return entity.live and all(held[place] == value for place, value in wanted_values.items())


def restore_entity(deps: EntityDeps, entity_id: str, mark: Mark) -> Json:
    """A deleted entity, out of the bin. `mark` names who wants it, `at` now.

    An event that is newer than the deletion may delete it again. Raises `Problem` 404, and 409 if
    it is not deleted; `Conflict`.
    """
    for _ in range(TRIES):
        entity = existing(deps, entity_id, deleted=True)
        if not entity.in_bin:
            raise Problem(409, "not-deleted", "It is not deleted")
        after = sealed(entity, restored(entity, mark), mark, micros(deps.clock.now()))
        if after is None:
            return entity_view(entity, deps.org, lineage=True)
        try:
            deps.save(entity, after)
        except Conflict:
            continue
        return entity_view(after, deps.org, lineage=True)
    raise Conflict(f"entity {entity_id}")


def _cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode()


def _read_cursor(cursor: str) -> str:
    """Only a place in time: it says from where on, never what is shown."""
    try:
        place = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        place = ""
    if not _PLACE.fullmatch(place):
        error = FieldError("cursor", "is none of this list's")
        raise Problem(400, "bad-parameter", "Bad parameter", "", (error,))
    return place
