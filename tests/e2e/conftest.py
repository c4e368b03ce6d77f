"""The running local system for end-to-end tests: workers in processes of their own, role policies
enforced on every call they make."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest

from busbar.domain.customers import Role
from busbar.store.records import TableStore
from busbar.store.table import DynamoTable
from busbar.wiring.clients import SystemClock
from infra.local.options import CACHE
from infra.local.synthesis import assembly
from infra.local.testing import RunningSystem, running_system
from tests.doubles.canaries import found_in
from tests.doubles.contract import hold

T = TypeVar("T")
CARDS = 2


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """One system for all end-to-end tests."""
    arguments = [f"--assembly={assembly(CACHE)}"]
    folder = tmp_path_factory.mktemp("e2e")
    with running_system(folder, arguments, {"WORKERS": "process", "AUTH": "1"}) as system:
        yield system
        # The simulators are not ours; everything else that was written down is.
        logs = [p for p in (folder / "logs").iterdir() if p.name != "simulators.log"]
        assert len(logs) > 3
        for path in (*logs, system.part.log):
            assert found_in(path.read_text("utf-8")) == [], f"personal data in {path.name}"


@pytest.fixture
def system(running: RunningSystem) -> RunningSystem:
    """The system, emptied and filled with the sample data."""
    running.simulator("salesforce", "POST", "up")
    running.simulator("energised", "POST", "up")
    running.reset()
    return running


def eventually(look: Callable[[], T | None], within: float = 30.0) -> T:
    """What `look` finds as soon as it is something; a failure after that time."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"did not come true within {within:.0f} s")


def held(operation: str, answer: httpx.Response, role: Role | None = None) -> httpx.Response:
    """The answer, held against the API's document; with the caller's role, as it holds for him."""
    headers = {"Content-Type": answer.headers.get("content-type", ""), **answer.headers}
    hold(operation, answer.status_code, headers, answer.json() if answer.content else None, role)
    return answer


def store_of(system: RunningSystem) -> TableStore:
    """Our own store, for what no API can do yet."""
    client: Any = system.aws("dynamodb")
    (name,) = client.list_tables()["TableNames"]
    return TableStore(DynamoTable(client, name), SystemClock(), "demo")


def place(system: RunningSystem, key: str, **body: Any) -> httpx.Response:
    """Order two cards as the fleet manager of Nordwind."""
    return system.call(
        "POST",
        "/v1/charge-card-orders",
        "fleet-manager",
        json={"quantity": CARDS, **body},
        headers={"Idempotency-Key": key},
    )


def show(system: RunningSystem, placed: httpx.Response) -> dict[str, Any]:
    """The order behind an answer's `Location`."""
    shown: dict[str, Any] = system.call("GET", placed.headers["location"], "fleet-manager").json()
    return shown


def sweep(system: RunningSystem) -> None:
    """Run the sweep now, which its schedule starts every minute."""
    calls: Any = system.aws("lambda")
    (name,) = [
        f["FunctionName"]
        for f in calls.list_functions()["Functions"]
        if ".outbox_sweep." in f["Handler"]
    ]
    calls.invoke(FunctionName=name)


def after_outage(system: RunningSystem, look: Callable[[], T]) -> T:
    """What `look` finds as soon as it is something, while the sweep looks after what waits."""

    def swept() -> T:
        sweep(system)
        return look()

    return eventually(swept, within=60.0)


def number_of(system: RunningSystem, placed: httpx.Response) -> str:
    """Salesforce's number of the order, as soon as it is there."""
    return eventually(lambda: str(show(system, placed)["salesforce_order_number"] or ""))


def rows(system: RunningSystem, sobject: str) -> list[dict[str, Any]]:
    """What Salesforce holds."""
    found: list[dict[str, Any]] = system.simulator("salesforce", "GET", "state")["rows"][sobject]
    return found


def deliver(system: RunningSystem, number: str) -> list[dict[str, Any]]:
    """Assign cards, deliver them, and wait until they stand in the portal."""
    system.simulator("salesforce", "POST", f"orders/{number}/cards", {})
    system.simulator("salesforce", "POST", f"orders/{number}/status", {"status": "Geliefert"})

    def cards() -> list[dict[str, Any]]:
        system.call("POST", "/v1/charge-cards/sync", "operator")
        found = system.call("GET", "/v1/charge-cards", "fleet-manager").json()["cards"]
        return found if len(found) == CARDS else []

    return eventually(cards)
