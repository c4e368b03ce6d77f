"""Every key of the one table, as typed constructors. No f-string key stands elsewhere.

Items (`pk` | `sk`), what reads them, and at what cost (RU: 0.5 eventual, 1 consistent per 4 kB;
WU: 1 per kB and index touched, twice that inside a transaction):

| item | pk | sk | read by | cost of a read |
|---|---|---|---|---|
| record | `org#schema#id` | `A` | get by id | 1 RU |
| a company's count | `org#ordered_cards#id` | `A` | an order, where there is a limit | 1 RU |
| relation edge | `org#schema#id` | `R#relation#target` | index `list` | 0.5 RU + 0.5 per record |
| binding, outwards | `org#schema#id` | `M#system` | external id of an entity | 1 RU |
| binding, inwards | `org#X#system#schema#external` | `M` | our id of an external one | 1 RU |

Sparse indexes, keys only:

| index | partition | sort | read by |
|---|---|---|---|
| `list` | `org#schema#by` | `changed_at#id` | a company's orders or cards, newest change first |
| `list` | `org#schema#R#relation#target` | `id` | a driver's cards |
| `due` | `org#schema#shard` | due time | outbox sweep, errands that wait; orders that await cards |
| `due` | `org#schema#lane#name` | due time | the sweep: what waits for a system, oldest first |

A *circuit* (`busbar.process.circuit`) is a record, one per system. Workers read it eventually
consistent, at most every two seconds (0.5 RU), and write it only while the system fails or drains;
the sweep reads all of them each minute, and the lanes of those that have ever failed.
A lane is one partition, not sharded, as its order is what it is for; nobody writes to it faster
than a system takes calls.

Writes: a record costs 1 WU per kB of its compressed body, plus 1 for each index entry it touches;
an edge is written only when it appears or goes; a binding is two items, written once.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import NamedTuple

SHARDS = 4
"""Partitions over which the due rows of one schema are spread."""

RECORD = "A"
LIST_INDEX = "list"
DUE_INDEX = "due"


class Key(NamedTuple):
    """Primary key of an item."""

    pk: str
    sk: str


def record(org: str, schema: str, record_id: str) -> Key:
    """The record itself."""
    return Key(f"{org}#{schema}#{record_id}", RECORD)


def edge(org: str, schema: str, record_id: str, relation: str, target: str) -> Key:
    """One relation of a record, read backwards through the `list` index."""
    return Key(f"{org}#{schema}#{record_id}", f"R#{relation}#{target}")


def binding_out(org: str, schema: str, record_id: str, system: str) -> Key:
    """From our id to the system's."""
    return Key(f"{org}#{schema}#{record_id}", f"M#{system}")


def binding_in(org: str, schema: str, system: str, external_id: str) -> Key:
    """From the system's id to ours."""
    return Key(f"{org}#X#{system}#{schema}#{external_id}", "M")


def list_partition(org: str, schema: str, by: str) -> str:
    """The list of one schema that shows `by`, e.g. `company#4XZ…`."""
    return f"{org}#{schema}#{by}"


def list_sort(changed_at: datetime, record_id: str) -> str:
    """Sorts a list by change, and by id where two changes meet in one instant."""
    return f"{stamp(changed_at)}#{record_id}"


def edge_partition(org: str, schema: str, relation: str, target: str) -> str:
    """All records of a schema with this relation to `target`."""
    return f"{org}#{schema}#R#{relation}#{target}"


def due_partition(org: str, schema: str, shard: int) -> str:
    """One shard of the rows of a schema that are due at some time."""
    return f"{org}#{schema}#{shard}"


def due_lane(org: str, schema: str, lane: str) -> str:
    """The rows of a schema that wait in a lane of their own."""
    return f"{org}#{schema}#lane#{lane}"


def shard_of(record_id: str) -> int:
    """The due shard of a record."""
    return zlib.crc32(record_id.encode()) % SHARDS


def stamp(at: datetime) -> str:
    """A time as fixed-width text that sorts like the time itself (UTC, microseconds)."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def record_id_of(key: Key, org: str, schema: str) -> str:
    """The record id inside a key that `record` or `edge` made."""
    return key.pk.removeprefix(f"{org}#{schema}#")
