"""Entities and meter readings of an org, as they are read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from busbar.domain.entities import Entity
    from busbar.domain.entity_index import Edge, Indexed, Lookup, Sole
    from busbar.domain.marks import Mark
    from busbar.domain.readings import Pruned, Series


@dataclass(frozen=True)
class Holders:
    """The entities that have a unique value. Not `complete`: there are more, too many to read."""

    ids: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class EntityWrite:
    """Write `after` over `before` (version 0: nothing may be there), and where they stand.

    `sole`: values of it that nobody else may have all of.
    """

    before: Entity
    after: Entity
    was: Indexed
    will: Indexed
    sole: Sole = ()


class Entities(Protocol):
    """The entities of one org. Reads are eventually consistent unless asked otherwise, which costs
    twice as much."""

    org: str

    def get(self, ids: Sequence[str], *, consistent: bool = False) -> dict[str, Entity]:
        """Read entities, all at once; gone ones are left out, deleted and purged ones are not."""
        ...

    def find(self, lookups: Sequence[Lookup], *, consistent: bool = False) -> dict[Lookup, Holders]:
        """Who has these unique values, all at once. Ids may be of entities that are gone."""
        ...

    def save(self, write: EntityWrite) -> None:
        """One conditional write; a transaction if a unique value or a relation comes or goes.

        Raises `Conflict` if the entity or a value's holder is another one meanwhile, `Held` if
        others are known by all sole values, be they gone or no single one, `EventRejected` if the
        entity has grown too large.
        """
        ...

    def related(self, target: str, relation: str = "", *, consistent: bool = False) -> list[Edge]:
        """Who is related to an entity, by any attribute or by one. A source may be gone, or have
        the relation no more."""
        ...

    def listed(
        self, schema: str, filters: Mapping[int, str], *, limit: int, before: str = ""
    ) -> tuple[list[str], str | None]:
        """Ids of a schema's entities, newest change first, and where to read on; None at the end.

        `filters` are values by the place of their declaration; an id may have another value that
        looks alike. A page may be short, or empty, and not the last.
        """
        ...

    def prune_mark(self, schema: str, scope: str) -> Mark | None:
        """The newest prune of a scope, consistent."""
        ...

    def pruned(self, schema: str, scope: str, mark: Mark) -> Mark:
        """Remember a prune for as long as late events are heeded: the newest one that is known.

        Whoever asks afterwards is told of it, or of a newer one. Raises `Conflict` if others prune
        the scope all the time.
        """
        ...


class ReadingSeries(Protocol):
    """Meter readings, one series per counter (or per meter, where no counter is named)."""

    def series(self, meter: str, counter: str, *, consistent: bool = False) -> Series:
        """All readings of a counter; with an empty `counter` those that name none."""
        ...

    def all_series(self, meter: str) -> dict[str, Series]:
        """All readings of a meter, by counter."""
        ...

    def prunes(self, meter: str, counter: str) -> Mapping[str, Pruned]:
        """Which prunes of a counter's readings are remembered just now."""
        ...

    def save(self, before: Series, after: Series) -> None:
        """Write the years that differ, each on condition that it is as it was; then what is
        remembered of the whole series.

        Raises `Conflict`; some years may be written then: do it all again.
        """
        ...
