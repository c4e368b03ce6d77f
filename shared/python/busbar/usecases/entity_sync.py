"""How far an entity is synced, and the readings of a meter: what stands beside an entity."""

from __future__ import annotations

from busbar.domain.entities import Entity, relations
from busbar.domain.readings import ReadingsSynced, view
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_views import Json, existing, iso, known, masked
from busbar.usecases.integration_store import integration_of
from busbar.usecases.pages import check_uuid


def sync_status(deps: EntityDeps, entity_id: str, integration_id: str | None = None) -> Json:
    """How far each integration has brought an entity, as `GET …/sync-status` shows it.

    Derived from what the entity and its readings hold. Of an event's repeats, which change nothing,
    one an hour leaves its time there; so `last_synced_at` may be an hour old. With an
    `integration_id`: that one's state alone. Of an entity that is not there nobody has a state,
    which is no error there.

    1 RU, 1 per integration; of a meter also its readings, 0.5 RU per 4 kB. Raises `Problem` 400 for
    an id that is no UUID.
    """
    check_uuid("entity_id", entity_id)
    if integration_id is not None:
        check_uuid("integration_id", integration_id)
    entity = known(deps, entity_id)
    if entity is None:
        return {"entity_id": entity_id, "sync_states": []}
    states = _of_entity(deps, entity)
    for integration, readings in _readings_sync(deps, entity):
        state = states.setdefault(integration, _state(entity, integration))
        state |= {
            "readings_last_synced_at": iso(readings.synced_at),
            "readings_last_operation": readings.operation,
            "readings_last_event_id": readings.event_id,
        }
    # What we ourselves wrote, as a restore, is of no integration.
    shown = [states[name] for name in sorted(states) if name and integration_id in (None, name)]
    return {"entity_id": entity_id, "sync_states": shown}


def _of_entity(deps: EntityDeps, entity: Entity) -> dict[str, Json]:
    states: dict[str, Json] = {}
    for name, sync in entity.sync.items():
        integration = integration_of(deps.store, name) if name else None
        use_case = integration.use_case(sync.use_case, "") if integration else None
        states[name] = {
            **_state(entity, name),
            **({"use_case_id": use_case.id} if use_case else {}),
            "last_synced_at": iso(sync.synced_at),
            "last_operation": sync.operation,
            "last_event_id": sync.event_id,
        }
        if sync.changed_at is not None:
            states[name]["last_changed_at"] = iso(sync.changed_at)
    return states


def _state(entity: Entity, integration: str) -> Json:
    return {
        "entity_id": entity.id,
        "integration_id": integration,
        "entity_slug": entity.schema,
    }


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
    """The readings of a meter, or of one of its counters, by time: `{"readings": [{"_id", …}]}`.

    0.5 RU per 4 kB, some 50 readings, and 1 for the meter. Raises `Problem` 400, 404.
    """
    if counter_id:
        check_uuid("counter_id", counter_id)
    existing(deps, "meter", meter_id)
    if counter_id:
        found = [deps.readings.series(meter_id, counter_id)]
    else:
        found = list(deps.readings.all_series(meter_id).values())
    items = [
        {**masked(view(reading)), "meter_id": meter_id, "counter_id": series.counter or None}
        for series in found
        for reading in series.live()
    ]
    return {"readings": sorted(items, key=lambda item: str(item["timestamp"]))}
