"""Calls to the CPO API of be.ENERGISED: token, headers, one new login, errors by consequence.

The token comes from another host, one for all tenants (documented). So a login passes no circuit:
that host, or a wrong secret of ours, says nothing of the tenant, whose cards must not wait for it.
In place of that a login that failed is not tried again at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx

from busbar.connectors.budget import Budget
from busbar.connectors.energised.refusals import Refusal
from busbar.connectors.exchange import Answer, Ask, Exchange
from busbar.connectors.reach import Reach
from busbar.connectors.reading import UnreadableError, json_of, members, token, whole
from busbar.connectors.retry_after import retry_after
from busbar.errors import Unavailable, UpstreamError
from busbar.settings.energised import EnergisedSettings

LOGIN_PAUSE = 30.0
"""Seconds after a failed login until this worker tries another."""
_SHARE_OF_LIFE = 0.9
"""Of a token's stated life (documented: 86,400 s); then it is renewed unasked."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_ERROR_CODE = re.compile("[a-z_]{1,40}")


@dataclass(frozen=True)
class _Token:
    value: str
    good_until: datetime | None
    """None: nobody said so, and a 401 will."""


@dataclass(frozen=True)
class _Failure:
    """A failed login: its code, and until when on the monotonic clock it is not repeated."""

    code: str
    until: float


class CpoClient:
    """The HTTP side of one tenant's CPO API. Connections and the token are kept over invocations.

    `login_transport` leads to the host of the tokens.
    """

    def __init__(
        self,
        settings: EnergisedSettings,
        reach: Reach,
        login_transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._reach = reach
        self._token: _Token | None = None
        self._failure: _Failure | None = None
        self._exchange = Exchange(
            "energised",
            settings.base_url,
            reach,
        )
        origin, self._token_path = split_url(settings.cpo_token_url)
        # Not through the gate: it is another host, and what it says is not said of the tenant.
        login = replace(reach, transport=login_transport, gate=None)
        self._logins = Exchange("energised", origin, login)

    def close(self) -> None:
        """Close all connections."""
        self._exchange.close()
        self._logins.close()

    def budget(self, seconds: float) -> Budget:
        """The time of one operation, from now on."""
        return Budget(seconds, self._reach.monotonic)

    def log_in(self, budget: Budget) -> None:
        """Take a fresh token, whatever there is. Raises `Unavailable`."""
        self._token = self._login("log_in", budget)

    def call(self, ask: Ask, budget: Budget) -> Answer:
        """Send, and return the answer if it is a 2xx. Raises the `UpstreamError` tree.

        A 401 means that the call was not executed, so after one new login it is made once more,
        writes too.
        """
        answer = self._authorised(ask, budget)
        if answer.status == 401:
            self._token = None
            answer = self._authorised(ask, budget)
        if answer.status == 401:
            self._token = None
        if 200 <= answer.status < 300:
            return answer
        after = retry_after(answer.headers, self._reach.clock.now())
        refusal = Refusal(answer.status, answer.body, after, answer.request_id)
        raise refusal.error(ask.operation, writes=ask.writes)

    def unreadable(self, ask: Ask, error: UnreadableError, answer: Answer) -> UpstreamError:
        """The error for an answer that cannot be read."""
        return self._exchange.failed(
            ask, "UNREADABLE_ANSWER", detail=str(error), request_id=answer.request_id
        )

    def _authorised(self, ask: Ask, budget: Budget) -> Answer:
        now = self._reach.clock.now()
        held = self._token
        if held is None or (held.good_until is not None and now >= held.good_until):
            held = self._token = self._login(ask.operation, budget)
        headers = {"Authorization": f"Bearer {held.value}"}
        return self._exchange.send(replace(ask, headers=headers), budget)

    def _login(self, operation: str, budget: Budget) -> _Token:
        """A fresh token. Whatever goes wrong, the operation itself was not done."""
        failure, now = self._failure, self._reach.monotonic()
        if failure and now < failure.until:
            wait = failure.until - now
            raise Unavailable("energised", operation, "login", failure.code, retry_after=wait)
        try:
            made = self._ask_for_token(operation, budget)
        except Unavailable as error:
            if error.code != "NO_TIME_LEFT":
                self._failure = _Failure(error.code, self._reach.monotonic() + LOGIN_PAUSE)
            raise
        self._failure = None
        return made

    def _ask_for_token(self, operation: str, budget: Budget) -> _Token:
        secret = self._reach.credentials()
        now = self._reach.clock.now()
        answer = self._try_login(secret, operation, budget)
        if answer.status in {400, 401}:
            # The secret may have been rotated behind the cache. The same one is not tried twice.
            renewed = self._reach.credentials(refresh=True)
            if renewed != secret:
                answer = self._try_login(renewed, operation, budget)
        if answer.status != 200:
            after = retry_after(answer.headers, now)
            code = _error_code(answer)
            raise Unavailable("energised", operation, "login", code, answer.request_id, after)
        try:
            row = members(json_of(answer.body))
            life = whole(row, "expires_in") if "expires_in" in row else None
            until = None if life is None else now + timedelta(seconds=life * _SHARE_OF_LIFE)
            return _Token(token(row, "access_token"), until)
        except UnreadableError as error:
            raise Unavailable("energised", operation, str(error), "UNREADABLE_LOGIN") from None

    def _try_login(self, secret: Mapping[str, str], operation: str, budget: Budget) -> Answer:
        client_id, client_secret = secret.get("client_id", ""), secret.get("client_secret", "")
        if not client_id or not client_secret:
            fields = "client_id, client_secret"
            raise Unavailable("energised", operation, fields, "INCOMPLETE_SECRET")
        asked = {"grant_type": "client_credentials"}
        asked |= {"client_id": client_id, "client_secret": client_secret}
        if self._settings.cpo_scope:
            asked["scope"] = self._settings.cpo_scope
        ask = Ask(operation, "POST", self._token_path, login=True, headers=_FORM)
        by_query = self._settings.cpo_authentication == "query"
        ask = replace(ask, query=asked) if by_query else replace(ask, form=asked)
        return self._logins.send(ask, budget)


def split_url(url: str) -> tuple[str, str]:
    """Origin and path of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path


def _error_code(answer: Answer) -> str:
    """The code of RFC 6749 §5.2, or the status where there is none."""
    try:
        code = members(json_of(answer.body)).get("error")
    except UnreadableError:
        code = None
    known = isinstance(code, str) and _ERROR_CODE.fullmatch(code)
    return str(code) if known else f"HTTP_{answer.status}"
