"""`busbar.ports.energised.ContactBook` on the REST API of be.ENERGISED.

Documented is `GET /api/contact/{id}` alone. Creating and searching are assumed; path and names of
the fields that identify a contact are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.connectors.energised.cards import EnergisedCards
from busbar.connectors.energised.initial_password import MakePassword, random_password
from busbar.connectors.energised.models import identifier
from busbar.connectors.exchange import Ask
from busbar.connectors.reading import UnreadableError, json_of, members, rows, text_or_none
from busbar.errors import Refused
from busbar.ports.energised import ContactKey
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.settings.energised import EnergisedSettings

USER = "user"
"""Where `mappings/energised/contact_private` says what portal user goes with a contact."""


class EnergisedContacts:
    """CRM contacts in one tenant of be.ENERGISED."""

    def __init__(
        self,
        settings: EnergisedSettings,
        tenant: EnergisedCards,
        password: MakePassword = random_password,
    ) -> None:
        self._settings = settings
        self._password = password
        self._path = settings.contact_path
        self._names: Mapping[ContactKey, str] = {
            "reference": settings.contact_reference_field,
            "customer_number": settings.contact_number_field,
        }
        self._tenant = tenant

    def find_contacts(self, key: ContactKey, value: str, timeout: float) -> list[Found]:
        """See `ContactBook.find_contacts`: `GET <path>?<field>=<value>` (assumed).

        Raises `Refused` if the tenant passes over the search: what it then shows says nothing.
        """
        name = self._names[key]
        ask = Ask("find_contacts", "GET", self._path, query={name: value})
        answer = self._tenant.call(ask, timeout)
        try:
            found = rows(members(json_of(answer.body)).get("data"), "data")
            if any(identifier(row, name) != value for row in found):
                raise Refused("energised", ask.operation, name, "SEARCH_PASSED_OVER")
            return [self._contact(row) for row in found]
        except UnreadableError as error:
            raise self._tenant.unreadable(ask, error, answer) from None

    def create_contact(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """See `ContactBook.create_contact`: `POST <path>` (assumed)."""
        body = {**self._with_user(payload), self._names["reference"]: reference}
        ask = Ask("create_contact", "POST", self._path, writes=True, json=body)
        answer = self._tenant.call(ask, timeout)
        try:
            return self._contact(members(json_of(answer.body)))
        except UnreadableError as error:
            raise self._tenant.unreadable(ask, error, answer) from None

    def _with_user(self, payload: Mapping[str, Any]) -> Json:
        """The payload with its portal user as this tenant's route takes it, if it takes one."""
        body, field = dict(payload), self._settings.contact_user_field
        user = body.pop(USER, None)
        if user and field:
            password = self._password(self._settings.password_length)
            body[field] = {**user, "password": password}
        return body

    def _contact(self, row: dict[str, Any]) -> Found:
        contact_id = identifier(row, "id")
        if contact_id is None:
            raise UnreadableError("id")
        fields = {
            "name": text_or_none(row, "name") or "",
            "customer_number": identifier(row, self._names["customer_number"]) or "",
            "company_id": identifier(row, "company_id") or "",
        }
        return Found(contact_id, fields)
