"""POST /v1/wallbox-orders."""

from __future__ import annotations

from datetime import datetime

from busbar.domain.lifecycle import OrderStatus
from busbar.usecases.wallbox_submission import WallboxSubmission
from infra.operations import Operation, Says, View
from infra.operations.parts import AT, ORDER_ID


class WallboxOrderAccepted(View):
    """An order that is kept and goes on by itself; its progress stands at `Location`."""

    id: str
    status: OrderStatus
    status_text: str
    ordered_at: datetime
    waiting_for: str | None
    waiting_text: str | None


ACCEPTED = {
    "id": ORDER_ID,
    "status": "accepted",
    "status_text": "Angenommen",
    "ordered_at": AT,
    "waiting_for": None,
    "waiting_text": None,
}
ADDRESS = {
    "name": "Wiebke Janssen",
    "street": "Am Deich",
    "house_number": "7a",
    "postal_code": "26121",
    "city": "Oldenburg",
    "country": "DE",
}
ABROAD = {**ADDRESS, "postal_code": "1020", "city": "Wien", "country": "AT"}
PERSON = {
    "first_name": "Wiebke",
    "last_name": "Janssen",
    "birth_date": "1984-05-17",
    "email": "wiebke.janssen@example.test",
    "phone": "+49 441 123456",
}
OPERATIONS = {
    "wallbox_order": Operation(
        "Order a wallbox",
        {
            202: Says(
                "The order is kept and goes on by itself",
                WallboxOrderAccepted,
                ACCEPTED,
                ("Location", "Idempotent-Replayed"),
            )
        },
        body=WallboxSubmission,
        bodies={
            "a wallbox": {
                "products": [{"product_code": "WALLBOX-11", "quantity": 1}],
                "person": PERSON,
                "billing_address": ABROAD,
            },
            "with its cable, installed elsewhere": {
                "products": [
                    {"product_code": "WALLBOX-11", "quantity": 1},
                    {"product_code": "CABLE-5", "quantity": 2},
                ],
                "person": {**PERSON, "iban": "DE89 3704 0044 0532 0130 00"},
                "billing_address": ADDRESS,
                "delivery_address": ABROAD,
                "installation_address": {**ABROAD, "street": "Hinterm Hof"},
                "note": "Bitte vorher anrufen",
            },
        },
        key=True,
        problems={409: ("customer-in-review",), 503: ("products-unknown",)},
    ),
}
