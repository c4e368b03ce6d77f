"""Events of the simulated Salesforce by webhook in place of the bus, as our Apex sends them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from busbar.domain.webhook_signature import ID, SIGNATURE, TIMESTAMP, is_signed, key_of
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.webhook import webhook_publisher
from tests.contracts.simulators.any_values import (
    REFERENCE,
    Caller,
    TurnedClock,
    any_salesforce,
    logged_in,
    ordered,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://busbar.example/v1/webhooks/salesforce/demo"


class Webhook:
    """Takes messages, as long as it is not told to refuse."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.status = 202

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.status)

    def told(self) -> list[dict[str, Any]]:
        """The events, as they were sent."""
        return [event for r in self.requests for event in json.loads(r.content)["events"]]


@pytest.fixture
def webhook() -> Webhook:
    return Webhook()


@pytest.fixture
def simulator(clock: TurnedClock, webhook: Webhook) -> SalesforceSimulator:
    """An org without Event Relay, in which an order was placed."""
    publisher = webhook_publisher(URL, httpx.MockTransport(webhook))
    bus: list[Any] = []
    made = any_salesforce(clock, publish=bus.append, webhook=publisher, webhook_key=SECRET)
    ordered(logged_in(made))
    Caller(made)("POST", "/_sim/events/knobs", {"by_webhook": True})
    return made


def test_should_sign_each_event_as_the_specification_says(
    simulator: SalesforceSimulator, webhook: Webhook
) -> None:
    simulator.assign_cards(REFERENCE, 2)
    assert len(webhook.requests) == 2
    for request in webhook.requests:
        told = (request.headers[ID], request.headers[TIMESTAMP], request.content)
        assert str(request.url) == URL
        assert is_signed(request.headers[SIGNATURE], (key_of(SECRET),), *told)
    assert {e["event"] for e in webhook.told()} == {"ChargeCardAssigned__e"}
    assert {e["payload"]["OrderReference__c"] for e in webhook.told()} == {REFERENCE}
    assert len({r.headers[ID] for r in webhook.requests}) == 2


def test_should_send_a_refused_event_again_under_the_same_id(
    simulator: SalesforceSimulator, webhook: Webhook
) -> None:
    webhook.status = 503
    simulator.assign_cards(REFERENCE, 1)
    assert simulator.events.waiting == 1
    webhook.status = 202
    simulator.set_order_status(REFERENCE, "Bearbeitung")
    assert simulator.events.waiting == 0
    first, again, _ = webhook.requests
    assert (first.headers[ID], first.content) == (again.headers[ID], again.content)


def test_should_go_by_the_bus_until_it_is_told_otherwise_and_after_a_reset(
    simulator: SalesforceSimulator, webhook: Webhook
) -> None:
    Caller(simulator)("POST", "/_sim/events/knobs", {"by_webhook": False})
    simulator.assign_cards(REFERENCE, 1)
    assert webhook.requests == []
    simulator.events.by_webhook = True
    simulator.reset()
    assert simulator.events.by_webhook is False


def test_should_sign_with_the_key_of_now_until_it_is_reset(
    simulator: SalesforceSimulator, webhook: Webhook
) -> None:
    webhook.status = 401
    simulator.assign_cards(REFERENCE, 1)
    another = "whsec_" + "A" * 32
    assert Caller(simulator)("POST", "/_sim/events/key", {"key": another}).status == 204
    webhook.status = 202
    simulator.set_order_status(REFERENCE, "Bearbeitung")
    for request in webhook.requests[1:]:
        told = (request.headers[ID], request.headers[TIMESTAMP], request.content)
        assert is_signed(request.headers[SIGNATURE], (key_of(another),), *told)
    assert simulator.events.waiting == 0
    simulator.reset()
    assert simulator.events.webhook_key == SECRET


@pytest.mark.parametrize("body", [{}, {"key": ""}, {"key": "whsec_AAAA"}, {"secret": "any"}])
def test_should_refuse_a_key_that_is_none(simulator: SalesforceSimulator, body: Any) -> None:
    assert Caller(simulator)("POST", "/_sim/events/key", body).status == 400
    assert simulator.events.webhook_key == SECRET


def test_should_keep_the_knob_from_run_to_run(simulator: SalesforceSimulator) -> None:
    dumped = simulator.dump()
    simulator.reset()
    simulator.restore(dumped)
    assert simulator.events.by_webhook is True


def test_should_refuse_the_knob_without_a_webhook(clock: TurnedClock) -> None:
    answered = Caller(any_salesforce(clock))("POST", "/_sim/events/knobs", {"by_webhook": True})
    assert answered.status == 400
