"""The table in memory, with DynamoDB's rules as far as the store leans on them, and its bill."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from busbar.errors import Conflict
from busbar.store.keys import Key
from busbar.store.table import (
    INDEX_KEYS,
    TRANSACTION_LIMIT,
    Absent,
    AbsentOrHolds,
    Condition,
    Holds,
    Item,
    Write,
    to_wire,
)


@dataclass
class Bill:
    """Capacity units and calls, as DynamoDB would charge them."""

    read_units: float = 0.0
    write_units: float = 0.0
    index_units: float = 0.0
    """Those of the write units that went into indexes."""
    calls: dict[str, int] = field(default_factory=dict)

    def read(self, call: str, items: Iterable[Mapping[str, Any]], factor: float) -> None:
        """Charge a read: `factor` units per 4 kB of each item; a missing one costs one unit too."""
        self._count(call)
        self.read_units += sum(factor * max(1, math.ceil(size_of(i) / 4096)) for i in items)

    def query(self, page: Sequence[Mapping[str, Any]], factor: float = 0.5) -> None:
        """Charge a query: `factor` units per 4 kB of the whole page."""
        self._count("Query")
        self.read_units += factor * max(1, math.ceil(sum(map(size_of, page)) / 4096))

    def write(self, changes: Sequence[tuple[Item, Item]]) -> None:
        """Charge a write of items: what was there, what is there then."""
        several = len(changes) > 1
        self._count("TransactWriteItems" if several else "PutItem")
        factor = 2 if several else 1
        self.write_units += sum(factor * _units(old, new) for old, new in changes)
        self.index_units += sum(factor * _index_units(old, new) for old, new in changes)

    def _count(self, call: str) -> None:
        self.calls[call] = self.calls.get(call, 0) + 1


class _NoBill(Bill):
    def read(self, call: str, items: Iterable[Mapping[str, Any]], factor: float) -> None:
        """Nothing."""

    def query(self, page: Sequence[Mapping[str, Any]], factor: float = 0.5) -> None:
        """Nothing."""

    def write(self, changes: Sequence[tuple[Item, Item]]) -> None:
        """Nothing."""


def _units(old: Item, new: Item) -> int:
    units = max(1, math.ceil(max(size_of(new), size_of(old)) / 1024))
    return units + _index_units(old, new)


def _index_units(old: Item, new: Item) -> int:
    units = 0
    for pk, sk in INDEX_KEYS.values():
        before, after = (old.get(pk), old.get(sk)), (new.get(pk), new.get(sk))
        if before != after:
            units += (before[0] is not None) + (after[0] is not None)
    return units


def size_of(item: Mapping[str, Any]) -> int:
    """Bytes of an item: names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Any) -> int:
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, bool):
        return 1
    if isinstance(value, int):
        return len(str(value)) // 2 + 2
    return len(str(value).encode())


LONGEST = (2048, 1024)
"""Bytes that partition key and sort key may have."""


LARGEST = 400 * 1024
"""Bytes that an item may have."""


def _too_large(item: Item | None) -> bool:
    """Items are compressed bodies, and little beside."""
    body = item.get("body", b"") if item else b""
    return isinstance(body, bytes) and len(body) > LARGEST - 4096 and size_of(item or {}) > LARGEST


def _too_long(key: Key) -> bool:
    if len(key.pk) <= LONGEST[0] // 4 and len(key.sk) <= LONGEST[1] // 4:
        return False  # UTF-8 takes four bytes a character at most
    return len(key.pk.encode()) > LONGEST[0] or len(key.sk.encode()) > LONGEST[1]


class MemoryTable:
    """Implements `busbar.store.table.Table`. `stream` collects new images for the relay."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.stream: list[dict[str, Any]] = []
        self.bill = Bill()

    def get(self, key: Key) -> Item | None:
        """GetItem, consistent: 1 unit per 4 kB. Raises `ValueError` for a key that is too long."""
        if _too_long(key):
            raise ValueError("One or more parameter values were invalid: size of hashkey")
        item = self.items.get(key)
        self.bill.read("GetItem", [item or {}], 1.0)
        return dict(item) if item else None

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """BatchGetItem: half a unit per 4 kB of each item, or a whole one."""
        if not keys:
            return {}
        found = {key: dict(self.items[key]) for key in keys if key in self.items}
        factor = 1.0 if consistent else 0.5
        self.bill.read("BatchGetItem", [found.get(key, {}) for key in dict.fromkeys(keys)], factor)
        return found

    def query(
        self,
        index: str,
        partition: str,
        *,
        newest_first: bool,
        limit: int,
        until: str | None = None,
        start: Mapping[str, str] | None = None,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """Query of a keys-only index, eventual."""
        pk, sk = INDEX_KEYS[index]
        rows = [
            {name: item[name] for name in ("pk", "sk", pk, sk)}
            for item in self.items.values()
            if item.get(pk) == partition and (until is None or str(item[sk]) <= until)
        ]
        rows.sort(key=lambda row: _place(row, sk), reverse=newest_first)
        if start:
            here = _place(start, sk)
            rows = [
                r for r in rows if (_place(r, sk) < here if newest_first else _place(r, sk) > here)
            ]
        page = rows[:limit]
        self.bill.query(page)
        more = len(rows) > limit
        return list(page), ({k: str(v) for k, v in page[-1].items()} if more else None)

    def rows(
        self,
        partition: str,
        *,
        begins: str = "",
        limit: int = 1000,
        start: Mapping[str, str] | None = None,
        consistent: bool = False,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """Query of the table itself."""
        after = start["sk"] if start else ""
        found = sorted(
            key
            for key in self.items
            if key.pk == partition and key.sk.startswith(begins) and key.sk > after
        )
        page = [dict(self.items[key]) for key in found[:limit]]
        self.bill.query(page, 1.0 if consistent else 0.5)
        last = found[limit - 1] if len(found) > limit else None
        return page, ({"pk": last.pk, "sk": last.sk} if last else None)

    def write(self, writes: Sequence[Write]) -> None:
        """PutItem, DeleteItem or TransactWriteItems."""
        if len(writes) > TRANSACTION_LIMIT or len({w.key for w in writes}) != len(writes):
            raise ValueError("DynamoDB refuses this transaction")
        if any(_too_large(write.item) for write in writes):
            raise ValueError("Item size has exceeded the maximum allowed size")
        self.bill.write([(self.items.get(w.key) or {}, w.item or {}) for w in writes])
        if not all(_met(write.condition, self.items.get(write.key)) for write in writes):
            raise Conflict(", ".join(w.key.pk for w in writes))
        for write in writes:
            self._apply(write)

    def _apply(self, write: Write) -> None:
        if write.item is None:
            self.items.pop(write.key, None)
            return
        self.items[write.key] = dict(write.item)
        self._tell(write.item)

    def _tell(self, item: Item) -> None:
        self.stream.append(stream_record(item, len(self.stream) + 1))


class PlainTable(MemoryTable):
    """Without bill and stream, which take longer than the table itself."""

    def __init__(self) -> None:
        super().__init__()
        self.bill = _NoBill()

    def _tell(self, item: Item) -> None:
        """Nobody listens."""


def stream_record(item: Item, number: int) -> dict[str, Any]:
    """A stream record as Lambda gets it: bytes in base64."""
    image = {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in to_wire(item).items()
    }
    return {
        "eventName": "MODIFY",
        "eventSource": "aws:dynamodb",
        "dynamodb": {"NewImage": image, "SequenceNumber": f"{number:021d}"},
    }


def _met(condition: Condition, item: Item | None) -> bool:
    if condition is None:
        return True
    if isinstance(condition, Absent):
        return item is None
    holds = item is not None and item.get(condition.attribute) == condition.value
    if isinstance(condition, AbsentOrHolds):
        return item is None or holds
    assert isinstance(condition, Holds)
    return holds


def _place(row: Mapping[str, Any], sort_key: str) -> tuple[str, str, str]:
    return str(row[sort_key]), str(row["pk"]), str(row["sk"])
