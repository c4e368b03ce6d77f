"""Read entities: by id, unique id or relation, listed, their history, how far they are synced.

Answers are JSON in the toolkit's manner: attributes beside `_id`, `_schema`, `_org`, `_created_at`,
`_updated_at`. Times are ISO in UTC.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from busbar.domain.entities import Entity, relations, restored
from busbar.domain.entity_index import filter_value, filters_of
from busbar.domain.entity_versions import at_version, sealed
from busbar.domain.marks import Mark, micros, moment
from busbar.domain.readings import ReadingsSynced, view
from busbar.domain.schemas import Schema
from busbar.errors import Conflict, FieldError, Problem
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Workset, wanted

Json = dict[str, Any]
MOST = 100
"""Entities of a page, at most."""
TRIES = 6
_PLACE = re.compile(r"[0-9TZ:.-]{27}#[0-9a-f-]{36}#[0-9a-f.-]{0,40}")


def entity_view(entity: Entity, org: str, *, lineage: bool = False) -> Json:
    """An entity as it is shown; with `_lineage`: who said each attribute's value last, and when."""
    shown = {
        **entity.attributes,
        "_id": entity.id,
        "_schema": entity.schema,
        "_org": org,
        "_created_at": _iso(entity.created_at),
        "_updated_at": _iso(entity.changed_at),
        "_version": entity.version,
    }
    if entity.stub:
        shown["_stub"] = True
    if entity.in_bin and entity.ended:
        shown["_deleted_at"] = _iso(entity.ended.at)
    if lineage:
        shown["_lineage"] = {name: mark_view(mark) for name, mark in entity.lineage.items()}
    return shown


def mark_view(mark: Mark) -> Json:
    """An event, as lineage shows it."""
    return {
        "system": mark.system,
        "integration_id": mark.integration_id,
        "use_case": mark.use_case,
        "event_id": mark.event_id,
        "event_time": _iso(mark.version),
        "accepted_at": _iso(mark.at),
        "mapping_version": mark.mapping_version,
    }


def get_entity(
    deps: EntityDeps, entity_id: str, *, schema: str | None = None, deleted: bool = False
) -> Json:
    """One entity with its lineage: 1 RU. With `deleted`, one in the bin too.

    Raises `Problem` 404.
    """
    entity = _entity(deps, entity_id, deleted=deleted)
    if schema is not None and entity.schema != schema:
        _not_found()
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
            _not_found()
        several = error.code == "UNIQUE_ID_MULTIPLE_MATCHES"
        raise Problem(
            409 if several else 400,
            "several-entities" if several else "not-a-unique-id",
            "Several entities have these unique ids" if several else "Not a unique id",
            str(error),
        ) from None
    entity = workset.entity(found.entity_id, schema) if found.exists else None
    if entity is None or not entity.live:
        _not_found()
    return entity_view(entity, deps.org, lineage=True)


def related_entities(
    deps: EntityDeps, entity_id: str, *, relation: str | None = None, limit: int = MOST
) -> Json:
    """Whom an entity is related to, and who is related to it: 0.5 RU each, and 1.

    `{"items": [{"direction": "out" | "in", "relation", "entity"}], "more": bool}`; `limit` at most
    100 of each direction. Raises `Problem` 404.
    """
    entity = _entity(deps, entity_id)
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


def entity_history(deps: EntityDeps, entity_id: str) -> Json:
    """The changes that are kept, newest first, each with what it took the place of.

    `{"entity_id", "version", "items": [{"version", "operation", "at", "by", "changes": {attribute:
    {"before"?, "after"?}}}]}`. Raises `Problem` 404.
    """
    entity = _entity(deps, entity_id, deleted=True)
    items: list[Json] = []
    after: Mapping[str, Any] = entity.attributes
    for entry in entity.history:
        before = {k: v for k, v in after.items() if k not in entry.before}
        before |= {name: was[0] for name, was in entry.before.items() if was}
        changes = {name: _change(name, before, after) for name in entry.before}
        items.append(
            {
                "version": entry.version,
                "operation": entry.operation,
                "at": _iso(entry.at),
                "by": mark_view(entry.mark),
                "changes": changes,
            }
        )
        after = before
    return {"entity_id": entity_id, "version": entity.version, "items": items}


def _change(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Json:
    sides = {"before": before, "after": after}
    return {side: values[name] for side, values in sides.items() if name in values}


def entity_at_version(deps: EntityDeps, entity_id: str, version: int) -> Json:
    """The attributes at an earlier version. Raises `Problem` 404 if that is no longer known."""
    attributes = at_version(_entity(deps, entity_id, deleted=True), version)
    if attributes is None:
        _not_found("that version")
    return {"entity_id": entity_id, "version": version, "attributes": dict(attributes)}


def sync_status(deps: EntityDeps, entity_id: str) -> Json:
    """How far each integration has brought an entity, as `GET …/sync-status` shows it.

    Derived from what the entity and its readings hold: no write of its own. A repeat of an event
    does not count, the same content in a newer event does. Raises `Problem` 404.
    """
    entity = _entity(deps, entity_id, deleted=True)
    states: dict[str, Json] = {}
    for integration, sync in entity.sync.items():
        state = states.setdefault(integration, _state(entity, integration))
        state |= {
            "use_case_id": sync.use_case,
            "last_synced_at": _iso(sync.synced_at),
            "last_operation": sync.operation,
            "last_event_id": sync.event_id,
        }
        if sync.changed_at is not None:
            state["last_changed_at"] = _iso(sync.changed_at)
    for integration, readings in _readings_sync(deps, entity):
        state = states.setdefault(integration, _state(entity, integration))
        state |= {
            "readings_last_synced_at": _iso(readings.synced_at),
            "readings_last_operation": readings.operation,
            "readings_last_event_id": readings.event_id,
        }
    return {"entity_id": entity_id, "sync_states": [states[name] for name in sorted(states)]}


def _state(entity: Entity, integration: str) -> Json:
    return {"entity_id": entity.id, "integration_id": integration, "entity_slug": entity.schema}


def _readings_sync(deps: EntityDeps, entity: Entity) -> list[tuple[str, ReadingsSynced]]:
    """The last readings of a meter, or of a counter by way of its meter; the newest ones last."""
    if entity.schema == "meter":
        found = list(deps.readings.all_series(entity.id).values())
    elif entity.schema == "meter_counter":
        meters = [target for name, target in relations(entity) if name == "meter"]
        found = [deps.readings.series(meter, entity.id) for meter in meters]
    else:
        return []
    pairs = [pair for series in found for pair in series.sync.items()]
    return sorted(pairs, key=lambda pair: pair[1].synced_at)


def meter_readings(deps: EntityDeps, meter_id: str, counter_id: str = "") -> Json:
    """The readings of a meter, or of one of its counters, by time: `{"items": [{"_id", …}]}`.

    Raises `Problem` 404.
    """
    _entity(deps, meter_id)
    if counter_id:
        found = [deps.readings.series(meter_id, counter_id)]
    else:
        found = list(deps.readings.all_series(meter_id).values())
    items = [
        {**view(reading), "meter_id": meter_id, "counter_id": series.counter or None}
        for series in found
        for reading in series.live()
    ]
    return {"items": sorted(items, key=lambda item: str(item["timestamp"]))}


def restore_entity(deps: EntityDeps, entity_id: str, mark: Mark) -> Json:
    """A deleted entity, out of the bin. `mark` names who wants it, `at` now.

    An event that is newer than the deletion may delete it again. Raises `Problem` 404, and 409 if
    it is not deleted; `Conflict`.
    """
    for _ in range(TRIES):
        entity = _entity(deps, entity_id, deleted=True)
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


def _entity(deps: EntityDeps, entity_id: str, *, deleted: bool = False) -> Entity:
    entity = deps.entities.get([entity_id], consistent=True).get(entity_id)
    if entity is None or not (entity.live or (deleted and entity.in_bin)):
        _not_found()
    return entity


def _not_found(what: str = "such an entity") -> NoReturn:
    raise Problem(404, "not-found", "Not found", f"there is no {what}")


def _iso(at: int) -> str:
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


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
