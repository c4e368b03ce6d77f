"""How an entity came to be what it is, and how far each integration has brought it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.domain.entities import Entity, relations
from busbar.domain.entity_versions import at_version
from busbar.domain.readings import ReadingsSynced, view
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_views import Json, existing, iso, mark_view, not_found


def entity_history(deps: EntityDeps, entity_id: str) -> Json:
    """The changes that are kept, newest first, each with what it took the place of.

    `{"entity_id", "version", "items": [{"version", "operation", "at", "by", "changes": {attribute:
    {"before"?, "after"?}}}]}`. Raises `Problem` 404.
    """
    entity = existing(deps, entity_id, deleted=True)
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
                "at": iso(entry.at),
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
    attributes = at_version(existing(deps, entity_id, deleted=True), version)
    if attributes is None:
        not_found("that version")
    return {"entity_id": entity_id, "version": version, "attributes": dict(attributes)}


def sync_status(deps: EntityDeps, entity_id: str) -> Json:
    """How far each integration has brought an entity, as `GET …/sync-status` shows it.

    Derived from what the entity and its readings hold: no write of its own. A repeat of an event
    does not count, the same content in a newer event does. Raises `Problem` 404.
    """
    entity = existing(deps, entity_id, deleted=True)
    states: dict[str, Json] = {}
    for integration, sync in entity.sync.items():
        state = states.setdefault(integration, _state(entity, integration))
        state |= {
            "use_case_id": sync.use_case,
            "last_synced_at": iso(sync.synced_at),
            "last_operation": sync.operation,
            "last_event_id": sync.event_id,
        }
        if sync.changed_at is not None:
            state["last_changed_at"] = iso(sync.changed_at)
    for integration, readings in _readings_sync(deps, entity):
        state = states.setdefault(integration, _state(entity, integration))
        state |= {
            "readings_last_synced_at": iso(readings.synced_at),
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
    existing(deps, meter_id)
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
