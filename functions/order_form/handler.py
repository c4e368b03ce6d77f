"""GET /v1/charge-card-orders/form: what the order form needs."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.order_form import show_form
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/charge-card-orders/form", "order_form")
    def form(request: Request) -> Answer:
        return Answer(200, show_form(request.caller, request.deps))

    return door.handler


lambda_handler = lambda_entry(make_handler)
