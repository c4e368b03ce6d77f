"""Calls to one Salesforce org: token, headers, one re-login, and errors by consequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from busbar.connectors.budget import Budget
from busbar.connectors.exchange import Answer, Ask, Exchange
from busbar.connectors.reach import Reach
from busbar.connectors.reading import UnreadableError, json_of, members, token
from busbar.connectors.retry_after import retry_after
from busbar.connectors.salesforce.login import login_ask
from busbar.connectors.salesforce.refusals import (
    OVER_QUOTA,
    Refusal,
    fault_of_body,
    out_of_quota,
)
from busbar.errors import Unavailable, UpstreamError
from busbar.observability import Metric, count
from busbar.settings.salesforce import SalesforceSettings

_REFUSED_LOGIN = frozenset({"invalid_client", "invalid_client_id", "invalid_grant"})


@dataclass(frozen=True)
class _Token:
    value: str
    fetched_at: datetime


class SalesforceClient:
    """The HTTP side of one org. Connections and the token are kept over invocations."""

    def __init__(
        self,
        settings: SalesforceSettings,
        reach: Reach,
    ) -> None:
        self._settings = settings
        self._reach = reach
        self._token: _Token | None = None
        self._exchange = Exchange(
            "salesforce",
            settings.base_url,
            reach,
            overloaded=out_of_quota,
        )
        self.base_url = settings.base_url
        self.base_path = f"/services/data/v{settings.api_version}"

    def close(self) -> None:
        """Close all connections."""
        self._exchange.close()

    def log_in(self, budget: Budget) -> None:
        """Take a fresh token, whatever there is. Raises `Unavailable`."""
        self._token = _Token(self._login("log_in", budget), self._reach.clock.now())

    def budget(self, seconds: float) -> Budget:
        """The time of one operation, from now on."""
        return Budget(seconds, self._reach.monotonic)

    def call(self, ask: Ask, budget: Budget, *, accept: tuple[int, ...] = ()) -> Answer:
        """Send and return the answer if it is a 2xx or its status stands in `accept`.

        Raises the `UpstreamError` tree. A 401 means that the call was not executed, so after one
        new login it is made once more, writes too.
        """
        answer = self._authorised(ask, budget)
        if answer.status == 401:
            self._token = None
            answer = self._authorised(ask, budget)
        if answer.status == 401:
            self._token = None
        if 200 <= answer.status < 300 or answer.status in accept:
            return answer
        raise self.refusal(answer).error(ask.operation, writes=ask.writes)

    def refusal(self, answer: Answer) -> Refusal:
        """What an answer outside 2xx says."""
        return Refusal(
            answer.status,
            fault_of_body(answer.body),
            retry_after(answer.headers, self._reach.clock.now()),
            answer.request_id,
        )

    def read(self, ask: Ask, budget: Budget) -> dict[str, Any]:
        """The JSON object that a GET answers with."""
        answer = self.call(ask, budget)
        try:
            return members(json_of(answer.body))
        except UnreadableError as error:
            raise self.unreadable(ask, error, answer) from None

    def unreadable(
        self, ask: Ask, error: UnreadableError, answer: Answer | None = None
    ) -> UpstreamError:
        """The error for a 2xx whose body is not what is documented."""
        return self._exchange.failed(
            ask,
            "UNREADABLE_ANSWER",
            detail=str(error),
            request_id=answer.request_id if answer else "",
        )

    def _authorised(self, ask: Ask, budget: Budget) -> Answer:
        headers = {
            **ask.headers,
            "Authorization": f"Bearer {self._current_token(ask, budget)}",
            # Comes back in `changeOrigin` of change events, so that we know our own echo.
            "Sforce-Call-Options": "client=busbar",
        }
        answer = self._exchange.send(replace(ask, headers=headers), budget)
        if answer.status == 403 and fault_of_body(answer.body).code == OVER_QUOTA:
            count(Metric.THROTTLED, "salesforce")
        return answer

    def _current_token(self, ask: Ask, budget: Budget) -> str:
        now = self._reach.clock.now()
        lifetime = timedelta(seconds=self._settings.token_seconds)
        if self._token is None or now - self._token.fetched_at >= lifetime:
            self._token = _Token(self._login(ask.operation, budget), now)
        return self._token.value

    def _login(self, operation: str, budget: Budget) -> str:
        """A fresh access token. Whatever goes wrong, the operation itself was not done."""
        secret = self._reach.credentials()
        answer = self._try_login(secret, operation, budget)
        if fault_of_body(answer.body).code in _REFUSED_LOGIN:
            # The secret may have been rotated behind the cache. The same one is not tried twice.
            renewed = self._reach.credentials(refresh=True)
            if renewed != secret:
                answer = self._try_login(renewed, operation, budget)
        if answer.status != 200:
            refusal = self.refusal(answer)
            raise Unavailable(
                "salesforce",
                operation,
                "login",
                refusal.fault.code or f"HTTP_{answer.status}",
                answer.request_id,
                refusal.retry_after,
            )
        try:
            return token(members(json_of(answer.body)), "access_token")
        except UnreadableError as error:
            raise Unavailable("salesforce", operation, str(error), "UNREADABLE_LOGIN") from None

    def _try_login(self, secret: Mapping[str, str], operation: str, budget: Budget) -> Answer:
        ask = login_ask(secret, operation, self._settings.client_authentication)
        return self._exchange.send(ask, budget)
