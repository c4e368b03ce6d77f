"""/v1/entities: what became of the events of ERPs, to read; and what was deleted, to restore."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases import entities, entity_history
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_related import QUERY, related_entities
from busbar.usecases.entity_sync import meter_readings
from busbar.usecases.entity_views import Json
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry

Work = Callable[[Request, EntityDeps, str, str], Json]  # schema and id of the path, or empty
ONE = "/v1/entities/{schema}/{entity_id}"


def _index(request: Request, deps: EntityDeps, schema: str, _: str) -> Json:
    return entities.find_entities(deps, schema, request.query, request.number("limit", 50))


ROUTES: Sequence[tuple[str, str, str, Sequence[str], Work]] = (
    ("GET", "/v1/entities/{schema}", "list", entities.LIST_QUERY, _index),
    ("GET", ONE, "show", (), lambda _, *of: entities.show_entity(*of)),
    ("GET", f"{ONE}/relations", "relations", QUERY,
     lambda r, *of: related_entities(of[0], of[1], of[2], r.query, r.number("limit", 50))),
    ("GET", f"{ONE}/history", "history", (), lambda _, *of: entity_history.entity_history(*of)),
    ("GET", f"{ONE}/history/{{version}}", "version", (),
     lambda r, *of: entity_history.entity_at_version(of[0], of[1], of[2], r.path["version"])),
    ("POST", f"{ONE}/restore", "restore", (),
     lambda r, *of: entities.restore(r.caller, r.deps, *of)),
    ("GET", "/v1/meters/{entity_id}/readings", "readings", ("counter_id",),
     lambda r, deps, _, one: meter_readings(deps, one, r.query.get("counter_id", ""))),
)  # fmt: skip


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    def serve(method: str, path: str, name: str, query: Sequence[str], work: Work) -> None:
        @door.route(method, path, f"entities_{name}", query)
        def answer(request: Request) -> Answer:
            deps, of = door.parts.entity_deps(request.caller.org), request.path
            return Answer(200, work(request, deps, of.get("schema", ""), of.get("entity_id", "")))

    for route in ROUTES:
        serve(*route)
    return door.handler


lambda_handler = lambda_entry(make_handler)
