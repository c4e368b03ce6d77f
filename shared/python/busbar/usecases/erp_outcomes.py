"""What is written down of an event that was worked off, and whether it has to be parked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from busbar.domain.erp_events import EventMessage
from busbar.domain.outcome_rows import OutcomeRow
from busbar.domain.outcomes import Outcome, level_of
from busbar.domain.updates import Fault

_Row = tuple[str, str, dict[str, Any]]
_NOTHING: _Row = ("NOTHING_MAPPED", "by this mapping the event comes to nothing", {})


def rows_of(
    event: EventMessage, use_case_id: str, faults: Sequence[Fault], outcomes: Sequence[Outcome]
) -> list[OutcomeRow]:
    """A row for each fault of the mapping and each outcome of what was applied; of an event that
    came to nothing one that says so."""
    return [
        OutcomeRow(
            id=f"{event.event_id}-{number}",
            event_id=event.event_id,
            correlation_id=event.correlation_id,
            use_case_id=use_case_id,
            code=code,
            message=message,
            detail={name: value for name, value in detail.items() if value not in ("", None)},
        )
        for number, (code, message, detail) in enumerate(_told(faults, outcomes) or [_NOTHING])
    ]


def _told(faults: Sequence[Fault], outcomes: Sequence[Outcome]) -> list[_Row]:
    told: list[_Row] = []
    for fault in faults:
        where = {"entity_slug": fault.entity_schema, "path": fault.path, "item": fault.item}
        told.append((fault.code, fault.message, where))
    for outcome in outcomes:
        what = {
            "entity_slug": outcome.entity_slug,
            "operation": outcome.operation,
            "entity_id": outcome.entity_id,
        }
        told.append((outcome.code, outcome.message, {**what, **outcome.detail}))
    return told


def why_parked(faults: Sequence[Fault], outcomes: Sequence[Outcome]) -> str:
    """The first code that keeps an event from being done; none if it is."""
    codes = [fault.code for fault in faults] + [outcome.code for outcome in outcomes]
    return next((code for code in codes if level_of(code) == "error"), "")
