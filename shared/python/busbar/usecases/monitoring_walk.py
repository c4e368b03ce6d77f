"""Walks what was recorded of an integration, newest first, within a bound.

Records are listed by the time of their writing, and each holds what became of some events. So to
find few of many is to read many: 0.5 RU per 4 kB of record and 0.5 per some 30 keys of the index. A
walk ends after so many records, and says where; whoever asks may go on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from busbar.domain.erp_events import day_of
from busbar.domain.record import Record
from busbar.ports.store import Store, Stored

R = TypeVar("R", bound=Record)
T = TypeVar("T")
STEP = 100
"""Records that are read at once."""


class Place(NamedTuple):
    """A place in what was recorded: when it was written, and which thing it is."""

    at: datetime
    id: str


class Walk(Generic[R]):
    """The records of one integration from `until` back to `since`, at most `most` of them."""

    def __init__(
        self,
        store: Store,
        schema: type[R],
        integration_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        most: int,
    ) -> None:
        self._store = store
        self._schema = schema
        self._integration_id = integration_id
        self._since = since
        self._until = until
        self._most = most
        self.cut_at: datetime | None = None
        """When the last record was written, if there may be more than were read."""

    def __iter__(self) -> Iterator[Stored[R]]:
        cursor, read = None, 0
        while True:
            page = self._store.listed(
                self._schema, self._integration_id, limit=STEP, cursor=cursor, until=self._until
            )
            for stored in page.items:
                if self._since and stored.changed_at < self._since:
                    return
                yield stored
            cursor, read = page.cursor, read + STEP
            if cursor is None:
                return
            if read >= self._most:
                self.cut_at = page.items[-1].changed_at if page.items else self._until
                return


def first_day(ids: Iterable[str | None]) -> datetime | None:
    """The day before which nothing can be of all these events or operations: ids of ours name it.

    None where none of them is ours.
    """
    return max((day for one in ids if one and (day := day_of(one))), default=None)


@dataclass(frozen=True)
class Part(Generic[T]):
    """Some things that fit, and where to read on; None at the end."""

    items: list[tuple[Place, T]]
    after: Place | None


def part_of(
    walk: Walk[R],
    things: Callable[[Stored[R]], Iterable[tuple[Place, T]]],
    fits: Callable[[T], bool],
    *,
    after: Place | None,
    limit: int,
) -> Part[T]:
    """Up to `limit` things that fit, from behind the place `after`.

    `things` gives those of a record, newest first. A part may be short, and not the last.
    """
    found: list[tuple[Place, T]] = []
    last: Place | None = None
    for place, thing in _behind(after, walk, things):
        if fits(thing):
            if len(found) == limit:
                return Part(found, last)
            found.append((place, thing))
        last = place
    return Part(found, last if walk.cut_at else None)


def _behind(
    after: Place | None,
    walk: Walk[R],
    things: Callable[[Stored[R]], Iterable[tuple[Place, T]]],
) -> Iterator[tuple[Place, T]]:
    """What follows a place. What stood there may be forgotten: then what was written before it."""
    passing = after is not None
    for stored in walk:
        for place, thing in things(stored):
            if not passing or after is None or place.at < after.at:
                passing = False
                yield place, thing
            elif place == after:
                passing = False
