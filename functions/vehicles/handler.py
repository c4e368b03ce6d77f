"""/v1/vehicles: a company's vehicles."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request, gone, shown
from busbar.settings.function import Settings
from busbar.usecases import vehicles
from busbar.usecases.orders import LIST_QUERY
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door, every, one = Door(settings, clients), "/v1/vehicles", "/v1/vehicles/{vehicle_id}"

    @door.route("GET", every, "vehicles_list", LIST_QUERY)
    def index(request: Request) -> Answer:
        limit, cursor = request.number("limit", 50), request.query.get("cursor")
        of = request.query.get("company_id")
        page = vehicles.list_vehicles(
            request.caller, request.deps, company_id=of, limit=limit, cursor=cursor
        )
        return Answer(200, page)

    @door.route("POST", every, "vehicles_create")
    def create(request: Request) -> Answer:
        given, who = request.parse(vehicles.VehicleInput), (request.caller, request.deps)
        return request.once(lambda ours: shown(vehicles.create_vehicle(ours, given, *who), every))

    @door.route("POST", f"{every}/import", "vehicles_import", ("dry_run",))
    def load(request: Request) -> Answer:
        make, who = vehicles.import_vehicles, (request.caller, request.deps)
        return request.imported(lambda text, dry: make(text, *who, dry_run=dry))

    @door.route("GET", one, "vehicles_show")
    def show(request: Request) -> Answer:
        which = request.path["vehicle_id"]
        return shown(vehicles.show_vehicle(request.caller, request.deps, which))

    @door.route("PATCH", one, "vehicles_change")
    def change(request: Request) -> Answer:
        which, seen = request.path["vehicle_id"], request.etag_seen()
        body = request.parse(vehicles.VehicleChange)
        return shown(vehicles.change_vehicle(request.caller, request.deps, which, body, seen))

    @door.route("DELETE", one, "vehicles_remove")
    def remove(request: Request) -> Answer:
        which, seen = request.path["vehicle_id"], request.etag()
        vehicles.remove_vehicle(request.caller, request.deps, which, seen)
        return gone()

    return door.handler


lambda_handler = lambda_entry(make_handler)
