"""The same runs over moto: the real clients of table and queues, in process, each time fresh.

What is sent is made by the product's own mappings here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        names = [case.name for case in USE_CASES if case.queue]
        names += [f"{name}-dead" for name in names]
        self._urls = {name: _sqs().create_queue(QueueName=name)["QueueUrl"] for name in names}

    def carry(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """SendMessage, then ReceiveMessage: the call as it came out of the queue."""
        url = self._urls[call["QueueUrl"]]
        _sqs().send_message(**{**call, "QueueUrl": url, "DelaySeconds": 0})
        (message,) = _sqs().receive_message(QueueUrl=url)["Messages"]
        _sqs().delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return {**call, "MessageBody": message["Body"]}


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
        )
