"""Events of the simulated Salesforce reach EventBridge as PutEvents calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.simulators.eventbridge import eventbridge_publisher
from tests.contracts.simulators.any_values import (
    REFERENCE,
    SOURCE,
    TurnedClock,
    any_salesforce,
    logged_in,
    ordered,
)


class RecordedBus(ThreadingHTTPServer):
    """Takes PutEvents, as long as it is not told to refuse."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.entries: list[dict[str, Any]] = []
        self.refuses = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def put(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        if self.refuses:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        self.entries += entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "any"}]}


class _Handler(BaseHTTPRequestHandler):
    server: RecordedBus

    def do_POST(self) -> None:
        assert self.headers["X-Amz-Target"] == "AWSEvents.PutEvents"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(self.server.put(body["Entries"])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in the base)
        pass


@pytest.fixture
def bus() -> Iterator[RecordedBus]:
    with RecordedBus() as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_should_put_an_assignment_on_the_bus(clock: TurnedClock, bus: RecordedBus) -> None:
    simulator = any_salesforce(clock, publish=eventbridge_publisher(bus.url, "busbar"))
    ordered(logged_in(simulator))
    simulator.assign_cards(REFERENCE, 1)
    entry = bus.entries[0]
    assert (entry["Source"], entry["DetailType"]) == (SOURCE, "ChargeCardAssigned__e")
    assert entry["EventBusName"] == "busbar"
    assert json.loads(entry["Detail"])["payload"]["OrderReference__c"] == REFERENCE


def test_should_put_a_refused_event_again_later(clock: TurnedClock, bus: RecordedBus) -> None:
    simulator = any_salesforce(clock, publish=eventbridge_publisher(bus.url, "busbar"))
    ordered(logged_in(simulator))
    bus.refuses = True
    simulator.assign_cards(REFERENCE, 1)
    bus.refuses = False
    assert simulator.events.waiting == 1
    simulator.set_order_status(REFERENCE, "Bearbeitung")
    kinds = [e["DetailType"] for e in bus.entries]
    assert kinds == ["ChargeCardAssigned__e", "OrderStatusChanged__e"]
