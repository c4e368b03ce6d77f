"""POST /v1/systems/{system}/connection-check: whether a system lets us do what we have to."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.connection_check import check_connection
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry

WITHIN_SECONDS = 22.0
"""For all checks of a report: the function ends after 25."""


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("POST", "/v1/systems/{system}/connection-check", "connection_check")
    def post(request: Request) -> Answer:
        clock = request.deps.clock
        start = clock.now()
        report = check_connection(
            request.caller,
            request.deps,
            request.path["system"],
            lambda: WITHIN_SECONDS - (clock.now() - start).total_seconds(),
        )
        return Answer(200, report)

    return door.handler


lambda_handler = lambda_entry(make_handler)
