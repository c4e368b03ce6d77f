"""What is read for a batch of events, once and together, and how an entity is found in it.

Lookups and entities are read eventually consistent: a write is conditional on the version that was
read, so what is old is found out there. A create looks once more, consistently, before it writes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from busbar.domain.attribute_values import Mismatch, coerced, lookup_values
from busbar.domain.entities import Entity, entity_id
from busbar.domain.entity_index import Lookup, filter_value, lookups_of
from busbar.domain.marks import Mark
from busbar.domain.schemas import FILTERABLE, Attribute, Schema
from busbar.ports.entities import Holders
from busbar.usecases.entity_deps import EntityDeps

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST_NAMED = 5
"""Ids of several entities of which one is meant that are told."""
MOST_NAMESAKES = 8
"""Entities that were created under the same unique ids one after the other, and have others now."""


class Unfound(Exception):
    """An entity cannot be told. `code` is one of `busbar.domain.outcomes`. `passes`: it may be told
    later, as others come, go, or change. `ids`: of several that it may be, some."""

    def __init__(
        self, code: str, message: str, *, passes: bool = False, ids: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{message}: {', '.join(ids)}" if ids else message)
        self.code = code
        self.passes = passes
        self.ids = ids


class Wanted(NamedTuple):
    """An entity that is looked for. Each of the attributes has to have one of its values."""

    schema: str
    by: tuple[tuple[str, tuple[Lookup, ...]], ...]
    entity_id: str = ""
    """Named itself, by `_id`."""
    also: tuple[tuple[str, str], ...] = ()
    """Attributes that nothing is found by, each with its value: they are asked of who is found."""

    @property
    def lookups(self) -> list[Lookup]:
        """All values."""
        return [lookup for _, lookups in self.by for lookup in lookups]

    def created_as(self, org: str, number: int = 0) -> str:
        """The id of the entity that is created if there is none. `number`: the next one of those
        that were created so, and are known by other values since."""
        ids = {**{name: lookups[0].value for name, lookups in self.by}, **dict(self.also)}
        return entity_id(org, self.schema, {**ids, **({"#": str(number)} if number else {})})


class Found(NamedTuple):
    """Which entity it is, or will be."""

    entity_id: str
    exists: bool


def wanted(deps: EntityDeps, slug: str, unique_ids: Mapping[str, Any]) -> Wanted:
    """The lookups of unique ids. Raises `Unfound` if they cannot be looked for."""
    if set(unique_ids) == {"_id"}:
        return Wanted(slug, (), checked_id(unique_ids["_id"]))
    if slug not in deps.catalogue:
        raise Unfound("UNIQUE_ID_NOT_IN_SCHEMA", f"there is no schema {slug}")
    schema, by, also = deps.schema(slug), [], []
    for name, value in sorted(unique_ids.items()):
        attribute = schema.attributes.get(name)
        if attribute is None or not (attribute.unique or attribute.type in FILTERABLE):
            raise Unfound("UNIQUE_ID_NOT_IN_SCHEMA", f"{slug} is not found by {name}")
        if not attribute.unique:
            also.append((name, _asked(attribute, value)))
            continue
        values = sorted(lookup_values(attribute, value))
        if not values:
            raise Unfound("MISSING_UNIQUE_IDENTIFIERS", f"{name} is empty")
        by.append((name, tuple(Lookup(slug, name, text) for text in values)))
    if not by:
        code = "UNIQUE_ID_NOT_IN_SCHEMA" if also else "MISSING_UNIQUE_IDENTIFIERS"
        raise Unfound(code, f"{slug} is not found by {', '.join(unique_ids) or 'nothing'} alone")
    return Wanted(slug, tuple(by), "", tuple(also))


def _asked(attribute: Attribute, value: Any) -> str:
    """A value that is asked of who is found by another one, as it is compared."""
    try:
        text = filter_value(coerced(attribute, value))
    except Mismatch as error:
        said = f"{attribute.name} has to be {error}"
        raise Unfound("MISSING_UNIQUE_IDENTIFIERS", said) from None
    if not text:
        raise Unfound("MISSING_UNIQUE_IDENTIFIERS", f"{attribute.name} is empty")
    return text


def has_all(entity: Entity, has: Collection[Lookup], want: Wanted) -> bool:
    """Whether an entity that is found by the values in `has` is wanted by its values."""
    found = all(any(lookup in has for lookup in lookups) for _, lookups in want.by)
    return found and is_so(entity, want)


def is_so(entity: Entity, want: Wanted) -> bool:
    """Whether an entity has the values that are asked of it besides."""
    return all(filter_value(entity.attributes.get(name)) == value for name, value in want.also)


def checked_id(raw: Any) -> str:
    """An entity's id as somebody outside names it. Raises `Unfound` for what can be none."""
    if not (isinstance(raw, str) and _UUID.fullmatch(raw)):
        raise Unfound("ENTITY_REFERENCE_NOT_FOUND", "no such id")
    return raw


@dataclass
class Workset:
    """What is known of the entities of a batch. `fresh`: it is read consistently."""

    deps: EntityDeps
    holders: dict[Lookup, Holders] = field(default_factory=dict)
    entities: dict[str, Entity | None] = field(default_factory=dict)
    local: dict[Lookup, str] = field(default_factory=dict)
    """Values that entities will have by what is being planned."""
    fresh: bool = False

    def prefetch(self, found_by: Sequence[Wanted], read: Sequence[Wanted]) -> None:
        """Read lookups of all, and the entities of those in `read`: two calls."""
        self.know(lookup for want in found_by for lookup in want.lookups)
        ids = [i for want in read for i in self._candidates(want) or [self._created(want)]]
        stubs = [self._created(want) for want in found_by if not self._candidates(want)]
        self.load([*ids, *stubs])

    def _created(self, want: Wanted) -> str:
        return want.entity_id or want.created_as(self.deps.org)

    def know(self, lookups: Iterable[Lookup]) -> None:
        """Read the lookups that are not known."""
        missing = [lookup for lookup in dict.fromkeys(lookups) if lookup not in self.holders]
        if missing:
            self.holders.update(self.deps.entities.find(missing, consistent=self.fresh))

    def load(self, ids: Iterable[str]) -> None:
        """Read the entities that are not known."""
        missing = [i for i in dict.fromkeys(ids) if i not in self.entities]
        if missing:
            found = self.deps.entities.get(missing, consistent=self.fresh)
            self.entities.update({i: found.get(i) for i in missing})

    def entity(self, entity_id: str, slug: str) -> Entity:
        """An entity, or a blank one."""
        self.load([entity_id])
        return self.entities[entity_id] or Entity(entity_id, slug)

    def find(self, want: Wanted, mark: Mark | None = None, *, sure: bool = True) -> Found:
        """The entity that is wanted. Raises `Unfound` if there are several, or none by `_id`.

        Several that are in the bin, and one that is not: that one. With a `mark`, an entity that
        had these values until a newer event is the one that an older event means. Not `sure`: a
        lookup is believed, without a look at the entity.
        """
        if want.entity_id:
            return self._by_id(want)
        self.know(want.lookups)
        candidates = self._candidates(want)
        if sure or want.also:
            self.load(candidates)
        ids = [i for i in candidates if self._has(i, want)]
        if len(ids) > 1:
            self.load(ids)
            ids = [i for i in ids if self._has(i, want)]
            live = [i for i in ids if self._is_live(i)]
            ids = live if len(live) == 1 else ids
        if len(ids) > 1 or not self._countable(want):
            said = "several entities have these unique ids"
            some = ids[:MOST_NAMED]
            raise Unfound("UNIQUE_ID_MULTIPLE_MATCHES", said, passes=True, ids=some)
        return Found(ids[0], True) if ids else self._new(want, mark)

    def _by_id(self, want: Wanted) -> Found:
        self.load([want.entity_id])
        found = self.entities[want.entity_id]
        if found is None or found.schema != want.schema or not (found.live or found.in_bin):
            said = f"there is no {want.schema} with this _id"
            passes = found is None or found.schema == want.schema
            raise Unfound("ENTITY_REFERENCE_NOT_FOUND", said, passes=passes)
        return Found(want.entity_id, True)

    def _countable(self, want: Wanted) -> bool:
        return any(
            all(self.holders[lookup].complete for lookup in lookups) for _, lookups in want.by
        )

    def _candidates(self, want: Wanted) -> list[str]:
        """Who has one value of each attribute; attributes with too many holders do not count."""
        found: set[str] | None = None
        for _, lookups in want.by:
            known = [self.holders[lookup] for lookup in lookups]
            mine = [self.local[lookup] for lookup in lookups if lookup in self.local]
            if all(holders.complete for holders in known):
                ids = {i for holders in known for i in holders.ids} | set(mine)
                found = ids if found is None else found & ids
        return sorted(found or ())

    def _has(self, entity_id: str, want: Wanted) -> bool:
        """Whether an entity has the values, as far as it is known; lookups may be left over."""
        if entity_id not in self.entities:
            return True
        entity = self.entities[entity_id]
        has: frozenset[Lookup] = frozenset()
        if entity is not None and (entity.live or entity.in_bin):
            has = lookups_of(self.deps.schema(entity.schema), entity)
        if want.also and (entity is None or not is_so(entity, want)):
            return False
        return all(
            any(lookup in has or self.local.get(lookup) == entity_id for lookup in lookups)
            for _, lookups in want.by
        )

    def _is_live(self, entity_id: str) -> bool:
        entity = self.entities[entity_id]
        return entity is not None and entity.live

    def _new(self, want: Wanted, mark: Mark | None) -> Found:
        for number in range(MOST_NAMESAKES):
            entity_id = want.created_as(self.deps.org, number)
            self.load([entity_id])
            there = self.entities[entity_id]
            if there is None or not (there.live or there.in_bin):
                return Found(entity_id, False)
            if self._has(entity_id, want) or _had(there, want, mark):
                return Found(entity_id, True)
        raise Unfound("UNIQUE_ID_MULTIPLE_MATCHES", "too many entities had these unique ids once")

    def planned(self, entity_id: str, lookups: Iterable[Lookup]) -> None:
        """An entity will have these values."""
        self.local.update(dict.fromkeys(lookups, entity_id))

    def wrote(self, before: Entity, after: Entity) -> None:
        """An entity was written: others of the batch find it as it is now."""
        schema = self.deps.schema(after.schema)
        self.entities[after.id] = after
        new = lookups_of(schema, after)
        for lookup in lookups_of(schema, before) | new:
            if (known := self.holders.get(lookup)) is not None:
                ids = {i for i in known.ids if i != after.id}
                ids |= {after.id} if lookup in new else set()
                self.holders[lookup] = Holders(tuple(sorted(ids)), known.complete)

    def begin_anew(self, *, fresh: bool) -> None:
        """Forget all, e.g. as it was too old."""
        self.fresh = fresh
        self.holders.clear()
        self.entities.clear()
        self.local.clear()


def is_meant(schema: Schema, there: Entity, want: Wanted, mark: Mark) -> bool:
    """Whether an entity that was found by its values has them, or had them when the event was."""
    has = lookups_of(schema, there) if there.live or there.in_bin else frozenset()
    return has_all(there, has, want) or _had(there, want, mark)


def _had(there: Entity, want: Wanted, mark: Mark | None) -> bool:
    """Whether an entity has got its other values by a newer event than this one."""
    names = [name for name, _ in (*want.by, *want.also)]
    said = [there.lineage[name] for name in names if name in there.lineage]
    return mark is not None and any(mark < newer for newer in said)
