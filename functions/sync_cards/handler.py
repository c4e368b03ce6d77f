"""Schedule, and POST /v1/charge-cards/sync: portal, be.ENERGISED and Salesforce agree on cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from busbar.api import Door
from busbar.errors import BusbarError
from busbar.observability import begin, cause, logger
from busbar.request import Answer, Request
from busbar.settings import Settings
from busbar.usecases.sync_cards import sync
from busbar.wiring import Clients, Handler, Parts, lambda_entry

ON_DEMAND_SECONDS = 24.0
"""A portal waits at most 29 seconds for API Gateway."""
SCHEDULED_SECONDS = 50.0


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)
    parts = Parts(settings, clients)

    def time_left(seconds: float) -> Callable[[], float]:
        start = parts.clock.now()
        return lambda: seconds - (parts.clock.now() - start).total_seconds()

    @door.route("POST", "/v1/charge-cards/sync", "sync_cards")
    def post(request: Request) -> Answer:
        return Answer(200, asdict(sync(request.deps, time_left(ON_DEMAND_SECONDS))))

    def scheduled() -> None:
        # Each org has its own share of the time: none waits for another's slow system.
        share = SCHEDULED_SECONDS / len(settings.orgs)
        for org in settings.orgs:
            begin()
            try:
                report = asdict(sync(parts.deps(org), time_left(share)))
                logger.info("cards synchronised", extra={"org": org, **report})
            except BusbarError as error:
                logger.error("synchronisation failed", extra={"org": org, "error": cause(error)})

    def handler(event: dict[str, Any], context: Any) -> Any:
        return door.handler(event, context) if "requestContext" in event else scheduled()

    return handler


lambda_handler = lambda_entry(make_handler)
