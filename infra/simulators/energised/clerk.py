"""What a clerk of the operator does in the be.ENERGISED web interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from infra.simulators.control import body_of
from infra.simulators.energised.backend import Backend
from infra.simulators.energised.cpo import changed, new_station
from infra.simulators.energised.records import Contact
from infra.simulators.energised.refused import RefusedError
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
    "/_sim/stations",
    label="control",
    note="Create or replace a station: id, chargeBoxIdentity, label, serialnumber, contactUuid, "
    "tariff",
)
def put_station(backend: Backend, call: Call) -> Response:
    station = new_station(backend, body_of(call))
    return answer(201, backend.stations.put(station, backend.now()))


@CLERK.route(
    "POST",
    "/_sim/stations/{id}/change",
    label="control",
    note="Give a station to somebody, set its label, tariff or proof: label, contactUuid, tariff, "
    "installationProof",
)
def change_station(backend: Backend, call: Call) -> Response:
    body = body_of(call)
    if unknown := sorted(set(body) - {"label", "contactUuid", "tariff", "installationProof"}):
        raise RefusedError(400, f"{unknown[0]}: unknown field.")
    _, station = backend.stations.get(call.path["id"])
    return answer(200, backend.stations.put(changed(backend, station, body), backend.now()))


@CLERK.route("POST", "/_sim/stations/{id}/remove", label="control", note="Delete a station")
def remove_station(backend: Backend, call: Call) -> Response:
    backend.stations.remove(call.path["id"])
    return answer(204)


_KNOBS: Mapping[str, tuple[type, ...]] = {
    "search_lag": (int, float),
    "page_clamp": (int,),
    "lists_changes": (bool,),
    "filters_stations": (bool,),
    "contact_user": (bool,),
    "contact_route": (str,),
}


@CLERK.route(
    "POST",
    "/_sim/knobs",
    label="control",
    note="Set search_lag (seconds), page_clamp (rows), lists_changes, filters_stations, "
    "contact_user (true, false), contact_route (contacts, register) for good",
)
def set_knobs(backend: Backend, call: Call) -> Response:
    body = body_of(call)
    for name, value in body.items():
        _check_knob(name, value)
    for name, value in body.items():
        setattr(backend, name, value)
    return answer(200, {"search_lag": backend.search_lag, "page_clamp": backend.page_clamp})


def _check_knob(name: str, value: Any) -> None:
    kinds = _KNOBS.get(name, ())
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise RefusedError(400, f"{name}: unknown knob or wrong type.")
    if name == "contact_route" and value not in {"contacts", "register"}:
        raise RefusedError(400, "contact_route: has to be contacts or register.")
