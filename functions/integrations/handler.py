"""/v1/integrations, /v2/integrations: what an ERP may send, and how it is mapped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases import integration_bodies as b
from busbar.usecases.integration_use_cases import UseCases, map_app, unmap_app
from busbar.usecases.integrations import LARGEST_BODY, Integrations
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry

Work = Callable[[Integrations, str, str, Any], dict[str, Any]]  # the ids of the path, and the body
V1, V2, ID = "/v1/integrations", "/v2/integrations", "/{integrationId}"
APP, CASES, CASE = (V1 + ID + at for at in ("/app-mapping", "/use-cases", "/use-cases/{useCaseId}"))
ROUTES: Sequence[tuple[str, str, str, type[b.Taken] | None, Work]] = (
    ("GET", V1, "list", None, lambda of, *_: of.listed(whole=False)),
    ("POST", V1, "create", b.IntegrationNew, lambda of, _, __, body: of.create(body)),
    ("GET", V1 + ID, "show", None, lambda of, i, *_: of.show(i, whole=False)),
    ("PUT", V1 + ID, "change", b.IntegrationChange, lambda of, i, _, body: of.change(i, body)),
    ("DELETE", V1 + ID, "remove", None, lambda of, i, *_: of.remove(i)),
    ("GET", V2, "list_whole", None, lambda of, *_: of.listed(whole=True)),
    ("POST", V2, "create_whole", b.IntegrationWhole, lambda of, _, __, body: of.create(body)),
    ("GET", V2 + ID, "show_whole", None, lambda of, i, *_: of.show(i, whole=True)),
    ("PUT", V2 + ID, "put_whole", b.IntegrationWhole, lambda of, i, _, body: of.put(i, body)),
    ("DELETE", V2 + ID, "remove_whole", None, lambda of, i, *_: of.remove(i)),
    ("PUT", APP, "map_app", b.AppBody, lambda of, i, _, body: map_app(of, i, body)),
    ("DELETE", APP, "unmap_app", b.AppBody, lambda of, i, _, body: unmap_app(of, i, body)),
    ("GET", CASES, "list_cases", None, lambda of, i, *_: UseCases(of, i).listed()),
    ("POST", CASES, "create_case", b.UseCaseNew, lambda of, i, _, c: UseCases(of, i).create(c)),
    ("GET", CASE, "show_case", None, lambda of, i, c, _: UseCases(of, i).show(c)),
    ("PUT", CASE, "change_case", b.UseCaseChange, lambda of, i, *c: UseCases(of, i).change(*c)),
    ("DELETE", CASE, "remove_case", None, lambda of, i, c, _: UseCases(of, i).remove(c)),
)


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients, toolkit=True)
    parts, mapper = door.parts, door.parts.event_mapper()

    def serve(method: str, path: str, name: str, body: type[b.Taken] | None, work: Work) -> None:
        @door.route(method, path, f"integrations_{name}", most=LARGEST_BODY)
        def answer(request: Request) -> Answer:
            of = Integrations(request.caller, request.deps, parts.ids, mapper)
            of_path, said = request.path, request.parse_toolkit(body) if body else None
            one, case = of_path.get("integrationId", ""), of_path.get("useCaseId", "")
            return Answer(201 if method == "POST" else 200, work(of, one, case, said))

    for row in ROUTES:
        serve(*row)
    return door.handler


lambda_handler = lambda_entry(make_handler)
