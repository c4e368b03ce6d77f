"""Who calls: what the token says, checked again behind API Gateway's authoriser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from busbar.errors import Problem
from busbar.settings import Settings

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
