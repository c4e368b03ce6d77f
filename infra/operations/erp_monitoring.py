"""What became of an integration's events, by the toolkit's routes; and how far an entity is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from busbar.domain.integrations import UseCaseType
from busbar.domain.outcome_rows import EventType
from busbar.usecases.monitoring_bodies import (
    InboundQuery,
    ReceivedQuery,
    ReplayWish,
    RowQuery,
    StatsQuery,
)
from infra.operations import Json, Operation, Parameter, Says, View
from infra.operations.entities import ENTITY_ID, EVENT_ID, INTEGRATION_ID
from infra.operations.parts import AT

Level = Literal["success", "error", "warning", "info"]


class ReceivedCursorView(View):
    """Where a page of received events ended."""

    event_time: datetime
    event_id: str


class ReceivedEventView(View):
    """An event as it came. Of its payload names and types are shown, and no values.

    `status` is what its sender was told. An event of version 3 is an `UPDATE`: it says no type. A
    payload that is no object, or is not shown, is a text.
    """

    event_id: str
    event_type: EventType
    object_type: str
    event_name: str
    timestamp: datetime
    format: Literal["json", "xml"]
    payload: Annotated[str, Field(min_length=2)] | Annotated[dict[str, Any], Field(min_length=1)]
    correlation_id: str
    use_case_id: str | None
    status: Literal["success", "error", "skipped", "ignored"]
    message: str
    received_at: datetime


class ReceivedPage(View):
    """Received events, newest first."""

    data: list[ReceivedEventView]
    next_cursor: ReceivedCursorView | None
    has_more: bool


class ReplayResult(View):
    """What became of one id."""

    event_id: str
    status: Literal["success", "skipped", "ignored", "not_found", "error"]
    replay_event_id: str | None = None
    message: str | None = None


class ReplayResults(View):
    """One result per id, in their order."""

    replayed: int
    results: list[ReplayResult]
    event_ids: list[str]


class InboundRow(View):
    """A row, by the words of version 1. One that is of no event has no `event_type`."""

    org_id: str
    event_id: str
    correlation_id: str | None
    integration_id: str
    use_case_id: str | None
    event_type: EventType | None = None
    object_type: str
    sync_type: Literal["entity", "meter_reading", "api_deprecation"]
    status: Literal["success", "error", "skipped", "warning"]
    error_code: str | None
    error_message: str | None
    error_category: Literal["validation", "configuration", "timeout", "system"] | None
    processing_duration_ms: int | None
    received_at: datetime
    completed_at: datetime


class InboundCursorView(View):
    """Where a page of version 1 ended: `event_id` is that of the row, of which events may have
    several."""

    completed_at: datetime
    event_id: str


class InboundPage(View):
    """Rows of version 1, newest first."""

    data: list[InboundRow]
    next_cursor: InboundCursorView | None
    has_more: bool


class MonitoringRow(View):
    """What became of an event, or of a part of it. Holds ids and names, no values.

    What each `code` means, and what to do, stands in `functions/erp_monitoring/README.md`.
    `detail` names the entity, the attribute, the place in the mapping (`path`) and the item.
    """

    id: str
    org_id: str
    integration_id: str
    event_id: str
    correlation_id: str
    use_case_id: str
    use_case_type: UseCaseType | Literal[""]
    level: Level
    code: str
    message: str
    detail: Mapping[str, Any] | None
    created_at: datetime


class RowCursorView(View):
    """Where a page of version 2 ended."""

    created_at: datetime
    id: str


class MonitoringPage(View):
    """Rows, newest first. A page may be short, and is the last without a cursor."""

    data: list[MonitoringRow]
    next_cursor: RowCursorView | None
    has_more: bool


class Counted(View):
    """How many rows there are. `info` counts in the total, not in the rate of success."""

    total_events: int
    success_count: int
    error_count: int
    warning_count: int
    info_count: int
    success_rate: float | None = None


class StatsGroup(Counted):
    """The counts of one group."""

    use_case_id: str | None = None
    use_case_type: str | None = None
    level: str | None = None
    code: str | None = None
    date: str | None = None


class MonitoringStats(Counted):
    """All counts. `truncated`: only rows from `counted_from` on were counted."""

    skipped_count: Literal[0]
    ack_timeout_count: Literal[0]
    last_error_at: datetime | None
    truncated: bool
    counted_from: datetime | None = None
    breakdown: list[StatsGroup] | None = None


class TraceHead(View):
    """The received event that a trace begins with."""

    event_id: str
    event_name: str
    use_case_id: str | None
    status: str
    received_at: datetime


class MonitoringTrace(View):
    """All rows of one business operation, in their order."""

    correlation_id: str
    status: Level
    started_at: datetime | None
    ended_at: datetime | None
    span_count: int
    truncated: bool
    spans: list[MonitoringRow]
    inbound_event: TraceHead | None


class SyncState(View):
    """How far an integration has brought an entity; of meters also their readings."""

    entity_id: str
    integration_id: str
    entity_slug: str
    use_case_id: str | None = None
    last_synced_at: datetime | None = None
    last_changed_at: datetime | None = None
    last_operation: Literal["create", "patch", "delete", "no-op"] | None = None
    last_event_id: str | None = None
    readings_last_synced_at: datetime | None = None
    readings_last_operation: Literal["upsert", "delete"] | None = None
    readings_last_event_id: str | None = None


class SyncStatus(View):
    """One state per integration; none of an entity that is not there."""

    entity_id: str
    sync_states: list[SyncState]


USE_CASE_ID = "2f0b4c0e-1d3a-5b6e-9d55-7a1b2c3d4e5f"
ROW: Json = {
    "id": "9d1c2b3a-4e5f-5a6b-8c7d-0e1f2a3b4c5d",
    "org_id": "demo",
    "integration_id": INTEGRATION_ID,
    "event_id": EVENT_ID,
    "correlation_id": "erp-run-17",
    "use_case_id": USE_CASE_ID,
    "use_case_type": "inbound",
    "level": "success",
    "code": "ENTITY_UPDATED",
    "message": "",
    "detail": {"entity_slug": "contact", "operation": "upsert", "entity_id": ENTITY_ID},
    "created_at": AT,
}
INBOUND: Json = {
    "org_id": "demo",
    "event_id": EVENT_ID,
    "correlation_id": "erp-run-17",
    "integration_id": INTEGRATION_ID,
    "use_case_id": USE_CASE_ID,
    "event_type": "UPDATE",
    "object_type": "contact",
    "sync_type": "entity",
    "status": "success",
    "error_code": None,
    "error_message": None,
    "error_category": None,
    "processing_duration_ms": 412,
    "received_at": AT,
    "completed_at": AT,
}
RECEIVED: Json = {
    "event_id": EVENT_ID,
    "event_type": "UPDATE",
    "object_type": "customer",
    "event_name": "customer",
    "timestamp": AT,
    "format": "json",
    "payload": {"partner": "<redacted>", "lastName": "<redacted>"},
    "correlation_id": "erp-run-17",
    "use_case_id": USE_CASE_ID,
    "status": "success",
    "message": "",
    "received_at": AT,
}
COUNTS: Json = {
    "total_events": 12,
    "success_count": 9,
    "error_count": 1,
    "warning_count": 0,
    "info_count": 2,
    "success_rate": 90.0,
}
PROBLEMS = {400: ("invalid-request",), 404: ("integration-not-found",)}
OPERATIONS = {
    "erp_monitoring_received": Operation(
        "The events that came, newest first, with the form of their payloads",
        {
            200: Says(
                "A page of events",
                ReceivedPage,
                {"data": [RECEIVED], "next_cursor": None, "has_more": False},
            )
        },
        body=ReceivedQuery,
        bodies={
            "all": {},
            "of one run": {"correlation_id": "erp-run-17", "limit": 10},
            "deletions": {"event_type": "DELETE"},
        },
        body_optional=True,
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_monitoring_replay": Operation(
        "Send events again, through the mapping as it is now; those of the last 14 days",
        {
            200: Says(
                "One result per id",
                ReplayResults,
                {
                    "replayed": 1,
                    "results": [
                        {
                            "event_id": EVENT_ID,
                            "status": "success",
                            "replay_event_id": "202611300RDER00000002-000",
                        },
                        {
                            "event_id": "unknown",
                            "status": "not_found",
                            "message": "there is no such event, or it is no longer kept",
                        },
                    ],
                    "event_ids": [EVENT_ID, "unknown"],
                },
            )
        },
        body=ReplayWish,
        bodies={"two": {"event_ids": [EVENT_ID, "unknown"]}},
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_monitoring_inbound": Operation(
        "What became of events, newest first, by the words of version 1",
        {
            200: Says(
                "A page of rows",
                InboundPage,
                {"data": [INBOUND], "next_cursor": None, "has_more": False},
            )
        },
        body=InboundQuery,
        bodies={"errors": {"status": "error", "from_date": AT}},
        body_optional=True,
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_monitoring_rows": Operation(
        "What became of events, newest first",
        {
            200: Says(
                "A page of rows",
                MonitoringPage,
                {"data": [ROW], "next_cursor": None, "has_more": False},
            )
        },
        body=RowQuery,
        bodies={"all": {}, "errors": {"level": "error", "use_case_id": USE_CASE_ID, "limit": 20}},
        body_optional=True,
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_monitoring_stats": Operation(
        "How many rows of each level there are",
        {
            200: Says(
                "The counts",
                MonitoringStats,
                {
                    **COUNTS,
                    "skipped_count": 0,
                    "ack_timeout_count": 0,
                    "last_error_at": AT,
                    "truncated": False,
                    "breakdown": [{"code": "ENTITY_UPDATED", **COUNTS}],
                },
            )
        },
        body=StatsQuery,
        bodies={"by code": {"group_by": "code", "from_date": AT}},
        body_optional=True,
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_monitoring_trace": Operation(
        "All rows of a business operation, by its correlation id",
        {
            200: Says(
                "The trace",
                MonitoringTrace,
                {
                    "correlation_id": "erp-run-17",
                    "status": "success",
                    "started_at": AT,
                    "ended_at": AT,
                    "span_count": 1,
                    "truncated": False,
                    "spans": [ROW],
                    "inbound_event": None,
                },
            )
        },
        problems={404: ("integration-not-found",)},
        toolkit=True,
    ),
    "erp_monitoring_synced": Operation(
        "How far each integration has brought an entity",
        {
            200: Says(
                "The states",
                SyncStatus,
                {
                    "entity_id": ENTITY_ID,
                    "sync_states": [
                        {
                            "entity_id": ENTITY_ID,
                            "integration_id": INTEGRATION_ID,
                            "entity_slug": "contact",
                            "use_case_id": USE_CASE_ID,
                            "last_synced_at": AT,
                            "last_operation": "no-op",
                            "last_event_id": EVENT_ID,
                        }
                    ],
                },
            )
        },
        query={
            "integration_id": Parameter(
                {"type": "string", "format": "uuid"}, "The integration whose state is wanted."
            )
        },
        toolkit=True,
    ),
}
