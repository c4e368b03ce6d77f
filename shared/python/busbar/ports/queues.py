"""Queues and state machines: where work goes on. All raise `Unavailable`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from busbar.ports.runtime import Json


@dataclass(frozen=True, slots=True)
class Message:
    """A message for a queue that keeps order: those of one `group` come one after the other, and of
    those with the same `once` the queue takes the first within five minutes."""

    body: str
    group: str
    once: str


class Queues(Protocol):
    """Where messages go."""

    def send_all(self, queue: str, messages: Sequence[Message]) -> list[bool]:
        """Put messages on a queue that keeps order; for each whether it is there.

        Raises `Unavailable` if that is not known of all of them.
        """
        ...

    def send(self, queue: str, body: str, *, delay: int = 0, group: str = "") -> None:
        """Put `body` on the named queue, to be seen after `delay` seconds (at most 900)."""
        ...

    def park(self, body: str, reason: str, message: Message | None = None) -> None:
        """Move a message of this worker that no retry can help to its dead-letter queue.

        `message` says how it is told from others there, if that queue keeps order.
        """
        ...


class Machine(Protocol):
    """The state machine of a use case. All calls may be repeated; all raise `Unavailable`."""

    def start(self, name: str, payload: Json) -> None:
        """Start an execution of this name. Nothing happens if there is, or was, one already."""
        ...

    def succeed(self, token: str, output: Json) -> None:
        """Answer a waiting task. Nothing happens if it waits no longer."""
        ...

    def fail(self, token: str, error: str, cause: str) -> None:
        """Answer a waiting task with an error, whose name decides what the machine does next.

        `cause` is shown to people: nothing personal. Nothing happens if it waits no longer.
        """
        ...
