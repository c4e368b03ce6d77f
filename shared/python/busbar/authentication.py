"""Who calls: what the token says, checked again behind API Gateway's authoriser; or who signed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from busbar.domain.webhook_signature import HEADERS, ID, SIGNATURE, TIMESTAMP, WINDOW, is_signed
from busbar.errors import FieldError, Problem
from busbar.settings.function import Settings

MACHINE_SCOPE = "busbar/machine"
"""Scope that a machine's token has to carry (client credentials)."""


@dataclass(frozen=True)
class Identity:
    """Who a token speaks for."""

    org: str
    sub: str
    scopes: frozenset[str]


def authenticate(event: Mapping[str, Any], settings: Settings, now: float) -> Identity:
    """Org and subject of a request whose token the authoriser has let pass.

    Refuses what the authoriser may have let through: no claims, no expiry, an expired token, a
    token that is no access token, an audience of no org. Raises a 401 `Problem`.
    """
    claims = (
        event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims") or {}
    )
    audience = str(claims.get("client_id") or claims.get("aud") or "")
    org = settings.org_of_audience(audience)
    sub = str(claims.get("sub") or "")
    expires = str(claims.get("exp") or "")
    valid = (
        org is not None
        and sub
        and re.fullmatch(r"[0-9]{1,12}(\.0+)?", expires)
        and float(expires) > now
        and claims.get("token_use") == "access"
    )
    if not valid or org is None:
        raise Problem(
            401,
            "token-invalid",
            "The token is not valid here",
            "Sign in again and send the new access token.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return Identity(org, sub, frozenset(str(claims.get("scope") or "").split()))


class Keys(Protocol):
    """The keys of one sender; with `again` as they are now, unless that was just looked at."""

    def __call__(self, *, again: bool = False) -> tuple[bytes, ...]:
        """The keys. Raises `Unavailable`."""
        ...


def authenticate_sender(headers: Mapping[str, str], body: bytes, keys: Keys, now: float) -> str:
    """The id of a message that its sender has signed and sent just now (Standard Webhooks).

    Raises a 401 `Problem`: a header missing, a time outside the window, no signature that fits.
    """
    missing = tuple(FieldError(name, "is missing") for name in HEADERS if not headers.get(name))
    if missing:
        raise _unsigned("signature-missing", "The request is not signed", missing)
    message_id, timestamp, signatures = (headers[name] for name in HEADERS)
    # No dot in either, or one signed text could be cut into id, time and body in several ways.
    if not re.fullmatch(r"[A-Za-z0-9_:-]{1,128}", message_id):
        fault = FieldError(ID, "may have 1 to 128 letters, digits, _, : and -")
        raise _unsigned("signature-invalid", "The id of the message is invalid", (fault,))
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(int(now) - int(timestamp)) > WINDOW:
        fault = FieldError(TIMESTAMP, f"has to be within {WINDOW} s of {int(now)}, in Unix seconds")
        raise _unsigned("timestamp-outside-window", "The message is too old or too new", (fault,))
    known = keys()
    if is_signed(signatures, known, message_id, timestamp, body):
        return message_id
    fresh = keys(again=True)
    if fresh != known and is_signed(signatures, fresh, message_id, timestamp, body):
        return message_id
    fault = FieldError(SIGNATURE, "fits none of this org's keys")
    raise _unsigned("signature-invalid", "The signature is not valid here", (fault,))


def _unsigned(slug: str, title: str, faults: tuple[FieldError, ...]) -> Problem:
    return Problem(
        401,
        slug,
        title,
        "Sign id.timestamp.body with the org's key, byte by byte, and send it again.",
        errors=faults,
        headers={"WWW-Authenticate": "Standard-Webhooks"},
    )
