"""What becomes of one event: its payload, mapped by a configuration.

An item is one entity or one reading; a fan-out makes many of one entry. What fails in an item
takes that item away and nothing else: an entity of which a part could not be made is not written
by halves. A pruning is withheld where it cannot be told what is to be kept, or of which scope.

`serve` does the same for a job of bytes, for the child process that evaluates what customers wrote
(`busbar.mapping.child`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from busbar.domain.updates import EntityUpdate, Fault, Mapped, PruneScope
from busbar.errors import Unmappable
from busbar.mapping import direct, engine, readings
from busbar.mapping.engine import Source
from busbar.mapping.identifiers import identifying
from busbar.mapping.jobs import ConfigurationUnknown, mapped_of, served
from busbar.mapping.limits import Limits
from busbar.mapping.model import Configuration, EntityMapping, ReadingMapping, Scoped
from busbar.mapping.outcome import Outcome, attributes_of, items_of
from busbar.mapping.sources import Context, NotMapped

__all__ = ["ConfigurationUnknown", "Context", "map_event", "mapped_of", "serve"]


def map_event(configuration: Configuration, payload: Any, context: Context | None = None) -> Mapped:
    """What `payload` (of `busbar.mapping.payloads`) comes to. Never raises for what is in it."""
    context = context or Context()
    if configuration.direct:
        return direct.operations(payload, configuration)
    try:
        root = engine.source(payload)
    except Unmappable as error:
        if error.code == "D2014":
            most = Limits()
            said = f"it has more than {most.values} values, or {most.nesting} levels"
            return Mapped(faults=(Fault("PAYLOAD_TOO_LARGE", said),))
        return Mapped(faults=(Fault("MALFORMED_PAYLOAD", str(error)),))
    if _evaluates_once(configuration):
        root = Source(root.value, kept=False)
    outcome = Outcome(root, context)
    if context.simulation:
        outcome.warned += configuration.warnings
    for entity in configuration.entities:
        _map_entity(entity, outcome)
    for reading in configuration.readings:
        readings.map_reading(reading, outcome)
    return outcome.mapped()


def _evaluates_once(configuration: Configuration) -> bool:
    """Whether a single expression is evaluated on the payload, so that converting it costs more."""
    entries: tuple[EntityMapping | ReadingMapping, ...]
    entries = configuration.entities + configuration.readings
    return len(entries) == 1 and (
        entries[0].prepare is not None or (entries[0].batch is not None and entries[0].batch.whole)
    )


def serve(job: bytes) -> bytes:
    """`map_event` for a job, see `busbar.mapping.jobs`. Never raises."""
    return served(job, map_event)


def _map_entity(entity: EntityMapping, outcome: Outcome) -> None:
    items = items_of(entity, outcome)
    if items is None:
        return
    kept: list[dict[str, str]] = []
    for index, item in enumerate(items):
        ids = _map_item(entity, outcome, item, index)
        if ids is not None:
            kept.append(ids)
    if entity.prune is not None and entity.scope is not None:
        if len(kept) < len(items):
            said = "nothing is pruned: it is not known what to keep"
            outcome.fault("MISSING_UNIQUE_IDENTIFIERS", said, entity.schema, entity.path)
        else:
            deletion = PruneScope(entity.schema, {}, tuple(kept), entity.prune)
            _prune(entity.scope, outcome, deletion)


def _map_item(
    entity: EntityMapping, outcome: Outcome, source: Source, index: int
) -> dict[str, str] | None:
    """Adds the item's update. Gives its unique ids, even if the rest of it failed."""
    scope = outcome.scope(source, entity.schema)
    ids_only = entity.mode != "upsert" and not outcome.context.simulation
    attributes, sound = attributes_of(
        entity, scope, outcome, index, entity.unique_ids if ids_only else None
    )
    ids: dict[str, str] = {}
    for name in entity.unique_ids:
        found = identifying(attributes.get(name), entity.types.get(name))
        if found is None:
            break
        ids[name] = found
        # Numbers that identify are texts, here as there.
        if name not in entity.types:
            attributes[name] = found
    if len(ids) < len(entity.unique_ids):
        if sound:
            _miss(entity, outcome, ids, index)
        return None
    # What goes is only found by its ids: whatever else failed, it goes.
    if sound or entity.mode != "upsert":
        attributes.pop("_id", None)
        update = EntityUpdate(entity.schema, ids, attributes, entity.mode, entity.types)
        outcome.entity_updates.append(update)
    return ids


def _miss(entity: EntityMapping, outcome: Outcome, ids: dict[str, str], index: int) -> None:
    missing = ", ".join(name for name in entity.unique_ids if name not in ids)
    outcome.fault(
        "MISSING_UNIQUE_IDENTIFIERS",
        f"no value for: {missing}",
        entity.schema,
        f"{entity.path}.unique_ids",
        index,
    )


def _prune(wanted: Scoped, outcome: Outcome, prune: PruneScope) -> None:
    """Adds `prune` with its scope resolved: of the whole payload, whatever the items are."""
    schema = prune.entity_slug
    try:
        ids, missing = wanted.ids.find(outcome.scope(outcome.root, schema))
    except NotMapped as error:
        outcome.fail(error, schema)
        return
    if missing:
        said = f"nothing is pruned: the payload has no value for: {', '.join(missing)}"
        outcome.fault("MISSING_UNIQUE_IDENTIFIERS", said, schema, wanted.path)
        return
    resolved: dict[str, Any] = {"scope_mode": wanted.mode}
    if wanted.mode == "query":
        resolved["query"] = ids
    else:
        resolved |= {"schema": wanted.schema, "unique_ids": ids}
    outcome.prunes.append(replace(prune, scope=resolved))
