"""The mapping child without its process: what it is asked it answers here."""

from __future__ import annotations

from busbar.mapping.child import JobLost
from busbar.mapping.inbound import serve
from busbar.usecases.event_mapping import EventMapper


class InProcess:
    """Answers jobs as the child does. With `lost`, every job costs the child its life."""

    def __init__(self, lost: str = "") -> None:
        self.lost = lost

    def ask(self, job: bytes) -> bytes:
        """The answer."""
        if self.lost:
            raise JobLost("lost", self.lost)
        return serve(job)


def mapper(lost: str = "") -> EventMapper:
    """A mapper that needs no process."""
    return EventMapper(InProcess(lost))
