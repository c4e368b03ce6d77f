"""Who calls, and from which session: HTTP Basic, session cookies, CSRF tokens.

A token belongs to a session, which is a cookie. A write needs the token and all cookies that came
with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from infra.simulators.messages import Request

_USER_CONTEXT = "sap-usercontext"


@dataclass
class Sessions:
    """The sessions of one system. `cookie` names the one that carries the session."""

    now: Callable[[], datetime]
    cookie: str
    client: str
    seconds: float
    """For how long a session lasts that is not used."""
    _tokens: OrderedDict[str, tuple[str, datetime]] = field(default_factory=OrderedDict)
    """Session -> its token and when it was used last; the one used last is the last."""
    _count: int = 0

    def fetched(self, request: Request) -> tuple[str, tuple[str, ...]]:
        """The token of the caller's session, and the cookies of a new one if it has none."""
        session = self._session(request)
        if session:
            return self._tokens[session][0], ()
        self._count += 1
        moment = self.now()
        seed = f"{self.cookie}/{moment.timestamp()}/{self._count}"
        name = hashlib.sha256(seed.encode()).hexdigest()[:40]
        token = base64.b64encode(hashlib.md5(name.encode()).digest()).decode()  # noqa: S324  no secret
        self._tokens[name] = (token, moment)
        context = f"{_USER_CONTEXT}=sap-client={self.client}; path=/"
        return token, (f"{self.cookie}={name}; path=/; HttpOnly", context)

    def allows(self, request: Request) -> bool:
        """Whether a write carries the token of its session, and all cookies."""
        session = self._session(request)
        token = request.headers.get("x-csrf-token", "")
        return session != "" and hmac.compare_digest(
            self._tokens[session][0].encode(), token.encode()
        )

    def end(self) -> None:
        """End all sessions, with their tokens."""
        self._tokens.clear()

    def _session(self, request: Request) -> str:
        self._drop_unused()
        cookies = _cookies(request)
        session = cookies.get(self.cookie, "")
        if session not in self._tokens or _USER_CONTEXT not in cookies:
            return ""
        self._tokens[session] = (self._tokens[session][0], self.now())
        self._tokens.move_to_end(session)
        return session

    def _drop_unused(self) -> None:
        oldest = self.now() - timedelta(seconds=self.seconds)
        while self._tokens:
            name, (_, used) = next(iter(self._tokens.items()))
            if used > oldest:
                return
            del self._tokens[name]


def basic(request: Request) -> tuple[str, str]:
    """User and password of a call, both empty where there are none."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, password = text.partition(":")
    return (user, password) if scheme.lower() == "basic" else ("", "")


def _cookies(request: Request) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return {name: value for name, _, value in pairs}
