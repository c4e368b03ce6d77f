"""The routes of the legacy REST API for cards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from infra.simulators.energised.backend import Backend
from infra.simulators.energised.bodies import check_types, object_of
from infra.simulators.energised.records import Card
from infra.simulators.energised.refused import RefusedError
from infra.simulators.messages import Response, answer
from infra.simulators.routing import Call, RouteTable

API: RouteTable[Backend] = RouteTable()

_TEXTS = {"tag", "number", "reference", "label", "rate_id"}
_CONTACTS = {"contact_id", "billing_contact_id"}
_READ_ONLY = {"blocked", "updated_at"}
_KNOWN = {"id", "active"} | _TEXTS | _CONTACTS | _READ_ONLY
_DEFAULT_LIMIT = 100


@API.route("GET", "/api/card/{id}", label="documented", note="By id; the field set is assumed")
def read_card(backend: Backend, call: Call) -> Response:
    at, card = backend.card(call.path["id"])
    return answer(200, card.shown(at))


@API.route(
    "PUT",
    "/api/card",
    label="documented",
    note="tag, number, reference, active are documented; assumed: replaces the whole card, "
    "further fields, addressed by id if sent, else by tag",
)
def write_card(backend: Backend, call: Call) -> Response:
    body = object_of(call)
    _check_shape(body)
    held = _addressed(backend, body)
    card = Card(
        id=held.id,
        # What is not sent is emptied: a PUT says all of it.
        tag=body["tag"],
        number=body["number"],
        reference=body.get("reference", ""),
        label=body.get("label", ""),
        contact_id=body.get("contact_id") or None,
        billing_contact_id=body.get("billing_contact_id") or None,
        rate_id=body.get("rate_id", ""),
        active=body.get("active") == "true",
        blocked=held.blocked,
    )
    return answer(200, backend.put(card))


@API.route(
    "GET",
    "/api/card",
    label="assumed",
    note="The list of cards by time of change, or those of one number; no public page shows one",
)
def list_cards(backend: Backend, call: Call) -> Response:
    query = call.request.parameters
    if "number" in query:
        found = backend.numbered(query["number"])
        return answer(200, {"data": found, "meta": {"total": len(found)}})
    offset = _whole(query, "offset", 0)
    limit = min(_whole(query, "limit", _DEFAULT_LIMIT), backend.page_clamp)
    since = _moment(query) if backend.lists_changes else None
    total, rows = backend.page(since, offset, limit)
    meta = {"total": total, "offset": offset, "limit": limit}
    return answer(200, {"data": rows, "meta": meta})


def _check_shape(body: dict[str, Any]) -> None:
    if unknown := sorted(set(body) - _KNOWN):
        raise RefusedError(422, f"{unknown[0]}: unknown field.")
    if missing := sorted(name for name in ("tag", "number") if not body.get(name)):
        raise RefusedError(422, f"{missing[0]}: is required.")
    if body.get("active", "false") not in ("true", "false"):
        raise RefusedError(422, 'active: has to be the string "true" or "false".')
    check_types(body, _TEXTS | {"id"}, str, "a string")
    check_types(body, _CONTACTS, str | None, "a string or null")


def _addressed(backend: Backend, body: dict[str, Any]) -> Card:
    if body.get("id"):
        return backend.card(body["id"])[1]
    return backend.card_of_tag(body["tag"])


def _whole(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise RefusedError(422, f"{name}: has to be a whole number.")
    return int(text)


def _moment(query: dict[str, str]) -> datetime | None:
    if "updated_since" not in query:
        return None
    try:
        moment = datetime.fromisoformat(query["updated_since"])
    except ValueError:
        raise RefusedError(422, "updated_since: has to be an ISO 8601 time.") from None
    if moment.tzinfo is None:
        raise RefusedError(422, "updated_since: needs an offset.")
    return moment
