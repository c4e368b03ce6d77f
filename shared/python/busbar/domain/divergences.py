"""How our records and the systems can disagree, who is right then, and what is done about it.

Nothing that only a person can know is repaired by itself: an object that is gone may have been
deleted on purpose, and of two with one reference nobody here can tell the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Literal, NamedTuple


class Divergence(StrEnum):
    """The classes."""

    MISSING = "missing"
    DOUBLED = "doubled"
    ORPHAN = "orphan"
    WRONGLY_LINKED = "wrongly_linked"
    DRIFTED = "drifted"
    STALE = "stale"
    STUCK = "stuck"
    UNSENT = "unsent"


class Rule(NamedTuple):
    """`right` says whose word counts. A task can be closed as it is, with a reason: then the same
    divergence is passed over for good."""

    right: str
    action: Literal["repair", "task"]
    means: str


RULES: dict[Divergence, Rule] = {
    Divergence.MISSING: Rule("a person", "task", "we know it, and the system has it no more"),
    Divergence.DOUBLED: Rule("a person", "task", "the system has several with one reference"),
    Divergence.ORPHAN: Rule("a person", "task", "it carries a reference of ours that nobody has"),
    Divergence.WRONGLY_LINKED: Rule("a person", "task", "it belongs to somebody else there"),
    Divergence.DRIFTED: Rule("the leading system", "repair", "the same version says other things"),
    Divergence.STALE: Rule("the leading system", "repair", "its last change never came to us"),
    Divergence.STUCK: Rule("busbar", "repair", "begun, and nobody works on it"),
    Divergence.UNSENT: Rule("busbar", "repair", "accepted, and nobody was told to work on it"),
}


Repair = Callable[[], object] | None
"""What sets a divergence right; None where only a person can."""


class Finding(NamedTuple):
    """One divergence. `subject` is our record's schema and id; `detail` a word of ours."""

    kind: Divergence
    system: str
    schema: str
    subject: str
    detail: str
    object_id: str = ""
    """What the system calls it, where that tells two findings of one record apart."""

    @property
    def cause(self) -> str:
        """Names it: the same finding opens one task, however often it is met."""
        words = (self.kind, self.system, self.schema, self.subject, self.detail, self.object_id)
        return "#".join(("divergence", *words))
