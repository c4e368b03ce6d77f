"""The records in a table as JSON, whatever classes read them: as a release wrote them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from busbar.store.table import Item
from tests.doubles.memory_table import PlainTable
from tests.faults.cloud import Cloud

Json = dict[str, Any]


def items(cloud: Cloud) -> list[Item]:
    """All items of a run's table."""
    table = cloud.table
    assert isinstance(table, PlainTable)
    return list(table.items.values())


def records(cloud: Cloud, schema: str) -> Iterator[Json]:
    """The bodies of all records of a schema."""
    return (body_of(item) for item in items(cloud) if item.get("schema") == schema)


def body_of(item: Item) -> Json:
    """The body of a record's item: JSON, compressed unless it is short."""
    raw = item["body"]
    assert isinstance(raw, bytes)
    body: Json = json.loads(raw if raw.startswith(b"{") else zlib.decompress(raw))
    return body
