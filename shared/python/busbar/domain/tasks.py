"""Tasks: what only a person can decide."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.record import Record


class Task(Record):
    """A decision that waits for a person. The id follows from its cause, so it opens once."""

    schema_name: ClassVar[str] = "task"

    kind: str
    subject_schema: str
    subject_id: str
    system: str = ""
    reason: str
    opened_at: AwareDatetime

    def listed_by(self) -> str | None:
        """All open tasks in one list."""
        return "open"
