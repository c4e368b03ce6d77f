"""Schedule, POST /v1/charge-cards/sync, and the queue of runs that have to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from busbar.api import Door
from busbar.errors import BusbarError
from busbar.observability import begin, cause, logger
from busbar.request import Answer, Request
from busbar.settings import Settings
from busbar.usecases.sync_cards import sync, sync_on
from busbar.wiring import Clients, Handler, Parts, lambda_entry
from busbar.worker import Worker

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

    worker = Worker("sync_cards", settings, clients).commands(
        lambda errand, deps: sync_on(errand, deps, time_left(SCHEDULED_SECONDS))
    )

    def handler(event: dict[str, Any], context: Any) -> Any:
        if "requestContext" in event:
            return door.handler(event, context)
        return worker(event, context) if "Records" in event else scheduled()

    return handler


lambda_handler = lambda_entry(make_handler)
