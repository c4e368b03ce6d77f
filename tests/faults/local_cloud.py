"""What the local cloud has still to do, and what it has given up. Nobody judges by this but by the
dead-letter queues: it says when to look."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from busbar.process.circuit_row import SYSTEMS
from busbar.process.outbox import OutboxRow
from busbar.store.records import TableStore
from busbar.store.table import DynamoTable
from busbar.wiring.clients import SystemClock
from infra.catalog import USE_CASES
from infra.local.testing import RunningSystem
from tests.doubles.world import ORG
from tests.faults.local_stage import published

QUEUES = tuple(case.name for case in USE_CASES if case.queue)
_WAITING = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class LocalCloud:
    """The queues and the outbox of a running system."""

    def __init__(self, system: RunningSystem) -> None:
        self._system = system
        self._sqs: Any = system.aws("sqs")
        self._urls = {name: published(system, f"queues/{name}/url") for name in QUEUES}
        table = DynamoTable(system.aws("dynamodb"), published(system, "table/name"))
        self._clock = SystemClock()
        self._store = TableStore(table, self._clock, ORG)
        self._sweep = next(
            f["FunctionName"]
            for f in system.aws("lambda").list_functions()["Functions"]
            if ".outbox_sweep." in f["Handler"]
        )

    def sweep(self) -> None:
        """Run the sweep, which its schedule starts every minute. It may be killed, too."""
        self._system.aws("lambda").invoke(FunctionName=self._sweep)

    def work_left(self) -> dict[str, int]:
        """Queue -> messages that are not deleted yet; `outbox` -> errands that have not ended.

        And `executions` -> those of a state machine that go on, or wait for an answer.
        """
        left = {name: self._waiting(url) for name, url in self._urls.items()}
        later = self._clock.now() + timedelta(days=30)
        lanes = sum(self._store.count_due(OutboxRow, later, lane)[0] for lane in SYSTEMS)
        left["outbox"] = len(self._store.due(OutboxRow, later)) + lanes
        left["executions"] = self._running()
        return {name: count for name, count in left.items() if count}

    def _running(self) -> int:
        states = self._system.aws("stepfunctions")
        machines = states.list_state_machines()["stateMachines"]
        running = (
            states.list_executions(stateMachineArn=m["stateMachineArn"], statusFilter="RUNNING")
            for m in machines
        )
        return sum(len(page["executions"]) for page in running)

    def _waiting(self, url: str) -> int:
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))
        return sum(int(found["Attributes"].get(name, 0)) for name in _WAITING)

    def dead(self) -> list[tuple[str, str]]:
        """Take what lies in the dead-letter queues of the work queues: (queue, body)."""
        return [(name, body) for name, url in self._urls.items() for body in self._take(url)]

    def _take(self, url: str) -> list[str]:
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        target = json.loads(found["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"]
        parked = self._sqs.get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
        bodies: list[str] = []
        while messages := self._receive(parked):
            for message in messages:
                bodies.append(message["Body"])
                self._sqs.delete_message(QueueUrl=parked, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def _receive(self, url: str) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found
