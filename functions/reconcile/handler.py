"""Schedule, POST /v1/reconcile, and the queue of runs that have to go on."""

from __future__ import annotations

from typing import Any

from busbar.api import Door
from busbar.ports.runtime import Json
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.deps import Deps, TimeLeft, time_left
from busbar.usecases.reconcile import LONGEST_RUN, body, reconcile, reconcile_on
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.wiring.parts import Parts
from busbar.wiring.scheduled import ON_DEMAND_SECONDS, run_for_orgs
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)
    parts = Parts(settings, clients)

    def run(deps: Deps, left: TimeLeft) -> Json:
        return body(reconcile(deps, left))

    @door.route("POST", "/v1/reconcile", "reconcile")
    def post(request: Request) -> Answer:
        left = time_left(parts.clock, ON_DEMAND_SECONDS)
        return Answer(200, body(reconcile(request.deps, left, in_a_hurry=True)))

    worker = Worker("reconcile", settings, clients).commands(
        lambda errand, deps: reconcile_on(errand, deps, time_left(parts.clock, LONGEST_RUN))
    )

    def handler(event: dict[str, Any], context: Any) -> Any:
        if "requestContext" in event:
            return door.handler(event, context)
        if "Records" in event:
            return worker(event, context)
        return run_for_orgs(parts, run, "reconciled", "reconciliation failed", LONGEST_RUN)

    return handler


lambda_handler = lambda_entry(make_handler)
