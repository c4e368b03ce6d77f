"""The one table as use cases see it: records, how they are read, and changes to them.

Raises `Conflict` where somebody else wrote meanwhile, `StoreUnavailable` where nothing is certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from busbar.domain.record import Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Stored(Generic[R]):
    """A record as it was read: `version` is what a write has to find again."""

    record: R
    version: int
    changed_at: datetime


@dataclass(frozen=True)
class Page(Generic[R]):
    """Some records of a list; `cursor` reads on, None at the end."""

    items: tuple[Stored[R], ...]
    cursor: str | None


@dataclass(frozen=True)
class Save:
    """Write `record` over `before`; with `before` None the record must not exist yet."""

    record: Record
    before: Stored[Any] | None = None


@dataclass(frozen=True)
class Put:
    """Write `record`, whatever was there. Only for records whose id follows from their content."""

    record: Record


@dataclass(frozen=True)
class Drop:
    """Delete a record; nothing happens if it is gone. With `before`, only if it is still that."""

    schema: type[Record]
    id: str
    before: Stored[Any] | None = None


@dataclass(frozen=True)
class Bind:
    """Bind an entity to its id in a system. Unique both ways; the same binding again is fine.

    `instead_of` names the id to which it is bound until now, for numbers that may change.
    """

    schema: str
    entity_id: str
    system: str
    external_id: str
    instead_of: str | None = None


@dataclass(frozen=True)
class Unbind:
    """Take a binding away, both ways. Raises `Conflict` if it is another one meanwhile."""

    schema: str
    entity_id: str
    system: str
    external_id: str


Change = Save | Put | Drop | Bind | Unbind


class Store(Protocol):
    """The one table, seen from one org."""

    org: str

    def get(self, schema: type[R], record_id: str) -> Stored[R] | None:
        """Read one record, consistently."""
        ...

    def get_many(
        self,
        schema: type[R],
        ids: Sequence[str],
        *,
        consistent: bool = False,
        skip_unreadable: bool = False,
    ) -> list[Stored[R]]:
        """Read records in the order of `ids`, without gone ones; eventually consistent unless so
        asked, which costs twice as much.

        A record that cannot be read raises `ValueError`, or is left out if it may be skipped.
        """
        ...

    def listed(
        self,
        schema: type[R],
        by: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
        until: datetime | None = None,
    ) -> Page[R]:
        """A list, newest change first, from `until` on; eventually consistent."""
        ...

    def linked(self, schema: type[R], relation: str, target: str) -> list[Stored[R]]:
        """All records with this relation to `target`, eventually consistent."""
        ...

    def due(
        self, schema: type[R], until: datetime, *, limit: int = 100, lane: str = ""
    ) -> list[Stored[R]]:
        """Records of a lane whose due time has come, oldest first, eventually consistent."""
        ...

    def count_due(self, schema: type[R], until: datetime, lane: str) -> tuple[int, str | None]:
        """How many records of a named lane are due, at most 10,000; the oldest due time."""
        ...

    def ids_due(self, schema: type[Record], lanes: Sequence[str] = ()) -> list[str]:
        """Ids of all records that are due some time, soonest first; reads no record.

        With those in the `lanes`, which `due` leaves out.
        """
        ...

    def ids_listed(self, schema: type[Record], by: str) -> list[str]:
        """Ids of a whole list, newest change first; reads no record."""
        ...

    def external_id(self, schema: str, entity_id: str, system: str) -> str | None:
        """The entity's id in a system."""
        ...

    def internal_id(self, schema: str, system: str, external_id: str) -> str | None:
        """Our id of what a system calls `external_id`."""
        ...

    def commit(self, *changes: Change) -> None:
        """Write all or none. Raises `Conflict` if a `Save` or `Bind` finds another state."""
        ...
