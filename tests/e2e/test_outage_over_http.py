"""Salesforce is down for a while, on the running local system, over HTTP."""

from __future__ import annotations

import time
from typing import Any

from infra.local.testing import RunningSystem
from tests.e2e.conftest import after_outage, eventually, place, rows, show

ORDERS = 12
CALLS_UP = 2 * ORDERS
"""What the same orders take while Salesforce is up: the offer, and the order itself."""


def shown(system: RunningSystem) -> dict[str, Any]:
    """Salesforce, as an operator sees it."""
    answer = system.call("GET", "/v1/systems", "operator")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["systems"][0]
    return found


def calls(system: RunningSystem) -> int:
    """How often Salesforce was called, logins among it."""
    return len(system.simulator("salesforce", "GET", "calls"))


def test_should_spare_salesforce_while_it_is_down_and_bring_every_order_through_in_order(
    system: RunningSystem,
) -> None:
    assert shown(system)["state"] == "closed"
    system.simulator("salesforce", "POST", "down")
    before = calls(system)
    placed = [place(system, f"outage {number}") for number in range(ORDERS)]
    assert {answer.status_code for answer in placed} == {202}
    eventually(lambda: shown(system)["waiting"] == ORDERS)
    assert shown(system)["state"] == "open"
    opened = calls(system)
    assert opened - before < CALLS_UP / 2
    time.sleep(6)
    assert calls(system) - opened <= 3  # probes, if anybody asks

    system.simulator("salesforce", "POST", "up")
    after_outage(system, lambda: len(rows(system, "Order")) == ORDERS)
    numbers = [
        after_outage(system, lambda one=one: show(system, one)["salesforce_order_number"])  # type: ignore[misc]
        for one in placed
    ]
    assert len(set(numbers)) == ORDERS
    assert {row["OrderNumber"] for row in rows(system, "Order")} == set(numbers)
    after_outage(system, lambda: shown(system)["waiting"] == 0)
    assert shown(system)["state"] in {"draining", "closed"}
    assert place(system, "afterwards").status_code in {201, 202}


def test_should_show_systems_to_staff_alone(system: RunningSystem) -> None:
    assert system.call("GET", "/v1/systems", "fleet-manager").status_code == 403
    assert system.call("GET", "/v1/systems").status_code == 401
