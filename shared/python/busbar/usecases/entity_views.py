"""Entities as they are shown: JSON in the toolkit's manner.

Attributes stand beside `_id`, `_schema`, `_created_at` and the like; times are ISO in UTC.
An IBAN is never shown whole, wherever it stands: an entity is its one home.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from busbar.domain.entities import Entity
from busbar.domain.marks import Mark, moment
from busbar.domain.private_customers import masked_iban, without_ibans
from busbar.errors import Problem
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, checked_id

Json = dict[str, Any]
OURS = frozenset({"_stub", "_deleted_at", "_lineage"})
"""What stands beside attributes where it applies: an attribute of such a name is not shown."""
LARGEST_ANSWER = 3 * 1024 * 1024
"""Bytes of a page, to which its last entity adds what it has: 1 MB, escaped up to 2."""
AT_ONCE = 10
"""Entities of a page that are read together."""
MOST_SHOWN = 6
"""Digits of an IBAN that its sender has masked: check digits, and the last four."""


def entity_view(entity: Entity, org: str, *, lineage: bool = False) -> Json:
    """An entity as it is shown; with `_lineage`: who said each attribute's value last, and when."""
    shown = {
        **{name: value for name, value in masked(entity.attributes).items() if name not in OURS},
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


class Room:
    """How much of an answer there still is: Lambda answers 6 MB at most, and has to hold it."""

    def __init__(self) -> None:
        self._left = LARGEST_ANSWER

    def takes(self, shown: Json) -> bool:
        """Whether there was room left for this, which may fill it."""
        had = self._left
        self._left -= len(json.dumps(shown, separators=(",", ":")))
        return had > 0


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


def changes_view(
    names: Mapping[str, Any] | frozenset[str],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Json:
    """`{attribute: {"before"?, "after"?}}`; a side is missing where there was no value."""
    sides = {"before": before, "after": after}
    return {
        name: {side: masked(values[name], name) for side, values in sides.items() if name in values}
        for name in sorted(names)
    }


def changed_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    """The attributes that two states differ in."""
    absent = object()
    names = before.keys() | after.keys()
    return frozenset(n for n in names if before.get(n, absent) != after.get(n, absent))


def masked(value: Any, name: str = "") -> Any:
    """A value with every IBAN in it reduced to its country and its last four characters.

    What an attribute called `iban` holds is one, whatever country and check digits it has.
    """
    if isinstance(value, Mapping):
        return {inner: masked(each, inner) for inner, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked(each, name) for each in value]
    if not isinstance(value, str):
        return value
    if name.lower() == "iban" and sum(map(str.isdigit, value)) > MOST_SHOWN:
        return masked_iban("".join(value.split()).upper())
    return without_ibans(value)


def iso(at: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


def existing(deps: EntityDeps, schema: str, entity_id: str, *, deleted: bool = False) -> Entity:
    """An entity of a schema, consistently: 1 RU. Raises `Problem` 404; for one in the bin unless
    `deleted`."""
    entity = known(deps, entity_id)
    there = entity is not None and (entity.live or (deleted and entity.in_bin))
    if entity is None or not there or entity.schema != schema:
        not_found(f"There is no {schema} with this id.")
    return entity


def known(deps: EntityDeps, entity_id: str) -> Entity | None:
    """An entity, whatever became of it, consistently; None for an id that nobody has."""
    try:
        return deps.entities.get([checked_id(entity_id)], consistent=True).get(entity_id)
    except Unfound:
        return None


def not_found(detail: str) -> NoReturn:
    """Raises a 404 `Problem`."""
    raise Problem(404, "entity-not-found", "No such entity", detail)
