"""How clients of AWS are made, and what a function does once after its first call."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from busbar.wiring.clients import Clients
from busbar.wiring.entry import settled


class _Raw:
    def stream(self) -> Iterator[bytes]:
        yield b"{}"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    """As on Lambda."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return Clients()


def _sent(client: Any) -> list[AWSPreparedRequest]:
    """What a client sends from now on; it is answered with nothing."""
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw())

    client.meta.events.register("before-send.*", answer)
    return sent


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("dynamodb", "get_item", {"TableName": "any", "Key": {"pk": {"S": "any"}}}),
        ("sqs", "send_message", {"QueueUrl": "https://any.example/q", "MessageBody": "any"}),
    ],
)
def test_should_name_itself_in_every_call(
    clients: Clients, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    client = clients.aws(service)
    sent = _sent(client)
    getattr(client, operation)(**parameters)
    named = sent[0].headers["User-Agent"]
    assert (named if isinstance(named, str) else named.decode()).startswith("busbar")


def test_should_leave_it_to_dynamodb_to_look_at_what_the_table_sends(clients: Clients) -> None:
    client = clients.aws("dynamodb")
    sent = _sent(client)
    client.put_item(TableName="any", Item={"version": {"N": 1}})
    assert len(sent) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_should_keep_the_collector_from_what_is_there_after_the_first_call(fails: bool) -> None:
    def handler(event: dict[str, Any], _: Any) -> Any:
        if fails:
            raise LookupError
        return event

    called = settled(handler)
    gc.unfreeze()  # what handlers of other tests have settled
    counts = [gc.get_freeze_count()]
    try:
        for _ in range(2):
            with suppress(LookupError):
                called({"any": 1}, None)
            counts.append(gc.get_freeze_count())
    finally:
        gc.unfreeze()
    # Of what is kept, some may go; nothing is added by a second call.
    assert counts[0] < counts[2] <= counts[1]
