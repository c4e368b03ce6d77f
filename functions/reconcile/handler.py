"""Schedule, and POST /v1/reconcile: our records and all systems agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from busbar.api import Door
from busbar.errors import BusbarError
from busbar.observability import begin, cause, logger
from busbar.request import Answer, Request
from busbar.settings import Settings
from busbar.usecases.reconcile import reconcile
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

    @door.route("POST", "/v1/reconcile", "reconcile")
    def post(request: Request) -> Answer:
        return Answer(200, reconcile(request.deps, time_left(ON_DEMAND_SECONDS)).body())

    def scheduled() -> None:
        # Each org has its own share of the time: none waits for another's slow system.
        share = SCHEDULED_SECONDS / len(settings.orgs)
        for org in settings.orgs:
            begin()
            try:
                report = reconcile(parts.deps(org), time_left(share)).body()
                logger.info("reconciled", extra={"org": org, **report})
            except BusbarError as error:
                logger.error("reconciliation failed", extra={"org": org, "error": cause(error)})

    def handler(event: dict[str, Any], context: Any) -> Any:
        return door.handler(event, context) if "requestContext" in event else scheduled()

    return handler


lambda_handler = lambda_entry(make_handler)
