"""What wallbox orders need of a tenant of be.ENERGISED, looked at one by one, and never written.

Much of it is assumed, so these checks say which of our settings the tenant does not bear out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from busbar.connectors.energised.cards import EnergisedCards
from busbar.connectors.energised.contacts import EnergisedContacts
from busbar.connectors.energised.cpo import CpoClient
from busbar.connectors.energised.models import identifier
from busbar.connectors.energised.register import EnergisedRegistration
from busbar.connectors.energised.stations import EnergisedStations, stations_of
from busbar.connectors.exchange import Answer, Ask
from busbar.connectors.reading import UnreadableError, json_of, members
from busbar.errors import Refused
from busbar.ports.outside import Finding
from busbar.settings.energised import EnergisedSettings

NOBODY = "BBPE0000000000000"
"""A reference that no contact has."""
ALL = ("contacts", "register", "cpo_login", "stations")


class WallboxChecks:
    """One tenant. `names` are those of `ALL` that its settings ask for, none without wallboxes."""

    def __init__(self, settings: EnergisedSettings, cards: EnergisedCards, cpo: CpoClient) -> None:
        self._settings = settings
        self._cards = cards
        self._cpo = cpo
        self._contacts = EnergisedContacts(settings, cards)
        self._registration = EnergisedRegistration(settings, cards)
        self._stations = EnergisedStations(settings, cpo)
        self.names = _wanted(settings)

    def close(self) -> None:
        """Close all connections."""
        self._stations.close()

    def check(self, name: str, timeout: float) -> Finding:
        """See `Connection.check`."""
        checks: dict[str, Callable[[float], Finding]] = {
            "contacts": self._contact_search,
            "register": self._registers,
            "cpo_login": self._login,
            "stations": self._station_list,
        }
        return checks[name](timeout)

    def _contact_search(self, timeout: float) -> Finding:
        try:
            self._contacts.find_contacts("reference", NOBODY, timeout)
        except Refused as error:
            if error.code != "SEARCH_PASSED_OVER":
                raise
            detail = (
                "The search for contacts shows others than those asked for. Correct contact_path "
                "and contact_reference_field, or set contact_mode to none."
            )
            return Finding("contacts", "failed", "passed_over", detail, error.request_id)
        detail = "Contacts can be searched for by our reference. Creating one is not tried."
        return Finding("contacts", "ok", "ok", detail)

    def _registers(self, timeout: float) -> Finding:
        ask = Ask("check_register", "GET", self._settings.register_path)
        try:
            self._cards.call(ask, timeout / 3)
        except Refused as error:
            if error.code != "HTTP_405":  # there is such a path, which takes a POST alone
                raise
        if self._settings.register_mode == "none":
            detail = "There is a route for registrations. Nothing can be searched for afterwards."
            return Finding("register", "ok", "ok", detail)
        return self._card_search(timeout / 3)

    def _card_search(self, timeout: float) -> Finding:
        number = self._any_card_number(timeout)
        if not number:
            detail = "The tenant shows no card with a number, so the search cannot be tried."
            return Finding("register", "warning", "no_card", detail)
        try:
            found = self._registration.cards_numbered(number, timeout)
        except Refused as error:
            if error.code != "SEARCH_PASSED_OVER":
                raise
            found = []
        if found:
            detail = "There is a route for registrations, and a card is found by its number."
            return Finding("register", "ok", "ok", detail)
        detail = (
            "The search for a card by its number does not show just that card. Correct "
            "card_number_query, or set register_mode to none."
        )
        return Finding("register", "failed", "passed_over", detail)

    def _any_card_number(self, timeout: float) -> str:
        ask = Ask("check_cards", "GET", "/api/card/", query={"offset": "0", "limit": "1"})
        answer = self._cards.call(ask, timeout)
        try:
            listed = members(json_of(answer.body)).get("data")
            first = listed[0] if isinstance(listed, list) and listed else {}
            return identifier(members(first, "data"), "number") or ""
        except UnreadableError as error:
            raise self._cards.unreadable(ask, error, answer) from None

    def _login(self, timeout: float) -> Finding:
        self._cpo.log_in(self._cpo.budget(timeout))
        return Finding("cpo_login", "ok", "ok", "A token of the CPO API was given.")

    def _station_list(self, timeout: float) -> Finding:
        rows, answer = self._stations_asked({}, timeout / 2)
        if not rows:
            detail = "The token shows no station. Give the client its company's stations to see."
            return Finding("stations", "warning", "no_station", detail, answer.request_id)
        has = rows[0].get("attributes")
        attributes = has if isinstance(has, dict) else {}
        if lacking := [name for name in self._names() if name not in attributes]:
            detail = f"A station shows no {', '.join(lacking)}. Correct the settings station_…."
            return Finding("stations", "warning", "fields", detail, answer.request_id)
        return self._filter(attributes, timeout / 2)

    def _filter(self, attributes: dict[str, Any], timeout: float) -> Finding:
        field, by = self._settings.station_identity_field, self._settings.station_filter
        identity = str(attributes[field])
        rows, answer = self._stations_asked({by: identity} if by else {}, timeout)
        others = [r for r in rows if members(r.get("attributes")).get(field) != identity]
        if not by or others:
            detail = (
                "Stations are not searched by their identity here, so that the whole list is read "
                "for each of them. That is safe, and slow with many stations."
            )
            return Finding("stations", "warning", "whole_list", detail, answer.request_id)
        detail = "Stations can be read and searched by their identity. Changing one is not tried."
        return Finding("stations", "ok", "ok", detail, answer.request_id)

    def _names(self) -> tuple[str, ...]:
        of = self._settings
        names = (of.station_identity_field, of.station_contact_field, of.station_tariff_field)
        return (*names, of.station_proof_field) if of.station_proof_field else names

    def _stations_asked(
        self, query: dict[str, str], timeout: float
    ) -> tuple[list[dict[str, Any]], Answer]:
        asked = {**query, "page[limit]": "2", "page[offset]": "0"}
        ask, answer = self._stations.listed(asked, self._cpo.budget(timeout))
        try:
            return stations_of(json_of(answer.body), 0)[0], answer
        except UnreadableError as error:
            raise self._cpo.unreadable(ask, error, answer) from None


def _wanted(settings: EnergisedSettings) -> tuple[str, ...]:
    if not settings.wallboxes:
        return ()
    if settings.contact_route == "register":
        return ("register", "cpo_login", "stations")
    return ALL[2:] if settings.contact_mode == "none" else ("contacts", "cpo_login", "stations")
