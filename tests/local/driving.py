"""How the tests of this folder drive a local system, and look at what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from infra.local.testing import RunningSystem
from tests.local.probe_stack import TABLE

T = TypeVar("T")


def eventually(look: Callable[[], T], within: float = 10.0) -> T:
    """What `look` finds, as soon as it is something."""
    until = time.monotonic() + within
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


def received(system: RunningSystem, queue: str) -> list[str]:
    """Take the bodies of what is on a queue now."""
    sqs: Any = system.aws("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [m["Body"] for m in messages]


def call(system: RunningSystem, event: object, function: str = "echo") -> tuple[Any, bool]:
    """Invoke; the answer, and whether it is an error."""
    answer = system.aws("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), "FunctionError" in answer


def key(pk: str, sk: str = "-") -> dict[str, Any]:
    """A key, or an item that is nothing but one."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def items(system: RunningSystem, pk: str) -> list[Any]:
    """Items under a partition key."""
    page = system.aws("dynamodb").query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        ConsistentRead=True,
    )
    return list(page["Items"])


def put(system: RunningSystem, pk: str, *, kind: str = "row", wake: bool = True) -> None:
    """Write an item; the relay's filter wants `row` and `wake`."""
    item: dict[str, Any] = {
        "pk": {"S": pk},
        "sk": {"S": "-"},
        "kind": {"S": kind},
        "body": {"B": b"\x00\x01"},
    }
    if wake:
        item["wake"] = {"BOOL": True}
    system.aws("dynamodb").put_item(TableName=TABLE, Item=item)


def keys_seen(system: RunningSystem, prefix: str, count: int) -> list[str]:
    """Keys that the relay has passed on, in its order, as soon as there are `count`."""
    found: list[str] = []

    def enough() -> bool:
        keys = [json.loads(b)["dynamodb"]["Keys"]["pk"]["S"] for b in received(system, "seen")]
        found.extend(k for k in keys if k.startswith(prefix))
        return len(found) >= count

    eventually(enough)
    return found


def listening(pids: set[int]) -> set[str]:
    """Local addresses on which processes listen, as the kernel writes them."""
    sockets = {
        str(fd.readlink())
        for pid in pids
        for fd in Path(f"/proc/{pid}/fd").iterdir()
        if fd.is_symlink()
    }
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}
