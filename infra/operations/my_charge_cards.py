"""GET /v1/my/charge-cards."""

from __future__ import annotations

from infra.operations import Operation, Says, View


class MyCard(View):
    """A card of the caller."""

    id: str
    number: str
    label: str
    vehicle: str
    active: bool
    blocked: bool


class MyCards(View):
    """The caller's own cards."""

    cards: list[MyCard]


CARD = {
    "id": "0CARD00000001",
    "number": "DE-8AA-C00000001-1",
    "label": "Transporter 7",
    "vehicle": "OL-NW 7",
    "active": True,
    "blocked": False,
}
OPERATIONS = {
    "my_charge_cards": Operation(
        "The driver's own cards", {200: Says("The cards", MyCards, {"cards": [CARD]})}
    ),
}
