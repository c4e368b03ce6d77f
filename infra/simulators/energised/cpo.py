"""The routes of the CPO API below `/api/cpoapi/v1/`."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

from infra.simulators.energised.backend import Backend
from infra.simulators.energised.refused import CpoRefusedError
from infra.simulators.energised.stations import Station
from infra.simulators.messages import Request, Response, answer
from infra.simulators.routing import Call, RouteTable

CPO: RouteTable[Backend] = RouteTable()
ROOT = "/api/cpoapi/v1/"

_DEFAULT_LIMIT = 50
_FILTER = re.compile(r"filter\[(\w+)\]")
_PRICE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?")
_LOOPBACK = ("127.", "localhost", "[::1]")


@CPO.route(
    "GET",
    "/api/cpoapi/v1/charging_stations",
    label="documented",
    note="The list with page[limit] and page[offset]; assumed: filter[…] as documented for "
    "maintenance windows, the attributes contactUuid, tariff, installationProof, updatedAt",
)
def list_stations(backend: Backend, call: Call) -> Response:
    query = call.request.parameters
    limit = min(_whole(query, "page[limit]", _DEFAULT_LIMIT), backend.page_clamp)
    offset = _whole(query, "page[offset]", 0)
    named = {m.group(1): v for k, v in query.items() if (m := _FILTER.fullmatch(k))}
    rows = backend.stations.seen(backend.seen_at, named if backend.filters_stations else {})
    page, after = rows[offset : offset + limit], offset + limit
    at_end = after >= len(rows)
    links = {"current": _link(call.request, limit, offset)}
    if not at_end:
        links["next"] = _link(call.request, limit, after)
    pagination = {"total": len(rows), "offset": offset, "limit": limit, "lastPage": at_end}
    return answer(200, {"data": page, "meta": {"pagination": pagination}, "links": links})


@CPO.route(
    "GET",
    "/api/cpoapi/v1/charging_stations/{id}",
    label="assumed",
    note="By id, as documented for connectors",
)
def read_station(backend: Backend, call: Call) -> Response:
    at, station = backend.stations.get(call.path["id"])
    return answer(200, {"data": station.shown(at)})


@CPO.route(
    "PUT",
    "/api/cpoapi/v1/charging_stations/{id}",
    label="assumed",
    note="Changes the fields that are sent, as documented for maintenance windows; passes unknown "
    "ones over",
)
def write_station(backend: Backend, call: Call) -> Response:
    _, station = backend.stations.get(call.path["id"])
    station = changed(backend, station, _object(call))
    return answer(200, {"data": backend.stations.put(station, backend.now())})


def changed(backend: Backend, station: Station, body: dict[str, Any]) -> Station:
    """The station with those of the fields that are known. Raises `CpoRefusedError`."""
    if "label" in body:
        station = replace(station, label=_label(body["label"]))
    if "contactUuid" in body:
        station = replace(station, contact_id=_contact(backend, body["contactUuid"]))
    if "tariff" in body:
        station = replace(station, tariff=_tariff(body["tariff"]))
    if "installationProof" in body:
        station = replace(station, proof=_proof(body["installationProof"]))
    return station


def new_station(backend: Backend, body: dict[str, Any]) -> Station:
    """The station that a clerk describes by the API's names. Raises `CpoRefusedError`."""
    for name in ("id", "chargeBoxIdentity"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise CpoRefusedError(400, f"{name}: is required.")
    serial = _label(body.get("serialnumber", ""))
    made = Station(body["id"], body["chargeBoxIdentity"], serialnumber=serial)
    return changed(backend, made, body)


def _contact(backend: Backend, value: object) -> str | None:
    """The contact to whom a station belongs, or None. Raises `CpoRefusedError`."""
    if value is None:
        return None
    if not isinstance(value, str) or value not in backend.contacts:
        raise CpoRefusedError(422, "contactUuid: there is no such contact.")
    return value


def _tariff(value: object) -> dict[str, Any] | None:
    """A station's tariff, or None. Raises `CpoRefusedError` naming what is wrong of it."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise CpoRefusedError(422, "tariff: has to be an object or null.")
    price = value.get("unitPrice")
    if not isinstance(price, str) or not _PRICE.fullmatch(price):
        raise CpoRefusedError(422, "tariff.unitPrice: has to be a decimal as text.")
    if value.get("unit") != "ct/kWh":
        raise CpoRefusedError(422, "tariff.unit: has to be ct/kWh.")
    if value.get("currency") != "EUR":
        raise CpoRefusedError(422, "tariff.currency: has to be EUR.")
    try:
        date.fromisoformat(value.get("validFrom", ""))
    except (TypeError, ValueError):
        raise CpoRefusedError(422, "tariff.validFrom: has to be an ISO 8601 date.") from None
    return {name: value[name] for name in ("unitPrice", "unit", "currency", "validFrom")}


def _proof(value: object) -> str | None:
    """The hash of a proof of installation, or None. Raises `CpoRefusedError`."""
    if value is not None and not (isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)):
        raise CpoRefusedError(422, "installationProof: has to be a SHA-256 in hexadecimal digits.")
    return value


def _label(value: object) -> str:
    if not isinstance(value, str):
        raise CpoRefusedError(422, "label and serialnumber have to be texts.")
    return value


def _object(call: Call) -> dict[str, Any]:
    try:
        body = call.request.json()
    except ValueError:
        raise CpoRefusedError(400, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise CpoRefusedError(400, "The body has to be an object.")
    return body


def _whole(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise CpoRefusedError(422, f"{name}: has to be a whole number.")
    return int(text)


def _link(request: Request, limit: int, offset: int) -> str:
    host = request.headers.get("host", "localhost")
    scheme = "http" if host.startswith(_LOOPBACK) else "https"
    query = f"page[limit]={limit}&page[offset]={offset}"
    return f"{scheme}://{host}{ROOT}charging_stations/?{quote(query, safe='=&')}"
