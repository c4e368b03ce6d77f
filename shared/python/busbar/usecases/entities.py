"""Read entities: by id or unique id, and listed; and take one out of the bin.

They belong to the org, to no company. Views: `busbar.usecases.entity_views`; by relation:
`busbar.usecases.entity_related`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from busbar.domain.attribute_values import Mismatch, coerced
from busbar.domain.customers import Caller
from busbar.domain.entities import Entity, restored
from busbar.domain.entity_index import filter_value, filters_of
from busbar.domain.entity_versions import sealed
from busbar.domain.marks import Mark, micros
from busbar.domain.schemas import Schema
from busbar.errors import Conflict, Problem
from busbar.usecases.deps import Deps, until_written
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Workset, wanted
from busbar.usecases.entity_views import AT_ONCE, Json, Room, entity_view, existing
from busbar.usecases.pages import bad_parameter, check_limit, cursor_of, place_of

LIST_QUERY = ("filter", "unique_id", "limit", "cursor")
MOST = 100
"""Entities of a page, at most."""
TRIES = 6
LONGEST_QUERY = 1024
_PLACE = re.compile(r"[0-9TZ:.-]{27}#[0-9a-f-]{36}#[0-9a-f.-]{0,40}")


def find_entities(deps: EntityDeps, schema: str, query: Mapping[str, str], limit: int) -> Json:
    """The list of a schema as the route asks for it: by `unique_id`, or by `filter`.

    Both are written `name:value;name:value`, all of which have to fit; a `;` in a value is doubled.
    By unique ids there is at most one, with its lineage. Raises `Problem` 400, 404, 409.
    """
    if schema not in deps.catalogue:
        known = ", ".join(deps.catalogue.names())
        raise Problem(404, "schema-not-found", "No such schema", f"There are: {known}.")
    check_limit(limit)
    if "unique_id" not in query:
        filters = _pairs("filter", query["filter"]) if "filter" in query else {}
        return list_entities(deps, schema, filters, limit=limit, cursor=query.get("cursor"))
    if other := sorted(query.keys() - {"unique_id"}):
        raise bad_parameter(other[0], "does not go with unique_id")
    found = find_entity(deps, schema, _pairs("unique_id", query["unique_id"]))
    return {"entities": [found] if found else [], "next_cursor": None}


def _pairs(parameter: str, text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    if len(text) > LONGEST_QUERY:
        raise bad_parameter(parameter, f"may have {LONGEST_QUERY} characters")
    for part in text.replace(";;", "\0").split(";"):
        name, colon, value = part.replace("\0", ";").partition(":")
        if not (name and colon and value) or name in pairs:
            raise bad_parameter(parameter, "has to be name:value;name:value, each name once")
        pairs[name] = value
    return pairs


def show_entity(deps: EntityDeps, schema: str, entity_id: str, *, deleted: bool = False) -> Json:
    """One entity with its lineage: 1 RU. With `deleted`, one in the bin too.

    Raises `Problem` 404.
    """
    entity = existing(deps, schema, entity_id, deleted=deleted)
    return entity_view(entity, deps.org, lineage=True)


def find_entity(deps: EntityDeps, schema: str, unique_ids: Mapping[str, Any]) -> Json | None:
    """The entity that has all of these unique values: 1 RU per value and 1 for the entity.

    None if there is none. Raises `Problem` 400 if it is not found by such an attribute, 409 if
    several have them.
    """
    workset = Workset(deps, fresh=True)
    try:
        found = workset.find(wanted(deps, schema, unique_ids))
    except Unfound as error:
        if error.code == "ENTITY_REFERENCE_NOT_FOUND":
            return None
        if error.code == "UNIQUE_ID_MULTIPLE_MATCHES":
            if not any(one and one.live for one in workset.entities.values()):
                return None  # all in the bin
            title = "Several entities have these unique ids"
            detail = f"They are: {', '.join(error.ids)}." if error.ids else ""
            raise Problem(409, "several-entities", title, detail) from None
        unique = ", ".join(attribute.name for attribute in deps.schema(schema).unique)
        raise bad_parameter("unique_id", f"{schema} is found by {unique}") from None
    entity = workset.entity(found.entity_id, schema) if found.exists else None
    return entity_view(entity, deps.org, lineage=True) if entity and entity.live else None


def list_entities(
    deps: EntityDeps,
    schema: str,
    filters: Mapping[str, str],
    *,
    limit: int = 25,
    cursor: str | None = None,
) -> Json:
    """Entities of a schema by declared filters, newest change first: `{"entities", "next_cursor"}`.

    A page may be short, even empty, and ends at some 4 MB; it is the last one if `next_cursor` is
    None. Costs 2 RU and 0.5 per entity; filters that fit few, 0.5 RU per 14 entities of the schema
    besides. Raises `Problem` 400 for another filter, naming those that are allowed.
    """
    known = _listed_schema(deps, schema, filters)
    places = {known.filters.index(n): _filter(known, n, value) for n, value in filters.items()}
    before = _read_cursor(cursor) if cursor else ""
    limit = min(limit, MOST)
    while True:
        ids, following = deps.entities.listed(schema, places, limit=limit, before=before)
        seen = _shown(deps, known, places, ids)
        if len(seen) == len(ids):
            break
        limit = len(seen)  # of large ones: the page ends where the answer is full
    return {
        "entities": [shown for shown in seen.values() if shown],
        "next_cursor": cursor_of(following) if following else None,
    }


def _shown(
    deps: EntityDeps, schema: Schema, places: Mapping[int, str], ids: Sequence[str]
) -> dict[str, Json | None]:
    """Entities as they are shown, None of those that do not fit; of the first ids, for which there
    is room in an answer."""
    seen: dict[str, Json | None] = {}
    room = Room()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        there = deps.entities.get(some)
        for one in some:
            fits = one in there and _fits(schema, there[one], places)
            shown = entity_view(there[one], deps.org) if fits else None
            if shown and not room.takes(shown):
                return seen
            seen[one] = shown
    return seen


def _listed_schema(deps: EntityDeps, name: str, filters: Mapping[str, str]) -> Schema:
    schema = deps.schema(name)
    if not schema.filters:
        raise Problem(400, "not-listed", "There is no such list", f"{name} declares no filters.")
    allowed = f"{name} is listed by {', '.join(schema.filters)}"
    if any(name not in schema.filters for name in filters):
        raise bad_parameter("filter", allowed)
    return schema


def _filter(schema: Schema, name: str, value: str) -> str:
    """A filter's value as entities have it, e.g. `true` for `True`."""
    try:
        return filter_value(coerced(schema.attributes[name], value))
    except Mismatch as error:
        raise bad_parameter("filter", f"{name} has to be {error}") from None


def _fits(schema: Schema, entity: Entity, places: Mapping[int, str]) -> bool:
    """Indexes lag, and digests can look alike: what is read is asked again."""
    held = filters_of(schema, entity)
    return entity.live and all(held[place] == value for place, value in places.items())


def restore(caller: Caller, deps: Deps, own: EntityDeps, schema: str, entity_id: str) -> Json:
    """A deleted entity, out of the bin, with an entry in the audit trail; one that is not in it as
    it is, so that it may be asked for twice.

    An event that is newer than the deletion may delete it again. The entry comes first: after a
    crash in between it stands twice, never not at all. Raises `Problem` 404, `Conflict`.
    """
    entity = existing(own, schema, entity_id, deleted=True)
    if entity.in_bin:

        def noted() -> None:
            entry = deps.audit.entry(caller, "entities_restore", schema, entity_id)
            deps.store.commit(*entry)

        until_written(noted, deps.clock)
        now = micros(deps.clock.now())
        who = caller.correlation_id
        mark = Mark(now, now, who, "busbar", "", "", "entities_restore")
        entity = restore_entity(own, schema, entity_id, mark)
    return entity_view(entity, own.org, lineage=True)


def restore_entity(deps: EntityDeps, schema: str, entity_id: str, mark: Mark) -> Entity:
    """A deleted entity, out of the bin; another one as it is. `mark` names who wants it, `at` now.

    Raises `Problem` 404, `Conflict`.
    """
    for _ in range(TRIES):
        entity = existing(deps, schema, entity_id, deleted=True)
        after = sealed(entity, restored(entity, mark), mark, micros(deps.clock.now()))
        if after is None:
            return entity
        try:
            deps.save(entity, after)
        except Conflict:
            continue
        return after
    raise Conflict(f"entity {entity_id}")


def _read_cursor(cursor: str) -> str:
    """Only a place in time: it says from where on, never what is shown."""
    try:
        place = place_of(cursor).decode()
    except ValueError:
        place = ""
    if not _PLACE.fullmatch(place):
        raise bad_parameter("cursor", "is no cursor of this list")
    return place
