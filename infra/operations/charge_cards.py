"""GET /v1/charge-cards, and GET, PATCH, activate and deactivate of one card."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from busbar.usecases.charge_cards import CardChange
from infra.local.people import PEOPLE
from infra.operations import COMPANY, PAGE, Operation, Says, View
from infra.operations.parts import AT, ORDER_ID, VEHICLE_ID


class CardDriver(View):
    """Who holds the card; all null if it is none of the company's users."""

    id: str | None
    name: str | None
    energised_uuid: str | None


class WantedState(BaseModel):
    """What be.ENERGISED does not hold yet; only what differs; a driver of null is taken back."""

    model_config = ConfigDict(extra="forbid")

    active: bool = False
    label: str = ""
    driver_id: str | None = None


class EnergisedDone(View):
    """be.ENERGISED holds what is shown."""

    state: Literal["done"]


class EnergisedOpen(View):
    """`pending`: on its way, and why it waits; `refused`: not taken, a task is open."""

    state: Literal["pending", "refused"]
    reason: str
    wanted: WantedState


class CardView(View):
    """A card; `etag` is what `If-Match` has to name."""

    id: str
    number: str
    order_id: str
    label: str
    vehicle: str
    driver: CardDriver | None
    active: bool
    blocked: bool
    energised: EnergisedDone | EnergisedOpen
    etag: str
    changed_at: datetime


class CardPage(View):
    """Cards, newest change first; `next_cursor` is null on the last page."""

    cards: list[CardView]
    next_cursor: str | None


DRIVER = PEOPLE["driver"]
CARD = {
    "id": "0CARD00000001",
    "number": "DE-8AA-C00000001-1",
    "order_id": ORDER_ID,
    "label": "Transporter 7",
    "vehicle": "OL-NW 7",
    "driver": {"id": DRIVER, "name": "Dörte Janssen", "energised_uuid": "6f0d1d4c-6a55"},
    "active": True,
    "blocked": False,
    "energised": {"state": "done"},
    "etag": '"3"',
    "changed_at": AT,
}
PENDING = {
    **CARD,
    "energised": {"state": "pending", "reason": "unavailable", "wanted": {"active": False}},
}
CHANGED = {
    200: Says("The card, as be.ENERGISED holds it", CardView, CARD, ["ETag"]),
    202: Says("Kept; be.ENERGISED follows by itself", CardView, PENDING, ["ETag"]),
}
UNKNOWN = {404: ("card-not-found",), 409: ("refused-by-energised",), 412: ("card-changed",)}
OPERATIONS = {
    "charge_cards_list": Operation(
        "A company's cards, newest change first",
        {200: Says("A page of cards", CardPage, {"cards": [CARD], "next_cursor": None})},
        query={"company_id": COMPANY, **PAGE},
        problems={400: ("company-missing",), 404: ("company-not-found",)},
    ),
    "charge_cards_show": Operation(
        "One card",
        CHANGED,
        problems={404: ("card-not-found",)},
    ),
    "charge_cards_change": Operation(
        "Give a card to a driver or a vehicle, or name it; a field that is not sent stays",
        CHANGED,
        body=CardChange,
        bodies={
            "to a driver": {"driver_id": DRIVER, "vehicle": "OL-NW 7", "label": "Transporter 7"},
            "to a vehicle of the fleet": {"vehicle_id": VEHICLE_ID},
            "taken back": {"driver_id": None},
        },
        if_match="must",
        problems={
            **UNKNOWN,
            422: (
                "driver-unknown",
                "driver-suspended",
                "driver-not-in-energised",
                "vehicle-unknown",
            ),
        },
    ),
    "charge_cards_activate": Operation(
        "Switch a card on", CHANGED, if_match="may", problems=UNKNOWN
    ),
    "charge_cards_deactivate": Operation(
        "Switch a card off", CHANGED, if_match="may", problems=UNKNOWN
    ),
}
