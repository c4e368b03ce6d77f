"""What was asked for, and what was answered: all that the checker believes besides the systems."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

NEVER = float("inf")
Outcome = Literal["invoke", "ok", "fail", "unknown"]
Kind = Literal[
    "order",
    "card",
    "company",
    "manager",
    "driver",
    "contact",
    "leaver",
    "decision",
    "wallbox order",
    "event",
    "tariff",
    "proof",
    "off sale",
    "known before",
]


@dataclass
class Operation:
    """One thing that a client wants. It may have sent it several times until it was answered.

    `outcome` is `invoke` while nobody has answered, `ok` or `fail` after that, `unknown` if the
    client gave up. `subject` is an order's Idempotency-Key, the id of a card
    or user, somebody who leaves, a customer number, who is given a contact by hand, or what a
    decision is about. `known before`: who was in the systems before he ever ordered.
    `wants` is what it shall come to: for an order `{"quantity", "delivered"}`,
    for a card the fields that are set, for a tariff its price, for an event of
    an ERP `{"said", "sent"}`. A proof wants `sha256` to be known,
    if it is one that `counts`; the subject of both is the order's key.
    """

    kind: Kind
    user: str
    subject: str
    wants: dict[str, Any]
    invoked: float
    completed: float = NEVER
    outcome: Outcome = "invoke"
    status: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    sent: int = 1
    """How often it was sent until then."""


@dataclass
class History:
    """The operations of one run, in the order in which they began.

    `poisoned` are the ids of events that no worker can apply: they have to end in a dead-letter
    queue, each with a task.
    """

    operations: list[Operation] = field(default_factory=list)
    poisoned: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Answers that no client may ever see."""

    def begin(self, kind: Kind, user: str, subject: str, at: float, **wants: Any) -> Operation:
        """A client wants something."""
        operation = Operation(kind, user, subject, wants, at)
        self.operations.append(operation)
        return operation

    def of(self, kind: str) -> list[Operation]:
        """The operations of a kind."""
        return [o for o in self.operations if o.kind == kind]
