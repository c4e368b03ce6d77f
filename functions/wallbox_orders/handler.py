"""GET /v1/wallbox-orders and /{order_id}: a user's orders of wallboxes, and their progress."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.wallbox_orders import LIST_QUERY, list_wallbox_orders, show_wallbox_order
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/wallbox-orders", "wallbox_orders_list", LIST_QUERY)
    def index(request: Request) -> Answer:
        page = list_wallbox_orders(
            request.caller,
            request.deps,
            user_id=request.query.get("user_id"),
            limit=request.number("limit", 50),
            cursor=request.query.get("cursor"),
        )
        return Answer(200, page)

    @door.route("GET", "/v1/wallbox-orders/{order_id}", "wallbox_orders_show")
    def show(request: Request) -> Answer:
        return Answer(
            200, show_wallbox_order(request.caller, request.deps, request.path["order_id"])
        )

    return door.handler


lambda_handler = lambda_entry(make_handler)
