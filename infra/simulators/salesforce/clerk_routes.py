"""The back-office routes below `/_sim/`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from busbar.domain.webhook_signature import key_of
from infra.simulators.control import body_of
from infra.simulators.messages import RefusalError, Response, answer
from infra.simulators.routing import Call, RouteTable
from infra.simulators.salesforce import clerk
from infra.simulators.salesforce.org import Org

CLERK: RouteTable[Org] = RouteTable()
_SWITCHES = ("epoch_dates", "whole_seconds", "by_webhook")
LOCK_KNOBS = {"row_seconds": 1.0, "wait_seconds": 60.0}
"""What can be set of row locks, and the most that it can be."""
_STATUS_FIELDS = {
    "status",
    "tracking_id",
    "delivery_date",
    "delivered_quantity",
    "delivered_assets",
}


def only(body: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The body, if it has no other keys than these. Raises `RefusalError`."""
    if unknown := sorted(set(body) - known):
        raise RefusalError(f"unknown keys {unknown}; known are {sorted(known)}")
    return body


@CLERK.route(
    "POST",
    "/_sim/orders",
    label="control",
    note='Enter an order by hand: {"reference": …, "account_id": …, "quantity": n}',
)
def enter_order(org: Org, call: Call) -> Response:
    body = only(body_of(call), {"reference", "account_id", "quantity"})
    if not isinstance(body.get("quantity"), int) or not {"reference", "account_id"} <= set(body):
        raise RefusalError("reference, account_id and a whole quantity are needed")
    return answer(
        201, clerk.enter_order(org, body["reference"], body["account_id"], body["quantity"])
    )


@CLERK.route(
    "DELETE", "/_sim/orders/{order}", label="control", note="Delete an order, with its items"
)
def delete_order(org: Org, call: Call) -> Response:
    clerk.delete_order(org, call.path["order"])
    return answer(204)


@CLERK.route(
    "POST",
    "/_sim/orders/{order}/cards",
    label="control",
    note='Assign blank cards: {"quantity": n} or {"asset_ids": […]}; empty: what is outstanding',
)
def assign_cards(org: Org, call: Call) -> Response:
    body = only(body_of(call), {"quantity", "asset_ids"})
    done = clerk.assign_cards(
        org, call.path["order"], body.get("quantity"), body.get("asset_ids", ())
    )
    return answer(200, {"asset_ids": done})


@CLERK.route(
    "POST",
    "/_sim/orders/{order}/announce",
    label="control",
    note="Tell of the order's cards again",
)
def announce_cards(org: Org, call: Call) -> Response:
    return answer(200, {"asset_ids": clerk.announce_cards(org, call.path["order"])})


@CLERK.route(
    "POST",
    "/_sim/orders/{order}/status",
    label="control",
    note=f"Set the status: {', '.join(sorted(_STATUS_FIELDS))}",
)
def set_status(org: Org, call: Call) -> Response:
    body = only(body_of(call), _STATUS_FIELDS)
    if "status" not in body:
        raise RefusalError("status is missing")
    return answer(200, clerk.set_status(org, call.path["order"], **body))


@CLERK.route(
    "POST",
    "/_sim/secret",
    label="control",
    note='Give the app another secret: {"client_secret": "…"}; who is logged in stays so',
)
def rotate_secret(org: Org, call: Call) -> Response:
    secret = only(body_of(call), {"client_secret"}).get("client_secret")
    if not isinstance(secret, str) or not secret:
        raise RefusalError("client_secret is missing")
    org.settings = replace(org.settings, client_secret=secret)
    return answer(204)


@CLERK.route(
    "POST",
    "/_sim/events/key",
    label="control",
    note='Sign what goes to the webhook with another key: {"key": "whsec_…"}',
)
def rotate_key(org: Org, call: Call) -> Response:
    key = only(body_of(call), {"key"}).get("key")
    try:
        key_of(str(key))
    except ValueError as error:
        raise RefusalError(str(error)) from None
    org.events.webhook_key = str(key)
    return answer(204)


@CLERK.route("GET", "/_sim/locks", label="control", note="Row writes, and who waited for a lock")
def show_locks(org: Org, _call: Call) -> Response:
    locks = org.locks
    counted: dict[str, float] = {n: getattr(locks, n) for n in ("written", "waited", "refused")}
    counted |= {"longest_wait": locks.longest_wait, **{n: getattr(locks, n) for n in LOCK_KNOBS}}
    return answer(200, counted)


@CLERK.route(
    "POST",
    "/_sim/locks",
    label="control",
    note='How long a row keeps its account locked: {"row_seconds": 0.01}, and {"wait_seconds": 10}',
)
def set_locks(org: Org, call: Call) -> Response:
    wanted = only(body_of(call), set(LOCK_KNOBS))
    for name, most in LOCK_KNOBS.items():
        seconds = wanted.get(name, getattr(org.locks, name))
        if not isinstance(seconds, int | float) or not 0 <= seconds <= most:
            raise RefusalError(f"{name} has to be a number from 0 to {most}")
        setattr(org.locks, name, float(seconds))
    return answer(204)


@CLERK.route("GET", "/_sim/events", label="control", note="Held and sent events")
def show_events(org: Org, _call: Call) -> Response:
    return answer(200, {"held": org.events.held, "sent": list(org.events.sent)})


@CLERK.route("POST", "/_sim/events/hold", label="control", note="Hold new events back")
def hold_events(org: Org, _call: Call) -> Response:
    org.events.holding = True
    return answer(204)


@CLERK.route(
    "POST",
    "/_sim/events/release",
    label="control",
    note='Send held events: {"order": [2, 0, 1]} by position, {"keep_holding": true}',
)
def release_events(org: Org, call: Call) -> Response:
    body = only(body_of(call), {"order", "keep_holding"})
    try:
        count = org.events.release(body.get("order"))
    except (IndexError, TypeError):
        raise RefusalError("order has to list positions of held events") from None
    org.events.holding = bool(body.get("keep_holding", False))
    return answer(200, {"released": count})


@CLERK.route(
    "POST",
    "/_sim/events/knobs",
    label="control",
    note='How events look and go: {"copies": 2, "epoch_dates": true, "whole_seconds": true,'
    ' "by_webhook": true}',
)
def set_knobs(org: Org, call: Call) -> Response:
    body = only(body_of(call), {"copies", *_SWITCHES})
    copies = body.get("copies", org.events.copies)
    if not isinstance(copies, int) or copies < 1:
        raise RefusalError("copies has to be a whole number from 1")
    org.events.copies = copies
    if body.get("by_webhook") and org.events.webhook is None:
        raise RefusalError("the simulator was started without --webhook-url")
    for name in _SWITCHES:
        setattr(org.events, name, bool(body.get(name, getattr(org.events, name))))
    return answer(204)
