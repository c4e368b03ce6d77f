"""GET /v1/systems."""

from __future__ import annotations

from datetime import datetime

from busbar.process.circuit_row import State
from infra.operations import Operation, Says, View
from infra.operations.parts import AT


class SystemView(View):
    """A system's circuit, and the work that waits for it; `waiting` counts to 10,000."""

    system: str
    state: State
    since: datetime | None
    reason: str | None
    next_probe_at: datetime | None
    waiting: int
    waiting_since: datetime | None


class SystemList(View):
    """Every outside system."""

    systems: list[SystemView]


DOWN = {
    "system": "salesforce",
    "state": "open",
    "since": AT,
    "reason": "unavailable",
    "next_probe_at": AT,
    "waiting": 12,
    "waiting_since": AT,
}
OPERATIONS = {
    "systems_list": Operation(
        "Which outside systems are down, and how much work waits for them",
        {200: Says("Every system", SystemList, {"systems": [DOWN]})},
    ),
}
