"""GET /v1/wallbox-orders and /{order_id}."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from busbar.domain.lifecycle import OrderStatus
from busbar.domain.wallbox_orders import Step
from infra.operations import PAGE, Operation, Parameter, Says, View
from infra.operations.orders import LINE, HistoryLine
from infra.operations.parts import AT, ORDER_ID, AddressView
from infra.operations.wallbox_order import ADDRESS


class WallboxOrderLine(View):
    """A product as it was offered when it was ordered."""

    code: str
    name: str
    quantity: int
    unit_price: str
    currency: str
    tax_rate: str


class WallboxOrderView(View):
    """An order; `status_text`, `waiting_text` and `rejected_text` are German, for the portal."""

    id: str
    status: OrderStatus
    status_text: str
    salesforce_order_number: str | None
    products: list[WallboxOrderLine]
    billing_address: AddressView
    delivery_address: AddressView
    installation_address: AddressView
    note: str
    ordered_at: datetime
    tracking_id: str | None
    delivery_date: date | None
    waiting_for: str | None
    waiting_text: str | None
    rejected_reason: str | None
    rejected_text: str | None
    changed_at: datetime


class StepView(View):
    """A step: where it is done, how far it is, and the number that the system gave it.

    `reference` is ours, as that system keeps it. `deferred` is done later, with the first card; of
    an order that has ended, `undone` is blocked or cancelled there, and `kept` is not.
    """

    step: Step
    system: str
    text: str
    state: Literal["done", "deferred", "waiting", "parked", "open", "undone", "kept"]
    state_text: str
    at: datetime | None
    reference: str | None
    number: str | None


class WallboxOrderProgress(WallboxOrderView):
    """An order, all its steps in their order, and the history of its status, oldest first."""

    steps: list[StepView]
    history: list[HistoryLine]


class WallboxOrderPage(View):
    """Orders, newest change first; `next_cursor` is null on the last page."""

    orders: list[WallboxOrderView]
    next_cursor: str | None


ORDER = {
    "id": ORDER_ID,
    "status": "submitted",
    "status_text": "Ausgangsstatus",
    "salesforce_order_number": "00000102",
    "products": [
        {
            "code": "WALLBOX-11",
            "name": "Wallbox Heim 11 kW",
            "quantity": 1,
            "unit_price": "749.00",
            "currency": "EUR",
            "tax_rate": "19",
        }
    ],
    "billing_address": ADDRESS,
    "delivery_address": ADDRESS,
    "installation_address": ADDRESS,
    "note": "",
    "ordered_at": AT,
    "tracking_id": None,
    "delivery_date": None,
    "waiting_for": None,
    "waiting_text": None,
    "rejected_reason": None,
    "rejected_text": None,
    "changed_at": AT,
}
STEP = {
    "step": "partner",
    "system": "sap",
    "text": "Geschäftspartner in SAP",
    "state": "done",
    "state_text": "erledigt",
    "at": AT,
    "reference": f"BBPE{ORDER_ID}",
    "number": "0001000178",
}
USER = Parameter(
    {"type": "string", "minLength": 1, "maxLength": 128},
    "The user whose orders are asked for; by default the caller's own.",
)
OPERATIONS = {
    "wallbox_orders_list": Operation(
        "A user's orders of wallboxes, newest change first",
        {200: Says("A page of orders", WallboxOrderPage, {"orders": [ORDER], "next_cursor": None})},
        query={"user_id": USER, **PAGE},
    ),
    "wallbox_orders_show": Operation(
        "One order of wallboxes with its progress",
        {
            200: Says(
                "The order", WallboxOrderProgress, {**ORDER, "steps": [STEP], "history": [LINE]}
            )
        },
        problems={404: ("order-not-found",)},
    ),
}
