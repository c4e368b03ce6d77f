"""What every stored thing has in common.

A record is an immutable value with an id inside one org. It says itself how it wants to be found:
in one list, by relations, by a due time, and until when it is kept. `busbar.store` turns these
wishes into keys; nothing else knows the table.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Value(BaseModel):
    """An immutable value inside a record. Unknown fields of a newer release are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Record(Value):
    """A stored entity: `id` is unique within its schema and org."""

    schema_name: ClassVar[str]

    id: str

    def listed_by(self) -> str | None:
        """The list that shows this record, newest change first, e.g. `company#4XZ…`."""
        return None

    def links(self) -> frozenset[tuple[str, str]]:
        """Relations by which it is found too: pairs (relation, target)."""
        return frozenset()

    def due_at(self) -> datetime | None:
        """When somebody has to look at it again; None leaves it out of the `due` index."""
        return None

    def due_lane(self) -> str:
        """Where it queues until it is due: with all others, or in a lane of its own."""
        return ""

    def kept_until(self) -> datetime | None:
        """When the table may forget it; None keeps it."""
        return None

    def wakes_relay(self) -> bool:
        """Whether the table's stream shall hand it to the relay at once (outbox rows)."""
        return False


class SourceMark(Value):
    """The last event of one source that was applied: `version` grows with every change there."""

    version: int
    event_id: str
    content_hash: str
    at: AwareDatetime

    def is_newer(self, applied: SourceMark | None) -> bool | None:
        """Whether this is to be applied over what was; False for a repeat or a late event.

        None: one version says two things, and only the source can tell which of them holds.
        """
        if applied is None or self.version > applied.version:
            return True
        if self.version < applied.version or self.content_hash == applied.content_hash:
            return False
        return None
