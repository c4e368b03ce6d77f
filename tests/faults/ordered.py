"""A queue that keeps order, in virtual time, with its dead letters.

A group has one message after the other: while one of it is with a worker, or has failed and is out
of sight, nothing behind it comes. What the queue was told once it takes once in five minutes. A
message may all the same be handed out twice, also while the first is worked on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from infra.catalog import UseCase
from tests.faults.engine import Engine, Worker

VISIBILITY = 360.0
REPEATS = 300.0
"""Seconds in which it takes a message once."""
POLL = 0.05
Invoke = Callable[[str, Any], Worker]


class Letter(NamedTuple):
    """A dead letter. Without `reason` its tries were used up."""

    body: str
    group: str
    reason: str
    at: float


@dataclass(eq=False)
class Held:
    """A message of the queue."""

    id: str
    body: str
    group: str
    due: float
    received: int = 0
    """How often a worker was given it, and did not do it."""
    given: int = 0


@dataclass
class OrderedQueue:
    """The queue of `case`. `copies` says after how many seconds a message comes, once for each."""

    case: UseCase
    engine: Engine
    invoke: Invoke
    copies: Callable[[int], tuple[float, ...]]
    dead: list[Letter] = field(default_factory=list)
    ever: list[tuple[str, str]] = field(default_factory=list)
    """Every message that it has taken: (body, group)."""
    deliveries: dict[str, int] = field(default_factory=dict)
    """How often workers were given each body."""
    done: dict[str, float] = field(default_factory=dict)
    """When each body was done first, in seconds of the run; parked is done, too."""
    _groups: dict[str, deque[Held]] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _workers: int = 0
    _taken: dict[tuple[str, str, str], float] = field(default_factory=dict)
    _number: int = 0

    @property
    def empty(self) -> bool:
        """Whether all of it is done."""
        return not any(self._groups.values())

    # --- what workers send ---------------------------------------------------------------------

    def send(self, call: Mapping[str, Any]) -> None:
        """A message, unless it is a repeat."""
        group, once = call["MessageGroupId"], call["MessageDeduplicationId"]
        if self._is_new("", group, once):
            self.put(call["MessageBody"], group)

    def bury(self, call: Mapping[str, Any]) -> None:
        """What a worker parks, unless it is a repeat."""
        group, once = call["MessageGroupId"], call["MessageDeduplicationId"]
        if not self._is_new("dead", group, once):
            return
        said = {name: a["StringValue"] for name, a in call["MessageAttributes"].items()}
        letter = Letter(call["MessageBody"], said["group"], said["reason"], self.engine.seconds)
        self.dead.append(letter)

    def _is_new(self, where: str, group: str, once: str) -> bool:
        now = self.engine.seconds
        if now < self._taken.get((where, group, once), 0.0):
            return False
        self._taken[where, group, once] = now + REPEATS
        return True

    # --- what operators do ---------------------------------------------------------------------

    def redrive(self) -> list[Letter]:
        """All dead letters go back, each as a new message of its group."""
        letters, self.dead = self.dead, []
        for letter in letters:
            self.put(letter.body, letter.group)
        return letters

    def redeliver(self) -> None:
        """Everything that it ever took comes once more, in its order."""
        for body, group in list(self.ever):
            self.put(body, group)

    def put(self, body: str, group: str) -> None:
        """A message, behind all others of its group."""
        self._number += 1
        first, *others = self.copies(self._number)
        now = self.engine.seconds
        message = Held(f"{self.case.name}-{self._number}", body, group, now + first)
        self.ever.append((body, group))
        self._groups.setdefault(group, deque()).append(message)
        self._look(first)
        for wait in others:
            self.engine.at(wait, lambda: self._again(message))

    # --- how workers are given them ------------------------------------------------------------

    def _look(self, wait: float) -> None:
        self.engine.at(wait + POLL, self._deliver)

    def _deliver(self) -> None:
        """Give a worker what can be seen: of each group the first ones, up to the size of a batch.

        A group is with one worker at a time, and there are so many workers as the catalogue says.
        """
        assert self.case.queue
        if self._workers == self.case.queue.max_concurrency:
            return
        most, now = self.case.queue.batch_size, self.engine.seconds
        batch: list[Held] = []
        for group, waiting in self._groups.items():
            if group in self._busy:
                continue
            for message in waiting:
                if message.due > now or len(batch) == most:
                    break
                batch.append(message)
        if batch:
            self._give(batch, {message.group for message in batch})
            self._look(0.0)

    def _give(self, batch: list[Held], groups: set[str]) -> None:
        self._busy |= groups
        self._workers += 1
        worker = self._invoke(batch)
        for message in batch:
            message.due = self.engine.seconds + VISIBILITY
        worker.when_ended.append(lambda: self._ended(worker, batch, groups))

    def _invoke(self, batch: list[Held]) -> Worker:
        for message in batch:
            message.given += 1
            self.deliveries[message.body] = self.deliveries.get(message.body, 0) + 1
        records = [{"messageId": m.id, "body": m.body} for m in batch]
        return self.invoke(self.case.name, {"Records": records})

    def _ended(self, worker: Worker, batch: list[Held], groups: set[str]) -> None:
        assert self.case.queue
        self._busy -= groups
        self._workers -= 1
        outcome = worker.outcome
        failures = {f["itemIdentifier"] for f in outcome["batchItemFailures"]} if outcome else None
        for message in batch:
            if failures is not None and message.id not in failures:
                self.done.setdefault(message.body, self.engine.seconds)
                self._groups[message.group].remove(message)
                continue
            message.received += 1
            if message.received >= self.case.queue.max_receive_count:
                self._groups[message.group].remove(message)
                letter = Letter(message.body, message.group, "", self.engine.seconds)
                self.dead.append(letter)
                continue
            self._look(message.due - self.engine.seconds)
        self._look(0.0)

    def _again(self, message: Held) -> None:
        """A copy of what a worker has, or had, in hands: nobody hears what becomes of it.

        Never of what stands behind something that is not done.
        """
        waiting = self._groups[message.group]
        if message.given and (message not in waiting or waiting[0] is message):
            self._invoke([message])
