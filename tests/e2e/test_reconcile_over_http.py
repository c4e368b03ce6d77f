"""Reconcile on the running local system: agreement stays quiet, a deletion there becomes a task."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from busbar.domain.orders import ChargeCardOrder
from busbar.store import keys
from infra.local.testing import RunningSystem
from tests.e2e.conftest import deliver, place, store_of

RECONCILE = "/v1/reconcile"


def reconciled(system: RunningSystem) -> Any:
    answer = system.call("POST", RECONCILE, "operator")
    assert answer.status_code == 200, answer.text
    return answer.json()


def long_ago(system: RunningSystem, order_id: str) -> None:
    """Nobody has been at the order for an hour: younger differences are work in progress."""
    client: Any = system.aws("dynamodb")
    (table,) = client.list_tables()["TableNames"]
    key = keys.record("demo", ChargeCardOrder.schema_name, order_id)
    stored = store_of(system).get(ChargeCardOrder, order_id)
    assert stored is not None
    client.update_item(
        TableName=table,
        Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
        UpdateExpression="SET changed_at = :at",
        ExpressionAttributeValues={
            ":at": {"S": keys.stamp(stored.changed_at - timedelta(hours=1))},
        },
    )


def test_should_find_nothing_while_all_agree_and_ask_once_about_an_order_that_is_gone(
    system: RunningSystem,
) -> None:
    kept = place(system, "kept").json()
    deliver(system, kept["salesforce_order_number"])
    placed = place(system, "deleted").json()
    quiet = reconciled(system)
    assert (quiet["orders"], quiet["cards"], quiet["found"]) == (2, 2, {})
    assert quiet["complete"]

    number = placed["salesforce_order_number"]
    system.simulator("salesforce", "DELETE", f"orders/{number}")
    assert reconciled(system)["found"] == {}
    long_ago(system, placed["id"])
    found = reconciled(system)
    assert (found["found"], found["tasks"]) == ({"missing": 1}, 1)
    again = reconciled(system)
    assert (again["found"], again["tasks"], again["repaired"]) == ({"missing": 1}, 0, 0)
    (task,) = [
        t
        for t in system.call("GET", "/v1/tasks", "service-agent").json()["tasks"]
        if t["kind"] == "divergence"
    ]
    assert task["subject"] == {"schema": "charge_card_order", "id": placed["id"]}
    assert "Salesforce" in task["text"]
