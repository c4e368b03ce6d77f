"""Field lists per role: what of an operation is not for every role that may call it.

All fields of an operation stand in `infra/operations`: no other is taken or shown. Each role that
may call it sends and sees all of them, but for those named here. The doors, the API's document and
the tests that hold every answer against it go by these lists.

A path names a field through objects and lists: `users.email` is that field of every user in the
list `users`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from busbar.domain.customers import Role

Fields = Mapping[str, frozenset[Role]]
"""Path of a field -> the roles that send or see it."""

STAFF = frozenset({Role.SERVICE_AGENT, Role.OPERATOR})
OFFICE = STAFF | {Role.MACHINE}

# What the other systems call somebody is the office's business. Who could name a contact would get
# the cards that somebody else holds by it.
_CONTACT: Fields = {"energised_contact_id": OFFICE}
_COMPANY: Fields = {**_CONTACT, "salesforce_account_id": OFFICE}
_CARD: Fields = {"driver.energised_uuid": STAFF}

SENT: Mapping[str, Fields] = {
    "users_create": _CONTACT,
    "users_import": _CONTACT,
    "users_change": _CONTACT,
}
"""Operation -> fields of its body, or columns of its file, that only these roles send."""

SHOWN: Mapping[str, Fields] = {
    "companies_show": _COMPANY,
    "users_list": {"users.energised_contact_id": OFFICE},
    "users_create": _CONTACT,
    "users_show": _CONTACT,
    "users_change": _CONTACT,
    "charge_cards_list": {"cards.driver.energised_uuid": STAFF},
    "charge_cards_show": _CARD,
    "charge_cards_change": _CARD,
    "charge_cards_activate": _CARD,
    "charge_cards_deactivate": _CARD,
}
"""Operation -> fields of its answer that only these roles see."""


def may_send(role: Role, operation: str, names: Iterable[str]) -> list[str]:
    """Those of the names that the role may send."""
    fields = SENT.get(operation, {})
    return [name for name in names if name not in fields or role in fields[name]]


def shown_to(role: Role, operation: str, body: Any) -> Any:
    """An answer without what this role does not see. `body` is JSON, and stays as it is."""
    for path, roles in SHOWN.get(operation, {}).items():
        if role not in roles:
            body = _without(body, path.split("."))
    return body


def _without(part: Any, path: list[str]) -> Any:
    if isinstance(part, list):
        return [_without(each, path) for each in part]
    name, *rest = path
    if not isinstance(part, dict) or name not in part:
        return part
    if rest:
        return {**part, name: _without(part[name], rest)}
    return {key: value for key, value in part.items() if key != name}
