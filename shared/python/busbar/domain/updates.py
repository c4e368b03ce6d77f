"""What a mapping makes of one event: the changes that entities and meter readings are to undergo.

Plain values in the toolkit's wire shape, so that what the simulation shows is what the worker
applies. Among the attributes stand unresolved

* relations: `{"$relation": {"_set" | "_append" | "_append_all": [{"entity_schema", "unique_ids",
  "_tags"?, "unique_types"?}]}}`; an item that is known already is `{"entity_id", "_tags"?}`;
* references into a related entity: `{"$relation_ref": {op: [{"entity_schema", "unique_ids",
  "unique_types"?, "path", "value": {"attribute", "operation", "value"}}]}}`;
* arrays that grow: `{"_append" | "_append_all": […]}`;
* the address of a file, to be completed where org and integration are known:
  `{"$file_proxy_url": {"use_case_slug" | "use_case_id", "params": {name: text}}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = Mapping[str, Any]
Mode = Literal["upsert", "delete", "purge"]
Repeatable = Literal["email", "phone"]
"""An attribute that is an array of `{"email": …}` or `{"phone": …}`; an id is looked for in it."""


@dataclass(frozen=True, slots=True)
class EntityUpdate:
    """One entity. `unique_identifiers` find it: all of them have to fit, or `_id` alone does."""

    entity_slug: str
    unique_identifiers: Json
    attributes: Json
    mode: Mode = "upsert"
    unique_types: Mapping[str, Repeatable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PruneScope:
    """Entities of `entity_slug` in `scope` that have none of `keep_unique_ids` are to go.

    `scope` is resolved: `{"scope_mode": "relations", "schema", "unique_ids": {…}}` or
    `{"scope_mode": "query", "query": {…}}`.
    """

    entity_slug: str
    scope: Json
    keep_unique_ids: tuple[Json, ...]
    deletion_mode: Literal["delete", "purge"]


@dataclass(frozen=True, slots=True)
class ReadingUpdate:
    """One meter reading. `meter` and `meter_counter` are the unique ids of these entities."""

    meter: Json
    meter_counter: Json | None
    attributes: Json
    mode: Literal["upsert", "delete"] = "upsert"
    matching: Literal["external_id", "strict-date"] = "external_id"


@dataclass(frozen=True, slots=True)
class ReadingPrune:
    """Readings of the meter (and counter) that are not among `keep_external_ids` are to go."""

    meter: Json
    meter_counter: Json | None
    keep_external_ids: tuple[str, ...]
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """Something in a mapping that is borne, and may not be what was meant."""

    entity_schema: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What could not be mapped; everything else of the event goes on.

    `code` is a code of the toolkit (`busbar.domain.outcomes`). `path` names the place in the
    configuration, e.g. `entities[0].fields[3].jsonataExpression`; `item` the one of a fan-out. The
    message never quotes a value of the event.
    """

    code: str
    message: str
    entity_schema: str = ""
    path: str = ""
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """Where one attribute came from: the expression, the paths of the event that it read.

    Without an attribute: where the whole item came from, by the `pre-processing` of its entry. The
    paths of its attributes are then those of the item; `$$` begins those of the event.
    """

    entity_schema: str
    item: int
    attribute: str
    source: str
    """`constant`, `field`, `jsonataExpression`, `relations`, …"""
    expression: str
    reads: tuple[str, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Mapped:
    """All that an event comes to, each list in the order of the configuration."""

    entity_updates: tuple[EntityUpdate, ...] = ()
    prune_scope_updates: tuple[PruneScope, ...] = ()
    meter_readings_updates: tuple[ReadingUpdate, ...] = ()
    meter_readings_prune_scope_updates: tuple[ReadingPrune, ...] = ()
    warnings: tuple[Warned, ...] = ()
    faults: tuple[Fault, ...] = ()
    explained: tuple[Explained, ...] = ()
