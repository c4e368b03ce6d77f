"""What every use case needs: the time and fresh ids. Times are aware UTC datetimes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

Json = dict[str, Any]


class Clock(Protocol):
    """The time, and nothing else of it."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...

    def pause(self, most: float) -> None:
        """Let some time pass, by chance up to `most` seconds: who meets others now may not then."""
        ...


class Ids(Protocol):
    """Fresh entity ids."""

    def new(self) -> str:
        """13 characters Crockford base32 that nobody has had before."""
        ...
