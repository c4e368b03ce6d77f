"""`busbar.ports.energised.ChargePoints` on the CPO API of be.ENERGISED.

Documented are the list of stations, its pages, and what a station is created from. To whom a
station belongs and what its tariff is are assumed, in names and in the route that changes them;
all of these are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.connectors.budget import Budget
from busbar.connectors.energised.cpo import CpoClient
from busbar.connectors.energised.models import following, identifier
from busbar.connectors.exchange import Answer, Ask, path_segment
from busbar.connectors.reading import UnreadableError, json_of, members, rows
from busbar.errors import Missing, Refused, Unavailable
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.settings.energised import EnergisedSettings

TARIFF = ("unit_price", "unit", "currency", "valid_from")
"""What a tariff says."""
PASSES = 4
"""Whole readings of a list in motion, after which a station that was not seen is for later."""


class EnergisedStations:
    """Charging stations in one tenant of be.ENERGISED."""

    def __init__(self, settings: EnergisedSettings, client: CpoClient) -> None:
        self._settings = settings
        self._client = client
        self._path = f"{settings.cpo_path.rstrip('/')}/charging_stations/"

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def find_stations(self, serial: str, timeout: float) -> list[Found]:
        """See `ChargePoints.find_stations`: `GET <path>?<filter>=<serial>` (the list documented).

        A tenant may pass the filter over, so every row is looked at. Rows move while a list is
        read page by page: nothing found counts only after two passes that saw the same stations.
        """
        budget, before = self._client.budget(timeout), None
        for _ in range(PASSES):
            found, seen, pages = self._pass(serial, budget)
            if found or pages == 1 or seen == before:
                return found
            before = seen
        raise Unavailable("energised", "find_stations", code="LIST_IN_MOTION")

    def read_station(self, station_id: str, timeout: float) -> Json:
        """See `ChargePoints.read_station`: `GET <path>{id}` (assumed, as for connectors)."""
        ask = Ask("read_station", "GET", self._path_of("read_station", station_id))
        answer = self._client.call(ask, self._client.budget(timeout))
        try:
            _, attributes = _station(json_of(answer.body), station_id)
            proof = self._settings.station_proof_field
            return {
                "contact_id": self._contact(attributes),
                "tariff": self._tariff(attributes.get(self._settings.station_tariff_field)),
                **({"proof": identifier(attributes, proof)} if proof else {}),
            }
        except UnreadableError as error:
            raise self._client.unreadable(ask, error, answer) from None

    def write_station(self, station_id: str, body: Mapping[str, Any], timeout: float) -> None:
        """See `ChargePoints.write_station`: `PUT <path>{id}`, of some fields (assumed)."""
        path = self._path_of("write_station", station_id)
        method = self._settings.station_write_method
        ask = Ask("write_station", method, path, writes=True, json=dict(body))
        answer = self._client.call(ask, self._client.budget(timeout))
        if answer.status == 204:
            return
        try:
            _, attributes = _station(json_of(answer.body), station_id)
        except UnreadableError as error:
            raise self._client.unreadable(ask, error, answer) from None
        ours = (
            self._settings.station_contact_field,
            self._settings.station_tariff_field,
            self._settings.station_proof_field,
        )
        lost = [n for n in ours if n in body and not _shows(attributes.get(n), body[n])]
        if lost:
            # It answered well and kept nothing: the route is none, or our names are wrong.
            fields = ", ".join(lost)
            raise Refused("energised", ask.operation, fields, "WRITE_PASSED_OVER")

    def listed(self, query: Mapping[str, str], budget: Budget) -> tuple[Ask, Answer]:
        """One page of the list, not read yet."""
        ask = Ask("find_stations", "GET", self._path, query=query)
        return ask, self._client.call(ask, budget)

    def _pass(self, serial: str, budget: Budget) -> tuple[list[Found], frozenset[str], int]:
        """The stations with this identity; the ids of all that were seen; on how many pages."""
        found, seen, offset, pages = dict[str, Found](), set[str](), 0, 0
        while True:
            limit = {"page[limit]": str(self._settings.page_size), "page[offset]": str(offset)}
            wanted = (
                {self._settings.station_filter: serial} if self._settings.station_filter else {}
            )
            ask, answer = self.listed({**wanted, **limit}, budget)
            try:
                page, after = stations_of(json_of(answer.body), offset)
                seen |= {str(row.get("id")) for row in page}
                for row in page:
                    if self._identity(row) == serial:
                        station_id, attributes = _identified(row)
                        fields = {"contact_id": self._contact(attributes) or ""}
                        found[station_id] = Found(station_id, fields)
            except UnreadableError as error:
                raise self._client.unreadable(ask, error, answer) from None
            pages += 1
            if after is None:
                return list(found.values()), frozenset(seen), pages
            offset = after

    def _identity(self, row: dict[str, Any]) -> str | None:
        """Who a station of the list is; one that cannot be read must not hide those beside it."""
        try:
            return identifier(_identified(row)[1], self._settings.station_identity_field)
        except UnreadableError:
            return None

    def _contact(self, attributes: dict[str, Any]) -> str | None:
        return identifier(attributes, self._settings.station_contact_field)

    def _tariff(self, value: object) -> Json | None:
        if value is None:
            return None
        name = self._settings.station_tariff_field
        row = members(value, name)
        names = self._settings.station_tariff_fields
        return {ours: _text(row, names[ours]) if ours in names else "" for ours in TARIFF}

    def _path_of(self, operation: str, station_id: str) -> str:
        try:
            return self._path + path_segment(station_id)
        except ValueError:
            raise Missing("energised", operation, "id", "NO_STATION_ID") from None


def stations_of(answer: object, offset: int) -> tuple[list[dict[str, Any]], int | None]:
    """The rows of a page, and the next offset (documented: `data`, `meta.pagination`)."""
    value = members(answer)
    found = rows(value.get("data"), "data")
    return found, following(value, offset, len(found))


def _station(answer: object, station_id: str) -> tuple[str, dict[str, Any]]:
    """The one station of an answer: `{"data": {"id", "attributes"}}` (assumed)."""
    found_id, attributes = _identified(members(answer).get("data"))
    if found_id != station_id:
        raise UnreadableError("id")
    return found_id, attributes


def _identified(row: object) -> tuple[str, dict[str, Any]]:
    value = members(row, "data")
    station_id = identifier(value, "id")
    if station_id is None:
        raise UnreadableError("id")
    return station_id, members(value.get("attributes"), "attributes")


def _text(row: dict[str, Any], name: str) -> str:
    """A value of a tariff as text, numbers too: a price must not depend on how JSON writes it."""
    value = row.get(name)
    if isinstance(value, float):
        return repr(value)
    return identifier(row, name) or ""


def _shows(shown: object, sent: object) -> bool:
    """Whether a field holds what was sent; of an object only that it is there, as the tenant may
    write prices and dates in a way of its own."""
    if isinstance(sent, Mapping):
        return isinstance(shown, Mapping)
    return shown == sent or (sent is not None and str(shown) == str(sent))
