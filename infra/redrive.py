"""Sends messages of dead-letter queues back to the queue of their use case: `make redrive`.

    python -m infra.redrive card_event --stage dev --dry-run
    python -m infra.redrive card_event --stage dev --reason unknown_order

A message that no retry could help was moved there with a `reason`; it goes back when a person has
removed the reason and says so here. Receive, send, delete, in this order: whoever is killed in
between leaves a message in both queues, never in none, and a worker that is given a message twice
does its work once. So a run can be stopped, and started again, at any time.

A queue that keeps order takes it as a new message of its group: others have passed meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.catalog import USE_CASES
from infra.local.clients import LocalClients
from infra.local.options import Ports
from infra.stages import STAGES, parameter_name

BATCH = 10
MOST = 100
ORDERED = ".fifo"
"""How the names of queues end that keep order."""
TRIES_USED_UP = "no reason: its tries were used up"
UNDELIVERABLE = {"schedule": "failed_runs", "stream": "skipped_rows"}
"""What holds notes about work, not the work itself -> the page that says so."""

Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Message:
    """A message in hands."""

    id: str
    receipt: str
    body: str
    reason: str
    group: str
    sent_at: datetime


@dataclass(frozen=True)
class DeadLetters:
    """A dead-letter queue, and the queue that its messages came from."""

    sqs: Any
    url: str
    target: str
    hold_seconds: int = 60
    """How long a message in our hands is out of others' sight."""

    def depth(self) -> int:
        """How many lie there, as far as SQS knows."""
        name = "ApproximateNumberOfMessages"
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def look(self, most: int) -> list[Message]:
        """Up to `most` messages, which stay there for others to see."""
        found: list[Message] = []
        try:
            found.extend(self._received(most))
        finally:
            self._release(found)
        return found

    def send_back(self, most: int, reason: str | None = None) -> int:
        """Move up to `most` messages, only those with this reason; how many were.

        What comes to lie there meanwhile is not moved: it may be a message of this very run.
        """
        moved, others = 0, []
        try:
            for message in self._received(min(most, max(self.depth(), 1))):
                if reason not in {None, message.reason}:
                    others.append(message)
                    continue
                self._send(message)
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)
                moved += 1
        finally:
            self._release(others)
        return moved

    def _received(self, most: int) -> Iterator[Message]:
        while most > 0:
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(BATCH, most),
                VisibilityTimeout=self.hold_seconds,
                WaitTimeSeconds=1,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            batch = answer.get("Messages", [])
            if not batch:
                return
            most -= len(batch)
            yield from map(_message, batch)

    def _send(self, message: Message) -> None:
        more = {"MessageGroupId": message.group} if message.group else {}
        if self.target.endswith(ORDERED):
            # Every time that it comes to lie here it has another id.
            more["MessageDeduplicationId"] = message.id
        self.sqs.send_message(QueueUrl=self.target, MessageBody=message.body, **more)

    def _release(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.sqs.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=message.receipt, VisibilityTimeout=0
            )


def _message(raw: dict[str, Any]) -> Message:
    attributes = raw.get("MessageAttributes", {})
    # `reason` is ours; EventBridge says `ERROR_CODE` of an event that it could not deliver.
    reasons = (attributes.get(name, {}).get("StringValue") for name in ("reason", "ERROR_CODE"))
    beside = attributes.get("group", {}).get("StringValue", "")
    return Message(
        id=raw["MessageId"],
        receipt=raw["ReceiptHandle"],
        body=raw["Body"],
        reason=next(filter(None, reasons), TRIES_USED_UP),
        group=beside or raw["Attributes"].get("MessageGroupId", ""),
        sent_at=datetime.fromtimestamp(int(raw["Attributes"]["SentTimestamp"]) / 1000, UTC),
    )


def described(messages: Sequence[Message], now: datetime) -> str:
    """How many, how old, and why, without what is in them."""
    if not messages:
        return "empty"
    oldest = timedelta(seconds=round((now - min(m.sent_at for m in messages)).total_seconds()))
    reasons = Counter(message.reason for message in messages).most_common()
    lines = [f"{len(messages)} looked at, the oldest is {oldest} old"]
    return "\n".join([*lines, *(f"  {count:>5}  {reason}" for reason, count in reasons)])


def clients_of(stage: str) -> Clients:
    """Clients of the stage: of the local system, or with the credentials of the shell."""
    if stage == "local":
        return LocalClients(Ports().shifted(int(os.environ.get("PORT_SHIFT", "0"))))
    session: Any = boto3.Session()
    make: Clients = session.client
    return make


def dead_letters_of(use_case: str, stage: str, clients: Clients) -> dict[str, DeadLetters]:
    """The dead-letter queues of a use case, by what could not be done."""
    sqs, ssm = clients("sqs"), clients("ssm")
    path = parameter_name(stage, f"dead-letters/{use_case}")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path)
    rows = [row for page in pages for row in page["Parameters"]]
    name = parameter_name(stage, f"queues/{use_case}/url")
    found = ssm.get_parameters(Names=[name])["Parameters"]
    target = found[0]["Value"] if found else ""
    return {
        row["Name"].rpartition("/")[2]: DeadLetters(
            sqs, sqs.get_queue_url(QueueName=row["Value"])["QueueUrl"], target
        )
        for row in sorted(rows, key=lambda row: str(row["Name"]))
    }


def _redrive(source: str, letters: DeadLetters, options: argparse.Namespace) -> None:
    where = f"{options.use_case}, {source}"
    if options.dry_run or source in UNDELIVERABLE:
        said = described(letters.look(options.most), datetime.now(UTC))
        print(f"{where}: {said}")
    else:
        moved = letters.send_back(options.most, options.reason)
        print(f"{where}: {moved} sent back, about {letters.depth()} left")
    if source in UNDELIVERABLE:
        print(f"  not to be sent back: see infra/runbook/{UNDELIVERABLE[source]}.md")


def main(
    arguments: Sequence[str] | None = None, make: Callable[[str], Clients] = clients_of
) -> int:
    """Show or move. 1 if AWS refuses, or if there is no such queue."""
    parser = argparse.ArgumentParser(prog="python -m infra.redrive")
    parser.add_argument("use_case", choices=[case.name for case in USE_CASES], metavar="USE_CASE")
    parser.add_argument("--stage", choices=sorted(STAGES), default="dev")
    parser.add_argument("--dry-run", action="store_true", help="show count, age and reasons only")
    parser.add_argument("--reason", help="move only what was parked for this reason")
    parser.add_argument("--most", type=int, default=MOST, help="messages a queue (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        queues = dead_letters_of(options.use_case, options.stage, make(options.stage))
        for source, letters in queues.items():
            _redrive(source, letters, options)
    except (BotoCoreError, ClientError) as error:
        print(f"{error}\nWhat was sent back so far stays so; the rest lies where it was.")
        print(f"This was stage {options.stage}: STAGE=local is the local system.")
        return 1
    if not queues:
        print(f"{options.use_case} has no dead-letter queue in stage {options.stage}")
    return 0 if queues else 1


if __name__ == "__main__":
    sys.exit(main())
