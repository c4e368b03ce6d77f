"""The German calendar day of a time, by the rule that holds since 1996: summer time from the last
Sunday of March, 01:00 UTC, to the last Sunday of October, 01:00 UTC (directive 2000/84/EC).

Not zoneinfo, whose data the Lambda runtime does not promise to have.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def berlin_day(at: datetime) -> date:
    """The day in Berlin at an aware time."""
    utc = at.astimezone(UTC)
    start, end = _switch(utc.year, 3), _switch(utc.year, 10)
    return (utc + timedelta(hours=2 if start <= utc < end else 1)).date()


def _switch(year: int, month: int) -> datetime:
    """01:00 UTC on the last Sunday of a month of 31 days."""
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
