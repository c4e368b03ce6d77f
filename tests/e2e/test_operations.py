"""Operations on the running local system: metrics in the logs, boards, alarms, and redrive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.observability import Metric
from infra.catalog import USE_CASES
from infra.check.rules.alarms import PAGE, RUNBOOK
from infra.local.testing import RunningSystem
from infra.redrive import dead_letters_of, main
from tests.doubles.emf import faults
from tests.e2e.conftest import deliver, eventually, number_of, place

Capture = pytest.CaptureFixture[str]


def metrics(system: RunningSystem, use_case: str) -> list[dict[str, Any]]:
    """The EMF documents that a function has logged, none of which CloudWatch would drop."""
    found = [line for line in system.log(use_case) if "_aws" in line]
    assert [fault for document in found for fault in faults(document)] == []
    return found


def total(system: RunningSystem, use_case: str, metric: Metric) -> float:
    """The sum of a count over all invocations of a function."""
    return float(sum(document.get(metric.title, 0) for document in metrics(system, use_case)))


def test_should_write_metrics_that_follow_an_order(system: RunningSystem) -> None:
    before = {case.name: len(metrics(system, case.name)) for case in USE_CASES}
    accepted = total(system, "order_submit", Metric.ORDERS_ACCEPTED)
    taken_over = total(system, "sync_cards", Metric.CARDS_TAKEN_OVER)
    placed = place(system, "metrics")
    cards = deliver(system, number_of(system, placed))
    card = f"/v1/charge-cards/{cards[0]['id']}"
    system.call("POST", f"{card}/activate", "fleet-manager")

    def swept() -> bool:
        return len(metrics(system, "outbox_sweep")) > before["outbox_sweep"]

    eventually(swept, within=90)

    assert total(system, "order_submit", Metric.ORDERS_ACCEPTED) == accepted + 1
    assert total(system, "sync_cards", Metric.CARDS_TAKEN_OVER) == taken_over + len(cards)
    for use_case in ("order_submit", "card_event", "status_callback", "orders", "sync_cards"):
        handled = [document for document in metrics(system, use_case) if "Handled" in document]
        assert handled
        assert {(d["Stage"], d["UseCase"]) for d in handled} == {("local", use_case)}
    swept_last = metrics(system, "outbox_sweep")
    assert any(document.get("ScheduledRuns") == 1 for document in swept_last)
    assert {"OpenTasks", "ErrandsWaiting", "OldestErrand"} <= {m for d in swept_last for m in d}


def test_should_stand_with_alarms_that_name_their_page_and_with_both_boards(
    system: RunningSystem,
) -> None:
    client: Any = system.aws("cloudwatch")
    alarms = [
        alarm
        for page in client.get_paginator("describe_alarms").paginate()
        for alarm in page["MetricAlarms"]
    ]

    assert len(alarms) > 2 * len(USE_CASES)
    for alarm in alarms:
        page = PAGE.search(alarm["AlarmDescription"])
        assert page
        assert (RUNBOOK / f"{page[1]}.md").exists()
        assert all(d["Value"] and "${" not in d["Value"] for d in alarm["Dimensions"])
    functions: Any = system.aws("lambda")
    names = {f["FunctionName"] for f in functions.list_functions()["Functions"]}
    body = json.loads(
        client.get_dashboard(DashboardName="busbar-local-operations")["DashboardBody"]
    )
    assert names <= set(json.dumps(body).split('"'))
    assert client.get_dashboard(DashboardName="busbar-local-business")["DashboardBody"]


def test_should_send_a_parked_event_back_to_its_worker_when_a_person_says_so(
    system: RunningSystem, capsys: Capture
) -> None:
    letters = dead_letters_of("status_callback", "local", system.aws)["worker"]
    body = {"source": "nobody", "detail-type": "OrderStatusChanged__e", "detail": {}}
    system.aws("sqs").send_message(QueueUrl=letters.target, MessageBody=json.dumps(body))
    eventually(lambda: letters.depth() == 1, within=90)
    parked = total(system, "status_callback", Metric.PARKED)

    def redrive(*more: str) -> str:
        assert main(["status_callback", "--stage", "local", *more], lambda _: system.aws) == 0
        return capsys.readouterr().out

    assert "    1  unknown_source\n" in redrive("--dry-run")
    assert "worker: 0 sent back, about 1 left" in redrive("--reason", "unknown_order")
    assert "worker: 1 sent back" in redrive("--reason", "unknown_source")
    # Nobody's event still: the worker was given it again, and parked it again.
    eventually(lambda: total(system, "status_callback", Metric.PARKED) == parked + 1, within=90)
    eventually(lambda: letters.depth() == 1, within=90)
