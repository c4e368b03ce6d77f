"""Schedule, POST /v1/charge-cards/sync, and the queue of runs that have to go on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from busbar.api import Door
from busbar.ports.runtime import Json
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.deps import Deps, TimeLeft, time_left
from busbar.usecases.sync_cards import sync, sync_on
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.wiring.parts import Parts
from busbar.wiring.scheduled import ON_DEMAND_SECONDS, SCHEDULED_SECONDS, run_for_orgs
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)
    parts = Parts(settings, clients)

    def run(deps: Deps, left: TimeLeft) -> Json:
        return asdict(sync(deps, left))

    @door.route("POST", "/v1/charge-cards/sync", "sync_cards")
    def post(request: Request) -> Answer:
        return Answer(200, run(request.deps, time_left(parts.clock, ON_DEMAND_SECONDS)))

    worker = Worker("sync_cards", settings, clients).commands(
        lambda errand, deps: sync_on(errand, deps, time_left(parts.clock, SCHEDULED_SECONDS))
    )

    def handler(event: dict[str, Any], context: Any) -> Any:
        if "requestContext" in event:
            return door.handler(event, context)
        if "Records" in event:
            return worker(event, context)
        return run_for_orgs(parts, run, "cards synchronised", "synchronisation failed")

    return handler


lambda_handler = lambda_entry(make_handler)
