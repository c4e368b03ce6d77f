"""The webhook's keys: rotation without restart or loss, and no flood of reads."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from busbar.connectors.salesforce.webhook_keys import AGAIN_SECONDS, KEPT_SECONDS
from busbar.wiring.clients import Clients
from functions.salesforce_webhook.handler import make_handler
from tests.doubles.world import ORG, WEBHOOK_KEY, MemorySecrets, Reply, World, http_event
from tests.functions.portal import problem
from tests.functions.sender import body_of, card_assigned, signed_headers

NEW = "whsec_" + base64.b64encode(b"the key that comes after the old").decode()


class Secrets(MemorySecrets):
    """Secrets Manager that can be out of reach."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803  (boto3's name)
        """GetSecretValue."""
        if self.down:
            self.reads += 1
            response: Any = {"Error": {"Code": "InternalServiceError", "Message": "any"}}
            raise ClientError(response, "GetSecretValue")
        return super().get_secret_value(SecretId)


@dataclass
class Desk:
    """One warm function, whose monotonic clock is the world's."""

    world: World = field(default_factory=World)
    secrets: Secrets = field(default_factory=Secrets)
    sent: int = 0

    def __post_init__(self) -> None:
        clients = Clients(
            table=self.world.table,
            clock=self.world.clock,
            monotonic=lambda: self.world.clock.now().timestamp(),
            aws={"sqs": self.world.sqs, "secretsmanager": self.secrets},
        )
        self._handler: Callable[[Any, Any], Any] = make_handler(self.world.settings, clients)

    def send(self, key: str = WEBHOOK_KEY) -> Reply:
        """Send a message of its own id, signed with this key."""
        self.sent += 1
        body = body_of(card_assigned())
        headers = signed_headers(self.world, body, key=key, message_id=f"m{self.sent}")
        path = f"/v1/webhooks/salesforce/{ORG}"
        event = http_event("POST", path, body.decode(), headers, {"org": ORG}, None)
        got = self._handler(event, None)
        return Reply(got["statusCode"], got["headers"], got["body"])


@pytest.fixture
def desk() -> Desk:
    """A function that has read its keys just now."""
    made = Desk()
    assert made.send().status == 202
    assert made.secrets.reads == 1
    return made


def test_should_read_the_secret_once_while_it_is_kept(desk: Desk) -> None:
    for _ in range(100):
        desk.send()
    assert desk.secrets.reads == 1


def test_should_take_both_keys_while_they_overlap_and_then_the_new_one_alone(desk: Desk) -> None:
    desk.secrets.webhook = {"current": NEW, "previous": WEBHOOK_KEY}
    desk.world.clock.advance(AGAIN_SECONDS + 1)
    assert [desk.send(key).status for key in (WEBHOOK_KEY, NEW, WEBHOOK_KEY)] == [202] * 3
    desk.secrets.webhook = {"current": NEW}
    desk.world.clock.advance(KEPT_SECONDS + 1)
    assert desk.send(NEW).status == 202
    problem(desk.send(WEBHOOK_KEY), 401, "signature-invalid")


def test_should_take_a_new_key_without_a_restart_as_soon_as_it_is_used(desk: Desk) -> None:
    desk.secrets.webhook = {"current": NEW, "previous": WEBHOOK_KEY}
    problem(desk.send(NEW), 401, "signature-invalid")  # the keys were read a moment ago
    desk.world.clock.advance(AGAIN_SECONDS + 1)
    assert desk.send(NEW).status == 202
    assert desk.secrets.reads == 2


def test_should_give_up_a_key_that_was_taken_out_after_five_minutes(desk: Desk) -> None:
    desk.secrets.webhook = {"current": NEW}
    desk.world.clock.advance(KEPT_SECONDS)
    assert desk.send().status == 202
    desk.world.clock.advance(1)
    problem(desk.send(), 401, "signature-invalid")


def test_should_not_read_the_secret_for_each_of_many_wrong_signatures(desk: Desk) -> None:
    for _ in range(600):
        desk.world.clock.advance(0.1)
        assert desk.send(NEW).status == 401
    assert desk.secrets.reads <= 1 + 60 / AGAIN_SECONDS


def test_should_not_read_a_secret_that_cannot_be_read_for_each_of_many_messages() -> None:
    desk = Desk()
    desk.secrets.down = True
    for _ in range(600):
        desk.world.clock.advance(0.1)
        problem(desk.send(), 503, "try-again")
    assert desk.secrets.reads <= 1 + 60 / AGAIN_SECONDS
    desk.secrets.down = False
    desk.world.clock.advance(AGAIN_SECONDS + 1)
    assert desk.send().status == 202


def test_should_go_on_with_the_keys_it_has_while_the_secret_cannot_be_read(desk: Desk) -> None:
    desk.secrets.down = True
    for _ in range(5):
        desk.world.clock.advance(KEPT_SECONDS + 1)
        assert desk.send().status == 202
        problem(desk.send(NEW), 401, "signature-invalid")


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"current": ""},
        {"previous": WEBHOOK_KEY},
        {"current": "whsec_"},
        {"current": WEBHOOK_KEY.removeprefix("whsec_")},
        {"current": WEBHOOK_KEY, "previous": "no key"},
        {"current": 17},
        {"current": [WEBHOOK_KEY]},
        [],
        "text",
    ],
)
def test_should_answer_503_while_the_secret_holds_no_keys(
    value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk()
    desk.secrets.webhook = value
    problem(desk.send(), 503, "try-again")
    problem(desk.send(NEW), 503, "try-again")
    assert WEBHOOK_KEY.removeprefix("whsec_") not in capsys.readouterr().out


def test_should_keep_good_keys_when_the_secret_is_spoiled(desk: Desk) -> None:
    desk.secrets.webhook = {"current": NEW, "previous": "typo"}
    desk.world.clock.advance(KEPT_SECONDS + 1)
    assert desk.send().status == 202


def test_should_take_nothing_signed_with_an_empty_key_before_the_secret_is_filled() -> None:
    desk = Desk()
    desk.secrets.webhook = {"current": "", "previous": ""}
    empty = "whsec_" + base64.b64encode(bytes(24)).decode()
    problem(desk.send(empty), 503, "try-again")
    assert not desk.world.sqs.queues
