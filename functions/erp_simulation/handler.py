"""POST …/erp/updates/mapping_simulation and /direct_simulation: dry runs of mappings."""

from __future__ import annotations

from busbar.api import Door
from busbar.body import check_content, read_object
from busbar.domain.erp_events import LARGEST_REQUEST
from busbar.domain.numbers import whole_or_text
from busbar.errors import Problem
from busbar.request import Answer, Request, dump
from busbar.settings.function import Settings
from busbar.usecases.erp_simulation import QUERY, Kind, Simulation
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry

DEEPEST = 65
"""Levels of a body: one more than a payload may have."""
LARGEST_ANSWER = 6_000_000
"""Bytes; Lambda gives on six MB, with what stands around them."""
PATHS: dict[Kind, str] = {
    "v1": "/v1/erp/updates/mapping_simulation",
    "v2": "/v2/erp/updates/mapping_simulation",
    "direct": "/v1/erp/updates/direct_simulation",
}


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients, toolkit=True)
    mapper = door.parts.event_mapper()

    def register(kind: Kind, path: str) -> None:
        @door.route("POST", path, f"erp_simulation_{kind}", QUERY, LARGEST_REQUEST)
        def post(request: Request) -> Answer:
            check_content(request.headers)
            body = read_object(request.raw_body, DEEPEST, whole_or_text)
            deps = door.parts.entity_deps(request.caller.org)
            portals = request.deps.org.known_portals()
            told = Simulation(mapper, deps, request.query, portals).run(kind, body)
            if len(dump(told).encode()) > LARGEST_ANSWER:
                detail = f"What it comes to has more than {LARGEST_ANSWER} bytes: try a part of it."
                raise Problem(422, "payload-too-large", "It comes to too much", detail)
            return Answer(200, told)

    for kind, path in PATHS.items():
        register(kind, path)
    return door.handler


lambda_handler = lambda_entry(make_handler)
