"""Which event said something, and which of two events is the newer one.

The order is that of the sources: by the time that the event carries, then by the time at which we
accepted it, then by its id. So any order of arrival ends alike, and a replay of an old event
through a mended mapping (same time, accepted anew) wins over its first run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """A time as whole microseconds since 1970, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment(at: int) -> datetime:
    """The time that `micros` made a number of, in UTC."""
    return _EPOCH + timedelta(microseconds=at)


class Mark(NamedTuple):
    """One event, as lineage names it. Marks compare by `version`, `at` and `event_id`.

    Times are µs since 1970: `version` is the event's own, `at` that of its acceptance.
    """

    version: int
    at: int
    event_id: str
    system: str
    mapping_version: str
    integration_id: str
    use_case: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a mapped event comes from. `source_version` is its timestamp in µs since 1970.

    `at` is when it was accepted, the same on every delivery of it. What is applied under a
    `source_version` stays, until something newer comes: a time far ahead has to be refused before.
    """

    org: str
    integration_id: str
    use_case: str
    system: str
    event_id: str
    correlation_id: str
    source_version: int
    mapping_version: str
    at: datetime

    @property
    def mark(self) -> Mark:
        """What lineage keeps of it."""
        return Mark(
            self.source_version,
            micros(self.at),
            self.event_id,
            self.system,
            self.mapping_version,
            self.integration_id,
            self.use_case,
        )
