"""The order's events by webhook in place of the bus, on the running local system."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from busbar.usecases.salesforce_webhook import WebhookMessage
from infra.local.surroundings import WEBHOOK_KEY
from infra.local.testing import RunningSystem
from infra.simulators.webhook import headers
from tests.e2e.conftest import deliver, eventually, held, number_of, place, show, store_of

PATH = "/v1/webhooks/salesforce/demo"


@pytest.fixture
def by_webhook(system: RunningSystem) -> Iterator[RunningSystem]:
    """The system of an org without Event Relay."""
    system.simulator("salesforce", "POST", "events/knobs", {"by_webhook": True})
    yield system
    system.simulator("salesforce", "POST", "events/knobs", {"by_webhook": False})


def event(placed: httpx.Response, status: str, version: int) -> dict[str, Any]:
    """`OrderStatusChanged__e` of an order."""
    payload = {
        "OrderReference__c": f"BBCO{placed.json()['id']}",
        "Status__c": status,
        "SourceVersion__c": str(version),
        "EventUuid": f"any-{version}",
        "CreatedDate": "2026-03-02T08:00:01.000Z",
    }
    return {"event": "OrderStatusChanged__e", "payload": payload}


def send(system: RunningSystem, *events: Any, key: str = WEBHOOK_KEY, **other: str) -> Any:
    """Sign and send; `other` replaces headers. The answer is held against the document."""
    body = json.dumps({"events": events}).encode()
    signed = headers(key, "msg_any", body, time.time())
    answer = system.call("POST", PATH, content=body, headers={**signed, **other})
    return held("salesforce_webhook", answer)


def test_should_bring_the_cards_into_the_portal_by_webhook(by_webhook: RunningSystem) -> None:
    placed = place(by_webhook, "by-webhook")
    cards = deliver(by_webhook, number_of(by_webhook, placed))
    assert len({c["id"] for c in cards}) == 2
    assert show(by_webhook, placed)["status"] == "delivered"
    told = by_webhook.simulator("salesforce", "GET", "events")["sent"]
    store = store_of(by_webhook)
    taken = [store.get(WebhookMessage, f"msg_{envelope['id']}") for envelope in told]
    assert [stored.record.events for stored in taken if stored] == [1] * len(told)


def test_should_refuse_what_is_not_signed_with_the_orgs_key(system: RunningSystem) -> None:
    placed = place(system, "refused")
    number_of(system, placed)
    delivered = event(placed, "Geliefert", 2_000_000_000_000)
    refused = send(system, delivered, key="whsec_" + "A" * 40)
    assert refused.status_code == 401, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"].endswith("signature-invalid")
    assert system.call("POST", PATH, json={"events": []}).status_code == 401
    unknown = system.call("POST", PATH.replace("demo", "other"), json={"events": []})
    assert unknown.status_code == 404
    token = {"Authorization": f"Bearer {system.token('operator')}"}
    assert system.call("POST", PATH, json={"events": []}, headers=token).status_code == 401
    taken = send(system, event(placed, "Bearbeitung", 2_000_000_000_001))
    assert taken.status_code == 202, taken.text
    eventually(lambda: show(system, placed)["status"] == "in_progress")
    assert "delivered" not in [line["status"] for line in show(system, placed)["history"]]


def test_should_say_what_is_wrong_over_http(system: RunningSystem) -> None:
    unknown = send(system, {"event": "Nobodys__e", "payload": {}})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "events[0].event")
    assert send(system, **{"webhook-timestamp": "1"}).json()["type"].endswith("outside-window")
    assert send(system, {"event": "x", "payload": {"a": "x" * 131072}}).status_code == 413
