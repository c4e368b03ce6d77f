"""What all workers know of an outside system: its circuit's row, and the windows of its limit.

How it is used: `busbar.process.circuit`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from busbar.domain.record import Record

CIRCUIT_OPEN, CIRCUIT_DRAINING, CIRCUIT_LIMITED = (
    "circuit_open",
    "circuit_draining",
    "circuit_limited",
)
SYSTEMS = ("salesforce", "energised", "sap")
"""All that have a circuit, and a lane for what waits for them."""
QUIET = timedelta(seconds=120)
"""How long after the last errand of the lane the limit is held: two runs of the sweep."""
SMALL = 84
"""Calls a minute below which windows have to be long to hold a batch."""

State = Literal["closed", "open", "draining"]


class CircuitRow(Record):
    """How one outside system is, as all workers know it. There is none before its first failure."""

    schema_name: ClassVar[str] = "circuit"

    failures: int = 0
    """Failed calls in a row since the last success that counts."""
    write_failed: bool = False
    failed_at: AwareDatetime | None = None
    reason: str = ""
    """Code of the failure that opened it."""
    open_since: AwareDatetime | None = None
    probe_at: AwareDatetime | None = None
    """When the next probe may be claimed."""
    probes: int = 0
    closed_at: AwareDatetime | None = None
    drains_until: AwareDatetime | None = None
    line: bool = False
    """Whether work may still wait in the lane."""
    per_minute: int = 0
    """The system's stated limit, as the worker that closed it knew it."""
    window: int = 0
    used: int = 0
    """Slots claimed of this window."""

    def state(self, now: datetime) -> State:
        """Where it stands."""
        if self.open_since:
            return "open"
        return "draining" if self.drains_until and now < self.drains_until else "closed"

    def probe_is_due(self, now: datetime) -> bool:
        """Whether somebody may try now."""
        return self.probe_at is None or now >= self.probe_at

    def lined(self, now: datetime) -> CircuitRow:
        """The row while something waits in the lane."""
        return self.model_copy(update={"drains_until": now + QUIET, "line": True})

    def unlined(self) -> CircuitRow:
        """The row when the lane was seen to be empty."""
        return self.model_copy(update={"line": False})


class Slots:
    """The windows in which a limit of calls a minute is kept.

    A slot may still be used in the window after its own. So any minute sees slots of so many
    windows as `of_window` divides by, and never more calls than the limit.
    """

    def __init__(self, per_minute: int) -> None:
        self.seconds = 5 if per_minute >= SMALL else 30
        self.of_window = max(1, per_minute * self.seconds // (60 + 2 * self.seconds))

    def window(self, now: datetime) -> int:
        """The number of the window of now."""
        return int(now.timestamp()) // self.seconds

    def end(self, window: int) -> float:
        """Epoch seconds until which slots of this window can be used."""
        return float((window + 2) * self.seconds)

    def a_minute(self) -> int:
        """Slots that come up in a minute."""
        return self.of_window * 60 // self.seconds
