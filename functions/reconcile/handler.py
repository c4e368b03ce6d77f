"""Schedule, and POST /v1/reconcile: our records and all systems agree."""

from __future__ import annotations

from typing import Any

from busbar.api import Door
from busbar.ports import Json
from busbar.request import Answer, Request
from busbar.settings import Settings
from busbar.usecases.deps import Deps, TimeLeft, time_left
from busbar.usecases.reconcile import reconcile
from busbar.wiring import ON_DEMAND_SECONDS, Clients, Handler, Parts, lambda_entry, run_for_orgs


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)
    parts = Parts(settings, clients)

    def run(deps: Deps, left: TimeLeft) -> Json:
        return reconcile(deps, left).body()

    @door.route("POST", "/v1/reconcile", "reconcile")
    def post(request: Request) -> Answer:
        return Answer(200, run(request.deps, time_left(parts.clock, ON_DEMAND_SECONDS)))

    def handler(event: dict[str, Any], context: Any) -> Any:
        if "requestContext" in event:
            return door.handler(event, context)
        return run_for_orgs(parts, run, "reconciled", "reconciliation failed")

    return handler


lambda_handler = lambda_entry(make_handler)
