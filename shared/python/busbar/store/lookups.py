"""Lookup rows: which entities have a value of a unique attribute.

The head of a value is read by its key, so that the heads of a whole batch come in one call. It
names the only entity that has the value, or says that there are several, each with a row of its own
behind it. That is never taken back, so nobody has to look whether it still holds.

    no head  ──first entity──>  head names it  ──second one──>  head says "many", a row each
                                     └──it leaves──>  no head
"""

from __future__ import annotations

from busbar.errors import Held
from busbar.ports.entities import EntityWrite
from busbar.store import keys
from busbar.store.keys import Key
from busbar.store.table import Absent, Condition, Holds, Item, Table, Write

OWNER, MANY = "owner", "many"
MOST_HOLDERS = 200
"""Entities with one value that are read, at most: 2.5 RU."""


def lookup_writes(table: Table, org: str, write: EntityWrite) -> list[list[Write]]:
    """What has to be written for each value that comes or goes with a write of an entity.

    Where the entity goes into the bin or comes out of it, all its rows take its end along. Reads
    the heads, consistently: 1 RU each. Nothing where all values stay. Raises `Held`.
    """
    was, will = write.was, write.will
    again = will.lookups if was.expires_at != will.expires_at else will.lookups - was.lookups
    gone = was.lookups - will.lookups
    if not again and not gone:
        return []
    heads = {lookup: keys.lookup(org, *lookup) for lookup in sorted(again | gone)}
    there = table.get_many(list(heads.values()), consistent=True)
    others = {lookup for lookup, head in heads.items() if _is_of_others(there.get(head), write)}
    if write.sole and all(not others.isdisjoint(values) for values in write.sole):
        raise Held(f"entity {write.after.id}")
    writes: list[list[Write]] = []
    for lookup, head in heads.items():
        row = _Row(head, there.get(head), write.after.id, will.expires_at)
        writes.append(row.kept() if lookup in again else row.left())
    return writes


def _is_of_others(head: Item | None, write: EntityWrite) -> bool:
    return head is not None and head.get(OWNER) != write.after.id


class _Row:
    """One value, as it was found, and the entity that takes or leaves it."""

    def __init__(self, head: Key, item: Item | None, entity_id: str, until: int | None) -> None:
        self._head = head
        self._item = item
        self._id = entity_id
        self._until = until

    def kept(self) -> list[Write]:
        """The entity has the value."""
        if self._item is None:
            return [self._named(Absent())]
        owner = self._item.get(OWNER)
        if owner == self._id:
            return [self._named(Holds(OWNER, self._id))]
        mine = self._one(self._id, self._until)
        if owner is None:
            return [mine]
        until = self._item.get("expires_at")
        many: Item = {"pk": self._head.pk, "sk": self._head.sk, MANY: True}
        theirs = self._one(str(owner), int(until) if until is not None else None)
        return [Write(self._head, many, Holds(OWNER, owner)), theirs, mine]

    def left(self) -> list[Write]:
        """The entity has the value no more."""
        if self._item is None:
            return []
        if OWNER not in self._item:
            return [Write(keys.lookup_of(self._head, self._id), None)]
        mine = self._item[OWNER] == self._id
        return [Write(self._head, None, Holds(OWNER, self._id))] if mine else []

    def _named(self, condition: Condition) -> Write:
        item: Item = {"pk": self._head.pk, "sk": self._head.sk, OWNER: self._id}
        return Write(self._head, self._ending(item, self._until), condition)

    def _one(self, entity_id: str, until: int | None) -> Write:
        key = keys.lookup_of(self._head, entity_id)
        return Write(key, self._ending({"pk": key.pk, "sk": key.sk}, until))

    @staticmethod
    def _ending(item: Item, until: int | None) -> Item:
        return item if until is None else {**item, "expires_at": until}
