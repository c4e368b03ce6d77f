"""SQS in memory, as far as handlers use it: queues, their dead letters, and the order of groups."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.doubles.canaries import found_in
from tests.doubles.clock import ManualClock

Around = Callable[[str, Callable[[], Any]], Any]
VISIBILITY = 360.0
REPEATS = 300.0
"""Seconds in which a queue that keeps order takes a message once."""
LARGEST = 1024 * 1024
"""Bytes of a message, and of all messages of a batch."""
DEAD = "-dead"


@dataclass(order=True)
class Message:
    """A message on a queue. `group` is where the queue keeps order."""

    visible_at: float
    number: int
    body: str = field(compare=False)
    received: int = field(compare=False, default=0)
    group: str = field(compare=False, default="")


class MemorySqs:
    """Queues by name; `ordered` are those that keep order. `around` each call a worker may die.

    What lies in `dead` has no order; its groups lie beside it, for `redrive`. `is_down` refuses
    every call; `refusing` says of a body whether its entry of a batch is refused.
    """

    def __init__(self, clock: ManualClock, around: Around, ordered: Collection[str] = ()) -> None:
        self._clock = clock
        self._around = around
        self._ordered = ordered
        self._numbers = itertools.count()
        self._taken: dict[tuple[str, str, str], float] = {}
        self.queues: dict[str, list[Message]] = {}
        self.dead: dict[str, list[str]] = {}
        self.groups_of_dead: dict[str, list[str]] = {}
        self.is_down = False
        self.refusing: Callable[[str], bool] = lambda _body: False

    # --- what workers call ---------------------------------------------------------------------

    def send_message(self, **call: Any) -> None:
        """SendMessage, at which the worker may die."""
        url = call["QueueUrl"]
        self._around(f"send {url}", lambda: self._send(url, call))

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        """SendMessageBatch, at which the worker may die."""
        url, entries = call["QueueUrl"], call["Entries"]
        assert 1 <= len(entries) <= 10
        assert sum(len(entry["MessageBody"].encode()) for entry in entries) <= LARGEST

        def send() -> dict[str, Any]:
            done = [e for e in entries if not self.refusing(e["MessageBody"])]
            for entry in done:
                self._send(url, entry)
            told = [{"Id": entry["Id"]} for entry in done]
            return {"Successful": told, "Failed": [e for e in entries if e not in done]}

        answer: dict[str, Any] = self._around(f"send {url}", send)
        return answer

    def _send(self, url: str, call: dict[str, Any]) -> None:
        if self.is_down:
            raise _error("ServiceUnavailable", "SendMessage")
        name, body = url.removesuffix(DEAD), call["MessageBody"]
        assert all(c in "\t\n\r" or " " <= c <= "\ufffd" for c in body if c < "\U00010000")
        group, once = call.get("MessageGroupId", ""), call.get("MessageDeduplicationId", "")
        if name not in self._ordered:
            assert not once, "only a queue that keeps order tells repeats"
            self.put(url, body, call.get("DelaySeconds", 0))
            return
        assert 1 <= len(group) <= 128
        assert 1 <= len(once) <= 128
        assert not call.get("DelaySeconds"), "such a queue delays none by itself"
        now = self._clock.now().timestamp()
        if now < self._taken.get((url, group, once), 0.0):
            return
        self._taken[url, group, once] = now + REPEATS
        beside = call.get("MessageAttributes", {}).get("group", {"StringValue": group})
        self.put(url, body, group=beside["StringValue"])

    # --- what happens by itself ----------------------------------------------------------------

    def put(self, queue: str, body: str, delay: float = 0.0, *, group: str = "") -> None:
        """Put a message on a queue or a dead-letter queue."""
        if queue.endswith(DEAD):
            self._bury(queue.removesuffix(DEAD), body, group)
            return
        at = self._clock.now().timestamp() + delay
        message = Message(at, next(self._numbers), body, group=group)
        heapq.heappush(self.queues.setdefault(queue, []), message)

    def _bury(self, queue: str, body: str, group: str) -> None:
        assert found_in(body) == [], "a dead letter holds personal data"
        self.dead.setdefault(queue, []).append(body)
        self.groups_of_dead.setdefault(queue, []).append(group)

    def take(self, queue: str, most: int) -> list[Message]:
        """Up to `most` messages that are visible now; of a group none before one that is not."""
        if queue in self._ordered:
            return self._take_in_order(queue, most)
        waiting = self.queues.get(queue, [])
        taken: list[Message] = []
        while waiting and len(taken) < most:
            if waiting[0].visible_at > self._clock.now().timestamp():
                break
            taken.append(heapq.heappop(waiting))
        return taken

    def _take_in_order(self, queue: str, most: int) -> list[Message]:
        now = self._clock.now().timestamp()
        taken: list[Message] = []
        stopped = set()
        for message in sorted(self.queues.get(queue, []), key=lambda m: m.number):
            if message.visible_at > now:
                stopped.add(message.group)
            elif message.group not in stopped and len(taken) < most:
                taken.append(message)
        left = [m for m in self.queues.get(queue, []) if m not in taken]
        heapq.heapify(left)
        self.queues[queue] = left
        return taken

    def back(self, queue: str, message: Message, most: int) -> None:
        """A failed message: visible again later, or dead after too many tries."""
        message.received += 1
        if message.received >= most:
            self._bury(queue, message.body, message.group)
            return
        message.visible_at = self._clock.now().timestamp() + VISIBILITY
        heapq.heappush(self.queues[queue], message)

    def redrive(self, queue: str) -> int:
        """`make redrive`: all dead letters go back, each as a new message of its group."""
        bodies, groups = self.dead.pop(queue, []), self.groups_of_dead.pop(queue, [])
        for body, group in zip(bodies, groups, strict=True):
            self.put(queue, body, group=group)
        return len(bodies)


def _error(code: str, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"RequestId": "any"}}
    return ClientError(answer, operation)
