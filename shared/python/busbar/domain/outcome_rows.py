"""What became of events: one record for all rows of a batch, as one compressed item costs what one
row would. Rows are kept 90 days; the events themselves, in S3, 14."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from busbar.domain.erp_events import RequestVersion
from busbar.domain.outcomes import Level, level_of
from busbar.domain.record import Record, Value

ROWS_KEPT = timedelta(days=90)
EventType = Literal["CREATE", "UPDATE", "DELETE"]
Status = Literal["success", "error", "skipped", "ignored"]
"""What a sender is told of one event: queued, refused, come before, or nobody's."""


class OutcomeRow(Value):
    """One outcome of one event. `detail` holds ids and names, never what an event held."""

    id: str
    event_id: str
    correlation_id: str
    use_case_id: str
    code: str
    message: str = ""
    detail: dict[str, Any] = Field(default_factory=dict)

    @property
    def level(self) -> Level:
        """The level of its code."""
        return level_of(self.code)


class OutcomeBatch(Record):
    """The outcomes of a batch of one integration's events."""

    schema_name: ClassVar[str] = "erp_outcomes"

    integration_id: str
    at: AwareDatetime
    rows: tuple[OutcomeRow, ...]

    def listed_by(self) -> str:
        """The outcomes of an integration."""
        return self.integration_id

    def kept_until(self) -> datetime:
        """For 90 days."""
        return self.at + ROWS_KEPT


class ReceivedEvent(Value):
    """An event as it came. `status` is what its sender was told.

    `event_type` is what versions 1 and 2 say of it. Version 3 says nothing: its use case decides
    what becomes of it, which for who asks the toolkit's way is an update.
    """

    event_id: str
    event_name: str
    use_case_id: str
    correlation_id: str
    timestamp: int
    status: Status
    message: str = ""
    event_type: EventType = "UPDATE"


class Received(Record):
    """A request with events; the events themselves are in S3, under the record's own id."""

    schema_name: ClassVar[str] = "erp_received"

    integration_id: str
    at: AwareDatetime
    version: RequestVersion
    events: tuple[ReceivedEvent, ...]

    def listed_by(self) -> str:
        """The requests of an integration."""
        return self.integration_id

    def kept_until(self) -> datetime:
        """For 90 days."""
        return self.at + ROWS_KEPT


def seen_id(integration_id: str, deduplication_id: str) -> str:
    """What a deduplication id of an integration's events is remembered by."""
    return f"{integration_id}#{deduplication_id}"


class SeenEvent(Record):
    """A deduplication id of the last 24 hours; `id` is by `seen_id`."""

    schema_name: ClassVar[str] = "erp_seen"

    at: AwareDatetime
    event_id: str

    def kept_until(self) -> datetime:
        """For a day."""
        return self.at + timedelta(hours=24)

    def holds(self, now: datetime) -> bool:
        """Whether it still counts: the table forgets late."""
        return now < self.kept_until()
