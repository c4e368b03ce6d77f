"""What a clerk of the operator does in the be.ENERGISED web interface."""

from __future__ import annotations

from dataclasses import fields

from infra.simulators.control import body_of
from infra.simulators.energised.backend import Backend, Contact, RefusedError
from infra.simulators.messages import Response, answer
from infra.simulators.routing import Call, RouteTable

CLERK: RouteTable[Backend] = RouteTable()
_TYPES: dict[str, tuple[type, ...]] = {
    "blocked": (bool,),
    "active": (bool,),
    "label": (str,),
    "reference": (str,),
    "rate_id": (str,),
    "contact_id": (str, type(None)),
    "billing_contact_id": (str, type(None)),
}


@CLERK.route("POST", "/_sim/cards/{id}/block", label="control", note="Block a card")
def block_card(backend: Backend, call: Call) -> Response:
    return answer(200, backend.change(call.path["id"], blocked=True))


@CLERK.route("POST", "/_sim/cards/{id}/unblock", label="control", note="Unblock a card")
def unblock_card(backend: Backend, call: Call) -> Response:
    return answer(200, backend.change(call.path["id"], blocked=False))


@CLERK.route(
    "POST",
    "/_sim/cards/{id}/change",
    label="control",
    note=f"Change any of {', '.join(_TYPES)}; booleans are JSON booleans here",
)
def change_card(backend: Backend, call: Call) -> Response:
    changes = body_of(call)
    for name, value in changes.items():
        if not isinstance(value, _TYPES.get(name, ())):
            raise RefusedError(400, f"{name}: unknown field or wrong type.")
    return answer(200, backend.change(call.path["id"], **changes))


@CLERK.route(
    "POST",
    "/_sim/contacts",
    label="control",
    note="Create or replace a contact: id, name, email, customer_number, company_id",
)
def put_contact(backend: Backend, call: Call) -> Response:
    body = body_of(call)
    known = {f.name for f in fields(Contact)}
    if not set(body) <= known or not body.get("id") or not body.get("name"):
        raise RefusedError(400, f"id and name are needed; known are {', '.join(sorted(known))}.")
    contact = Contact(**body)
    backend.contacts[contact.id] = contact
    return answer(201, contact.shown())


@CLERK.route(
    "POST",
    "/_sim/knobs",
    label="control",
    note="Set search_lag (seconds), page_clamp (cards), lists_changes (true, false) for good",
)
def set_knobs(backend: Backend, call: Call) -> Response:
    body = body_of(call)
    if not all(isinstance(v, int | float) for v in body.values()):
        raise RefusedError(
            400, "search_lag and page_clamp are numbers, lists_changes is a boolean."
        )
    backend.lists_changes = bool(body.get("lists_changes", backend.lists_changes))
    backend.search_lag = float(body.get("search_lag", backend.search_lag))
    backend.page_clamp = int(body.get("page_clamp", backend.page_clamp))
    return answer(200, {"search_lag": backend.search_lag, "page_clamp": backend.page_clamp})
