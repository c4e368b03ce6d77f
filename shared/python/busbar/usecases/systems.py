"""Shows which outside systems take calls, and how much work waits for those that do not."""

from __future__ import annotations

from datetime import datetime

from busbar.domain.authorisation import require
from busbar.domain.customers import Caller
from busbar.ports.runtime import Json
from busbar.process.circuit_row import SYSTEMS, CircuitRow
from busbar.process.outbox import OutboxRow
from busbar.usecases.deps import Deps


def list_systems(caller: Caller, deps: Deps) -> Json:
    """Each system's circuit and lane. Raises a 403 `Problem`.

    `since` and `reason` are null while a system is not known to have failed; `waiting` counts to
    10,000.
    """
    require(caller, "systems_list")
    rows = {stored.record.id: stored.record for stored in deps.store.get_many(CircuitRow, SYSTEMS)}
    now = deps.clock.now()
    return {"systems": [_view(name, rows.get(name), now, deps) for name in SYSTEMS]}


def _view(name: str, row: CircuitRow | None, now: datetime, deps: Deps) -> Json:
    state = row.state(now) if row else "closed"
    waiting, oldest = deps.store.count_due(OutboxRow, now, name)
    is_open = row is not None and state == "open"
    since = (row.open_since if is_open else row.closed_at) if row else None
    probe_at = row.probe_at if row and is_open else None
    return {
        "system": name,
        "state": state,
        "since": since.isoformat() if since else None,
        "reason": row.reason if row and is_open else None,
        "next_probe_at": probe_at.isoformat() if probe_at else None,
        "waiting": waiting,
        "waiting_since": datetime.fromisoformat(oldest).isoformat() if oldest else None,
    }
