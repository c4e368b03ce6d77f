"""GET /v1/my/charge-cards."""

from __future__ import annotations

from busbar.domain.cards import CardPurpose
from infra.operations import Operation, Says, View


class MyCard(View):
    """A card of the caller.

    `private_card` and `refund_card` are his own: he charges at home with the one, and is paid back
    by the other.
    """

    id: str
    number: str
    purpose: CardPurpose
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
    "purpose": "fleet",
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
