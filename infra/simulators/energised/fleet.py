"""The routes of the Fleet API: contact, portal user and card at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.simulators.energised.backend import Backend, plain
from infra.simulators.energised.bodies import check_password, check_person, object_of
from infra.simulators.energised.records import Card
from infra.simulators.energised.refused import RefusedError
from infra.simulators.messages import Response, answer
from infra.simulators.routing import Call, RouteTable

FLEET: RouteTable[Backend] = RouteTable()

_PARTS = ("contact", "user", "card")
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "contact": ("name",),
    "user": ("email", "password"),
    "card": ("card_no", "rate_id", "billing_contact_id"),
}
_TEXTS: Mapping[str, frozenset[str]] = {
    "contact": frozenset(
        {"name", "first_name", "street", "zip", "city", "country", "email", "phone"}
        | {"customer_number", "comment"}
    ),
    "user": frozenset({"email", "password", "account_locale"}),
    "card": frozenset(
        {"card_no", "rate_id", "billing_contact_id", "label", "customer_reference", "comment"}
        | {"emp"}
    ),
}


@FLEET.route(
    "POST",
    "/api/fleet/v1/register",
    label="documented",
    note="Contact, portal user and inactive card at once; assumed: the answer, that a blank card "
    "with this number is taken, and that nothing keeps a second call from making a second person",
)
def register(backend: Backend, call: Call) -> Response:
    _check_licence(backend)
    body = object_of(call)
    _check(backend, body)
    contact_fields = {**body["contact"], "company_id": body["company_id"]}
    contact = backend.create_contact(contact_fields)
    user = backend.create_user(contact, body["user"], active=False)
    card_id = _card(backend, body["card"], contact.id)
    return answer(201, {"contact_id": contact.id, "user_id": user.id, "card_id": card_id})


@FLEET.route(
    "POST",
    "/api/fleet/v1/confirm",
    label="assumed",
    note="Switches portal user and card on; documented is that there is such a call, not its body",
)
def confirm(backend: Backend, call: Call) -> Response:
    _check_licence(backend)
    number = object_of(call).get("card_no")
    if not isinstance(number, str) or not number:
        raise RefusedError(422, "card_no: is required.")
    known = [c for c in backend.current() if plain(c.number) == plain(number) and c.contact_id]
    if not known:
        raise RefusedError(404, "Nobody is registered with this card.")
    for card in known:
        backend.put(replace(card, active=True))
    people = {card.contact_id for card in known}
    for user in [u for u in backend.users.values() if u.contact_id in people]:
        backend.users[user.id] = replace(user, active=True)
    return answer(200, {"card_no": number, "confirmed": True})


def _check_licence(backend: Backend) -> None:
    if backend.contact_route != "register":
        raise RefusedError(404, "Not found.")


def _check(backend: Backend, body: dict[str, Any]) -> None:
    if unknown := sorted(set(body) - {"company_id", *_PARTS}):
        raise RefusedError(422, f"{unknown[0]}: unknown field.")
    if body.get("company_id") not in backend.contacts:
        raise RefusedError(422, "company_id: there is no such company.")
    for part in _PARTS:
        _check_part(part, body.get(part))
    if body["card"]["billing_contact_id"] not in backend.contacts:
        raise RefusedError(422, "card.billing_contact_id: there is no such contact.")
    check_password(body["user"], "user.")


def _check_part(part: str, value: object) -> None:
    if not isinstance(value, dict):
        raise RefusedError(422, f"{part}: has to be an object.")
    for name in _REQUIRED[part]:
        if not value.get(name):
            raise RefusedError(422, f"{part}.{name}: is required.")
    check_person(value, _TEXTS[part], f"{part}.", gender=part == "contact")


def _card(backend: Backend, fields: dict[str, Any], contact_id: str) -> str:
    """The card with this number: a blank one that is there, or else a new one. Its id."""
    number = fields["card_no"]
    given = {
        "reference": fields.get("customer_reference", ""),
        "label": fields.get("label", ""),
        "contact_id": contact_id,
        "billing_contact_id": fields["billing_contact_id"],
        "rate_id": fields["rate_id"],
        "active": False,
    }
    for card in backend.current():
        if plain(card.number) == plain(number) and card.contact_id is None:
            backend.put(replace(card, **given))
            return card.id
    made = Card(id=backend.next_card_id(), tag=_free_tag(backend, number), number=number, **given)
    backend.create_card(made)
    return made.id


def _free_tag(backend: Backend, number: str) -> str:
    """A registered card has no RFID tag of its own yet; tags differ, so a second one says so."""
    taken = {card.tag.upper() for card in backend.current()}
    copies = (number if n == 0 else f"{number}#{n}" for n in range(len(taken) + 1))
    return next(tag for tag in copies if tag.upper() not in taken)
