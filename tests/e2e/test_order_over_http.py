"""The order on the running local system, over HTTP, with what may go wrong on its way."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from typing import Any

import pytest

from busbar.ports.store import Bind
from infra.demo.stage import Stage
from infra.demo.story import tell
from infra.local.people import PEOPLE
from infra.local.sample import company_id
from infra.local.testing import RunningSystem
from infra.simulators.sample import HEIDE, HEIDE_LATER_ENERGISED_ID
from tests.e2e.conftest import (
    after_outage,
    deliver,
    eventually,
    number_of,
    place,
    rows,
    show,
    store_of,
)


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    return found


def test_should_tell_the_whole_story_of_the_demo(system: RunningSystem) -> None:
    with closing(Stage(vars(system))) as stage:
        tell(stage)


def test_should_keep_an_order_while_salesforce_is_down_and_forward_it_later(
    system: RunningSystem,
) -> None:
    system.simulator("salesforce", "POST", "down")
    placed = place(system, "outage")
    assert placed.status_code == 202, placed.text
    assert placed.json()["salesforce_order_number"] is None
    assert show(system, placed)["status_text"] == "Angenommen"
    system.simulator("salesforce", "POST", "up")
    number = after_outage(system, lambda: show(system, placed)["salesforce_order_number"])
    assert [o["OrderNumber"] for o in rows(system, "Order")] == [number]
    again = place(system, "outage")
    assert (again.status_code, again.content) == (202, placed.content)
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_after"])
def test_should_make_one_order_when_the_answer_of_salesforce_is_lost(
    system: RunningSystem, kind: str
) -> None:
    fault = {"kind": kind, "operation": "run_graph"}
    system.simulator("salesforce", "POST", "faults", fault)
    placed = place(system, kind)
    assert placed.status_code == 202, placed.text
    number = number_of(system, placed)
    assert [o["OrderNumber"] for o in rows(system, "Order")] == [number]
    assert len(rows(system, "OrderItem")) == 1


def test_should_end_in_the_last_state_when_events_come_twice_and_out_of_order(
    system: RunningSystem,
) -> None:
    placed = place(system, "events")
    number = placed.json()["salesforce_order_number"]
    system.simulator("salesforce", "POST", "events/hold")
    for status in ("Bearbeitung", "Teilgeliefert", "Geliefert"):
        change = {"status": status, "tracking_id": f"T-{status}"}
        system.simulator("salesforce", "POST", f"orders/{number}/status", change)
    late_first = {"order": [2, 2, 0, 1], "keep_holding": False}
    system.simulator("salesforce", "POST", "events/release", late_first)
    shown = eventually(
        lambda: found if len((found := show(system, placed))["history"]) == 5 else None
    )
    assert shown is not None
    assert (shown["status"], shown["tracking_id"]) == ("delivered", "T-Geliefert")
    assert [line["status"] for line in shown["history"]] == [
        "accepted",
        "submitted",
        "in_progress",
        "partly_delivered",
        "delivered",
    ]


def test_should_bill_each_card_once_when_every_card_event_comes_twice(
    system: RunningSystem,
) -> None:
    system.simulator("salesforce", "POST", "events/knobs", {"copies": 2})
    try:
        cards = deliver(system, place(system, "twice").json()["salesforce_order_number"])
    finally:
        system.simulator("salesforce", "POST", "events/knobs", {"copies": 1})
    assert len({c["id"] for c in cards}) == 2
    calls = system.simulator("energised", "GET", "calls")
    assert len([c for c in calls if c["method"] == "PUT"]) == 2


@pytest.mark.parametrize(
    ("quantity", "says"), [(0, "greater than or equal to 1"), (51, "between 1 and 50")]
)
def test_should_name_the_limits_when_the_quantity_is_outside_them(
    system: RunningSystem, quantity: int, says: str
) -> None:
    found = problem(place(system, f"quantity-{quantity}", quantity=quantity), 422)
    (fault,) = found["errors"]
    assert fault["field"] == "quantity"
    assert says in fault["message"]


def test_should_name_the_field_when_the_quantity_is_text(system: RunningSystem) -> None:
    found = problem(place(system, "text", quantity="two"), 422)
    assert [e["field"] for e in found["errors"]] == ["quantity"]


def test_should_refuse_an_order_without_key_and_a_key_for_another_order(
    system: RunningSystem,
) -> None:
    answer = system.call("POST", "/v1/charge-card-orders", "fleet-manager", json={"quantity": 1})
    assert problem(answer, 400)["type"].endswith("idempotency-key-missing")
    assert place(system, "reused").status_code == 201
    other = place(system, "reused", quantity=3)
    assert problem(other, 422)["type"].endswith("idempotency-key-reused")
    assert len(rows(system, "Order")) == 1


def test_should_hide_a_card_from_another_company(system: RunningSystem) -> None:
    cards = deliver(system, place(system, "mine").json()["salesforce_order_number"])
    path = f"/v1/charge-cards/{cards[0]['id']}"
    problem(system.call("GET", path, "other-fleet-manager"), 404)
    problem(system.call("POST", f"{path}/activate", "other-fleet-manager"), 404)
    assert system.call("GET", path, "fleet-manager").status_code == 200


def _unsigned(token: str) -> str:
    payload = token.split(".")[1]
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return f"{header}.{payload}."


def _forged(token: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sub"] = PEOPLE["operator"]
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header}.{body}.{signature}"


def test_should_refuse_tokens_that_are_missing_expired_unsigned_forged_or_endless(
    system: RunningSystem,
) -> None:
    good = system.token("fleet-manager")
    tokens = {
        "expired": system.token("fleet-manager", exp=1_700_000_000),
        "endless": system.token("fleet-manager", exp=None),
        "unsigned": _unsigned(good),
        "forged": _forged(good),
        "for another audience": system.token("fleet-manager", client_id="somebody-else"),
        "no access token": system.token("fleet-manager", token_use="id"),
    }
    url = f"{system.api}/v1/charge-card-orders"
    for what, token in tokens.items():
        answer = system.http.get(url, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, what
    assert system.http.get(url).status_code == 401
    assert system.http.get(url, headers={"Authorization": f"Bearer {good}"}).status_code == 200


def test_should_wait_with_a_reason_until_the_company_is_known_to_energised(
    system: RunningSystem,
) -> None:
    """The cards of an unbound company stand still, and are billed once it is bound."""
    placed = system.call(
        "POST",
        "/v1/charge-card-orders",
        "unbound-fleet-manager",
        json={"quantity": 1},
        headers={"Idempotency-Key": "unbound"},
    )
    number = placed.json()["salesforce_order_number"]
    system.simulator("salesforce", "POST", f"orders/{number}/cards", {})
    contact = {"id": HEIDE_LATER_ENERGISED_ID, "name": HEIDE.name}
    system.simulator("energised", "POST", "contacts", contact)
    store_of(system).commit(Bind("company", company_id(HEIDE), "energised", contact["id"]))

    def billed() -> list[Any]:
        cards = system.simulator("energised", "GET", "state")["cards"]
        return [c for c in cards if c["billing_contact_id"] == contact["id"]]

    assert len(eventually(billed)) == 1
