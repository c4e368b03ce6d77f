"""POST /v1/charge-card-orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from busbar.domain.lifecycle import OrderStatus
from busbar.usecases.order_submit import Submission
from infra.operations import Header, Operation, Says, View
from infra.operations.parts import AT, ORDER_ID


class OrderTaken(View):
    """An order that Salesforce has."""

    id: str
    salesforce_order_number: str
    status: OrderStatus
    status_text: str
    quantity: int
    ordered_at: datetime


class OrderAccepted(View):
    """An order that is kept and goes on by itself; its number appears at `Location`."""

    id: str
    salesforce_order_number: None
    status: OrderStatus
    status_text: str
    quantity: int
    ordered_at: datetime
    waiting_for: str | None
    waiting_text: str | None


TAKEN = {
    "id": ORDER_ID,
    "salesforce_order_number": "00000101",
    "status": "submitted",
    "status_text": "Ausgangsstatus",
    "quantity": 2,
    "ordered_at": AT,
}
ACCEPTED = {
    **TAKEN,
    "salesforce_order_number": None,
    "status": "accepted",
    "status_text": "Angenommen",
    "waiting_for": "salesforce_unavailable",
    "waiting_text": "Salesforce antwortet nicht; die Bestellung geht von selbst weiter.",
}
HEADERS: Sequence[Header] = ("Location", "Idempotent-Replayed")
OPERATIONS = {
    "order_submit": Operation(
        "Order blank charging cards",
        {
            201: Says("Salesforce has the order", OrderTaken, TAKEN, HEADERS),
            202: Says("The order is kept and goes on by itself", OrderAccepted, ACCEPTED, HEADERS),
        },
        body=Submission,
        bodies={
            "two cards": {"quantity": 2},
            "to another country": {
                "quantity": 1,
                "delivery_address": {
                    "name": "Nordwind Logistik GmbH, Niederlassung Wien",
                    "street": "Hafenzufahrtsstraße",
                    "house_number": "9",
                    "postal_code": "1020",
                    "city": "Wien",
                    "country": "AT",
                },
                "note": "Bitte an die Pforte: Tor 3",
            },
        },
        key=True,
        problems={
            403: ("no-company", "company-suspended"),
            422: ("quantity-out-of-range", "company-limit-reached"),
        },
    ),
}
