"""GET /v1/systems: which outside systems are there, and what waits for those that are not."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.systems import list_systems
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/systems", "systems_list")
    def index(request: Request) -> Answer:
        return Answer(200, list_systems(request.caller, request.deps))

    return door.handler


lambda_handler = lambda_entry(make_handler)
