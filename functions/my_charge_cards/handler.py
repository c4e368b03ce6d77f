"""GET /v1/my/charge-cards: the driver's own cards."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.my_charge_cards import my_cards
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/my/charge-cards", "my_charge_cards")
    def mine(request: Request) -> Answer:
        return Answer(200, my_cards(request.caller, request.deps))

    return door.handler


lambda_handler = lambda_entry(make_handler)
