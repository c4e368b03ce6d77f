"""`busbar.ports.energised.ChargingBackend` on the REST API of be.ENERGISED."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from busbar.connectors.budget import Budget
from busbar.connectors.energised.models import confirm_written, page_of, whole_card_of
from busbar.connectors.energised.refusals import Refusal
from busbar.connectors.exchange import Answer, Ask, Exchange, path_segment
from busbar.connectors.reach import Reach
from busbar.connectors.reading import UnreadableError, json_of, members, token
from busbar.connectors.retry_after import retry_after
from busbar.domain.cards import BackendCard
from busbar.errors import Missing, Unavailable, UpstreamError
from busbar.ports.energised import CardPage
from busbar.settings.energised import EnergisedSettings


class EnergisedCards:
    """Charging cards in one tenant of be.ENERGISED."""

    def __init__(
        self,
        settings: EnergisedSettings,
        reach: Reach,
    ) -> None:
        self._settings = settings
        self._reach = reach
        self._exchange = Exchange(
            "energised",
            settings.base_url,
            reach,
        )

    def close(self) -> None:
        """Close all connections."""
        self._exchange.close()

    def read_card(self, card_id: str, timeout: float) -> BackendCard:
        """See `ChargingBackend.read_card`: `GET /api/card/{id}` (documented)."""
        try:
            ask = Ask("read_card", "GET", f"/api/card/{path_segment(card_id)}")
        except ValueError:
            raise Missing("energised", "read_card", "id", "NO_CARD_ID") from None
        answer = self.call(ask, timeout)
        try:
            return whole_card_of(members(json_of(answer.body)))
        except UnreadableError as error:
            raise self.unreadable(ask, error, answer) from None

    def write_card(self, card_id: str, body: Mapping[str, Any], timeout: float) -> None:
        """See `ChargingBackend.write_card`: `PUT /api/card/` (documented).

        The card is addressed by `id` in the body (assumed). Booleans go out as strings
        (documented), also those of an org's own mapping.
        """
        wire = {k: str(v).lower() if isinstance(v, bool) else v for k, v in body.items()}
        ask = Ask("write_card", "PUT", "/api/card/", writes=True, json={**wire, "id": card_id})
        answer = self.call(ask, timeout)
        if answer.status == 204:
            return
        try:
            confirm_written(members(json_of(answer.body)), card_id)
        except UnreadableError as error:
            raise self.unreadable(ask, error, answer) from None

    def changed_cards(self, since: datetime | None, offset: int, timeout: float) -> CardPage:
        """See `ChargingBackend.changed_cards`: `GET /api/card/` with these queries (assumed)."""
        query = {"offset": str(offset), "limit": str(self._settings.page_size)}
        if since:
            query["updated_since"] = since.astimezone(UTC).isoformat()
        ask = Ask("changed_cards", "GET", "/api/card/", query=query)
        answer = self.call(ask, timeout)
        try:
            return page_of(json_of(answer.body), offset)
        except UnreadableError as error:
            raise self.unreadable(ask, error, answer) from None

    def call(self, ask: Ask, timeout: float) -> Answer:
        """Send; after a 401 once more with a renewed token, if there is another one.

        Raises the `UpstreamError` tree unless the answer is a 2xx.
        """
        budget = Budget(timeout, self._reach.monotonic)
        known = self._token(ask)
        answer = self._send(ask, known, budget)
        if answer.status == 401:
            renewed = self._token(ask, refresh=True)
            if renewed != known:
                answer = self._send(ask, renewed, budget)
        if 200 <= answer.status < 300:
            return answer
        raise Refusal(
            answer.status,
            answer.body,
            retry_after(answer.headers, self._reach.clock.now()),
            answer.request_id,
        ).error(ask.operation, writes=ask.writes)

    def _send(self, ask: Ask, api_token: str, budget: Budget) -> Answer:
        return self._exchange.send(replace(ask, headers={"x-api-token": api_token}), budget)

    def _token(self, ask: Ask, *, refresh: bool = False) -> str:
        try:
            return token(self._reach.credentials(refresh=refresh), "api_token")
        except UnreadableError as error:
            raise Unavailable("energised", ask.operation, str(error), "INCOMPLETE_SECRET") from None

    def unreadable(self, ask: Ask, error: UnreadableError, answer: Answer) -> UpstreamError:
        """The error for an answer that cannot be read."""
        return self._exchange.failed(
            ask, "UNREADABLE_ANSWER", detail=str(error), request_id=answer.request_id
        )
