"""/v1/audit: who decided what, and whether the trail is as it was written."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.audit import Verification, list_entries, verify
from busbar.usecases.pages import PAGE_QUERY
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/audit", "audit_list", PAGE_QUERY)
    def index(request: Request) -> Answer:
        page = list_entries(
            request.caller,
            request.deps,
            limit=request.number("limit", 50),
            cursor=request.query.get("cursor"),
        )
        return Answer(200, page)

    @door.route("POST", "/v1/audit/verify", "audit_verify")
    def post(request: Request) -> Answer:
        wanted = request.parse(Verification) if request.raw_body else Verification()
        return Answer(200, verify(request.caller, request.deps, wanted))

    return door.handler


lambda_handler = lambda_entry(make_handler)
