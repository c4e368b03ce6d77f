"""`busbar.ports.energised.Registration` on the Fleet API of be.ENERGISED.

Documented is what `register` takes, that it makes contact, portal user and inactive card, and that
a second call confirms. What both answer, and what the second one takes, is assumed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from busbar.connectors.energised.cards import EnergisedCards
from busbar.connectors.energised.initial_password import MakePassword, random_password
from busbar.connectors.energised.models import card_of, identifier
from busbar.connectors.exchange import Ask
from busbar.connectors.reading import UnreadableError, json_of, members, rows
from busbar.domain.cards import BackendCard
from busbar.errors import Refused
from busbar.ports.outside import Found
from busbar.settings.energised import EnergisedSettings

_SEPARATORS = re.compile(r"[-*\s]")


class EnergisedRegistration:
    """Registrations of private persons in one tenant of be.ENERGISED."""

    def __init__(
        self,
        settings: EnergisedSettings,
        tenant: EnergisedCards,
        password: MakePassword = random_password,
    ) -> None:
        self._settings = settings
        self._tenant = tenant
        self._password = password

    def find_registered(self, reference: str, card_number: str, timeout: float) -> list[Found]:
        """See `Registration.find_registered`: `GET /api/card/?<number>=` (assumed)."""
        found = []
        for card in self.cards_numbered(card_number, timeout):
            if card.reference == reference and card.contact_id:
                found.append(Found(card.contact_id, {"card_id": card.id}))
            elif card.contact_id:
                raise Refused("energised", "find_registered", "contact_id", "CARD_OF_ANOTHER")
            elif card.reference == reference:
                raise Refused("energised", "find_registered", "contact_id", "CARD_WITHOUT_CONTACT")
        return found

    def register(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """See `Registration.register`: `POST <register_path>` (documented)."""
        contact, user, card = (
            dict(payload.get(part) or {}) for part in ("contact", "user", "card")
        )
        contact[self._settings.register_reference_field] = reference
        user["password"] = self._password(self._settings.password_length)
        card["customer_reference"] = reference
        body = {**payload, "contact": contact, "user": user, "card": card}
        path = self._settings.register_path
        ask = Ask("register", "POST", path, writes=True, json=body)
        answer = self._tenant.call(ask, timeout)
        try:
            made = members(json_of(answer.body))
            return Found(_id(made, "contact"), {"card_id": _id(made, "card")})
        except UnreadableError as error:
            raise self._tenant.unreadable(ask, error, answer) from None

    def confirm(self, card_number: str, timeout: float) -> None:
        """See `Registration.confirm`: `POST <confirm_path>` (its body is assumed)."""
        path = self._settings.confirm_path
        body = {"card_no": card_number}
        self._tenant.call(Ask("confirm", "POST", path, writes=True, json=body), timeout)

    def cards_numbered(self, card_number: str, timeout: float) -> list[BackendCard]:
        """The cards with this number, however it is divided.

        Raises `Refused` if the tenant passes over the search: what it then shows says nothing.
        """
        query = {self._settings.card_number_query: card_number}
        ask = Ask("find_registered", "GET", "/api/card/", query=query)
        answer = self._tenant.call(ask, timeout)
        try:
            found = [card_of(r) for r in rows(members(json_of(answer.body)).get("data"), "data")]
        except UnreadableError as error:
            raise self._tenant.unreadable(ask, error, answer) from None
        if any(_plain(card.number) != _plain(card_number) for card in found):
            name = self._settings.card_number_query
            raise Refused("energised", ask.operation, name, "SEARCH_PASSED_OVER")
        return found


def _plain(number: str) -> str:
    return _SEPARATORS.sub("", number).upper()


def _id(row: dict[str, Any], part: str) -> str:
    """`{"contact_id": …}` or `{"contact": {"id": …}}`: no page shows the answer."""
    inner = row.get(part)
    found = identifier(row, f"{part}_id") or (
        identifier(inner, "id") if isinstance(inner, dict) else None
    )
    if found is None:
        raise UnreadableError(f"{part}_id")
    return found
