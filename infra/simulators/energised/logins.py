"""OAuth 2.0, client credentials, for the CPO API: a token is good for a day (documented)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from infra.simulators.messages import Request, Response, answer
from infra.simulators.routing import Call, RouteTable

LOGIN: RouteTable[Logins] = RouteTable()
_FORM = "application/x-www-form-urlencoded"


@dataclass
class Logins:
    """Who may log in, and the tokens that were given. Without a `client_id` nobody may.

    `scope` names what the client may do; the CPO API wants one that begins with `cpoapi`
    (documented).
    """

    now: Callable[[], datetime]
    client_id: str
    client_secret: str
    token_seconds: int = 86_400
    scope: str = "cpoapi:*"
    tokens: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """Until when each is good, and for what."""
    _given: int = 0

    def give(self, scope: str) -> str:
        """A new token."""
        self._given += 1
        digest = hashlib.sha256(f"{self.now().timestamp()}-{self._given}".encode()).hexdigest()
        token = f"simulated.{digest}"
        self.tokens[token] = (self.now() + timedelta(seconds=self.token_seconds), scope)
        return token

    def scope_of(self, request: Request) -> str | None:
        """For what the token of a call is good; None if it is not."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        until, scope = self.tokens.get(token, (self.now(), ""))
        return scope if scheme.lower() == "bearer" and self.now() < until else None

    def accepts(self, client_id: str, secret: str) -> bool:
        """Whether these are the client's."""
        right = hmac.compare_digest(client_id.encode(), self.client_id.encode())
        known = hmac.compare_digest(secret.encode(), self.client_secret.encode())
        return bool(self.client_id) and right and known


@LOGIN.route(
    "POST",
    "/token",
    label="documented",
    note="On a host of its own in truth. grant_type=client_credentials; id and secret in the query "
    "(documented), in the form or by HTTP Basic",
)
def cpo_token(logins: Logins, call: Call) -> Response:
    request = call.request
    is_form = request.headers.get("content-type", "").startswith(_FORM)
    asked = {**request.parameters, **(request.form if is_form else {})}
    if asked.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type")
    if not logins.accepts(*_credentials(request, asked)):
        return _refused("invalid_client")
    wanted = asked.get("scope", logins.scope).split()
    if not set(wanted) <= set(logins.scope.split()):
        return _refused("invalid_scope")
    token = logins.give(" ".join(wanted))
    body = {"access_token": token, "expires_in": logins.token_seconds, "token_type": "Bearer"}
    return answer(200, body, {"cache-control": "no-store"})


def _refused(error: str) -> Response:
    return answer(400, {"error": error})


def _credentials(request: Request, asked: dict[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return asked.get("client_id", ""), asked.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret
