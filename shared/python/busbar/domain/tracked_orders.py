"""Orders that Salesforce moves on: how its status events fold into a state.

An order's state is no field that events overwrite: it is the fold of all its status events in the
order of their source versions. So an event that comes twice, late or out of order ends in the same
state as if all had come in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar, NamedTuple, Self, TypeVar

from pydantic import AwareDatetime

from busbar.domain.identifiers import reference
from busbar.domain.lifecycle import LIFECYCLE, OrderStatus
from busbar.domain.record import Record, Value

SENT = frozenset({OrderStatus.DELIVERED, OrderStatus.PARTLY_DELIVERED})
"""All of an order, or a part of it, has gone out."""
EVENTS_KEPT = 50
"""Status events kept per order; older ones are folded into the `base_…` fields."""


class StatusEvent(Value):
    """One status that Salesforce told us. `version` orders the events of one order."""

    version: int
    event_id: str
    status: OrderStatus
    occurred_at: AwareDatetime
    tracking_id: str | None = None
    delivery_date: date | None = None
    delivered_quantity: int | None = None


class HistoryEntry(NamedTuple):
    """One line of the history shown in the portal. `refused` marks a forbidden transition."""

    at: datetime
    status: OrderStatus
    source: str
    refused: bool
    tracking_id: str | None = None
    delivery_date: date | None = None


class TrackedOrder(Record):
    """An order that Salesforce holds: who asked for it and when, its number there, its events."""

    kind: ClassVar[str]
    """Kind of our reference of such an order."""

    ordered_by: str
    ordered_at: AwareDatetime
    note: str = ""
    correlation_id: str

    salesforce_order_id: str | None = None
    salesforce_order_number: str | None = None
    submitted_at: AwareDatetime | None = None
    rejected_reason: str | None = None
    """Why the order ended before Salesforce had it; stands above all events."""
    rejected_note: str = ""
    """What the clerk who cancelled it tells the customer."""
    waiting_for: str | None = None
    """A named reason while the order waits, e.g. `salesforce_unavailable`."""

    base_status: OrderStatus = OrderStatus.ACCEPTED
    base_version: int = 0
    base_tracking_id: str | None = None
    base_delivery_date: date | None = None
    events: tuple[StatusEvent, ...] = ()
    next_takeover_at: AwareDatetime | None = None
    """When `sync_cards` has to look for what was delivered of this order."""

    def due_at(self) -> datetime | None:
        """While something that was delivered is still to be taken over."""
        return self.next_takeover_at

    @property
    def reference(self) -> str:
        """By which Salesforce knows it."""
        return reference(self.kind, self.id)

    @property
    def ended(self) -> bool:
        """Whether Salesforce has it, or never will: nothing is to be brought there any more."""
        return bool(self.salesforce_order_id or self.rejected_reason)

    @property
    def status(self) -> OrderStatus:
        """The fold of all events over the lifecycle."""
        return _fold(self)[0]

    @property
    def delivered_since(self) -> datetime | None:
        """When the first part of it went out, as far as its events tell."""
        sent = (e.occurred_at for e in self.events if e.status in SENT)
        return min(sent, default=None)

    @property
    def delivers_cards(self) -> bool:
        """Whether cards, or wallboxes, of this order are on their way into the portal."""
        return self.status in SENT

    @property
    def ended_after_delivery(self) -> bool:
        """Whether it was cancelled after a part of it had gone out: that still comes."""
        return self.status is OrderStatus.CANCELLED and any(e.status in SENT for e in self.events)

    @property
    def awaits_cards(self) -> bool:
        """Whether `sync_cards` has to look for cards of it: they are on their way, or were sent."""
        return self.delivers_cards or self.ended_after_delivery

    @property
    def lacks_cards(self) -> bool:
        """Whether it awaits some that are not known to have come."""
        return self.awaits_cards

    @property
    def refused_events(self) -> tuple[StatusEvent, ...]:
        """Events whose transition the lifecycle forbids."""
        return _fold(self)[1]

    @property
    def tracking_id(self) -> str | None:
        """The newest tracking id that an event carried."""
        found = (e.tracking_id for e in reversed(self.events) if e.tracking_id)
        return next(found, self.base_tracking_id)

    @property
    def delivery_date(self) -> date | None:
        """The newest delivery date that an event carried."""
        found = (e.delivery_date for e in reversed(self.events) if e.delivery_date)
        return next(found, self.base_delivery_date)

    def with_event(self, event: StatusEvent) -> Self:
        """The order after this event; the same object if the event changes nothing.

        An event at or below `base_version`, or one whose version is there already, is a repeat.
        """
        known = {e.version for e in self.events}
        if event.version <= self.base_version or event.version in known:
            return self
        events = tuple(sorted((*self.events, event), key=lambda e: e.version))
        return _compacted(self.model_copy(update={"events": events}))

    def contradicted_by(self, event: StatusEvent) -> StatusEvent | None:
        """The event that was applied with this version and says something else, if there is one."""
        same = next((e for e in self.events if e.version == event.version), None)
        ignored = {"event_id", "occurred_at"}
        if same is None or same.model_dump(exclude=ignored) == event.model_dump(exclude=ignored):
            return None
        return same

    def without_version(self, version: int) -> Self:
        """The order as if the event of this version had never come."""
        events = tuple(e for e in self.events if e.version != version)
        return self.model_copy(update={"events": events})

    def history(self) -> list[HistoryEntry]:
        """Every step of the order in the order in which it happened."""
        refused = {e.version for e in self.refused_events}
        lines = [HistoryEntry(self.ordered_at, OrderStatus.ACCEPTED, "portal", False)]
        if self.submitted_at:
            lines.append(
                HistoryEntry(self.submitted_at, OrderStatus.SUBMITTED, "salesforce", False)
            )
        lines += [
            HistoryEntry(
                e.occurred_at,
                e.status,
                "salesforce",
                e.version in refused,
                e.tracking_id,
                e.delivery_date,
            )
            for e in self.events
        ]
        return lines


T = TypeVar("T", bound=TrackedOrder)


def _start(order: TrackedOrder) -> OrderStatus:
    if order.rejected_reason:
        return OrderStatus.REJECTED
    if order.base_status is OrderStatus.ACCEPTED and order.submitted_at:
        return OrderStatus.SUBMITTED
    return order.base_status


def _walk(
    status: OrderStatus, events: Iterable[StatusEvent]
) -> tuple[OrderStatus, list[StatusEvent]]:
    refused = []
    for event in events:
        if event.status is status:
            continue
        if event.status in LIFECYCLE[status].followed_by:
            status = event.status
        else:
            refused.append(event)
    return status, refused


def _fold(order: TrackedOrder) -> tuple[OrderStatus, tuple[StatusEvent, ...]]:
    status, refused = _walk(_start(order), order.events)
    return status, tuple(refused)


def _compacted(order: T) -> T:
    if len(order.events) <= EVENTS_KEPT:
        return order
    oldest, rest = order.events[0], order.events[1:]
    base, _ = _walk(_start(order), [oldest])
    return order.model_copy(
        update={
            "events": rest,
            "base_status": base,
            "base_version": oldest.version,
            "base_tracking_id": oldest.tracking_id or order.base_tracking_id,
            "base_delivery_date": oldest.delivery_date or order.base_delivery_date,
        }
    )
