"""/v1/users: who may do what, for which company."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request, gone, shown
from busbar.settings.function import Settings
from busbar.usecases import user_invitation, users
from busbar.usecases.orders import LIST_QUERY
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door, every, one = Door(settings, clients), "/v1/users", "/v1/users/{user_id}"

    @door.route("GET", every, "users_list", LIST_QUERY)
    def index(request: Request) -> Answer:
        limit, cursor = request.number("limit", 50), request.query.get("cursor")
        of = request.query.get("company_id")
        page = users.list_users(
            request.caller, request.deps, company_id=of, limit=limit, cursor=cursor
        )
        return Answer(200, page)

    @door.route("POST", every, "users_create")
    def create(request: Request) -> Answer:
        given = request.parse(user_invitation.UserInput)
        make = user_invitation.create_user
        return request.once(lambda _id: shown(make(given, request.caller, request.deps), every))

    @door.route("POST", f"{every}/import", "users_import", ("dry_run",))
    def load(request: Request) -> Answer:
        make, who = user_invitation.import_users, (request.caller, request.deps)
        return request.imported(lambda text, dry: make(text, *who, dry_run=dry))

    @door.route("GET", one, "users_show")
    def show(request: Request) -> Answer:
        return shown(users.show_user(request.caller, request.deps, request.path["user_id"]))

    @door.route("PATCH", one, "users_change")
    def change(request: Request) -> Answer:
        which, seen = request.path["user_id"], request.etag_seen()
        body = request.parse(users.UserChange)
        return shown(users.change_user(request.caller, request.deps, which, body, seen))

    @door.route("DELETE", one, "users_remove")
    def remove(request: Request) -> Answer:
        which, seen = request.path["user_id"], request.etag()
        users.remove_user(request.caller, request.deps, which, seen)
        return gone()

    return door.handler


lambda_handler = lambda_entry(make_handler)
