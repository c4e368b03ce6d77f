"""Orders and events in which only what a test names matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from busbar.domain.customers import Address
from busbar.domain.lifecycle import OrderStatus
from busbar.domain.orders import ChargeCardOrder
from busbar.domain.tracked_orders import StatusEvent

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def any_address() -> Address:
    """An address."""
    return Address(
        name="Muster GmbH",
        street="Hafenstraße",
        house_number="1a",
        postal_code="01234",
        city="Oldenburg",
        country="DE",
    )


def any_order(**values: Any) -> ChargeCardOrder:
    """An accepted order that Salesforce does not have yet."""
    usual: dict[str, Any] = {
        "id": "0000000000001",
        "company_id": "0000000000002",
        "ordered_by": "any-sub",
        "quantity": 10,
        "invoice_address": any_address(),
        "delivery_address": any_address(),
        "ordered_at": NOON,
        "correlation_id": "any-correlation",
    }
    return ChargeCardOrder(**{**usual, **values})


def any_submitted(**values: Any) -> ChargeCardOrder:
    """An order that Salesforce has."""
    return any_order(submitted_at=NOON + timedelta(seconds=1), **values)


def event(
    version: int, status: OrderStatus = OrderStatus.IN_PROGRESS, **values: Any
) -> StatusEvent:
    """A status event; its other values follow from the version."""
    usual: dict[str, Any] = {
        "version": version,
        "event_id": f"event-{version}",
        "status": status,
        "occurred_at": NOON + timedelta(minutes=version),
    }
    return StatusEvent(**{**usual, **values})


def after(order: ChargeCardOrder, *events: StatusEvent) -> ChargeCardOrder:
    """The order after these events, in this order of arrival."""
    for one in events:
        order = order.with_event(one)
    return order
