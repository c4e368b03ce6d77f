"""/v1/integrations/{integrationId}/loads: initial loads of an ERP's data."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.erp_loads import LoadInput, Loads, LoadWish
from busbar.usecases.pages import PAGE_QUERY
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry

EVERY = "/v1/integrations/{integrationId}/loads"
ONE = f"{EVERY}/{{loadId}}"


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)
    queues, ids = door.parts.queues, door.parts.ids

    def loads(request: Request) -> Loads:
        return Loads(request.deps, queues, request.path["integrationId"])

    @door.route("POST", f"{EVERY}/upload", "erp_loads_upload")
    def upload(request: Request) -> Answer:
        return Answer(200, loads(request).upload_form(ids.new()))

    @door.route("POST", EVERY, "erp_loads_start")
    def start(request: Request) -> Answer:
        asked, of = request.parse(LoadInput), loads(request)

        def started(ours: str) -> Answer:
            view = of.start(ours, asked)
            below = EVERY.replace("{integrationId}", view["integration_id"])
            return Answer(201, view, {"Location": f"{below}/{view['id']}"})

        return request.once(started)

    @door.route("GET", EVERY, "erp_loads_list", PAGE_QUERY)
    def index(request: Request) -> Answer:
        limit, cursor = request.number("limit", 50), request.query.get("cursor")
        return Answer(200, loads(request).listed(limit, cursor))

    @door.route("GET", ONE, "erp_loads_show")
    def show(request: Request) -> Answer:
        return Answer(200, loads(request).show(request.path["loadId"]))

    @door.route("PATCH", ONE, "erp_loads_change")
    def change(request: Request) -> Answer:
        wish, of = request.parse(LoadWish), loads(request)
        return Answer(200, of.change(request.path["loadId"], wish.state))

    return door.handler


lambda_handler = lambda_entry(make_handler)
