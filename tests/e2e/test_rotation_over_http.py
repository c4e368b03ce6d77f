"""Secrets change while orders run, on the running local system: none is lost, nobody restarts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from infra.local.surroundings import WEBHOOK_KEY
from infra.local.testing import RunningSystem
from infra.stages import secret_id
from tests.doubles.world import ORG
from tests.e2e.conftest import after_outage, eventually, place, rows, show
from tests.faults.local_cloud import LocalCloud

NEW_SECRET = "rotated"  # No secret: the simulator takes it, and nobody else.
NEW_KEY = "whsec_" + "cm90YXRlZC1y" * 4
EACH, PORTALS = 3, 2
"""Orders of a portal, which it places one after the other; and portals that do so at once."""


@pytest.fixture
def by_webhook(system: RunningSystem) -> RunningSystem:
    """The system of an org without Event Relay."""
    system.simulator("salesforce", "POST", "events/knobs", {"by_webhook": True})
    return system


def put_secret(system: RunningSystem, name: str, value: dict[str, str]) -> None:
    """What an administrator does in Secrets Manager."""
    told = {"SecretId": secret_id("local", ORG, name), "SecretString": json.dumps(value)}
    system.aws("secretsmanager").put_secret_value(**told)


class Portals:
    """They order, while somebody else does something."""

    def __init__(self, system: RunningSystem) -> None:
        self._system = system
        self._began = threading.Semaphore(0)
        self.placed: list[httpx.Response] = []

    @contextmanager
    def ordering(self, name: str) -> Iterator[None]:
        """What is done inside is done as soon as the first of the orders are answered."""
        with ThreadPoolExecutor(PORTALS) as pool:
            sent = [pool.submit(self._order, f"{name} {n}") for n in range(PORTALS)]
            for _ in range(PORTALS):
                self._began.acquire()
            yield
        self.placed += [answer for portal in sent for answer in portal.result()]

    def _order(self, name: str) -> list[httpx.Response]:
        answers = []
        for number in range(EACH):
            answers.append(place(self._system, f"{name} {number}", quantity=1))
            self._began.release()
        return answers

    def numbers(self) -> list[str]:
        """Salesforce's number of each order, as soon as all are there."""

        def number(placed: httpx.Response) -> str:
            return str(show(self._system, placed)["salesforce_order_number"] or "")

        return [after_outage(self._system, lambda p=p: number(p)) for p in self.placed]  # type: ignore[misc]


def deliver_all(system: RunningSystem, numbers: list[str]) -> None:
    """The clerk assigns the cards and delivers."""
    for number in numbers:
        system.simulator("salesforce", "POST", f"orders/{number}/cards", {})
        system.simulator("salesforce", "POST", f"orders/{number}/status", {"status": "Geliefert"})


def all_there(system: RunningSystem, wanted: int) -> bool:
    """Whether so many cards stand in the portal."""
    system.call("POST", "/v1/charge-cards/sync", "operator")
    cards = system.call("GET", "/v1/charge-cards?limit=100", "fleet-manager").json()["cards"]
    return len(cards) == wanted


def test_should_lose_no_order_and_restart_nobody_while_secret_and_key_are_rotated(
    by_webhook: RunningSystem,
) -> None:
    system, portals = by_webhook, Portals(by_webhook)
    with portals.ordering("before"):
        pass
    workers = {worker["pid"] for worker in system.workers()}
    parts = system.processes()

    # Salesforce's app gets another secret, and all its sessions end; ours is told a little later.
    with portals.ordering("secret"):
        secret = {"client_secret": NEW_SECRET}
        system.simulator("salesforce", "POST", "secret", secret)
        system.simulator("salesforce", "POST", "faults", {"kind": "expired_token"})
        waits = place(system, "between", quantity=1)
    portals.placed.append(waits)
    assert waits.status_code == 202, waits.text
    put_secret(system, "salesforce", {"client_id": "busbar-local", **secret})
    numbers = portals.numbers()
    assert len(set(numbers)) == len(numbers) == 2 * EACH * PORTALS + 1

    # The key of the webhook: first ours, with the old one beside it, then Salesforce's.
    deliver_all(system, numbers[::2])
    put_secret(system, "webhook", {"current": NEW_KEY, "previous": WEBHOOK_KEY})
    with portals.ordering("key"):
        system.simulator("salesforce", "POST", "events/key", {"key": NEW_KEY})
        deliver_all(system, numbers[1::2])
    numbers = portals.numbers()
    deliver_all(system, numbers[2 * EACH * PORTALS + 1 :])

    eventually(lambda: all_there(system, len(numbers)), within=120)
    assert sorted(row["OrderNumber"] for row in rows(system, "Order")) == sorted(numbers)
    assert {show(system, placed)["status"] for placed in portals.placed} == {"delivered"}
    assert system.call("GET", "/v1/tasks", "operator").json()["tasks"] == []
    assert LocalCloud(system).dead() == []
    assert workers <= {worker["pid"] for worker in system.workers()}
    assert system.processes() == parts
