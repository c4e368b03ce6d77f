"""be.ENERGISED as one object: `handle(Request) -> Response`."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from infra.simulators import sample
from infra.simulators.energised.api import API
from infra.simulators.energised.backend import Backend
from infra.simulators.energised.clerk import CLERK
from infra.simulators.energised.contacts import CONTACTS
from infra.simulators.energised.cpo import CPO, ROOT
from infra.simulators.energised.fleet import FLEET
from infra.simulators.energised.logins import LOGIN, Logins
from infra.simulators.energised.records import Card, Contact
from infra.simulators.energised.refused import CpoRefusedError
from infra.simulators.energised.stations import Station, stations
from infra.simulators.energised.tables import tables_of
from infra.simulators.faults import Fault
from infra.simulators.messages import Request, Response, answer
from infra.simulators.routing import Route
from infra.simulators.sample_wallboxes import private_cards, refund_cards
from infra.simulators.simulator import FaultKind, Now, Proceed, Simulator, Table

_KNOBS: Mapping[str, Any] = {
    "filters_stations": True,
    "contact_route": "contacts",
    "contact_user": True,
}


class EnergisedSimulator(Simulator):
    """One tenant of be.ENERGISED, and the host from which the CPO API's tokens come.

    `api_token` opens the legacy REST and Fleet APIs, `client_id` and `client_secret` the CPO API.
    `search_lag` (seconds), `page_clamp` (rows) and the further fields of `Backend` in `knobs` can
    be set at any time; faults of the kinds of the first two names set them for single calls.
    """

    name = "be.ENERGISED"

    def __init__(
        self,
        now: Now,
        api_token: str,
        *,
        client_id: str = "",
        client_secret: str = "",
        search_lag: float = 0.0,
        page_clamp: int = 500,
        lists_changes: bool = True,
        **knobs: Any,
    ) -> None:
        known = {"search_lag": search_lag, "page_clamp": page_clamp, "lists_changes": lists_changes}
        self._knobs = {**_KNOBS, **known, **knobs}
        self.backend = Backend(self.now, **self._knobs)
        self.logins = Logins(self.now, client_id, client_secret)
        self._token = api_token
        self._loaded: Callable[[], None] | None = None
        tables = (API, CONTACTS, FLEET, CPO, CLERK)
        routes = [route for table in tables for route in table.bind(self.backend)]
        super().__init__(now, [*routes, *LOGIN.bind(self.logins)])

    # --- data and clerks -----------------------------------------------------------------------

    def load(
        self,
        contacts: Iterable[Contact],
        cards: Iterable[Card],
        stations: Iterable[Station] = (),
        *,
        days_old: float = 30,
    ) -> None:
        """Take all of it over as it is, last changed `days_old` days ago."""
        with self.working():
            at = self.now() - timedelta(days=days_old)
            self.backend.load(contacts, cards, at)
            self.backend.stations.load(stations, at)

    def load_sample(self, cards: int = sample.CARDS, wallboxes: int = 0) -> None:
        """Load the sample companies, drivers and `cards` blank cards; reset returns here.

        With `wallboxes` also the stations of so many, each with its private and its refund card.
        """
        more = [*private_cards(wallboxes), *refund_cards(wallboxes)]
        self.load(
            [
                *(
                    Contact(c.energised_id, c.name, c.email, c.customer_number)
                    for c in sample.COMPANIES
                    if c.energised_id
                ),
                *(
                    Contact(d.energised_id, d.name, d.email, "", d.company.energised_id)
                    for d in sample.DRIVERS
                ),
            ],
            [Card(c.energised_id, c.tag, c.number) for c in (*sample.cards(cards), *more)],
            stations(wallboxes),
        )
        self._loaded = lambda: self.load_sample(cards, wallboxes)

    def reset(self) -> None:
        """Start again: the sample data if it was loaded, the settings of the start, no faults."""
        with self.working():
            super().reset()
            self.backend.clear()
            self.logins.tokens.clear()
            for name, value in self._knobs.items():
                setattr(self.backend, name, value)
            if self._loaded:
                self._loaded()

    def dump(self) -> dict[str, Any]:
        """Settings, contacts, portal users, and the cards and stations with their past."""
        return self.backend.dump()

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped."""
        with self.working():
            super().reset()
            self.logins.tokens.clear()
            self.backend.restore(dumped)

    def change_card(self, card_id: str, **fields: Any) -> None:
        """A clerk changes a card: `blocked`, `active` (bool), `label`, `contact_id`, ….

        Raises `RefusedError` (404 unknown card, 422 unknown contact).
        """
        with self.working():
            self.backend.change(card_id, **fields)

    def put_contact(self, contact: Contact) -> None:
        """A clerk creates or replaces a contact."""
        with self.working():
            self.backend.contacts[contact.id] = contact

    def rotate_token(self, token: str) -> None:
        """An administrator gives another API token; the old one ends at once."""
        with self.working():
            self._token = token

    def rotate_client_secret(self, secret: str) -> None:
        """An administrator gives the CPO API's client another secret; tokens of before stay."""
        with self.working():
            self.logins.client_secret = secret

    def put_station(self, station: Station) -> None:
        """A clerk creates or replaces a station. Raises `CpoRefusedError` for a known identity."""
        with self.working():
            self.backend.stations.put(station, self.now())

    def station(self, station_id: str) -> Station:
        """A station as it is now. Raises `CpoRefusedError`."""
        with self.working():
            return self.backend.stations.get(station_id)[1]

    def card(self, card_id: str) -> Card:
        """A card as it is now. Raises `RefusedError`."""
        with self.working():
            return self.backend.card(card_id)[1]

    # --- the simulator -------------------------------------------------------------------------

    def guard(self, request: Request, route: Route) -> Response | None:
        """The CPO API needs a bearer token with a scope, logins nothing, the rest `x-api-token`."""
        if route.operation == "cpo_token":
            return None
        if route.pattern.startswith(ROOT):
            return self._cpo_guard(request)
        sent = request.headers.get("x-api-token", "")
        if hmac.compare_digest(sent.encode(), self._token.encode()):
            return None
        return answer(401, {"message": "Unauthenticated."})

    def _cpo_guard(self, request: Request) -> Response | None:
        scope = self.logins.scope_of(request)
        if scope is None:
            return CpoRefusedError(401, "The access token is missing, wrong or over.").response()
        if not any(word.startswith("cpoapi") for word in scope.split()):
            return CpoRefusedError(403, "The access token has no scope for this.").response()
        return None

    def no_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """404, or 405 where the path has other methods."""
        if allowed:
            return answer(405, {"message": f"{request.method} is not allowed here."})
        return answer(404, {"message": "Not found."})

    def finish(self, request: Request, response: Response) -> Response:
        """Nothing is added to an answer."""
        _ = request
        return response

    def own_faults(self) -> Mapping[str, FaultKind]:
        """`search_lag` (`seconds`), `page_clamp` (`number`), `expired_token` (of the CPO API)."""

        def lagging(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            return self._with(fault.seconds, self.backend.page_clamp, proceed)

        def clamped(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            return self._with(self.backend.search_lag, fault.number, proceed)

        def expired(_fault: Fault, _request: Request, proceed: Proceed) -> Response:
            self.logins.tokens.clear()
            return proceed()

        return {"search_lag": lagging, "page_clamp": clamped, "expired_token": expired}

    def _with(self, lag: float, clamp: int, proceed: Proceed) -> Response:
        before = self.backend.search_lag, self.backend.page_clamp
        self.backend.search_lag, self.backend.page_clamp = lag, clamp
        try:
            return proceed()
        finally:
            self.backend.search_lag, self.backend.page_clamp = before

    def state(self) -> dict[str, Any]:
        """Settings, contacts, portal users, cards and stations."""
        return {
            **{name: getattr(self.backend, name) for name in self._knobs},
            "contacts": [c.shown() for c in self.backend.contacts.values()],
            "users": [asdict(user) for user in self.backend.users.values()],
            "cards": self.backend.cards(),
            "stations": self.backend.stations.all(),
        }

    def tables(self) -> list[Table]:
        """Cards, latest change first, stations, contacts and portal users."""
        return tables_of(self.backend)
