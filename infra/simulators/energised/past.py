"""What an object was at each time: lists and searches show it as it was a while ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")
_KEPT = 20


@dataclass
class Past(Generic[T]):
    """States by time, newest last. There is one at least."""

    rows: list[tuple[datetime, T]]

    @property
    def latest(self) -> tuple[datetime, T]:
        """When it last changed, and what it is since."""
        return self.rows[-1]

    def at(self, moment: datetime) -> tuple[datetime, T] | None:
        """What it was then; None if it was not there yet."""
        return next((row for row in reversed(self.rows) if row[0] <= moment), None)

    def change(self, moment: datetime, state: T) -> None:
        """It is something else from now on; the oldest states are forgotten."""
        self.rows = [*self.rows[1 - _KEPT :], (moment, state)]
