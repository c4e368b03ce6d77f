"""The routes for CRM contacts below `/api/contact`."""

from __future__ import annotations

from typing import Any

from infra.simulators.energised.backend import Backend
from infra.simulators.energised.bodies import check_password, check_person, check_types, object_of
from infra.simulators.energised.refused import RefusedError
from infra.simulators.messages import Response, answer
from infra.simulators.routing import Call, RouteTable

CONTACTS: RouteTable[Backend] = RouteTable()

_TEXTS = frozenset(
    {
        "name",
        "first_name",
        "email",
        "customer_number",
        "customer_reference",
        "street",
        "zip",
        "city",
        "country",
        "phone",
    }
)
_USER_TEXTS = frozenset({"email", "password", "account_locale"})
_SEARCHED = ("customer_reference", "customer_number")


@CONTACTS.route(
    "GET", "/api/contact/{id}", label="documented", note="By id; the field set is assumed"
)
def read_contact(backend: Backend, call: Call) -> Response:
    return answer(200, backend.contact(call.path["id"]).shown())


@CONTACTS.route(
    "POST",
    "/api/contact",
    label="assumed",
    note="Create a contact, and its portal user if one is sent; no public page shows it. Fields as "
    "in the documented Fleet call",
)
def create_contact(backend: Backend, call: Call) -> Response:
    _check_route(backend)
    body = object_of(call)
    user = body.pop("user", None) if backend.contact_user else None
    check_person(body, _TEXTS, besides=("company_id",))
    if not body.get("name"):
        raise RefusedError(422, "name: is required.")
    check_types(body, {"company_id"}, str | None, "a string or null")
    if user is not None:
        _check_user(user)
    contact = backend.create_contact(body)
    if user is not None:
        backend.create_user(contact, user, active=True)
    return answer(201, contact.shown())


@CONTACTS.route(
    "GET",
    "/api/contact",
    label="assumed",
    note="Search by customer_reference or customer_number, exactly; no public page shows it",
)
def find_contacts(backend: Backend, call: Call) -> Response:
    _check_route(backend)
    query = call.request.parameters
    if len(query) != 1 or not set(query) <= set(_SEARCHED):
        raise RefusedError(422, f"one of {', '.join(_SEARCHED)} has to be given.")
    ((name, value),) = query.items()
    found = [contact.shown() for contact in backend.found(name, value)]
    return answer(200, {"data": found, "meta": {"total": len(found)}})


def _check_route(backend: Backend) -> None:
    if backend.contact_route != "contacts":
        raise RefusedError(404, "Not found.")


def _check_user(user: Any) -> None:
    if not isinstance(user, dict):
        raise RefusedError(422, "user: has to be an object.")
    check_person(user, _USER_TEXTS, "user.", gender=False)
    if missing := sorted(name for name in ("email", "password") if not user.get(name)):
        raise RefusedError(422, f"user.{missing[0]}: is required.")
    check_password(user, "user.")
