"""What is written down of a request with events when it is answered: each event, and what of it
needs a row of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from busbar.domain.erp_events import event_id
from busbar.domain.integrations import Integration
from busbar.domain.outcome_rows import (
    EventType,
    OutcomeBatch,
    OutcomeRow,
    Received,
    ReceivedEvent,
    Status,
)
from busbar.domain.record import Record
from busbar.ports.queues import Message
from busbar.usecases.erp_requests import ErpRequest, Incoming, Unfit


@dataclass(frozen=True, slots=True)
class Result:
    """What the sender is told of one event. `code` is that of its row, if it has one."""

    status: Status
    message: str = ""
    code: str = ""
    use_case_id: str = ""
    sent: Message | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A request that we answer, under an id of ours."""

    request: ErpRequest
    integration: Integration
    ours: str
    at: datetime

    def id_of(self, position: int) -> str:
        """The id of one of its events."""
        return event_id(self.ours, position)

    def records(
        self, events: Sequence[Incoming | Unfit], results: Sequence[Result]
    ) -> Iterator[Record]:
        """What is to be written."""
        told = [
            self._told(event, result, position)
            for position, (event, result) in enumerate(zip(events, results, strict=True))
        ]
        version, integration = self.request.version, self.integration.id
        if told:
            yield Received(
                id=self.ours,
                integration_id=integration,
                at=self.at,
                version=version,
                events=tuple(told),
            )
        rows = [_row(one, r.code) for one, r in zip(told, results, strict=True) if r.code]
        if version < 3:
            rows.append(self._deprecated())
        if rows:
            yield OutcomeBatch(
                id=self.ours, integration_id=integration, at=self.at, rows=tuple(rows)
            )

    def _told(self, event: Incoming | Unfit, result: Result, position: int) -> ReceivedEvent:
        name, timestamp, ours = "", 0, self.id_of(position)
        kind: EventType = "UPDATE"
        if isinstance(event, Incoming):
            name, timestamp, kind = event.name, event.timestamp, event.event_type
        return ReceivedEvent(
            event_id=ours,
            event_name=name,
            use_case_id=result.use_case_id,
            correlation_id=event.correlation_id or ours,
            timestamp=timestamp,
            status=result.status,
            message=result.message,
            event_type=kind,
        )

    def _deprecated(self) -> OutcomeRow:
        return OutcomeRow(
            id=f"{self.ours}-deprecated",
            event_id="",
            correlation_id=self.request.correlation_id or self.ours,
            use_case_id="",
            code="DEPRECATED_ENDPOINT",
            message=f"version {self.request.version} is deprecated: use version 3",
        )


def _row(event: ReceivedEvent, code: str) -> OutcomeRow:
    return OutcomeRow(
        id=f"{event.event_id}-in",
        event_id=event.event_id,
        correlation_id=event.correlation_id,
        use_case_id=event.use_case_id,
        code=code,
        message=event.message,
    )
