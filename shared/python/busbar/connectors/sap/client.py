"""Calls to one SAP Gateway: who we are, the session that a write needs, errors by consequence."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

from busbar.connectors.budget import Budget
from busbar.connectors.exchange import Answer, Ask, Exchange
from busbar.connectors.reach import Reach
from busbar.connectors.reading import UnreadableError
from busbar.connectors.retry_after import retry_after
from busbar.connectors.sap.odata import service_path
from busbar.connectors.sap.refusals import Refusal, error_beside, fault_of_body, wants_token
from busbar.connectors.sap.sessions import Session, session_of
from busbar.errors import Unavailable, UpstreamError
from busbar.settings.sap import SapSettings

_NO_HEAD = frozenset({400, 403, 404, 405, 501})
"""A gateway, or what stands before it, may refuse HEAD in many ways; GET then says why."""


class SapClient:
    """The HTTP side of one system. Connections and sessions are kept over invocations."""

    def __init__(
        self,
        settings: SapSettings,
        reach: Reach,
    ) -> None:
        self._settings = settings
        self._reach = reach
        self._sessions: dict[str, Session] = {}
        self._exchange = Exchange(
            "sap",
            settings.base_url,
            reach,
            # SAP locks a user after a few wrong passwords: it must not be tried on and on.
            overloaded=lambda answer: answer.status == 401,
        )

    def close(self) -> None:
        """Close all connections."""
        self._exchange.close()

    def budget(self, seconds: float) -> Budget:
        """The time of one operation, from now on."""
        return Budget(seconds, self._reach.monotonic)

    def call(self, ask: Ask, service: str, budget: Budget) -> Answer:
        """Send to a service and return the answer if it is a 2xx that stands by its word.

        Raises the `UpstreamError` tree.
        """
        answer = self._written(ask, service, budget) if ask.writes else self._sent(ask, budget)
        if not 200 <= answer.status < 300:
            raise self._refusal(answer).error(ask.operation, writes=ask.writes)
        if code := error_beside(answer.headers):
            raise self._exchange.failed(ask, code, detail="sap-message")
        return answer

    def unreadable(self, ask: Ask, error: UnreadableError, answer: Answer) -> UpstreamError:
        """The error for a 2xx whose body is not what is documented."""
        return self._exchange.failed(
            ask, "UNREADABLE_ANSWER", detail=str(error), request_id=answer.request_id
        )

    def open_session(self, service: str, operation: str, budget: Budget) -> Session:
        """A fresh session for writes: a CSRF token and the cookies that belong to it.

        Whatever goes wrong, the operation itself was not done. Raises the `NotDone` errors.
        """
        ask = Ask(operation, "HEAD", service_path(service), headers={"x-csrf-token": "Fetch"})
        answer = self._sent(ask, budget)
        if answer.status in _NO_HEAD or (answer.status < 300 and not session_of(answer)):
            answer = self._sent(replace(ask, method="GET"), budget)
        if not 200 <= answer.status < 300:
            raise self._refusal(answer).error(operation, writes=False)
        session = session_of(answer)
        if session is None:
            raise Unavailable("sap", operation, "x-csrf-token", "NO_CSRF_TOKEN", answer.request_id)
        return session

    def _written(self, ask: Ask, service: str, budget: Budget) -> Answer:
        """A write in the service's session, which is opened anew once if SAP knows it no more."""
        known = self._sessions.get(service)
        session = known or self._renewed(service, ask.operation, budget)
        answer = self._sent(_within(session, ask), budget)
        if answer.status == 403 and wants_token(answer.headers):
            session = self._renewed(service, ask.operation, budget)
            answer = self._sent(_within(session, ask), budget)
        return answer

    def _renewed(self, service: str, operation: str, budget: Budget) -> Session:
        self._sessions.pop(service, None)
        self._sessions[service] = self.open_session(service, operation, budget)
        return self._sessions[service]

    def _sent(self, ask: Ask, budget: Budget) -> Answer:
        """Send as our user. A 401 means that nothing was done, so a new secret is tried at once."""
        secret = self._reach.credentials()
        answer = self._exchange.send(self._as(secret, ask), budget)
        if answer.status == 401:
            renewed = self._reach.credentials(refresh=True)
            if renewed != secret:
                answer = self._exchange.send(self._as(renewed, ask), budget)
        return answer

    def _as(self, secret: Mapping[str, str], ask: Ask) -> Ask:
        user, password = secret.get("user", ""), secret.get("password", "")
        if not user or not password:
            raise Unavailable("sap", ask.operation, "user, password", "INCOMPLETE_SECRET")
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {**ask.headers, "Authorization": f"Basic {pair}"}
        if self._settings.client:
            headers["sap-client"] = self._settings.client
        return replace(ask, headers={**headers, "sap-language": self._settings.language})

    def _refusal(self, answer: Answer) -> Refusal:
        return Refusal(
            answer.status,
            fault_of_body(answer.body),
            wants_token(answer.headers),
            retry_after(answer.headers, self._reach.clock.now()),
            answer.request_id,
        )


def _within(session: Session, ask: Ask) -> Ask:
    cookies = {"Cookie": session.cookies} if session.cookies else {}
    return replace(ask, headers={**ask.headers, **cookies, "x-csrf-token": session.token})
