"""What became of an integration's events: rows, counts, traces, the events themselves, replays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases import entity_sync, erp_received
from busbar.usecases import monitoring_bodies as bodies
from busbar.usecases.erp_monitoring import Monitoring
from busbar.usecases.erp_replay import Replay
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry

Work = Callable[[Monitoring, Any], dict[str, Any]]
V1, V2 = "/v1/integrations/{integrationId}", "/v2/integrations/{integrationId}"
SYNCED = "/v1/integrations/entities/{entityId}/sync-status"
QUERIES: Sequence[tuple[str, str, type[bodies.Asked], Work]] = (
    (f"{V1}/events", "received", bodies.ReceivedQuery, erp_received.received_events),
    (f"{V1}/monitoring/inbound-events", "inbound", bodies.InboundQuery, Monitoring.inbound),
    (f"{V2}/monitoring/events", "rows", bodies.RowQuery, Monitoring.rows),
    (f"{V2}/monitoring/stats", "stats", bodies.StatsQuery, Monitoring.stats),
)


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients, toolkit=True)

    def ask(path: str, name: str, body: type[bodies.Asked], work: Work) -> None:
        @door.route("POST", path, f"erp_monitoring_{name}")
        def answer(request: Request) -> Answer:
            of = Monitoring(request.deps, request.path["integrationId"])
            return Answer(200, work(of, request.parse_toolkit(body)))

    def replay(of: Monitoring, wish: bodies.ReplayWish) -> dict[str, Any]:
        return Replay(of, door.parts.queues, door.parts.ids).replay(wish.event_ids)

    ask(f"{V1}/events/replay", "replay", bodies.ReplayWish, replay)
    for row in QUERIES:
        ask(*row)

    @door.route("GET", f"{V2}/monitoring/traces/{{correlationId}}", "erp_monitoring_trace")
    def trace(request: Request) -> Answer:
        of, wanted = request.path["integrationId"], request.path["correlationId"]
        return Answer(200, Monitoring(request.deps, of).trace(wanted))

    @door.route("GET", SYNCED, "erp_monitoring_synced", ("integration_id",))
    def synced(request: Request) -> Answer:
        deps, of = door.parts.entity_deps(request.caller.org), request.query.get("integration_id")
        return Answer(200, entity_sync.sync_status(deps, request.path["entityId"], of))

    return door.handler


lambda_handler = lambda_entry(make_handler)
