"""Row locks: two calls that write children of one account at the same time stand in each other's
way, as the account is locked with each of them.

A call is as long as `row_seconds` times the rows that it writes, in real time, and others come in
meanwhile. The second one waits until the first gives the account back, as in the real Salesforce,
and is refused if that takes longer than `wait_seconds`. Its rows are there before its answer is:
nobody can tell the difference but by reading them meanwhile.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from infra.simulators.salesforce.failures import ApiError

WAIT_SECONDS = 10.0
"""How long Salesforce lets a call wait for a lock before it refuses it (documented)."""


@dataclass
class Locks:
    """Who holds which account. Only the call that runs now takes locks (`calling`)."""

    row_seconds: float = 0.0
    wait_seconds: float = WAIT_SECONDS
    written: int = 0
    waited: int = 0
    """How many of the written rows found their account locked first."""
    refused: int = 0
    """How many row writes were refused, since their account was locked for too long."""
    longest_wait: float = 0.0
    """Seconds for which one of them waited, or would have had to wait, at most."""
    _held: dict[str, int] = field(default_factory=dict)
    _until: dict[int, float] = field(default_factory=dict)
    """When each call that still lasts gives its locks back."""
    _calls: int = 0
    _rows: int = 0
    _waits: float = 0.0
    """Seconds for which the call that runs now waits for others."""

    def take(self, account: str | None) -> None:
        """The call that runs now writes a row of this account. Raises `ApiError`."""
        if account is None or not self.row_seconds:
            return
        holder = self._held.get(account, self._calls)
        if holder != self._calls:
            wait = self._until[holder] - time.monotonic()
            self.longest_wait = max(self.longest_wait, wait)
            if wait > self.wait_seconds:
                self.refused += 1
                message = "unable to obtain exclusive access to this record or 1 records: "
                raise ApiError("UNABLE_TO_LOCK_ROW", message + account)
            self.waited += 1
            self._waits = max(self._waits, wait)
        self._held[account] = self._calls
        self._rows += 1
        self.written += 1

    def begin(self) -> None:
        """A call begins; nobody else runs until `end`."""
        self._calls += 1
        self._rows, self._waits = 0, 0.0

    def end(self) -> tuple[int, float]:
        """The call has done its work: its number, and how long it goes on holding its locks."""
        seconds = self._waits + self._rows * self.row_seconds
        self._until[self._calls] = time.monotonic() + seconds
        return self._calls, seconds

    def hold(self, call: int, seconds: float) -> None:
        """Let others run while the call lasts, then give its locks back."""
        if seconds:
            time.sleep(seconds)
        del self._until[call]
        if seconds:
            self._held = {account: by for account, by in self._held.items() if by != call}
