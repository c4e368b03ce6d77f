"""Entities in the table: what `busbar.ports.entities.Entities` promises.

An update is one conditional put. Lookups and edges are written only where a unique value or a
relation comes or goes, in one transaction with the entity; so they are never missing. They can be
left over from an entity that the table has forgotten: who reads one looks at the entity.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from busbar.domain.entities import Entity
from busbar.domain.entity_index import Edge, Indexed, Lookup
from busbar.domain.marks import Mark, moment
from busbar.errors import Conflict, EventRejected
from busbar.ports.entities import EntityWrite, Holders
from busbar.store import keys
from busbar.store.entity_body import (
    LARGEST,
    LARGEST_TEXT,
    decode_entity,
    encode_entity,
    pack,
    unpack,
)
from busbar.store.keys import Key
from busbar.store.lookups import MOST_HOLDERS, OWNER, lookup_writes
from busbar.store.table import TRANSACTION_LIMIT, Absent, Holds, Item, Table, Write

WALKED = 5000
"""Keys of a list that one page looks at, at most: 180 RU."""
TRIES = 6
PRUNES_KEPT = 30 * 86400
"""Seconds for which a prune is remembered after the time of its event."""


class TableEntities:
    """Implements `busbar.ports.entities.Entities`."""

    def __init__(self, table: Table, org: str) -> None:
        self._table = table
        self.org = org

    def get(self, ids: Sequence[str], *, consistent: bool = False) -> dict[str, Entity]:
        """BatchGetItem: 0.5 RU an entity of up to 4 kB."""
        items = self._table.get_many([keys.entity(self.org, i) for i in ids], consistent=consistent)
        return {
            entity_id: _read(entity_id, item)
            for key, item in items.items()
            for entity_id in [keys.entity_id_of(key.pk, self.org)]
        }

    def find(self, lookups: Sequence[Lookup], *, consistent: bool = False) -> dict[Lookup, Holders]:
        """BatchGetItem of the heads: 0.5 RU each; a query more where several have the value."""
        heads = {lookup: keys.lookup(self.org, *lookup) for lookup in lookups}
        items = self._table.get_many(list(heads.values()), consistent=consistent)
        return {
            lookup: self._holders(head, items.get(head), consistent=consistent)
            for lookup, head in heads.items()
        }

    def _holders(self, head: Key, item: Item | None, *, consistent: bool) -> Holders:
        if item is None:
            return Holders()
        if OWNER in item:
            return Holders((str(item[OWNER]),))
        rows, more = self._table.rows(
            head.pk, begins="E#", limit=MOST_HOLDERS, consistent=consistent
        )
        return Holders(tuple(str(row["sk"])[2:] for row in rows), more is None)

    def save(self, write: EntityWrite) -> None:
        """One put, or a transaction. More lookups and edges than fit into one are written before
        it, and taken away after it: one too many is passed over, one too few would hide it."""
        entity = self._put(write)
        lookups, late = self._most_before(lookup_writes(self._table, self.org, write))
        new, gone = self._edges(write.after, write.was, write.will)
        room = TRANSACTION_LIMIT - 1 - len(lookups)
        for start in range(room, len(new), TRANSACTION_LIMIT):
            self._table.write(new[start : start + TRANSACTION_LIMIT])
        with_entity = gone[: max(0, room - len(new))]
        self._table.write([entity, *lookups, *new[:room], *with_entity])
        late += gone[len(with_entity) :]
        keep = Write(entity.key, entity.item, Holds("version", write.after.version))
        for start in range(0, len(late), TRANSACTION_LIMIT - 1):
            with suppress(Conflict):  # somebody has written it since: who knows what he has added
                self._table.write([keep, *late[start : start + TRANSACTION_LIMIT - 1]])

    def _most_before(self, values: list[list[Write]]) -> tuple[list[Write], list[Write]]:
        """What belongs to some of the values, up to half a transaction. Of the others, if there are
        so many, what comes is written at once, value by value; what goes is given back."""
        left = list(values)
        late: list[Write] = []
        while sum(map(len, left)) > TRANSACTION_LIMIT // 2:
            value = left.pop(0)
            if any(write.item is not None for write in value):
                self._table.write(value)
            else:
                late += value
        return [write for value in left for write in value], late

    def _put(self, write: EntityWrite) -> Write:
        after, will = write.after, write.will
        key, body = keys.entity(self.org, after.id), encode_entity(after)
        if body is None:
            reason = f"it would be larger than {LARGEST_TEXT} bytes, or than {LARGEST} compressed"
            raise EventRejected(reason, after.schema, after.id)
        item: Item = {
            "pk": key.pk,
            "sk": key.sk,
            "entity": after.schema,
            "version": after.version,
            "hash": after.content_hash,
            "body": body,
        }
        if after.last:
            item["source_version"], item["event_id"] = after.last.version, after.last.event_id
            item["system"] = after.last.system
        if will.filters is not None:
            tokens = [keys.filter_token(value) for value in will.filters]
            shard = keys.shard_of(after.id)
            item["list_pk"] = keys.entity_list(self.org, after.schema, shard)
            item["list_sk"] = keys.entity_list_sort(moment(after.changed_at), after.id, tokens)
        if will.expires_at is not None:
            item["expires_at"] = will.expires_at
        before = write.before.version
        return Write(key, item, Holds("version", before) if before else Absent())

    def _edges(
        self, entity: Entity, was: Indexed, will: Indexed
    ) -> tuple[list[Write], list[Write]]:
        def write(link: tuple[str, str], *, keep: bool) -> Write:
            relation, target = link
            key = keys.edge_in(self.org, target, relation, entity.schema, entity.id)
            return Write(key, {"pk": key.pk, "sk": key.sk} if keep else None)

        new = [write(link, keep=True) for link in sorted(will.edges - was.edges)]
        return new, [write(link, keep=False) for link in sorted(was.edges - will.edges)]

    def related(self, target: str, relation: str = "", *, consistent: bool = False) -> list[Edge]:
        """Query of the target's partition: 0.5 RU per 4 kB of edges, some 25."""
        pk, start = keys.entity(self.org, target).pk, None
        found: list[Edge] = []
        while True:
            rows, start = self._table.rows(
                pk, begins=keys.edges_in(relation), start=start, consistent=consistent
            )
            found += [Edge(*keys.edge_of(str(row["sk"]))) for row in rows]
            if start is None:
                return found

    def listed(
        self, schema: str, filters: Mapping[int, str], *, limit: int, before: str = ""
    ) -> tuple[list[str], str | None]:
        """Four shards, merged: at least 2 RU, and 0.5 RU per 14 keys that are walked."""
        tokens = {place: keys.filter_token(value) for place, value in filters.items()}
        page = 500 if tokens else limit + 1
        shards = [
            self._newest(keys.entity_list(self.org, schema, shard), before, page)
            for shard in range(keys.SHARDS)
        ]
        found: list[str] = []
        merged = heapq.merge(*shards, reverse=True)
        for walked, sort in enumerate(merged, 1):
            _, entity_id, digests = sort.split("#")
            held = digests.split(".")
            if all(place < len(held) and held[place] == t for place, t in tokens.items()):
                found.append(entity_id)
            if len(found) == limit or walked == WALKED:
                return found, sort if next(merged, None) else None
        return found, None

    def _newest(self, partition: str, before: str, page: int) -> Iterator[str]:
        """The sort keys of one shard, from `before` on, without it."""
        start: Mapping[str, str] | None = None
        while True:
            rows, start = self._table.query(
                keys.LIST_INDEX,
                partition,
                newest_first=True,
                limit=page,
                until=before or None,
                start=start,
            )
            yield from (sort for row in rows if (sort := str(row["list_sk"])) != before)
            if start is None:
                return

    def prune_mark(self, schema: str, scope: str) -> Mark | None:
        """GetItem: 1 RU."""
        return _mark(self._table.get(keys.prune_mark(self.org, schema, scope)))

    def pruned(self, schema: str, scope: str, mark: Mark) -> Mark:
        """GetItem: 1 RU; 1 WU for one of a newer time than is known."""
        key = keys.prune_mark(self.org, schema, scope)
        for _ in range(TRIES):
            there = self._table.get(key)
            known = _mark(there)
            if known is not None and (known > mark or known.version == mark.version):
                return max(known, mark)
            item: Item = {
                "pk": key.pk,
                "sk": key.sk,
                "body": pack(list(mark)),  # type: ignore[arg-type]
                "expires_at": mark.at // 1_000_000 + PRUNES_KEPT,
            }
            condition = Absent() if there is None else Holds("body", there["body"])
            with suppress(Conflict):
                self._table.write([Write(key, item, condition)])
                return mark
        raise Conflict(f"prune of {schema}")


def _mark(item: Item | None) -> Mark | None:
    """The mark of a prune, as it is stored."""
    return Mark(*unpack(bytes(item["body"]))) if item else None  # type: ignore[arg-type]


def _read(entity_id: str, item: Item) -> Entity:
    body = item["body"]
    if not isinstance(body, bytes):
        raise TypeError(f"entity {entity_id}: the body has to be bytes")
    return decode_entity(entity_id, int(item["version"]), str(item["hash"]), body)
