"""Mappers that need no process."""

from __future__ import annotations

from busbar.mapping.child import JobLost
from busbar.usecases.event_mapping import EventMapper
from tests.doubles.evaluation import InProcess


class Losing:
    """Every job costs the child its life."""

    def __init__(self, code: str) -> None:
        self.code = code

    def ask(self, _job: bytes) -> bytes:
        """Raises `JobLost`."""
        raise JobLost("lost", self.code)


def mapper(lost: str = "") -> EventMapper:
    """A mapper; with `lost`, its child dies of every job by that code."""
    return EventMapper(Losing(lost) if lost else InProcess())
