"""What the toolkit's monitoring routes are asked. Keys that are unknown are passed over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from busbar.domain.marks import moment
from busbar.domain.outcome_rows import EventType
from busbar.usecases.erp_requests import microseconds
from busbar.usecases.monitoring_walk import Place


def _time(value: Any) -> Any:
    at = microseconds(value)
    if at is None:
        raise ValueError("has to be a date and time in ISO 8601")
    return moment(at)


At = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
FromStart = BeforeValidator(lambda value: None if value == {} else value)
"""An empty cursor is none, as to the toolkit no part of it is required."""
Text = Annotated[str, Field(max_length=255)]
UseCaseType = Literal["inbound", "outbound", "file_proxy", "managed_call", "secure_proxy"]
Limit = Annotated[int, Field(strict=True, ge=1, le=100)]


class Asked(BaseModel):
    """A query."""

    model_config = ConfigDict(extra="ignore")


class ReceivedCursor(Asked):
    """Where a page of received events ended."""

    event_time: At
    event_id: Text

    @property
    def place(self) -> Place:
        """The same, in what was recorded."""
        return Place(self.event_time, self.event_id)


class ReceivedQuery(Asked):
    """Which received events are wanted."""

    event_id: Text | None = None
    event_type: EventType | None = None
    correlation_id: Text | None = None
    object_type: Text | None = None
    event_name: Text | None = None
    use_case_id: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    limit: Annotated[int, Field(strict=True, ge=1, le=25)] = 25
    cursor: Annotated[ReceivedCursor | None, FromStart] = None


class ReplayWish(Asked):
    """Which events are to be sent again."""

    event_ids: Annotated[list[Text], Field(min_length=1, max_length=100)]


class Ranged(Asked):
    """A range of time; both ends belong to it."""

    from_date: At | None = None
    to_date: At | None = None


class InboundCursor(Asked):
    """Where a page of version 1 ended. An event may have several rows: `event_id` is the row's."""

    completed_at: At
    event_id: Text

    @property
    def place(self) -> Place:
        """The same, in what was recorded."""
        return Place(self.completed_at, self.event_id)


class InboundQuery(Ranged):
    """Which rows are wanted, by the words of version 1."""

    use_case_id: Text | None = None
    event_type: EventType | Literal["TRIGGER"] | None = None
    sync_type: Literal["entity", "meter_reading", "webhook", "api_deprecation"] | None = None
    status: Literal["success", "error", "skipped", "warning"] | None = None
    error_category: (
        Literal["validation", "configuration", "downstream_api", "timeout", "system"] | None
    ) = None
    correlation_id: Text | None = None
    object_type: Text | None = None
    event_name: Text | None = None
    event_id: Text | None = None
    limit: Limit = 50
    cursor: Annotated[InboundCursor | None, FromStart] = None


class RowCursor(Asked):
    """Where a page of version 2 ended."""

    created_at: At
    id: Text

    @property
    def place(self) -> Place:
        """The same, in what was recorded."""
        return Place(self.created_at, self.id)


class RowQuery(Ranged):
    """Which rows are wanted. `use_case_id` may be empty (of none), or `__unknown__` (one gone)."""

    use_case_id: Text | None = None
    use_case_type: UseCaseType | None = None
    level: Literal["success", "error", "info", "warning", "skipped"] | None = None
    code: Text | None = None
    event_id: Text | None = None
    correlation_id: Text | None = None
    limit: Limit = 50
    cursor: Annotated[RowCursor | None, FromStart] = None


class StatsQuery(Ranged):
    """Which rows are counted, and how they are told apart."""

    use_case_type: UseCaseType | None = None
    use_case_types: Annotated[list[UseCaseType], Field(max_length=100)] | None = None
    group_by: Literal["use_case_id", "use_case_type", "level", "code", "date"] | None = None
    source: Literal["monitoring", "incoming"] = "monitoring"
