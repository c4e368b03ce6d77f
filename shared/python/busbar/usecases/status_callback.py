"""An order's status changed in Salesforce: the order follows, with tracking id and delivery date.

Events come at least once, late and in any order; the order's state is the fold of all of them by
their source version (`busbar.domain.tracked_orders`), so none of that matters. Which kind of order
is meant tells its reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from busbar.domain.identifiers import entity_id_of
from busbar.domain.lifecycle import OrderStatus
from busbar.domain.orders import ChargeCardOrder
from busbar.domain.tasks import Task
from busbar.domain.tracked_orders import StatusEvent, TrackedOrder
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.errors import EventRejected
from busbar.observability import Metric, count
from busbar.ports.outside import Found
from busbar.ports.store import Change, Drop, Put, Save, Stored
from busbar.usecases.deps import Deps, revise

SCHEMAS: tuple[type[TrackedOrder], ...] = (ChargeCardOrder, WallboxOrder)
"""The orders that Salesforce holds."""
COUNTED = {
    OrderStatus.DELIVERED: Metric.ORDERS_DELIVERED,
    OrderStatus.REJECTED: Metric.ORDERS_REJECTED,
}


Order = TypeVar("Order", bound=TrackedOrder)


class StatusChanged(BaseModel):
    """`OrderStatusChanged__e`, as `connectors/salesforce/metadata` defines it."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=255)

    order_reference: str = Field(alias="OrderReference__c", min_length=1)
    status: str = Field(alias="Status__c", min_length=1)
    tracking_id: str | None = Field(alias="TrackingId__c", default=None)
    delivery_date: date | None = Field(alias="DeliveryDate__c", default=None)
    delivered_quantity: float | None = Field(alias="DeliveredQuantity__c", default=None, ge=0)
    version: int = Field(alias="SourceVersion__c", gt=0)
    event_id: str = Field(alias="EventUuid", min_length=1)
    created_at: AwareDatetime = Field(alias="CreatedDate")


def status_changed(message: StatusChanged, deps: Deps) -> TrackedOrder:
    """Apply one status event; the order as it stands then.

    Raises `EventRejected` for an order that is none of ours or a status value that no setting maps.
    """
    schema, order_id = _meant(message.order_reference)
    event = _event(message, schema, order_id, deps)

    was: OrderStatus | None = None

    def change(stored: Stored[TrackedOrder]) -> Sequence[Change]:
        nonlocal was
        before, was = stored.record, stored.record.status
        ours = deps.continuing(before.correlation_id)
        known = before.contradicted_by(event)
        if known is None:
            return _changes(stored, before.with_event(event), ours)
        decided = _decided(message, known, event, ours)
        after = before.without_version(event.version).with_event(decided)
        return _changes(stored, after, ours)

    stored = revise(deps.store, schema, order_id, change) if order_id else None
    if stored is None:
        raise EventRejected("unknown_order", schema.schema_name, message.order_reference)
    status = stored.record.status
    if status != was and status in COUNTED:
        count(COUNTED[status], deps.store.org)
    return stored.record


def _meant(reference: str) -> tuple[type[TrackedOrder], str]:
    """The kind of order that a reference names, and its id; no id if it is none of ours."""
    for schema in SCHEMAS:
        if order_id := entity_id_of(schema.kind, reference):
            return schema, order_id
    return ChargeCardOrder, ""


def reread(stored: Stored[Order], event_id: str, deps: Deps) -> Sequence[Change]:
    """The changes by which the order comes to the status that Salesforce holds now.

    Raises `EventRejected` if Salesforce does not hold the order once, or in an unknown status.
    """
    order = stored.record
    subject = (order.schema_name, order.id)
    found = deps.systems.salesforce.find_order(order.reference, deps.tuning.call_timeout)
    if len(found) != 1:
        raise EventRejected("unknown_order" if not found else "several_found", *subject)
    held = _status_in(found[0], deps)
    if held is None:
        raise EventRejected("unknown_status", *subject)
    version = int(found[0].fields["version"])
    at = datetime.fromtimestamp(version / 1000, UTC)
    event = StatusEvent(version=version, event_id=event_id, occurred_at=at, **held)
    known = next((e for e in order.events if e.version == version), None)
    if known and all(getattr(known, name) == value for name, value in held.items()):
        return ()
    after = order.without_version(version).with_event(event)
    return _changes(stored, after, deps)


def _event(
    message: StatusChanged, schema: type[TrackedOrder], order_id: str, deps: Deps
) -> StatusEvent:
    mapped = deps.salesforce.status_map.get(message.status)
    if mapped is None:
        raise EventRejected("unknown_status", schema.schema_name, order_id)
    quantity = message.delivered_quantity
    return StatusEvent(
        version=message.version,
        event_id=message.event_id,
        status=OrderStatus(mapped),
        occurred_at=message.created_at,
        tracking_id=message.tracking_id or None,
        delivery_date=message.delivery_date,
        delivered_quantity=int(quantity) if quantity is not None else None,
    )


def _decided(
    message: StatusChanged, known: StatusEvent, event: StatusEvent, deps: Deps
) -> StatusEvent:
    """One version, two contents: what Salesforce holds counts, whichever of them came last.

    If that is what one of them says, it is that one. How many were delivered it does not hold.
    """
    held = _held(message, deps)
    if held is None:
        return known
    for said in (known, event):
        if all(getattr(said, name) == value for name, value in held.items()):
            return said
    return max(known, event, key=lambda e: e.occurred_at).model_copy(update=held)


def _held(message: StatusChanged, deps: Deps) -> dict[str, Any] | None:
    """The status that Salesforce holds, as fields of an event; None if it cannot be told."""
    found = deps.systems.salesforce.find_order(message.order_reference, deps.tuning.call_timeout)
    return _status_in(found[0], deps) if len(found) == 1 else None


def _status_in(found: Found, deps: Deps) -> dict[str, Any] | None:
    held = found.fields
    mapped = deps.salesforce.status_map.get(held.get("status", ""))
    if mapped is None:
        return None
    day = held.get("delivery_date")
    return {
        "status": OrderStatus(mapped),
        "tracking_id": held.get("tracking_id") or None,
        "delivery_date": date.fromisoformat(day) if day else None,
    }


def _changes(stored: Stored[Order], after: Order, deps: Deps) -> Sequence[Change]:
    if after == stored.record:
        return ()
    now = deps.clock.now()
    after = after.model_copy(update={"next_takeover_at": now if after.lacks_cards else None})
    return (Save(after, stored), *_tasks(stored.record, after, now))


def _tasks(before: TrackedOrder, after: TrackedOrder, now: datetime) -> Iterator[Change]:
    """A task for each event that is refused now. It goes if a late event makes that one follow."""
    known, refused = ({e.version for e in o.refused_events} for o in (before, after))
    for version in sorted(refused - known):
        yield Put(_task(after, version, now))
    for version in sorted(known - refused):
        yield Drop(Task, _task(after, version, now).id)


def _task(order: TrackedOrder, version: int, now: datetime) -> Task:
    return Task.about(
        f"transition#{order.id}#{version}",
        kind="forbidden_transition",
        subject_schema=order.schema_name,
        subject_id=order.id,
        system="salesforce",
        reason="the status event does not follow from the order's state",
        opened_at=now,
    )
