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

Entities (`busbar.store.entities`) and readings have items of their own kind:

| item | pk | sk | read by | cost of a read |
|---|---|---|---|---|
| entity | `org#entity#id` | `A` | get by id; the worker, all of a batch at once | 0.5 RU per 4 kB |
| lookup, head | `org#U#schema#attribute#value` | `A` | find by a unique attribute | 0.5 RU |
| lookup, one of many | the same | `E#id` | the same, if several have it | 0.5 RU per 30 |
| edge | `org#entity#target` | `I#relation#schema#source` | relations to an entity | 0.5 RU per 25 |
| prune mark | `org#P#schema#scope` | `A` | a prune, to know of a newer one | 1 RU |
| readings | `org#T#meter` | `counter#year` | readings of a counter or meter | 0.5 RU per 4 kB |

A lookup's head names the one entity that has the value (0.5 RU, all of a batch at once). From the
second entity on, it says for good that there are more, and each has an item of its own behind it.
Forward relations stand in the entity; an edge is what the target is found by from the other side.
An edge may be left over from a write that died: readers look at the source before they believe it.

Writes of an entity: 1 WU per kB of its compressed body (1 to 2 for what an ERP knows of it), and 2
on the index `list` where its schema declares filters and its content changed. No transaction: one
conditional put. A create, and a change of unique values or relations, is a transaction (twice the
price): the entity, one item per unique value, one per new or gone edge.

Sparse indexes, keys only:

| index | partition | sort | read by |
|---|---|---|---|
| `list` | `org#schema#by` | `changed_at#id` | a company's orders or cards, newest change first |
| `list` | `org#schema#R#relation#target` | `id` | a driver's cards |
| `list` | `org#entity#schema#shard` | `changed_at#id#filters` | entities, newest change first |
| `due` | `org#schema#shard` | due time | outbox sweep, errands that wait; orders that await cards |
| `due` | `org#schema#lane#name` | due time | the sweep: what waits for a system, oldest first |

The filters of an entity stand in its sort key, as one short digest each (`filter_token`): who lists
by them walks the keys (0.5 RU per 14) and reads the entities whose digests fit. A schema's list has
four shards, so a page costs 2 RU at least.

A *circuit* (`busbar.process.circuit`) is a record, one per system. Workers read it eventually
consistent, at most every two seconds (0.5 RU), and write it only while the system fails or drains;
the sweep reads all of them each minute, and the lanes of those that have ever failed.
A lane is one partition, not sharded, as its order is what it is for; nobody writes to it faster
than a system takes calls.

Writes: a record costs 1 WU per kB of its compressed body, plus 1 for each index entry it touches;
an edge is written only when it appears or goes; a binding is two items, written once.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
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


def entity(org: str, entity_id: str) -> Key:
    """An entity, whatever its schema."""
    return Key(f"{org}#entity#{entity_id}", RECORD)


def entity_id_of(pk: str, org: str) -> str:
    """The entity id inside a partition key that `entity` made."""
    return pk.removeprefix(f"{org}#entity#")


def lookup(org: str, schema: str, attribute: str, value: str) -> Key:
    """The head of a value of a unique attribute."""
    return Key(f"{org}#U#{schema}#{attribute}#{value}", RECORD)


def lookup_of(head: Key, entity_id: str) -> Key:
    """One of several entities that have the value."""
    return Key(head.pk, f"E#{entity_id}")


def edge_in(org: str, target: str, relation: str, schema: str, source: str) -> Key:
    """A relation, from the side of its target. Names of relations come from outside."""
    return Key(entity(org, target).pk, f"{edges_in(relation)}{schema}#{source}")


def edges_in(relation: str = "") -> str:
    """How the sort keys of all relations to an entity begin, or of those by one attribute."""
    return f"I#{_word(relation)}#" if relation else "I#"


def edge_of(sk: str) -> tuple[str, str, str]:
    """Relation, schema and id of the source in a sort key that `edge_in` made."""
    _, relation, schema, source = sk.split("#")
    return relation.replace("%23", "#").replace("%25", "%"), schema, source


def prune_mark(org: str, schema: str, scope: str) -> Key:
    """The newest prune of a scope; `scope` is a digest."""
    return Key(f"{org}#P#{schema}#{scope}", RECORD)


def readings(org: str, meter: str, counter: str, year: str) -> Key:
    """The readings of one counter in one year; with an empty counter those of the meter itself."""
    return Key(f"{org}#T#{meter}", f"{readings_of(counter)}{year}")


def readings_of(counter: str) -> str:
    """How the sort keys of a counter's readings begin."""
    return f"{counter or '-'}#"


def entity_list(org: str, schema: str, shard: int) -> str:
    """One shard of the list of a schema's entities."""
    return f"{org}#entity#{schema}#{shard}"


def entity_list_sort(changed_at: datetime, entity_id: str, tokens: Iterable[str]) -> str:
    """Sorts entities by change; the digests of their filters stand behind."""
    return f"{stamp(changed_at)}#{entity_id}#{'.'.join(tokens)}"


def filter_token(value: str) -> str:
    """A short digest of a filter's value. Who finds one has to look whether it is the value."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:6] if value else "-"


def _word(text: str) -> str:
    return text.replace("%", "%25").replace("#", "%23")


def list_partition(org: str, schema: str, by: str) -> str:
    """The list of one schema that shows `by`, e.g. `company#4XZ…`."""
    return f"{org}#{schema}#{by}"


def list_sort(changed_at: datetime, record_id: str) -> str:
    """Sorts a list by change, and by id where two changes meet in one instant."""
    return f"{stamp(changed_at)}#{record_id}"


def list_end(until: datetime) -> str:
    """Behind everything in a list that was changed up to then."""
    return f"{stamp(until)}#~"


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
