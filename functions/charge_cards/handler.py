"""/v1/charge-cards: the fleet manager's cards."""

from __future__ import annotations

from functools import partial

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases import charge_cards as cards
from busbar.usecases.orders import LIST_QUERY
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door, one = Door(settings, clients), "/v1/charge-cards/{card_id}"

    @door.route("GET", "/v1/charge-cards", "charge_cards_list", LIST_QUERY)
    def index(request: Request) -> Answer:
        page = cards.list_cards(
            request.caller,
            request.deps,
            company_id=request.query.get("company_id"),
            limit=request.number("limit", 50),
            cursor=request.query.get("cursor"),
        )
        return Answer(200, page)

    @door.route("GET", one, "charge_cards_show")
    def show(request: Request) -> Answer:
        return _answer(cards.show_card(request.caller, request.deps, request.path["card_id"]))

    @door.route("PATCH", one, "charge_cards_change")
    def change(request: Request) -> Answer:
        card_id, seen = request.path["card_id"], request.etag_seen()
        body = request.parse(cards.CardChange)
        return _answer(cards.change_card(request.caller, request.deps, card_id, body, seen))

    def switch(request: Request, *, active: bool) -> Answer:
        card_id, seen = request.path["card_id"], request.etag()
        return _answer(
            cards.switch_card(request.caller, request.deps, card_id, active=active, seen=seen)
        )

    door.route("POST", f"{one}/activate", "charge_cards_activate")(partial(switch, active=True))
    off = partial(switch, active=False)
    door.route("POST", f"{one}/deactivate", "charge_cards_deactivate")(off)
    return door.handler


def _answer(view: cards.CardView) -> Answer:
    return Answer(202 if view.pending else 200, view.body, {"ETag": view.body["etag"]})


lambda_handler = lambda_entry(make_handler)
