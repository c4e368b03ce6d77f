"""GET /v1/charge-card-orders and /{order_id}."""

from __future__ import annotations

from datetime import date, datetime

from busbar.domain.lifecycle import OrderStatus
from infra.operations import COMPANY, PAGE, Operation, Says, View
from infra.operations.parts import ADDRESS, AT, COMPANY_ID, ORDER_ID, AddressView


class OrderView(View):
    """An order; `status_text`, `waiting_text` and `rejected_text` are German, for the portal."""

    id: str
    company_id: str
    status: OrderStatus
    status_text: str
    salesforce_order_number: str | None
    quantity: int
    invoice_address: AddressView
    delivery_address: AddressView
    note: str
    ordered_at: datetime
    tracking_id: str | None
    delivery_date: date | None
    waiting_for: str | None
    waiting_text: str | None
    rejected_reason: str | None
    rejected_text: str | None
    cards_in_portal: int
    changed_at: datetime


class HistoryLine(View):
    """One step of an order; `refused` marks a status that could not follow."""

    at: datetime
    status: OrderStatus
    status_text: str
    source: str
    refused: bool
    tracking_id: str | None
    delivery_date: date | None


class OrderWithHistory(OrderView):
    """An order and all its steps, oldest first."""

    history: list[HistoryLine]


class OrderPage(View):
    """Orders, newest change first; `next_cursor` is null on the last page."""

    orders: list[OrderView]
    next_cursor: str | None


ORDER = {
    "id": ORDER_ID,
    "company_id": COMPANY_ID,
    "status": "submitted",
    "status_text": "Ausgangsstatus",
    "salesforce_order_number": "00000101",
    "quantity": 2,
    "invoice_address": ADDRESS,
    "delivery_address": ADDRESS,
    "note": "",
    "ordered_at": AT,
    "tracking_id": None,
    "delivery_date": None,
    "waiting_for": None,
    "waiting_text": None,
    "rejected_reason": None,
    "rejected_text": None,
    "cards_in_portal": 0,
    "changed_at": AT,
}
LINE = {
    "at": AT,
    "status": "accepted",
    "status_text": "Angenommen",
    "source": "portal",
    "refused": False,
    "tracking_id": None,
    "delivery_date": None,
}
OPERATIONS = {
    "orders_list": Operation(
        "A company's orders, newest change first",
        {200: Says("A page of orders", OrderPage, {"orders": [ORDER], "next_cursor": None})},
        query={"company_id": COMPANY, **PAGE},
        problems={400: ("company-missing",), 404: ("company-not-found",)},
    ),
    "orders_show": Operation(
        "One order with its history",
        {200: Says("The order", OrderWithHistory, {**ORDER, "history": [LINE]})},
        problems={404: ("order-not-found",)},
    ),
}
