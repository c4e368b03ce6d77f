"""The audit trail: who decided what, when and why, as a chain that shows any edit.

Each entry carries the hash of the one before it, so whoever changes, drops, inserts or moves one
breaks the chain there. The head says how long the chain is and how it ends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import ClassVar

from pydantic import AwareDatetime, Field

from busbar.domain.customers import Caller
from busbar.domain.record import Record, Value

START = "0" * 64
"""What the first entry has in place of the hash of the one before."""
HEAD = "head"
"""The id of the one head of an org."""
_HASHED = (
    "sequence",
    "at",
    "actor",
    "role",
    "action",
    "subject_schema",
    "subject_id",
    "reason",
    "details",
    "correlation_id",
    "previous",
)
"""What a hash of format 1 stands over. A later release that adds a field adds a format with it,
or the entries of today would look edited."""


class Actor(Value):
    """Who did it: the id of a user of ours, or the name of a part of the product."""

    id: str
    role: str

    @classmethod
    def of(cls, caller: Caller) -> Actor:
        """The caller of a request."""
        return cls(id=caller.user.id, role=caller.user.role.value)


class AuditEntry(Record):
    """One entry. Its id follows from its place in the chain, so that no two can have one place.

    `details` hold ids, codes and words of our own; nothing personal.
    """

    schema_name: ClassVar[str] = "audit"

    format: int = 1
    sequence: int
    at: AwareDatetime
    actor: str
    role: str
    action: str
    subject_schema: str
    subject_id: str
    reason: str = ""
    details: Mapping[str, str] = Field(default_factory=dict)
    correlation_id: str
    previous: str
    hash: str = ""

    def sealed(self) -> AuditEntry:
        """The entry with the hash that belongs to it."""
        return self.model_copy(update={"hash": self.digest()})

    def digest(self) -> str:
        """SHA-256 over the canonical JSON of all that the entry says: sorted keys, no blanks."""
        said = self.model_dump(mode="json", include=set(_HASHED))
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(f"{self.format}\n{text}".encode()).hexdigest()


class AuditHead(Record):
    """The end of the chain: how many entries there are, and the hash of the last one."""

    schema_name: ClassVar[str] = "audit_head"

    sequence: int = 0
    hash: str = START


def entry_id(sequence: int) -> str:
    """The id of the entry at this place; the first one is 1."""
    return f"{sequence:012d}"
