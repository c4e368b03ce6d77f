"""What maps events, in this process: a test starts in no time, and believes its own expressions."""

from __future__ import annotations

from collections.abc import Sequence

from busbar.mapping.child import JobLost
from busbar.mapping.inbound import serve


class InProcess:
    """Stands in for the child process; `asked` counts its jobs."""

    def __init__(self) -> None:
        self.asked = 0

    def ask_all(self, jobs: Sequence[bytes]) -> list[bytes | JobLost]:
        """The answers to jobs, or how they were lost."""
        return [self.answer(job) for job in jobs]

    def answer(self, job: bytes) -> bytes | JobLost:
        """The answer to one."""
        self.asked += 1
        return serve(job)
