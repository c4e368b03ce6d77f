"""POST /v1/systems/{system}/connection-check."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from infra.operations import Operation, Says, View
from infra.operations.parts import AT


class CheckView(View):
    """A check: `text` is German, for the clerk; `detail` says what to do."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    request_id: str
    text: str


class ConnectionReport(View):
    """What the checks came to; a check that fails is a finding, and the report a success."""

    system: str
    ok: bool
    checked_at: datetime
    checks: list[CheckView]
    not_reached: list[str]


LOGIN = {
    "name": "login",
    "state": "failed",
    "detail": "The system does not take our credentials.",
    "request_id": "",
    "text": "Salesforce nimmt unsere Zugangsdaten nicht an.",
}
EXAMPLE = {
    "system": "salesforce",
    "ok": False,
    "checked_at": AT,
    "checks": [LOGIN],
    "not_reached": ["order"],
}
OPERATIONS = {
    "connection_check": Operation(
        "Check that a system lets us do what we have to, without writing there",
        {200: Says("What the checks came to", ConnectionReport, EXAMPLE)},
        problems={404: ("system-not-found",)},
    ),
}
