"""/v1/my/wallbox: the driver's own wallbox, its tariff, and its proof of installation."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.my_wallbox import change_tariff, my_wallboxes
from busbar.usecases.wallbox_proof_forms import ProofInput, proof_link, upload_form
from busbar.usecases.wallbox_tariff import TariffInput
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/my/wallbox", "my_wallbox")
    def show(request: Request) -> Answer:
        return Answer(200, my_wallboxes(request.caller, request.deps))

    @door.route("PUT", "/v1/my/wallbox/tariff", "my_wallbox_tariff")
    def tariff(request: Request) -> Answer:
        view, pending = change_tariff(request.parse(TariffInput), request.caller, request.deps)
        return Answer(202 if pending else 200, view)

    @door.route("POST", "/v1/my/wallbox/proof", "my_wallbox_proof")
    def proof(request: Request) -> Answer:
        asked = request.parse(ProofInput) if request.raw_body else ProofInput()
        return Answer(200, upload_form(clients.ids.new(), asked, request.caller, request.deps))

    @door.route("GET", "/v1/wallboxes/{wallbox_id}/proof", "wallbox_proof_show")
    def link(request: Request) -> Answer:
        return Answer(200, proof_link(request.caller, request.deps, request.path["wallbox_id"]))

    return door.handler


lambda_handler = lambda_entry(make_handler)
