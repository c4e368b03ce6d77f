"""GET /v1/openapi.json: the API's own description."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Raw, Request
from busbar.settings.function import Settings
from busbar.usecases.openapi import document
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/openapi.json", "openapi")
    def show(_request: Request) -> Answer:
        return Answer(200, Raw(document()))

    return door.handler


lambda_handler = lambda_entry(make_handler)
