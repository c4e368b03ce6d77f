"""Rows of what became of events, as the toolkit's two monitoring APIs show and filter them.

A row holds ids, names and codes, never what an event held.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from busbar.domain.integrations import NAMESPACE, Integration
from busbar.domain.outcome_rows import OutcomeBatch, OutcomeRow
from busbar.domain.outcomes import Level
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.usecases.monitoring_requests import Requests
from busbar.usecases.monitoring_walk import Place

UNKNOWN = "__unknown__"
"""Stands for every use case that the integration no longer has."""
STATUS: Mapping[Level, str] = {
    "success": "success",
    "error": "error",
    "warning": "warning",
    "info": "skipped",
}
"""Level -> what version 1 calls it."""
_CONFIGURATION = (
    "EVENT_NOT_CONFIGURED",
    "INTEGRATION_NOT_FOUND",
    "INVALID_MAPPING",
    "MAPPING_EXPRESSION_FAILED",
    "UNIQUE_ID_NOT_IN_SCHEMA",
    "USE_CASE_",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with what stands beside it: whose it is, and when it was written."""

    row: OutcomeRow
    at: datetime
    id: str
    integration: Integration

    @property
    def use_case_slug(self) -> str:
        """The slug of its use case; empty for none, and for one that is gone."""
        cases = self.integration.use_cases
        return next((c.slug for c in cases if c.id == self.row.use_case_id), "")

    @property
    def sync_type(self) -> str:
        """What version 1 calls the kind of work."""
        if self.row.code == "DEPRECATED_ENDPOINT":
            return "api_deprecation"
        of_readings = "reading" in (self.row.detail.get("operation"), self.row.detail.get("type"))
        return "meter_reading" if of_readings or "READING" in self.row.code else "entity"

    @property
    def error_category(self) -> str | None:
        """What version 1 says of an error's cause."""
        code = self.row.code
        if self.row.level != "error":
            return None
        if code == "TIMEOUT":
            return "timeout"
        if code.startswith(_CONFIGURATION):
            return "configuration"
        return "system" if code == "UNKNOWN_ERROR" else "validation"

    def is_of(self, use_case_id: str | None) -> bool:
        """Whether it belongs to a use case; None is any, empty is none, `__unknown__` one gone."""
        if use_case_id is None:
            return True
        if use_case_id == UNKNOWN:
            return bool(self.row.use_case_id) and not self.use_case_slug
        return self.row.use_case_id == use_case_id

    def is_about(self, name: str | None) -> bool:
        """Whether it is about entities of this schema, or of the use case of this slug."""
        return name is None or name in (self.row.detail.get("entity_slug"), self.use_case_slug)


def rows_in(
    stored: Stored[OutcomeBatch], integration: Integration
) -> Iterator[tuple[Place, Shown]]:
    """The rows of a batch, newest first."""
    for row in reversed(stored.record.rows):
        row_id = str(uuid.uuid5(NAMESPACE, f"{stored.record.id}/{row.id}"))
        shown = Shown(row, stored.changed_at, row_id, integration)
        yield Place(stored.changed_at, row_id), shown


def view(shown: Shown, org: str) -> Json:
    """A row, as version 2 shows it."""
    row = shown.row
    return {
        "id": shown.id,
        "org_id": org,
        "integration_id": shown.integration.id,
        "event_id": row.event_id,
        "correlation_id": row.correlation_id,
        "use_case_id": row.use_case_id,
        "use_case_type": shown.integration.type_of(row.use_case_id),
        "level": row.level,
        "code": row.code,
        "message": row.message,
        "detail": dict(row.detail) or None,
        "created_at": shown.at.isoformat(),
    }


def inbound_view(shown: Shown, org: str, requests: Requests) -> Json:
    """A row, as version 1 shows it. `requests`: those that rows are of, as far as they are known;
    what is of no event has no type."""
    row = shown.row
    failed = row.level == "error"
    kind, came = requests.type_of(row.event_id), requests.of(row.event_id)
    received = came.at if came else None
    told: dict[str, Any] = {
        "org_id": org,
        "event_id": row.event_id,
        "correlation_id": row.correlation_id or None,
        "integration_id": shown.integration.id,
        "use_case_id": row.use_case_id or None,
        **({"event_type": kind} if kind else {}),
        "object_type": str(row.detail.get("entity_slug") or shown.use_case_slug),
        "sync_type": shown.sync_type,
        "status": STATUS[row.level],
        "error_code": row.code if failed else None,
        "error_message": row.message if failed else None,
        "error_category": shown.error_category,
        "processing_duration_ms": None,
        "received_at": (received or shown.at).isoformat(),
        "completed_at": shown.at.isoformat(),
    }
    if received:
        told["processing_duration_ms"] = max(0, round((shown.at - received).total_seconds() * 1000))
    return told
