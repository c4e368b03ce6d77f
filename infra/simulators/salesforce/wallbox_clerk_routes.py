"""The back-office routes of wallbox orders, below `/_sim/`."""

from __future__ import annotations

from infra.simulators.control import body_of
from infra.simulators.messages import RefusalError, Response, answer
from infra.simulators.routing import Call, RouteTable
from infra.simulators.salesforce import wallbox_clerk
from infra.simulators.salesforce.clerk_routes import only
from infra.simulators.salesforce.org import Org

WALLBOX_CLERK: RouteTable[Org] = RouteTable()


@WALLBOX_CLERK.route(
    "POST",
    "/_sim/orders/{order}/wallbox",
    label="control",
    note='Assign wallboxes and cards of the stock: {"asset_ids": […]}; empty: what is outstanding',
)
def assign_wallbox(org: Org, call: Call) -> Response:
    body = only(body_of(call), {"asset_ids"})
    done = wallbox_clerk.assign_wallbox(org, call.path["order"], body.get("asset_ids", ()))
    return answer(200, {"asset_ids": done})


@WALLBOX_CLERK.route(
    "POST",
    "/_sim/orders/{order}/review",
    label="control",
    note='Review the proof of installation: {"status": "Abgeschlossen"}, or'
    ' {"status": "Zurückgewiesen", "reason": …}',
)
def set_review(org: Org, call: Call) -> Response:
    body = only(body_of(call), {"status", "reason"})
    if "status" not in body:
        raise RefusalError("status is missing")
    return answer(200, {"asset_ids": wallbox_clerk.set_review(org, call.path["order"], **body)})
