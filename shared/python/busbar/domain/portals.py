"""The portals of an org, as a setting tells them and `portal_ref` of a mapping finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

ORIGINS = ("END_CUSTOMER_PORTAL", "INSTALLER_PORTAL", "B2B_PORTAL", "ADDITIONAL_PORTAL")
Portals = Sequence[Mapping[str, Any]]


def portals_of(told: Mapping[str, str]) -> Portals:
    """`{id: "origin domain since name"}` in the toolkit's words; `since` is a day.

    Raises `ValueError` for a text that is no such.
    """
    return [_portal(portal_id, text) for portal_id, text in told.items()]


def _portal(portal_id: str, text: str) -> Mapping[str, Any]:
    parts = text.split(maxsplit=3)
    if len(parts) < 4 or parts[0] not in ORIGINS:
        wanted = "has to be: origin domain since name; the origin one of"
        raise ValueError(f"{portal_id} {wanted} {', '.join(ORIGINS)}")
    origin, domain, since, name = parts
    return {
        "portal_id": portal_id,
        "origin": origin,
        "domain": domain,
        "name": name,
        "enabled": True,
        "is_dummy": False,
        "_created_at": date.fromisoformat(since).isoformat(),
    }
