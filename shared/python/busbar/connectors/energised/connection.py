"""A `Connection` to be.ENERGISED: what a tenant has to let us do, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from busbar.connectors.clock_skew import clock_finding
from busbar.connectors.energised.cards import EnergisedCards
from busbar.connectors.energised.cpo import CpoClient
from busbar.connectors.energised.models import identifier, page_of
from busbar.connectors.energised.wallbox_checks import WallboxChecks
from busbar.connectors.exchange import Answer, Ask
from busbar.connectors.reading import UnreadableError, json_of, members
from busbar.errors import Unavailable
from busbar.ports.outside import Finding
from busbar.ports.runtime import Clock
from busbar.settings.energised import EnergisedSettings


class EnergisedConnection:
    """One tenant. `names` grow by what wallboxes need, where the org has them."""

    names: Sequence[str] = ("login", "clock", "card_list", "card_read")

    def __init__(
        self, settings: EnergisedSettings, cards: EnergisedCards, cpo: CpoClient, clock: Clock
    ) -> None:
        self._settings = settings
        self._cards = cards
        self._clock = clock
        self._wallboxes = WallboxChecks(settings, cards, cpo)
        self.names = (*type(self).names, *self._wallboxes.names)

    def close(self) -> None:
        """Close all connections."""
        self._cards.close()
        self._wallboxes.close()

    def check(self, name: str, timeout: float) -> Finding:
        """See `Connection.check`."""
        if name in self._wallboxes.names:
            return self._wallboxes.check(name, timeout)
        checks: dict[str, Callable[[float], Finding]] = {
            "login": self._login,
            "clock": self._on_time,
            "card_list": self._card_list,
            "card_read": self._card_read,
        }
        return checks[name](timeout)

    def _login(self, timeout: float) -> Finding:
        answer = self._list(1, timeout)
        return Finding("login", "ok", "ok", "The API token is taken.", answer.request_id)

    def _on_time(self, timeout: float) -> Finding:
        sent = self._clock.now()
        answer = self._list(1, timeout)
        return clock_finding(answer.headers, sent, self._clock.now(), answer.request_id)

    def _card_list(self, timeout: float) -> Finding:
        asked = self._settings.page_size
        answer = self._list(asked, timeout)
        page = _read(answer, lambda value: page_of(value, 0))
        rows = len(page.cards) + len(page.unreadable)
        if page.unreadable:
            detail = (
                f"{len(page.unreadable)} of {rows} cards of the first page cannot be read. "
                "They are left out by the sync; have their id, active and updated_at mended."
            )
            return Finding("card_list", "warning", "unreadable", detail, answer.request_id)
        if page.following is not None and rows < asked:
            detail = (
                f"Pages are clamped to {rows} cards where {asked} were asked for. Nothing is lost, "
                f"as reading goes on by what came; set page_size to {rows} to say so."
            )
            return Finding("card_list", "warning", "clamped", detail, answer.request_id)
        detail = f"The first page came with {rows} of at most {asked} cards."
        return Finding("card_list", "ok", "ok", detail, answer.request_id)

    def _card_read(self, timeout: float) -> Finding:
        listed = self._list(1, timeout / 2)
        card_id = _read(listed, _first_id)
        if not card_id:
            detail = "The tenant shows no card, so reading one cannot be tried. Create one there."
            return Finding("card_read", "warning", "no_card", detail, listed.request_id)
        self._cards.read_card(card_id, timeout / 2)
        detail = "A card of the list can be read by its id."
        return Finding("card_read", "ok", "ok", detail, listed.request_id)

    def _list(self, limit: int, timeout: float) -> Answer:
        query = {"offset": "0", "limit": str(limit)}
        return self._cards.call(Ask("check_cards", "GET", "/api/card/", query=query), timeout)


def _read(answer: Answer, read: Callable[[Any], Any]) -> Any:
    try:
        return read(json_of(answer.body))
    except UnreadableError as error:
        raise Unavailable(
            "energised", "check_cards", str(error), "UNREADABLE_ANSWER", answer.request_id
        ) from None


def _first_id(value: object) -> str:
    found = members(value).get("data")
    if not isinstance(found, list):
        raise UnreadableError("data")
    return (identifier(members(found[0], "data"), "id") or "") if found else ""
