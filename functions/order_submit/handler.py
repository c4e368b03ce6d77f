"""POST /v1/charge-card-orders: takes an order, answers with Salesforce's number or ours."""

from __future__ import annotations

from busbar.api import Door
from busbar.domain.lifecycle import LIFECYCLE, waiting_text
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.order_submit import Submission, submit
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("POST", "/v1/charge-card-orders", "order_submit")
    def post(request: Request) -> Answer:
        submission = request.parse(Submission)
        return request.once(lambda order_id: _order(order_id, submission, request))

    return door.handler


def _order(order_id: str, submission: Submission, request: Request) -> Answer:
    order = submit(order_id, submission, request.caller, request.deps)
    body = {
        "id": order.id,
        "salesforce_order_number": order.salesforce_order_number,
        "status": order.status.value,
        "status_text": LIFECYCLE[order.status].german,
        "quantity": order.quantity,
        "ordered_at": order.ordered_at.isoformat(),
    }
    location = {"Location": f"/v1/charge-card-orders/{order.id}"}
    if order.salesforce_order_number:
        return Answer(201, body, location)
    waiting = {
        "waiting_for": order.waiting_for,
        "waiting_text": waiting_text(order.waiting_for),
    }
    return Answer(202, {**body, **waiting}, location)


lambda_handler = lambda_entry(make_handler)
