"""`make redrive`: what lies in a dead-letter queue goes back, and nothing is ever in neither."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.check.rules.alarms import RUNBOOK
from infra.redrive import UNDELIVERABLE, Clients, DeadLetters, clients_of, dead_letters_of, main
from infra.stages import parameter_name

Capture = pytest.CaptureFixture[str]
USE_CASE = "card_event"
PERSONAL = "anna.muster@nordwind.example"


class KilledError(BaseException):
    """The process is gone: no `finally` of it may reach AWS any more."""


class Fragile:
    """SQS for a process that is killed instead of its n-th deletion."""

    def __init__(self, sqs: Any, deletions: int) -> None:
        self._sqs = sqs
        self._left = deletions
        self._dead = False

    def __getattr__(self, name: str) -> Any:
        if self._dead or (name == "delete_message" and self._left == 0):
            self._dead = True
            raise KilledError(name)
        if name == "delete_message":
            self._left -= 1
        return getattr(self._sqs, name)


@pytest.fixture
def aws() -> Iterator[Clients]:
    """An account in which one use case has its queue, and two dead-letter queues."""
    with mock_aws():
        session = boto3.Session("any", "any", region_name="eu-central-1")
        sqs, ssm = session.client("sqs"), session.client("ssm")
        url = sqs.create_queue(QueueName="work")["QueueUrl"]
        names = {f"queues/{USE_CASE}/url": url}
        for source in ("worker", "rule-demo"):
            sqs.create_queue(QueueName=f"dead-{source}")
            names[f"dead-letters/{USE_CASE}/{source}"] = f"dead-{source}"
        sqs.create_queue(QueueName="missed")
        names["dead-letters/sync_cards/schedule"] = "missed"
        for name, value in names.items():
            ssm.put_parameter(Name=parameter_name("dev", name), Value=value, Type="String")
        clients: dict[str, Any] = {"sqs": sqs, "ssm": ssm}
        yield clients.__getitem__


def dead(aws: Clients, source: str = "worker") -> DeadLetters:
    """A dead-letter queue of the use case."""
    return dead_letters_of(USE_CASE, "dev", aws)[source]


def lie(letters: DeadLetters, *bodies: str, group: str = "any", **reason: str) -> None:
    """Put messages there, parked for a reason, or as SQS moves them."""
    attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in reason.items()
    }
    for body in bodies:
        letters.sqs.send_message(
            QueueUrl=letters.url,
            MessageBody=body,
            MessageAttributes=attributes,
            MessageGroupId=group,
        )


def taken(letters: DeadLetters, url: str) -> list[str]:
    """The messages on a queue, without order; they are gone then."""
    found: list[str] = []
    while messages := letters.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
        "Messages"
    ):
        for message in messages:
            found.append(message["Body"])
            letters.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found)


def test_should_send_all_messages_back(aws: Clients) -> None:
    letters = dead(aws)
    bodies = [f"message {n:02}" for n in range(23)]
    lie(letters, *bodies)

    assert letters.send_back(100) == 23

    assert taken(letters, letters.target) == bodies
    assert taken(letters, letters.url) == []


def test_should_move_no_more_than_asked_and_go_on_the_next_time(aws: Clients) -> None:
    letters = dead(aws)
    lie(letters, *[f"message {n}" for n in range(5)])

    assert [letters.send_back(3), letters.depth()] == [3, 2]
    assert [letters.send_back(3), letters.depth()] == [2, 0]
    assert letters.send_back(3) == 0


def test_should_move_only_what_was_parked_for_the_reason(aws: Clients) -> None:
    letters = dead(aws)
    lie(letters, "order is there now", reason="unknown_order")
    lie(letters, "still nonsense", reason="unreadable")

    assert letters.send_back(10, "unknown_order") == 1

    assert taken(letters, letters.target) == ["order is there now"]
    assert taken(letters, letters.url) == ["still nonsense"], "seen again at once"


def test_should_send_the_group_and_not_the_reason_along(aws: Clients) -> None:
    letters = dead(aws)
    lie(letters, "any", group="demo#0RDER", reason="unknown_order")
    letters.send_back(1)

    answer = letters.sqs.receive_message(
        QueueUrl=letters.target, AttributeNames=["All"], MessageAttributeNames=["All"]
    )

    (message,) = answer["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "demo#0RDER"
    assert "MessageAttributes" not in message


def test_should_keep_a_message_in_both_queues_when_it_dies_between_send_and_delete(
    aws: Clients,
) -> None:
    whole = dead(aws)
    lie(whole, "one", "two", "three")
    fragile = DeadLetters(Fragile(whole.sqs, 1), whole.url, whole.target, hold_seconds=1)

    with pytest.raises(KilledError):
        fragile.send_back(10)
    time.sleep(1.1)
    assert whole.send_back(10) == 2

    arrived = taken(whole, whole.target)
    assert set(arrived) == {"one", "two", "three"}
    assert len(arrived) == 4, "the one that was sent and not deleted is there twice"
    assert taken(whole, whole.url) == []


def test_should_leave_what_cannot_be_sent(aws: Clients) -> None:
    letters = dead(aws)
    lie(letters, "any")
    gone = DeadLetters(letters.sqs, letters.url, letters.target + "-gone")

    with pytest.raises(ClientError):
        gone.send_back(10)

    held = letters.sqs.get_queue_attributes(
        QueueUrl=letters.url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )
    assert held["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_should_show_count_age_and_reasons_and_move_nothing_in_a_dry_run(
    aws: Clients, capsys: Capture
) -> None:
    lie(dead(aws), PERSONAL, PERSONAL, reason="unknown_order")
    lie(dead(aws), PERSONAL)
    lie(dead(aws, "rule-demo"), PERSONAL, ERROR_CODE="NO_PERMISSIONS")

    assert main([USE_CASE, "--dry-run"], lambda _stage: aws) == 0

    said = capsys.readouterr().out
    assert "card_event, worker: 3 looked at, the oldest is 0:00:0" in said
    assert "    2  unknown_order\n" in said
    assert "    1  no reason: its tries were used up\n" in said
    assert "card_event, rule-demo: 1 looked at" in said
    assert "    1  NO_PERMISSIONS\n" in said
    assert PERSONAL not in said
    assert [dead(aws).depth(), dead(aws, "rule-demo").depth()] == [3, 1]
    assert taken(dead(aws), dead(aws).target) == []


def test_should_send_back_from_each_dead_letter_queue_of_the_use_case(
    aws: Clients, capsys: Capture
) -> None:
    lie(dead(aws), "from the worker")
    lie(dead(aws, "rule-demo"), "from the bus")

    assert main([USE_CASE], lambda _stage: aws) == 0

    assert capsys.readouterr().out == (
        "card_event, rule-demo: 1 sent back, about 0 left\n"
        "card_event, worker: 1 sent back, about 0 left\n"
    )
    assert taken(dead(aws), dead(aws).target) == ["from the bus", "from the worker"]


def test_should_not_send_back_notes_of_failed_runs(aws: Clients, capsys: Capture) -> None:
    missed = dead_letters_of("sync_cards", "dev", aws)["schedule"]
    lie(missed, "any")

    assert main(["sync_cards"], lambda _stage: aws) == 0

    assert "not to be sent back: see infra/runbook/failed_runs.md" in capsys.readouterr().out
    assert missed.depth() == 1


def test_should_say_so_when_there_is_no_such_queue(aws: Clients, capsys: Capture) -> None:
    assert main(["orders"], lambda _stage: aws) == 1
    assert main([USE_CASE, "--stage", "prod"], lambda _stage: aws) == 1

    assert "orders has no dead-letter queue in stage dev" in capsys.readouterr().out


def test_should_say_what_aws_refused(aws: Clients, capsys: Capture) -> None:
    lie(dead(aws), "any")
    aws("sqs").delete_queue(QueueUrl=dead(aws).target)

    assert main([USE_CASE], lambda _stage: aws) == 1

    said = capsys.readouterr().out
    assert "the rest lies where it was" in said
    assert "This was stage dev: STAGE=local is the local system." in said


@pytest.mark.parametrize("page", sorted(UNDELIVERABLE.values()))
def test_should_name_pages_that_are_there(page: str) -> None:
    assert (RUNBOOK / f"{page}.md").exists()


def test_should_reach_the_local_system_where_its_ports_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT_SHIFT", "1000")

    sqs = clients_of("local")("sqs")

    assert sqs.meta.endpoint_url == "http://127.0.0.1:5566"


# --- queues that keep order --------------------------------------------------------------------


@pytest.fixture
def ordered(aws: Clients) -> DeadLetters:
    """A dead-letter queue whose messages come from a queue that keeps order."""
    sqs = aws("sqs")
    work, parked = (
        sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        for name in ("work", "parked")
    )
    return DeadLetters(sqs, parked, work)


def park(letters: DeadLetters, body: str, group: str) -> None:
    """A message comes to lie there, as a worker parks it."""
    texts = {"reason": "INVALID_MAPPING", "group": group}
    letters.sqs.send_message(
        QueueUrl=letters.url,
        MessageBody=body,
        MessageGroupId=body,
        MessageDeduplicationId=body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": text} for name, text in texts.items()
        },
    )


def attributes(letters: DeadLetters) -> list[dict[str, str]]:
    """Of the messages that were sent back, which are gone then."""
    got = letters.sqs.receive_message(
        QueueUrl=letters.target, AttributeNames=["All"], MaxNumberOfMessages=10
    )["Messages"]
    for message in got:
        letters.sqs.delete_message(QueueUrl=letters.target, ReceiptHandle=message["ReceiptHandle"])
    return [message["Attributes"] for message in got]


def test_should_send_back_into_the_group_of_old(ordered: DeadLetters) -> None:
    for body in ("one", "two", "three"):
        park(ordered, body, "demo#any#a")

    assert len(ordered.look(100)) == 3
    assert ordered.send_back(100) == 3

    assert {a["MessageGroupId"] for a in attributes(ordered)} == {"demo#any#a"}
    assert ordered.depth() == 0


def test_should_send_back_what_sqs_moved_into_its_own_group(ordered: DeadLetters) -> None:
    ordered.sqs.send_message(
        QueueUrl=ordered.url, MessageBody="any", MessageGroupId="b", MessageDeduplicationId="1"
    )

    assert ordered.send_back(100) == 1

    assert [a["MessageGroupId"] for a in attributes(ordered)] == ["b"]


def test_should_be_taken_anew_each_time_it_is_sent_back(ordered: DeadLetters) -> None:
    """The queue drops within five minutes what it takes for a repeat."""
    for number in range(3):
        ordered.sqs.send_message(
            QueueUrl=ordered.url,
            MessageBody="any",
            MessageGroupId="a",
            MessageDeduplicationId=str(number),
        )
        assert ordered.send_back(100) == 1
        assert len(attributes(ordered)) == 1
