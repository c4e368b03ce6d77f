"""Metrics: what the functions write as Lambda runs them, and that CloudWatch would take it."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from busbar.domain.orders import ChargeCardOrder
from busbar.observability import Metric
from busbar.process.outbox import OutboxRow
from busbar.wiring.entry import Handler, entry
from infra.catalog import USE_CASES, use_case
from infra.simulators.faults import Fault
from tests.doubles.emf import documents, faults
from tests.doubles.world import ORG, World, settings_for
from tests.functions.given import (
    ORDER,
    batch,
    command,
    errand,
    open_task,
    order,
    put_errand,
    stored_item,
)
from tests.functions.portal import CARDS, SYNC, place

Capture = pytest.CaptureFixture[str]
TITLES = {metric.title for metric in Metric}


class CountingWorld(World):
    """The world with its functions as Lambda runs them: with their metrics."""

    def handler(self, name: str) -> Handler:
        """The handler of a use case, which writes what it counts."""
        if name not in self._handlers:
            module = import_module(f"functions.{name}.handler")
            own = settings_for(use_case(name), self.settings)
            self._handlers[name] = entry(module.make_handler, own, self._clients())
        return self._handlers[name]


@pytest.fixture
def world() -> CountingWorld:
    """The whole product in memory, with nothing counted yet."""
    return CountingWorld()


def written(capsys: Capture) -> list[dict[str, Any]]:
    """The documents since the last look, none of which CloudWatch would drop."""
    found = documents(capsys.readouterr().out)
    assert [fault for document in found for fault in faults(document)] == []
    return found


def told(found: list[dict[str, Any]], metric: Metric, of: str) -> list[float]:
    """All values of a metric for one value of its dimension, in the order of the invocations."""
    values: list[float] = []
    for document in found:
        if document.get(metric.by) == of and metric.title in document:
            value = document[metric.title]
            values += value if isinstance(value, list) else [value]
    return values


def delivered(world: World) -> str:
    """An order of two cards, delivered and taken over; the address of its first card."""
    number = place(world).json["salesforce_order_number"]
    world.salesforce.assign_cards(number)
    world.pump()
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    world.run_for(600)
    world.call("POST", SYNC, "operator")
    world.pump()
    return f"{CARDS}/{world.call('GET', CARDS).json['cards'][0]['id']}"


def test_should_count_an_order_from_the_portal_to_the_active_card(
    world: CountingWorld, capsys: Capture
) -> None:
    card = delivered(world)
    world.call("POST", f"{card}/activate")
    world.call("POST", f"{card}/activate")

    found = written(capsys)

    for metric, amount in (
        (Metric.ORDERS_ACCEPTED, 1),
        (Metric.ORDERS_IN_SALESFORCE, 1),
        (Metric.ORDERS_DELIVERED, 1),
        (Metric.CARDS_TAKEN_OVER, 2),
        (Metric.CARDS_ACTIVATED, 1),
        (Metric.ORDERS_REJECTED, 0),
    ):
        assert sum(told(found, metric, ORG)) == amount, metric
    assert sum(told(found, Metric.HANDLED, "card_event")) == 2
    assert sum(told(found, Metric.HANDLED, "order_submit")) == 1
    assert sum(told(found, Metric.CALLS, "energised")) == len(world.energised.calls)
    assert len(told(found, Metric.LATENCY, "energised")) == len(world.energised.calls)


def test_should_count_an_order_once_when_it_is_sent_again(
    world: CountingWorld, capsys: Capture
) -> None:
    place(world, key="one")
    place(world, key="one")

    found = written(capsys)

    assert sum(told(found, Metric.ORDERS_ACCEPTED, ORG)) == 1
    assert sum(told(found, Metric.HANDLED, "order_submit")) == 2


@pytest.mark.parametrize("status", ["Abgelehnt", "Storniert"])
def test_should_count_a_rejection_and_no_cancellation(
    world: CountingWorld, capsys: Capture, status: str
) -> None:
    world.salesforce.set_order_status(place(world).json["salesforce_order_number"], status)
    world.pump()

    rejected = sum(told(written(capsys), Metric.ORDERS_REJECTED, ORG))

    assert rejected == (1 if status == "Abgelehnt" else 0)


def test_should_count_an_order_that_is_rejected_when_it_is_sent(
    world: CountingWorld, capsys: Capture
) -> None:
    order(world, quantity=9_999)
    world.invoke("order_forward", batch(errand(world, command("order_forward", ORDER))))

    found = written(capsys)

    assert told(found, Metric.ORDERS_REJECTED, ORG) == [1]
    assert told(found, Metric.PARKED, "order_forward") == [1]


def test_should_count_failed_calls_and_what_waits_while_a_system_is_down(
    world: CountingWorld, capsys: Capture
) -> None:
    world.salesforce.add_fault(Fault("refuse", count=None))
    place(world)
    world.pump()
    world.clock.advance(90)
    world.invoke("outbox_sweep", {"source": "busbar.schedule"})

    found = written(capsys)

    calls = told(found, Metric.CALLS, "salesforce")
    assert calls == told(found, Metric.CALLS_FAILED, "salesforce") != []
    assert told(found, Metric.ERRANDS_WAITING, "order_forward") == [1]
    assert told(found, Metric.OLDEST_ERRAND, "order_forward") == [90]
    assert told(found, Metric.ERRANDS_WAITING, "card_forward") == [0]
    assert told(found, Metric.OLDEST_ERRAND, "card_forward") == [0]
    assert told(found, Metric.SCHEDULED_RUNS, "outbox_sweep") == [1]


@pytest.mark.parametrize(
    "fault", [Fault("quota", count=None), Fault("status", status=429, count=None)]
)
def test_should_count_calls_that_are_throttled(
    world: CountingWorld, capsys: Capture, fault: Fault
) -> None:
    world.call("GET", "/v1/charge-card-orders/form")
    written(capsys)
    world.salesforce.add_fault(fault)
    world.call("GET", "/v1/charge-card-orders/form")

    found = written(capsys)

    assert told(found, Metric.THROTTLED, "salesforce") == [1]
    assert told(found, Metric.CALLS_FAILED, "salesforce") == []


def test_should_count_a_message_that_is_parked_as_handled(
    world: CountingWorld, capsys: Capture
) -> None:
    world.invoke("card_event", batch({"source": "nobody"}))

    found = written(capsys)

    assert told(found, Metric.PARKED, "card_event") == [1]
    assert told(found, Metric.HANDLED, "card_event") == [1]
    assert told(found, Metric.FAILED, "card_event") == [0]


def test_should_count_the_messages_of_a_batch_that_come_again(
    world: CountingWorld, capsys: Capture
) -> None:
    world.invoke("order_forward", batch("no command", command("order_forward", ORDER)))

    found = written(capsys)

    assert told(found, Metric.FAILED, "order_forward") == [1]
    assert told(found, Metric.HANDLED, "order_forward") == [1]


def test_should_count_the_rows_before_the_first_that_the_stream_brings_again(
    world: CountingWorld, capsys: Capture
) -> None:
    for number in range(3):
        put_errand(world, command("order_forward", f"0RDER000000{number}"))
    woken = [r for r in world.table.stream if "wake" in r["dynamodb"]["NewImage"]]
    woken[1]["dynamodb"]["NewImage"]["body"] = {"B": "YnJva2Vu"}
    world.invoke("outbox_relay", {"Records": woken})

    found = written(capsys)

    assert told(found, Metric.HANDLED, "outbox_relay") == [1]
    assert told(found, Metric.FAILED, "outbox_relay") == [1]


def test_should_count_an_answer_of_our_own_fault_as_failed_and_a_refusal_as_handled(
    world: CountingWorld, capsys: Capture
) -> None:
    shown = order(world).id
    stored_item(world, ChargeCardOrder, shown)["body"] = b"broken"
    broken = world.call("GET", f"/v1/charge-card-orders/{shown}")
    refused = world.call("GET", "/v1/charge-card-orders/0RDER0000000Z")
    assert (broken.status, refused.status) == (500, 404)

    found = written(capsys)

    assert told(found, Metric.FAILED, "orders") == [1, 0]
    assert told(found, Metric.HANDLED, "orders") == [0, 1]


def test_should_count_open_tasks_of_each_org(world: CountingWorld, capsys: Capture) -> None:
    open_task(world)
    open_task(world, "step#salesforce#another")
    world.invoke("outbox_sweep", {})

    found = written(capsys)

    assert told(found, Metric.OPEN_TASKS, ORG) == [2]
    assert told(found, Metric.SCHEDULED_RUNS, "outbox_sweep") == []


def test_should_count_errands_whose_time_has_not_come(
    world: CountingWorld, capsys: Capture
) -> None:
    put_errand(world, command("order_forward", ORDER), wake=False, sweep_after=86_400)
    world.clock.advance(timedelta(hours=1).total_seconds())
    world.invoke("outbox_sweep", {})

    assert told(written(capsys), Metric.OLDEST_ERRAND, "order_forward") == [3600]


def test_should_count_all_errands_and_look_at_the_age_of_a_bounded_number(
    world: CountingWorld, capsys: Capture
) -> None:
    for number in range(130):
        put_errand(world, command("order_forward", f"0RDER{number:08}"), wake=False)
    world.clock.advance(30)
    put_errand(world, command("card_forward", "0CARD", "charge_card"), wake=False)
    before = world.table.bill.read_units
    world.invoke("outbox_sweep", {})

    found = written(capsys)

    assert told(found, Metric.ERRANDS_WAITING, "order_forward") == [130]
    assert told(found, Metric.OLDEST_ERRAND, "order_forward") == [30]
    assert told(found, Metric.ERRANDS_WAITING, "card_forward") == [1]
    assert told(found, Metric.OLDEST_ERRAND, "card_forward") == [0]
    assert world.table.bill.read_units - before <= 3.5 + 101 * 0.5 + 4


def test_should_count_an_errand_that_cannot_be_read(world: CountingWorld, capsys: Capture) -> None:
    row = put_errand(world, command("order_forward", ORDER), wake=False)
    stored_item(world, OutboxRow, row.id)["body"] = b"broken"
    world.invoke("outbox_sweep", {})

    assert told(written(capsys), Metric.ERRANDS_WAITING, "order_forward") == [1]


def test_should_write_nothing_but_metrics_and_bounded_words(
    world: CountingWorld, capsys: Capture
) -> None:
    """Every metric occurs, and each member of a document is one, or a known dimension."""
    card = delivered(world)
    world.call("POST", f"{card}/activate")
    place(world, key="other")
    world.salesforce.add_fault(Fault("quota", match="/services/data"))
    world.call("GET", "/v1/charge-card-orders/form")
    world.salesforce.add_fault(Fault("refuse", count=None))
    place(world, key="another")
    order(world, quantity=9_999)
    world.salesforce.faults.clear()
    world.invoke("order_forward", batch(errand(world, command("order_forward", ORDER))))
    world.invoke("outbox_sweep", {"source": "busbar.schedule"})

    found = written(capsys)

    words = {
        "Stage": {"local"},
        "UseCase": {case.name for case in USE_CASES},
        "System": {"salesforce", "energised"},
        "Org": {ORG},
    }
    for document in found:
        members = set(document) - {"_aws"}
        assert members <= TITLES | set(words)
        assert all(document[name] in words[name] for name in members & set(words))
    assert {title for document in found for title in document} >= TITLES
    assert {m["Name"] for d in found for c in d["_aws"]["CloudWatchMetrics"] for m in c["Metrics"]}
