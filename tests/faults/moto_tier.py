"""The same runs over moto: the real clients of table and queues, in process, each time fresh.

What is sent is made by the product's own mappings here.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3

from busbar.mapping.registry import MappingRegistry
from busbar.store.table import DynamoTable
from infra.catalog import USE_CASES
from tests.faults.cloud import Cloud
from tests.faults.setups import Mode, Tenant
from tests.unit.store.tables import NAME, dynamo

ORDERED = ".fifo"
"""How the names of queues end that keep order."""


@cache
def _sqs() -> Any:
    """A client that reaches nobody. Made once: it takes longer than a run in memory."""
    session = boto3.Session(
        aws_access_key_id="none", aws_secret_access_key="none", region_name="eu-central-1"
    )
    return session.client("sqs")


class MotoQueues:
    """Queues in moto. Its clock is the machine's, so what is sent is taken out at once; delays, and
    when a message comes how often, are the run's."""

    def __init__(self) -> None:
        cases = [case for case in USE_CASES if case.queue]
        ordered = {case.name for case in cases if case.queue and case.queue.ordered}
        names = [case.name for case in cases]
        self._urls = {name: _made(name, ordered) for name in names}
        self._urls |= {f"{name}-dead": _made(f"{name}-dead", ordered) for name in names}
        self._numbers = itertools.count()

    def carry(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """SendMessage, then ReceiveMessage: the call as it came out of the queue."""
        url = self._urls[call["QueueUrl"]]
        if url.endswith(ORDERED):
            _sqs().send_message(**{**call, "QueueUrl": url, **self._once(call)})
        else:
            _sqs().send_message(**{**call, "QueueUrl": url, "DelaySeconds": 0})
        (body,) = self._received(url, 1)
        return {**call, "MessageBody": body}

    def carry_all(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """SendMessageBatch, then ReceiveMessage. Who is told to be sent has to come out."""
        url, entries = self._urls[call["QueueUrl"]], call["Entries"]
        sent = [{**entry, **self._once(entry)} for entry in entries]
        answer = _sqs().send_message_batch(QueueUrl=url, Entries=sent)
        assert [one["Id"] for one in answer["Successful"]] == [entry["Id"] for entry in entries]
        there = self._received(url, len(entries))
        assert sorted(there) == sorted(entry["MessageBody"] for entry in entries)
        return call

    def _once(self, call: Mapping[str, Any]) -> dict[str, str]:
        """Never a repeat: the queues of the run tell those, by its own time."""
        once = f"{call['MessageDeduplicationId'][:100]}-{next(self._numbers)}"
        return {"MessageDeduplicationId": once}

    def _received(self, url: str, count: int) -> list[str]:
        bodies: list[str] = []
        while len(bodies) < count:
            for message in _sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]:
                _sqs().delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(message["Body"])
        return bodies


def _made(name: str, ordered: Collection[str]) -> str:
    if name.removesuffix("-dead") not in ordered:
        return str(_sqs().create_queue(QueueName=name)["QueueUrl"])
    kind = {"FifoQueue": "true"}
    return str(_sqs().create_queue(QueueName=name + ORDERED, Attributes=kind)["QueueUrl"])


@contextmanager
def moto_cloud(mode: Mode, time_limit: float | None, tenant: Tenant) -> Iterator[Cloud]:
    """A run's system over a fresh table and fresh queues."""
    with dynamo() as client:
        queues = MotoQueues()
        table = DynamoTable(client, NAME)
        yield Cloud(
            mode=mode,
            tenant=tenant,
            table=table,
            time_limit=time_limit,
            mapper=MappingRegistry(),
            carry=queues.carry,
            carry_all=queues.carry_all,
        )
