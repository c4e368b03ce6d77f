"""Records in the table: what `busbar.ports.store.Store` promises, seen from one org.

Indexes lag behind the table. They only say which records to look at; what is read then is asked
again whether it still belongs there, so a card never shows in the list of a company it has left.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from busbar.domain.record import Record
from busbar.observability import logger
from busbar.ports.runtime import Clock
from busbar.ports.store import Bind, Change, Drop, Page, Put, Save, Stored, Unbind
from busbar.store import keys
from busbar.store.keys import Key
from busbar.store.table import Absent, AbsentOrHolds, Holds, Item, Table, Write, from_wire

R = TypeVar("R", bound=Record)


COUNT_PAGES = 10
"""Pages of a thousand keys that a count reads at most."""
LONGEST_CURSOR = 2048
KEPT = 256
"""Decoded bodies that a worker keeps: a request reads its user, its card and its order again."""
SHORT = 512
"""Bytes of JSON that fit into the item's first write unit as they are."""


def encode_body(record: Record) -> bytes:
    """A record as JSON, compressed unless it is short. Level 1: four times smaller for 20 µs."""
    text = record.model_dump_json().encode()
    return text if len(text) <= SHORT else zlib.compress(text, 1)


def decode_body(schema: type[R], body: bytes) -> R:
    """The record inside a body that this or an older release wrote. Nobody can change it."""
    record: R = _decoded(schema, body)
    return record


@lru_cache(maxsize=KEPT)
def _decoded(schema: type[Record], body: bytes) -> Any:
    return schema.model_validate_json(body if body.startswith(b"{") else zlib.decompress(body))


class TableStore:
    """The one table, seen from one org. Implements `busbar.ports.store.Store`."""

    def __init__(self, table: Table, clock: Clock, org: str) -> None:
        self._table = table
        self._clock = clock
        self.org = org

    def get(self, schema: type[R], record_id: str) -> Stored[R] | None:
        """Read one record, consistently."""
        item = self._table.get(keys.record(self.org, schema.schema_name, record_id))
        return _stored(schema, item) if item else None

    def get_many(
        self,
        schema: type[R],
        ids: Sequence[str],
        *,
        consistent: bool = False,
        skip_unreadable: bool = False,
    ) -> list[Stored[R]]:
        """Read records in the order of `ids`, without gone ones."""
        wanted = [keys.record(self.org, schema.schema_name, i) for i in ids]
        found = self._table.get_many(wanted, consistent=consistent)
        read = _readable if skip_unreadable else _stored
        records = [read(schema, found[key]) for key in wanted if key in found]
        return [stored for stored in records if stored]

    def listed(
        self,
        schema: type[R],
        by: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
        until: datetime | None = None,
    ) -> Page[R]:
        """A list, newest change first. Raises `ValueError` on a cursor that is none of ours."""
        partition = keys.list_partition(self.org, schema.schema_name, by)
        start = _read_cursor(cursor, partition, self.org, schema.schema_name) if cursor else None
        rows, following = self._table.query(
            keys.LIST_INDEX,
            partition,
            newest_first=True,
            limit=limit,
            until=keys.list_end(until) if until else None,
            start=start,
        )
        found = self._records(schema, rows, lambda record: record.listed_by() == by)
        return Page(tuple(found), _cursor(following))

    def linked(self, schema: type[R], relation: str, target: str) -> list[Stored[R]]:
        """All records with this relation to `target`, by id."""
        partition = keys.edge_partition(self.org, schema.schema_name, relation, target)
        link = (relation, target)
        rows = self._rows(keys.LIST_INDEX, partition)
        return self._records(schema, rows, lambda record: link in record.links())

    def due(
        self, schema: type[R], until: datetime, *, limit: int = 100, lane: str = ""
    ) -> list[Stored[R]]:
        """Records whose due time has come, oldest first. Unreadable ones hide no others."""

        def is_due(record: R) -> bool:
            at = record.due_at()
            return at is not None and at <= until and record.due_lane() == lane

        name = schema.schema_name
        partitions = [keys.due_partition(self.org, name, n) for n in range(keys.SHARDS)]
        if lane:
            partitions = [keys.due_lane(self.org, name, lane)]
        found: list[Stored[R]] = []
        for partition in partitions:
            found += self._due_in(schema, partition, until, limit, is_due)
        found.sort(key=lambda stored: stored.record.due_at() or until)
        return found[:limit]

    def _due_in(
        self,
        schema: type[R],
        partition: str,
        until: datetime,
        limit: int,
        is_due: Callable[[R], bool],
    ) -> list[Stored[R]]:
        found: list[Stored[R]] = []
        start: Mapping[str, str] | None = None
        while True:
            rows, start = self._table.query(
                keys.DUE_INDEX,
                partition,
                newest_first=False,
                limit=limit,
                until=keys.stamp(until),
                start=start,
            )
            found += self._records(schema, rows, is_due)
            if start is None or len(found) >= limit:
                return found

    def ids_due(self, schema: type[Record], lanes: Sequence[str] = ()) -> list[str]:
        """Ids of all records that are due some time, soonest first; reads no record."""
        name = schema.schema_name
        partitions = [keys.due_partition(self.org, name, shard) for shard in range(keys.SHARDS)]
        partitions += [keys.due_lane(self.org, name, lane) for lane in lanes]
        rows = [row for p in partitions for row in self._rows(keys.DUE_INDEX, p)]
        rows.sort(key=lambda row: str(row["due_at"]))
        return self._ids(schema, rows)

    def ids_listed(self, schema: type[Record], by: str) -> list[str]:
        """Ids of a whole list, newest change first; reads no record."""
        partition = keys.list_partition(self.org, schema.schema_name, by)
        return self._ids(schema, self._rows(keys.LIST_INDEX, partition, newest_first=True))

    def count_due(self, schema: type[R], until: datetime, lane: str) -> tuple[int, str | None]:
        """Counts keys alone: 0.5 RU per 4 kB of them, some 130 RU at most."""
        partition = keys.due_lane(self.org, schema.schema_name, lane)
        count, oldest, start = 0, None, None
        for _ in range(COUNT_PAGES):
            page, start = self._table.query(
                keys.DUE_INDEX,
                partition,
                newest_first=False,
                limit=1000,
                until=keys.stamp(until),
                start=start,
            )
            oldest = oldest or (str(page[0]["due_at"]) if page else None)
            count += len(page)
            if start is None:
                break
        return count, oldest

    def external_id(self, schema: str, entity_id: str, system: str) -> str | None:
        """The entity's id in a system."""
        item = self._table.get(keys.binding_out(self.org, schema, entity_id, system))
        return str(item["bound_to"]) if item else None

    def internal_id(self, schema: str, system: str, external_id: str) -> str | None:
        """Our id of what a system calls `external_id`."""
        item = self._table.get(keys.binding_in(self.org, schema, system, external_id))
        return str(item["bound_to"]) if item else None

    def commit(self, *changes: Change) -> None:
        """Write all changes or none."""
        writes = [write for change in changes for write in self._writes(change)]
        self._table.write(writes)

    def _records(
        self, schema: type[R], rows: Sequence[Item], belongs: Callable[[R], bool]
    ) -> list[Stored[R]]:
        found = self.get_many(schema, self._ids(schema, rows), skip_unreadable=True)
        return [stored for stored in found if belongs(stored.record)]

    def _rows(self, index: str, partition: str, *, newest_first: bool = False) -> list[Item]:
        """The keys of a whole index partition."""
        rows: list[Item] = []
        start = None
        while True:
            page, start = self._table.query(
                index, partition, newest_first=newest_first, limit=1000, start=start
            )
            rows += page
            if start is None:
                return rows

    def _ids(self, schema: type[Record], rows: Sequence[Item]) -> list[str]:
        pairs = [Key(str(row["pk"]), str(row["sk"])) for row in rows]
        return [keys.record_id_of(key, self.org, schema.schema_name) for key in pairs]

    def _writes(self, change: Change) -> list[Write]:
        if isinstance(change, Save):
            return self._save(change)
        if isinstance(change, Put):
            return [self._put(change.record)]
        if isinstance(change, Drop):
            key = keys.record(self.org, change.schema.schema_name, change.id)
            condition = Holds("version", change.before.version) if change.before else None
            return [Write(key, None, condition)]
        return self._unbind(change) if isinstance(change, Unbind) else self._bind(change)

    def _save(self, change: Save) -> list[Write]:
        record, before = change.record, change.before
        condition = Holds("version", before.version) if before else Absent()
        item = self._item(record, before.version + 1 if before else 1)
        key = keys.record(self.org, record.schema_name, record.id)
        old = before.record.links() if before else frozenset()
        new = record.links()
        return [
            Write(key, item, condition),
            *(self._edge(record, link, keep=True) for link in sorted(new - old)),
            *(self._edge(record, link, keep=False) for link in sorted(old - new)),
        ]

    def _put(self, record: Record) -> Write:
        if record.links():
            raise ValueError("a record with relations needs Save: its old edges must be known")
        # Every content has a version of its own, so that a later condition on it cannot hold for
        # something that was put in its place.
        version = int.from_bytes(
            hashlib.sha256(record.model_dump_json().encode()).digest()[:6], "big"
        )
        item = self._item(record, version)
        return Write(keys.record(self.org, record.schema_name, record.id), item)

    def _edge(self, record: Record, link: tuple[str, str], *, keep: bool) -> Write:
        relation, target = link
        key = keys.edge(self.org, record.schema_name, record.id, relation, target)
        if not keep:
            return Write(key, None)
        partition = keys.edge_partition(self.org, record.schema_name, relation, target)
        return Write(key, {"pk": key.pk, "sk": key.sk, "list_pk": partition, "list_sk": record.id})

    def _bind(self, change: Bind) -> list[Write]:
        out = keys.binding_out(self.org, change.schema, change.entity_id, change.system)
        into = keys.binding_in(self.org, change.schema, change.system, change.external_id)
        now = keys.stamp(self._clock.now())

        def write(key: Key, bound_to: str, known: str) -> Write:
            item: Item = {"pk": key.pk, "sk": key.sk, "bound_to": bound_to, "bound_at": now}
            return Write(key, item, AbsentOrHolds("bound_to", known))

        old = change.instead_of
        made = [write(out, change.external_id, old or change.external_id)]
        made.append(write(into, change.entity_id, change.entity_id))
        if old:
            left = keys.binding_in(self.org, change.schema, change.system, old)
            made.append(Write(left, None, Holds("bound_to", change.entity_id)))
        return made

    def _unbind(self, change: Unbind) -> list[Write]:
        out = keys.binding_out(self.org, change.schema, change.entity_id, change.system)
        into = keys.binding_in(self.org, change.schema, change.system, change.external_id)
        return [
            Write(out, None, Holds("bound_to", change.external_id)),
            Write(into, None, Holds("bound_to", change.entity_id)),
        ]

    def _item(self, record: Record, version: int) -> Item:
        now = self._clock.now().astimezone(UTC)
        key = keys.record(self.org, record.schema_name, record.id)
        item: Item = {
            "pk": key.pk,
            "sk": key.sk,
            "schema": record.schema_name,
            "version": version,
            "changed_at": keys.stamp(now),
            "body": encode_body(record),
        }
        if (by := record.listed_by()) is not None:
            item["list_pk"] = keys.list_partition(self.org, record.schema_name, by)
            item["list_sk"] = keys.list_sort(now, record.id)
        if (due := record.due_at()) is not None:
            lane, name = record.due_lane(), record.schema_name
            shard = keys.due_partition(self.org, name, keys.shard_of(record.id))
            item["due_pk"] = keys.due_lane(self.org, name, lane) if lane else shard
            item["due_at"] = keys.stamp(due)
        if (until := record.kept_until()) is not None:
            item["expires_at"] = int(until.timestamp())
        if record.wakes_relay():
            item["wake"] = True
        return item


def _readable(schema: type[R], item: Item) -> Stored[R] | None:
    """The record, or None with a line in the log: one that cannot be read must hide no other."""
    try:
        return _stored(schema, item)
    except (ValueError, TypeError, zlib.error):
        logger.error("record unreadable", extra={"schema": schema.schema_name, "pk": item["pk"]})
        return None


def stored_in(schema: type[R], image: Mapping[str, Any]) -> Stored[R]:
    """The record in an image of the table's stream, as Lambda gets it: bytes are base64 text."""
    wire = {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else value
        for name, value in image.items()
    }
    return _stored(schema, from_wire(wire))


def _stored(schema: type[R], item: Item) -> Stored[R]:
    body = item["body"]
    if not isinstance(body, bytes):
        raise TypeError(f"{schema.schema_name}: the body has to be bytes")
    return Stored(
        decode_body(schema, body),
        int(item["version"]),
        datetime.fromisoformat(str(item["changed_at"])),
    )


def _cursor(following: Any) -> str | None:
    if not following:
        return None
    return base64.urlsafe_b64encode(json.dumps(dict(following)).encode()).decode()


def _read_cursor(cursor: str, partition: str, org: str, schema: str) -> dict[str, str]:
    """Read a cursor back; it must belong to this very list, or it would show somebody else's.

    What the table itself would refuse, or pass over, is refused here: a key that is too long or of
    another record, and characters between those of base64.
    """
    if len(cursor) > LONGEST_CURSOR:
        raise ValueError("cursor")
    try:
        start: Any = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise ValueError("cursor") from None
    if not isinstance(start, dict) or not all(isinstance(v, str) for v in start.values()):
        raise ValueError("cursor")
    place = str(start.get("list_sk", ""))
    pk, sk = keys.record(org, schema, place.partition("#")[2])
    if start != {"pk": pk, "sk": sk, "list_pk": partition, "list_sk": place}:
        raise ValueError("cursor")
    return start
