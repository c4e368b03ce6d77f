"""Our queues, by botocore's client of SQS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from busbar.errors import MisconfiguredError, Unavailable
from busbar.observability import Metric, count
from busbar.ports.queues import Message

LARGEST_BATCH, LARGEST_BATCH_BYTES = 10, 256 * 1024
"""Messages that SQS takes at once, and their bytes."""


class SqsQueues:
    """Implements `ports.Queues`. `urls`: of each queue that the function may send to; `parked`:
    that of its own dead-letter queue. `client` gives the client when it is first needed."""

    def __init__(self, urls: Mapping[str, str], parked: str, client: Callable[[], Any]) -> None:
        self._urls = urls
        self._parked = parked
        self._client = client

    def send(self, queue: str, body: str, *, delay: int = 0, group: str = "") -> None:
        """SendMessage; `group` makes the standard queue fair between orgs and objects."""
        url = self._url(queue)
        more = {"MessageGroupId": group[:128]} if group else {}
        self._client().send_message(QueueUrl=url, MessageBody=body, DelaySeconds=delay, **more)

    def send_all(self, queue: str, messages: Sequence[Message]) -> list[bool]:
        """SendMessageBatch, as few as may be: ten messages, or a quarter of a megabyte."""
        url = self._url(queue)
        taken: list[bool] = []
        for batch in _batches(messages):
            entries = [
                {
                    "Id": str(number),
                    "MessageBody": one.body,
                    "MessageGroupId": one.group,
                    "MessageDeduplicationId": one.once,
                }
                for number, one in enumerate(batch)
            ]
            try:
                answer = self._client().send_message_batch(QueueUrl=url, Entries=entries)
            except (BotoCoreError, ClientError) as error:
                raise Unavailable("sqs", "send_message_batch", type(error).__name__) from None
            there = {entry["Id"] for entry in answer.get("Successful", ())}
            taken += [entry["Id"] in there for entry in entries]
        return taken

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            raise MisconfiguredError(f"BUSBAR_QUEUES names no queue {queue}")
        return self._urls[queue]

    def park(self, body: str, reason: str, message: Message | None = None) -> None:
        """SendMessage to the worker's own dead-letter queue, with the reason beside it.

        A queue that keeps order needs to know the `message` as it is told from others. What lies
        there has no order any more, else people would see the first ten of a group alone; its group
        stands beside it, for the way back.
        """
        if not self._parked:
            raise MisconfiguredError("BUSBAR_PARKED is not set")
        attributes = {"reason": _attribute(reason[:256] or "unknown")}
        told = {}
        if message:
            attributes["group"] = _attribute(message.group)
            told = {"MessageGroupId": message.once, "MessageDeduplicationId": message.once}
        self._client().send_message(
            QueueUrl=self._parked,
            MessageBody=body,
            MessageAttributes=attributes,
            **told,
        )
        count(Metric.PARKED)


def _attribute(text: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": text}


def _batches(messages: Sequence[Message]) -> list[list[Message]]:
    """The messages in their order, in batches that SQS takes."""
    made: list[list[Message]] = []
    size = 0
    for one in messages:
        length = len(one.body.encode())
        if not made or len(made[-1]) == LARGEST_BATCH or size + length > LARGEST_BATCH_BYTES:
            made.append([])
            size = 0
        made[-1].append(one)
        size += length
    return made
