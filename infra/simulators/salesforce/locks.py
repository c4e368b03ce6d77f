"""Row locks: two calls that write children of one account at the same time stand in each other's
way, as the account is locked with each of them.

A call is as long as `row_seconds` times the rows that it writes, in real time, and others come in
meanwhile. The real Salesforce lets the second one wait for about 10 s before it fails; here it
fails at once, which is stricter.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from infra.simulators.salesforce.failures import ApiError


@dataclass
class Locks:
    """Who holds which account. Only the call that runs now takes locks (`calling`)."""

    row_seconds: float = 0.0
    refused: int = 0
    """How many row writes found their account locked."""
    written: int = 0
    _held: dict[str, int] = field(default_factory=dict)
    _calls: int = 0
    _rows: int = 0

    def take(self, account: str | None) -> None:
        """The call that runs now writes a row of this account. Raises `ApiError`."""
        if account is None or not self.row_seconds:
            return
        if self._held.setdefault(account, self._calls) != self._calls:
            self.refused += 1
            message = f"unable to obtain exclusive access to this record or 1 records: {account}"
            raise ApiError("UNABLE_TO_LOCK_ROW", message)
        self._rows += 1
        self.written += 1

    def begin(self) -> None:
        """A call begins; nobody else runs until `end`."""
        self._calls += 1
        self._rows = 0

    def end(self) -> tuple[int, float]:
        """The call has done its work: its number, and how long it goes on holding its locks."""
        return self._calls, self._rows * self.row_seconds

    def hold(self, call: int, seconds: float) -> None:
        """Let others run while the call lasts, then give its locks back."""
        if seconds:
            time.sleep(seconds)
            self._held = {account: by for account, by in self._held.items() if by != call}
