"""What maps events, in this process: a test starts in no time, and believes its own expressions."""

from __future__ import annotations

from busbar.mapping.inbound import serve


class InProcess:
    """Stands in for the child process; `asked` counts its jobs."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, job: bytes) -> bytes:
        """The answer to a job."""
        self.asked += 1
        return serve(job)
