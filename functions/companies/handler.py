"""/v1/companies: the operator's companies."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request, gone, shown
from busbar.settings.function import Settings
from busbar.usecases import companies, company_creation
from busbar.usecases.pages import PAGE_QUERY
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door, every, one = Door(settings, clients), "/v1/companies", "/v1/companies/{company_id}"

    @door.route("GET", every, "companies_list", PAGE_QUERY)
    def index(request: Request) -> Answer:
        limit, cursor = request.number("limit", 50), request.query.get("cursor")
        page = companies.list_companies(request.caller, request.deps, limit=limit, cursor=cursor)
        return Answer(200, page)

    @door.route("POST", every, "companies_create")
    def create(request: Request) -> Answer:
        given = request.parse(company_creation.CompanyInput)
        make, caller = company_creation.create_company, request.caller
        return request.once(lambda _id: shown(make(given, caller, request.deps), every))

    @door.route("POST", f"{every}/import", "companies_import", ("dry_run",))
    def load(request: Request) -> Answer:
        make, caller = company_creation.import_companies, request.caller
        return request.imported(lambda text, dry: make(text, caller, request.deps, dry_run=dry))

    @door.route("GET", one, "companies_show")
    def show(request: Request) -> Answer:
        return shown(
            companies.show_company(request.caller, request.deps, request.path["company_id"])
        )

    @door.route("PATCH", one, "companies_change")
    def change(request: Request) -> Answer:
        which, seen = request.path["company_id"], request.etag_seen()
        body = request.parse(companies.CompanyChange)
        return shown(companies.change_company(request.caller, request.deps, which, body, seen))

    @door.route("DELETE", one, "companies_remove")
    def remove(request: Request) -> Answer:
        which, seen = request.path["company_id"], request.etag()
        companies.remove_company(request.caller, request.deps, which, seen)
        return gone()

    return door.handler


lambda_handler = lambda_entry(make_handler)
