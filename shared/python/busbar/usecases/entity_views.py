"""How an entity is shown: in the toolkit's manner, attributes beside `_id`, `_schema`, `_org`,
`_created_at`, `_updated_at`. Times are ISO in UTC.
"""

from __future__ import annotations

from typing import Any, NoReturn

from busbar.domain.entities import Entity
from busbar.domain.marks import Mark, moment
from busbar.errors import Problem
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, checked_id

Json = dict[str, Any]


def entity_view(entity: Entity, org: str, *, lineage: bool = False) -> Json:
    """An entity as it is shown; with `_lineage`: who said each attribute's value last, and when."""
    shown = {
        **entity.attributes,
        "_id": entity.id,
        "_schema": entity.schema,
        "_org": org,
        "_created_at": iso(entity.created_at),
        "_updated_at": iso(entity.changed_at),
        "_version": entity.version,
    }
    if entity.stub:
        shown["_stub"] = True
    if entity.in_bin and entity.ended:
        shown["_deleted_at"] = iso(entity.ended.at)
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
        "event_time": iso(mark.version),
        "accepted_at": iso(mark.at),
        "mapping_version": mark.mapping_version,
    }


def existing(deps: EntityDeps, entity_id: str, *, deleted: bool = False) -> Entity:
    """An entity, consistently: 1 RU. Raises `Problem` 404; for one in the bin unless `deleted`."""
    try:
        entity = deps.entities.get([checked_id(entity_id)], consistent=True).get(entity_id)
    except Unfound:
        entity = None
    if entity is None or not (entity.live or (deleted and entity.in_bin)):
        not_found()
    return entity


def not_found(what: str = "such an entity") -> NoReturn:
    """Raises `Problem` 404."""
    raise Problem(404, "not-found", "Not found", f"there is no {what}")


def iso(at: int) -> str:
    """A time of µs since 1970, as text."""
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")
