"""An entity, and what an event makes of it. Pure: the same events in any order end alike.

Every attribute remembers the last event that said its value (lineage), and takes a value only from
a newer one. So a late event never overwrites a newer one, and still brings what only it says. The
rules, where two events meet:

* newer by the source's version: the value is taken, also if it is the same one;
* same version, same value: a repeat, nothing happens;
* same version, other value: the one accepted later holds (`busbar.domain.marks`);
* older: passed over. What was added to an array is put where it belongs (`busbar.domain.arrays`).

Deleted and purged are marks, too, so an event from before a deletion brings nothing back.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from busbar.domain.arrays import Log, Op, canonical
from busbar.domain.changes import REFERENCE, RELATION, Append, Set
from busbar.domain.marks import Mark

Operation = Literal["create", "patch", "delete", "no-op"]
_NAMESPACE = uuid.UUID("5c0f0e5e-9a0b-5b6e-8d55-b5b4a1d0c7e3")
BIN_DAYS = 30
"""So long a deleted entity can be restored, and a purged one is remembered not to come back."""


class Synced(NamedTuple):
    """How far one integration has brought an entity. Times in µs since 1970."""

    use_case: str
    synced_at: int
    changed_at: int | None
    operation: Operation
    event_id: str


class Version(NamedTuple):
    """A change in the entity's history: what it took the place of. `[]` is an absent attribute."""

    version: int
    mark: Mark
    at: int
    operation: Operation
    before: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. Nothing in it is ever changed in place. Times are µs since 1970.

    `version` counts our writes, 0 before the first. `alive`, `deleted`, `purged` are the last
    events that wanted it so. `stub`: nothing but its unique ids is known, from a relation to it.
    """

    id: str
    schema: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    lineage: Mapping[str, Mark] = field(default_factory=dict)
    logs: Mapping[str, Log] = field(default_factory=dict)
    alive: Mark | None = None
    deleted: Mark | None = None
    purged: Mark | None = None
    stub: bool = False
    version: int = 0
    created_at: int = 0
    changed_at: int = 0
    content_hash: str = ""
    last: Mark | None = None
    """The last event that was applied."""
    history: tuple[Version, ...] = ()
    """Newest first, as many as there is room for."""
    sync: Mapping[str, Synced] = field(default_factory=dict)
    found_by: str = ""
    """What `Schema.found_by` was when it was read: its lookups are of that. Empty: of today."""

    @property
    def live(self) -> bool:
        """Whether it is there for readers."""
        ends = [mark for mark in (self.deleted, self.purged) if mark]
        return self.alive is not None and all(self.alive > end for end in ends)

    @property
    def in_bin(self) -> bool:
        """Whether it is deleted, and can be restored."""
        there = self.alive is not None and (self.purged is None or self.alive > self.purged)
        return there and not self.live

    @property
    def ended(self) -> Mark | None:
        """The last event that wanted it gone."""
        return max((m for m in (self.deleted, self.purged) if m), default=None)

    def says_the_same(self, other: Entity) -> bool:
        """Whether a write of one over the other would change nothing."""
        return self is other or (
            self.attributes == other.attributes
            and self.lineage == other.lineage
            and self.logs == other.logs
            and (self.alive, self.deleted, self.purged, self.stub)
            == (other.alive, other.deleted, other.purged, other.stub)
        )


class Merged(NamedTuple):
    """What became of an update: the entity, and the attributes that a newer event had said."""

    entity: Entity
    stale: tuple[str, ...] = ()


def entity_id(org: str, schema: str, unique_ids: Mapping[str, str]) -> str:
    """The id of an entity that is created under these unique ids: whoever creates it meets there.

    Values as `lookup_values` spells them.
    """
    return str(uuid.uuid5(_NAMESPACE, canonical([org, schema, dict(unique_ids)])))


def item_id(of: str, attribute: str, item: Any) -> str:
    """The `_id` of an item inside an entity's attribute; the same for the same item."""
    return str(uuid.uuid5(_NAMESPACE, canonical([of, attribute, item])))


def content_hash(entity: Entity) -> str:
    """16 bytes in hex: equal if readers see the same."""
    text = canonical([entity.live, entity.schema, entity.attributes if entity.alive else {}])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def upserted(
    entity: Entity, changes: Mapping[str, Set | Append], mark: Mark, *, stub: bool = False
) -> Merged:
    """The entity after an event that wants it to be there, and says this of it."""
    merged = merge(entity, changes, mark)
    result = merged.entity
    if result.alive is None or (mark > result.alive and _says_more(result, result.alive, mark)):
        result = replace(result, alive=mark)
    if result.stub and not stub:
        result = replace(result, stub=False)
    return Merged(result, merged.stale)


def _says_more(entity: Entity, alive: Mark, mark: Mark) -> bool:
    return mark.version > alive.version or not entity.live


def merge(entity: Entity, changes: Mapping[str, Set | Append], mark: Mark) -> Merged:
    """The entity with what the event says newer than others did. The same one if it is nothing."""
    floor = entity.purged
    if floor is not None and mark <= floor:
        return Merged(entity, tuple(changes))
    attributes, lineage, logs = dict(entity.attributes), dict(entity.lineage), dict(entity.logs)
    stale, same = [], True
    for name, change in changes.items():
        if name in logs or isinstance(change, Append):
            outcome = _grow(_Slot(attributes, lineage, logs, name), change, mark)
        else:
            outcome = _set(attributes, lineage, name, change.value, mark)
        if outcome == "stale":
            stale.append(name)
        same = same and outcome != "taken"
    if same:
        return Merged(entity, tuple(stale))
    return Merged(replace(entity, attributes=attributes, lineage=lineage, logs=logs), tuple(stale))


class _Slot(NamedTuple):
    """One attribute of an entity that is being merged."""

    attributes: dict[str, Any]
    lineage: dict[str, Mark]
    logs: dict[str, Log]
    name: str

    def plain(self, value: Any, mark: Mark) -> None:
        """Take a value that is no grown array."""
        self.attributes[self.name], self.lineage[self.name] = value, mark
        self.logs.pop(self.name, None)

    def grown(self, log: Log, wrap: str) -> None:
        """Take an array that was added to."""
        self.logs[self.name] = log
        self.attributes[self.name] = _wrapped(log.value(), wrap)
        self.lineage[self.name] = log.newest()


_Taken = Literal["taken", "same", "stale"]


def _set(
    attributes: dict[str, Any], lineage: dict[str, Mark], name: str, value: Any, mark: Mark
) -> _Taken:
    """Set an attribute that nothing was added to: nearly all of them, so without detours."""
    known = lineage.get(name)
    if known is not None:
        if mark < known:
            return "stale"
        if mark.version == known.version and attributes[name] == value:
            return "same"
    attributes[name], lineage[name] = value, mark
    return "taken"


def _grow(slot: _Slot, change: Set | Append, mark: Mark) -> _Taken:
    log = slot.logs.get(slot.name)
    if isinstance(change, Append):
        return _append(slot, log, change, mark)
    return "same" if log is None else _set_grown(slot, log, change.value, mark)


def _set_grown(slot: _Slot, log: Log, value: Any, mark: Mark) -> _Taken:
    wrap, base = unwrapped(value)
    if log.mark and log.mark.version == mark.version and log.base == base:
        return "same"
    changed = log.setting(mark, base)
    if changed is None:
        return "stale"
    if changed.ops:
        slot.grown(changed, wrap)
    else:
        slot.plain(value, mark)
    return "taken"


def _append(slot: _Slot, log: Log | None, change: Append, mark: Mark) -> _Taken:
    if log is None:
        _, base = unwrapped(slot.attributes.get(slot.name))
        log = Log(slot.lineage.get(slot.name), base, ())
    changed = log.adding(Op(mark, change.every, change.items))
    if changed is None:
        return "stale"
    if changed is log:
        return "same"
    slot.grown(changed, change.wrap)
    return "taken"


def unwrapped(value: Any) -> tuple[str, list[Any]]:
    """An attribute's value as a list, and whether that list stands in `$relation` or the like."""
    if isinstance(value, dict):
        for wrap in (RELATION, REFERENCE):
            if wrap in value:
                return wrap, list(value[wrap])
    if isinstance(value, list):
        return "", list(value)
    return "", [] if value is None else [value]


def _wrapped(items: list[Any], wrap: str) -> Any:
    return {wrap: items} if wrap else items


def is_settled(entity: Entity, name: str, mark: Mark) -> bool:
    """Whether nothing that `mark` says of an attribute can matter: it has been said, or is past."""
    if entity.ended is not None and mark < entity.ended:
        return True
    log = entity.logs.get(name)
    if log is None:
        said = entity.lineage.get(name)
        return said is not None and mark <= said
    is_past = log.mark is not None and mark <= log.mark
    return is_past or any(op.mark == mark for op in log.ops)


def deleted(entity: Entity, mark: Mark) -> Entity:
    """The entity in the bin, unless it was wanted again since."""
    if (entity.ended and mark <= entity.ended) or (entity.alive and mark < entity.alive):
        return entity
    return replace(entity, deleted=mark)


def purged(entity: Entity, mark: Mark, keep: frozenset[str] = frozenset()) -> Entity:
    """The entity without what was said up to `mark`; only newer events are left, if any.

    Attributes in `keep` stay where they are known, of an entity that is gone.
    """
    if entity.purged and mark <= entity.purged:
        return entity
    logs = {name: log.since(mark) for name, log in entity.logs.items()}
    logs = {name: log for name, log in logs.items() if log.mark or log.ops}
    lineage = {n: m for n, m in entity.lineage.items() if m > mark or n in logs or n in keep}
    attributes = {n: v for n, v in entity.attributes.items() if n in lineage}
    for name, log in logs.items():
        attributes[name] = _wrapped(log.value(), unwrapped(entity.attributes[name])[0])
    return replace(
        entity,
        attributes=attributes,
        lineage=lineage,
        logs={name: log for name, log in logs.items() if log.ops},
        purged=mark,
        history=(),
    )


def restored(entity: Entity, mark: Mark) -> Entity:
    """A deleted entity, out of the bin again; every other one as it is."""
    if not entity.in_bin or entity.deleted is None:
        return entity
    # Whose clock is behind that of the deletion's worker restores it all the same.
    at = max(mark.at, entity.deleted.at + 1)
    return replace(entity, alive=mark._replace(version=entity.deleted.version, at=at))


def relations(entity: Entity) -> frozenset[tuple[str, str]]:
    """To whom it is related, as pairs (attribute, entity id); nobody if it is gone for good."""
    return frozenset(
        (name, str(item["entity_id"]))
        for name, value in entity.attributes.items()
        if isinstance(value, dict) and (RELATION in value or REFERENCE in value)
        for item in unwrapped(value)[1]
        if isinstance(item, dict) and "entity_id" in item
    )
