"""GET /v1/charge-card-orders and /{order_id}: a company's orders."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.orders import LIST_QUERY, list_orders, show_order
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/charge-card-orders", "orders_list", LIST_QUERY)
    def index(request: Request) -> Answer:
        page = list_orders(
            request.caller,
            request.deps,
            company_id=request.query.get("company_id"),
            limit=request.number("limit", 50),
            cursor=request.query.get("cursor"),
        )
        return Answer(200, page)

    @door.route("GET", "/v1/charge-card-orders/{order_id}", "orders_show")
    def show(request: Request) -> Answer:
        return Answer(200, show_order(request.caller, request.deps, request.path["order_id"]))

    return door.handler


lambda_handler = lambda_entry(make_handler)
