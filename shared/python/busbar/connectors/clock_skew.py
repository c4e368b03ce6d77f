"""How far a system's clock is from ours, by the `Date` of its answers (RFC 9110 §6.6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from busbar.ports.outside import Finding

MOST = 30.0
"""Seconds. Sync windows, leases and tokens have at least this much room; more eats into them."""


def clock_finding(
    headers: Mapping[str, str], sent: datetime, received: datetime, request_id: str
) -> Finding:
    """Compare the answer's date with our time while it was on its way."""
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
        # A date has whole seconds, and the answer was written at some time between the two.
        early, late = (sent - date).total_seconds() - 1, (date - received).total_seconds()
    except (ValueError, TypeError):
        detail = "The answer has no readable Date header, so the clocks cannot be compared."
        return Finding("clock", "warning", "unknown", detail, request_id)
    skew = max(early, late, 0.0)
    if skew <= MOST:
        return Finding(
            "clock", "ok", "ok", f"The clocks differ by at most {MOST:.0f} s.", request_id
        )
    side = "behind" if early > late else "ahead of"
    detail = (
        f"The system's clock is {skew:.0f} s {side} ours; changes and windows may be missed. "
        "Have the system's administrator check its time; ours comes from AWS."
    )
    return Finding("clock", "warning", "skewed", detail, request_id)
