"""be.ENERGISED as one object: `handle(Request) -> Response`."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from infra.simulators import sample
from infra.simulators.energised.api import API
from infra.simulators.energised.backend import Backend, Card, Contact
from infra.simulators.energised.clerk import CLERK
from infra.simulators.faults import Fault
from infra.simulators.messages import Request, Response, answer
from infra.simulators.routing import Route
from infra.simulators.simulator import FaultKind, Now, Proceed, Simulator, Table

_CARD_COLUMNS = ("id", "tag", "number", "label", "contact_id", "billing_contact_id", "rate_id")
_CARD_STATE = ("active", "blocked", "updated_at")


class EnergisedSimulator(Simulator):
    """One tenant of be.ENERGISED.

    `search_lag` (seconds), `page_clamp` (cards) and `lists_changes` can be set at any time; faults
    of the kinds of the first two names set them for single calls.
    """

    name = "be.ENERGISED"

    def __init__(
        self,
        now: Now,
        api_token: str,
        *,
        search_lag: float = 0.0,
        page_clamp: int = 500,
        lists_changes: bool = True,
    ) -> None:
        self.backend = Backend(self.now, search_lag, page_clamp, lists_changes)
        self._token = api_token
        self._loaded: Callable[[], None] | None = None
        self._settings = (search_lag, page_clamp, lists_changes)
        super().__init__(now, [*API.bind(self.backend), *CLERK.bind(self.backend)])

    # --- data and clerks -----------------------------------------------------------------------

    def load(
        self, contacts: Iterable[Contact], cards: Iterable[Card], *, days_old: float = 30
    ) -> None:
        """Take contacts and cards over as they are, last changed `days_old` days ago."""
        with self.working():
            self.backend.load(contacts, cards, self.now() - timedelta(days=days_old))

    def load_sample(self, cards: int = sample.CARDS) -> None:
        """Load the sample companies, drivers and `cards` blank cards; reset returns here."""
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
            [Card(c.energised_id, c.tag, c.number) for c in sample.cards(cards)],
        )
        self._loaded = lambda: self.load_sample(cards)

    def reset(self) -> None:
        """Start again: the sample data if it was loaded, the settings of the start, no faults."""
        with self.working():
            super().reset()
            self.backend.clear()
            backend = self.backend
            backend.search_lag, backend.page_clamp, backend.lists_changes = self._settings
            if self._loaded:
                self._loaded()

    def dump(self) -> dict[str, Any]:
        """Settings, contacts, and the cards with their past."""
        return self.backend.dump()

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped."""
        with self.working():
            super().reset()
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

    def card(self, card_id: str) -> Card:
        """A card as it is now. Raises `RefusedError`."""
        with self.working():
            return self.backend.card(card_id)[1]

    # --- the simulator -------------------------------------------------------------------------

    def guard(self, request: Request, route: Route) -> Response | None:  # noqa: ARG002
        """Every call needs the header `x-api-token`."""
        sent = request.headers.get("x-api-token", "")
        if hmac.compare_digest(sent.encode(), self._token.encode()):
            return None
        return answer(401, {"message": "Unauthenticated."})

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
        """`search_lag` (`seconds`) and `page_clamp` (`number`), for the calls that are hit."""

        def lagging(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            return self._with(fault.seconds, self.backend.page_clamp, proceed)

        def clamped(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            return self._with(self.backend.search_lag, fault.number, proceed)

        return {"search_lag": lagging, "page_clamp": clamped}

    def _with(self, lag: float, clamp: int, proceed: Proceed) -> Response:
        before = self.backend.search_lag, self.backend.page_clamp
        self.backend.search_lag, self.backend.page_clamp = lag, clamp
        try:
            return proceed()
        finally:
            self.backend.search_lag, self.backend.page_clamp = before

    def state(self) -> dict[str, Any]:
        """Settings, contacts and cards."""
        return {
            "search_lag": self.backend.search_lag,
            "page_clamp": self.backend.page_clamp,
            "contacts": [c.shown() for c in self.backend.contacts.values()],
            "cards": self.backend.cards(),
        }

    def tables(self) -> list[Table]:
        """Cards, latest change first, and contacts."""
        names = {c.id: c.name for c in self.backend.contacts.values()}
        columns = (*_CARD_COLUMNS, *_CARD_STATE)
        cards = sorted(self.backend.cards(), key=lambda c: str(c["updated_at"]), reverse=True)
        rows = [[names.get(c[k], c[k]) for k in columns] for c in cards]
        heads = ["Id", "Name", "E-mail", "Customer number", "Company", "Reference"]
        contacts = [
            [c.id, c.name, c.email, c.customer_number, c.company_id, c.customer_reference]
            for c in self.backend.contacts.values()
        ]
        return [Table("Cards", columns, rows), Table("Contacts", heads, contacts)]
