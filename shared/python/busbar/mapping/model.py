"""What a mapping configuration comes to: its entries, checked, with their expressions compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from busbar.domain.updates import Mode, Repeatable, Warned
from busbar.mapping.batches import Batch
from busbar.mapping.fields import Field
from busbar.mapping.identifiers import Identifiers
from busbar.mapping.sources import Formula


@dataclass(frozen=True, slots=True)
class Scoped:
    """Which entities a pruning looks at: those related to one, or those that fit a query."""

    mode: Literal["relations", "query"]
    schema: str
    ids: Identifiers
    path: str


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """One entry of `entities`. `enabled` and `prepare` are evaluated on the whole payload and on
    what became of it; `prune` says how what is in `scope`, and no longer told, goes."""

    path: str
    schema: str
    unique_ids: tuple[str, ...]
    types: Mapping[str, Repeatable]
    fields: tuple[Field, ...]
    prepare: Formula | None = None
    enabled: Formula | bool = True
    mode: Mode = "upsert"
    prune: Literal["delete", "purge"] | None = None
    scope: Scoped | None = None
    batch: Batch | None = None


@dataclass(frozen=True, slots=True)
class ReadingMapping:
    """One entry of `meter_readings`. `prune`: what is no longer told goes; of `source` only, if
    there is one."""

    path: str
    meter: Identifiers
    counter: Identifiers | None
    fields: tuple[Field, ...]
    prepare: Formula | None = None
    mode: Literal["upsert", "delete"] = "upsert"
    prune: bool = False
    source: str | None = None
    matching: Literal["external_id", "strict-date"] = "external_id"
    batch: Batch | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """What direct mode may write: a schema, and by which unique ids (none: by any)."""

    schema: str
    unique_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that is done with one kind of event. `allowed` (direct mode): empty for everything."""

    entities: tuple[EntityMapping, ...] = ()
    readings: tuple[ReadingMapping, ...] = ()
    direct: bool = False
    allowed: tuple[Allowed, ...] = ()
    warnings: tuple[Warned, ...] = ()
