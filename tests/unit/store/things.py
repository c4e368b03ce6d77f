"""Records that use every way to be found, and a store to keep them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import AwareDatetime

from busbar.domain.record import Record
from busbar.store.records import TableStore
from busbar.store.table import Write
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable


class Thing(Record):
    """A record with all that a record may have but relations."""

    schema_name: ClassVar[str] = "thing"

    text: str = ""
    shelf: str | None = None
    due: AwareDatetime | None = None
    until: AwareDatetime | None = None
    wakes: bool = False
    lane: str = ""

    def listed_by(self) -> str | None:
        """By shelf."""
        return f"shelf#{self.shelf}" if self.shelf else None

    def due_at(self) -> datetime | None:
        """As told."""
        return self.due

    def due_lane(self) -> str:
        """As told."""
        return self.lane

    def kept_until(self) -> datetime | None:
        """As told."""
        return self.until

    def wakes_relay(self) -> bool:
        """As told."""
        return self.wakes


class Linked(Thing):
    """A record with relations."""

    schema_name: ClassVar[str] = "linked"

    to: frozenset[tuple[str, str]] = frozenset()

    def links(self) -> frozenset[tuple[str, str]]:
        """As told."""
        return self.to


class WatchedTable(MemoryTable):
    """A table that notes what is written, from `watch` on."""

    _seen: list[Write] | None = None

    def watch(self) -> list[Write]:
        """All writes from now on."""
        self._seen = []
        return self._seen

    def write(self, writes: Sequence[Write]) -> None:
        """Write and note."""
        super().write(writes)
        if self._seen is not None:
            self._seen += writes


class Shop:
    """A store on the table in memory, with a clock."""

    def __init__(self, org: str = "demo", table: WatchedTable | None = None) -> None:
        self.clock = ManualClock()
        self.table = table or WatchedTable()
        self.store = TableStore(self.table, self.clock, org)

    def item(self, record_id: str = "1", schema: str = "thing") -> dict[str, Any]:
        """The raw item of a record."""
        return next(
            dict(i)
            for k, i in self.table.items.items()
            if k == (f"{self.store.org}#{schema}#{record_id}", "A")
        )

    def keys(self) -> list[str]:
        """All keys of the table."""
        return sorted(f"{k.pk}|{k.sk}" for k in self.table.items)
