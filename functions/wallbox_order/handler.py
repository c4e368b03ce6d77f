"""POST /v1/wallbox-orders: takes an order, answers at once with its number and its progress."""

from __future__ import annotations

from busbar.api import Door
from busbar.domain.lifecycle import LIFECYCLE, waiting_text
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.wallbox_order import submit_wallboxes
from busbar.usecases.wallbox_submission import WallboxSubmission
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("POST", "/v1/wallbox-orders", "wallbox_order")
    def post(request: Request) -> Answer:
        submission = request.parse(WallboxSubmission)
        return request.once(lambda order_id: _order(order_id, submission, request))

    return door.handler


def _order(order_id: str, submission: WallboxSubmission, request: Request) -> Answer:
    order = submit_wallboxes(order_id, submission, request.caller, request.deps)
    body = {
        "id": order.id,
        "status": order.status.value,
        "status_text": LIFECYCLE[order.status].german,
        "ordered_at": order.ordered_at.isoformat(),
        "waiting_for": order.waiting_for,
        "waiting_text": waiting_text(order.waiting_for),
    }
    return Answer(202, body, {"Location": f"/v1/wallbox-orders/{order.id}"})


lambda_handler = lambda_entry(make_handler)
