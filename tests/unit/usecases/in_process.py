"""Mappers that need no process."""

from __future__ import annotations

from collections.abc import Sequence

from busbar.mapping.child import JobLost
from busbar.usecases.event_mapping import EventMapper
from tests.doubles.evaluation import InProcess


class Losing:
    """Every job costs the child its life."""

    def __init__(self, code: str) -> None:
        self.code = code

    def ask_all(self, jobs: Sequence[bytes]) -> list[bytes | JobLost]:
        """`JobLost` for each."""
        return [JobLost("lost", self.code) for _ in jobs]


def mapper(lost: str = "") -> EventMapper:
    """A mapper; with `lost`, its child dies of every job by that code."""
    return EventMapper(Losing(lost) if lost else InProcess())
