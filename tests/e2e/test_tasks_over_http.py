"""Orders that only a person can decide about, on the running local system, over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import httpx

from infra.local.options import ROOT
from infra.local.testing import RunningSystem
from infra.simulators.sample import NORDWIND
from tests.e2e.conftest import CARDS, deliver, eventually, number_of, place, rows, show, store_of

REFUSED = {
    "kind": "status",
    "match": "composite/graph",
    "status": 400,
    "body": [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no", "fields": []}],
}


def park(system: RunningSystem, key: str) -> tuple[httpx.Response, dict[str, Any]]:
    """An order that Salesforce refuses, and its task."""
    system.simulator("salesforce", "POST", "faults", REFUSED)
    placed = place(system, key)
    assert placed.status_code == 202, placed.text
    (task,) = eventually(lambda: listed(system))
    assert task["subject"]["id"] == placed.json()["id"]
    return placed, task


def listed(system: RunningSystem, status: str = "open") -> list[dict[str, Any]]:
    """The open or closed tasks."""
    answer = system.call("GET", f"/v1/tasks?status={status}", "service-agent")
    found: list[dict[str, Any]] = answer.json()["tasks"]
    return found


def decide(system: RunningSystem, task: dict[str, Any], action: str, **body: Any) -> httpx.Response:
    """Decide a task as it was seen."""
    return system.call(
        "POST",
        f"/v1/tasks/{task['id']}/{action}",
        "service-agent",
        json={"reason": "any reason", **body},
        headers={"Idempotency-Key": f"{action}-{task['etag']}", "If-Match": task["etag"]},
    )


def verified(system: RunningSystem) -> dict[str, Any]:
    """What verification of the audit trail says."""
    found: dict[str, Any] = system.call("POST", "/v1/audit/verify", "operator").json()
    return found


def reference_of(placed: httpx.Response) -> str:
    """Our reference of an order."""
    return f"BBCO{placed.json()['id']}"


def entered_by_hand(system: RunningSystem, reference: str) -> str:
    """A clerk enters an order into Salesforce, with our reference; its record id."""
    body = {"reference": reference, "account_id": NORDWIND.account_id, "quantity": CARDS}
    return str(system.simulator("salesforce", "POST", "orders", body)["Id"])


def test_should_bring_a_parked_order_to_its_cards_after_a_person_resumed_it(
    system: RunningSystem,
) -> None:
    placed, task = park(system, "resumed")
    assert show(system, placed)["waiting_text"].startswith("Die Bestellung wird von unserem")
    assert task["actions"] == ["resume", "adopt", "cancel"]
    answer = decide(system, task, "resume")
    assert (answer.status_code, answer.json()["status"]) == (200, "closed")
    number = number_of(system, placed)
    assert [o["OrderNumber"] for o in rows(system, "Order")] == [number]
    assert len(deliver(system, number)) == 2
    assert listed(system) == []
    late = decide(system, task, "cancel")
    assert late.status_code == 412, late.text
    again = decide(system, task, "resume")
    assert (again.content, again.headers["idempotent-replayed"]) == (answer.content, "true")
    (entry,) = system.call("GET", "/v1/audit", "operator").json()["entries"]
    assert (entry["action"], entry["subject_id"]) == ("tasks_resume", task["id"])
    assert verified(system)["intact"] is True


def test_should_take_the_order_that_a_clerk_entered_by_hand(system: RunningSystem) -> None:
    placed, task = park(system, "adopted")
    by_hand = entered_by_hand(system, reference_of(placed))
    wrong = decide(system, task, "adopt", external_id="801000000000009AAA")
    assert wrong.status_code == 422, wrong.text
    answer = decide(system, task, "adopt", external_id=by_hand)
    assert answer.status_code == 200, answer.text
    number = number_of(system, placed)
    assert [(o["Id"], o["OrderNumber"]) for o in rows(system, "Order")] == [(by_hand, number)]
    bound = store_of(system).external_id("charge_card_order", placed.json()["id"], "salesforce")
    assert bound == by_hand


def test_should_end_an_order_with_a_reason_from_the_command_line(system: RunningSystem) -> None:
    placed, task = park(system, "cancelled")

    def tool(*words: str) -> subprocess.CompletedProcess[str]:
        token = {"BUSBAR_API": system.api, "BUSBAR_TOKEN": system.token("operator")}
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "infra.tasks", *words],
            cwd=ROOT,
            env={**os.environ, **token},  # noqa: TID251
            check=False,
            capture_output=True,
            text=True,
        )

    assert task["id"] in tool("list").stdout
    ended = tool("cancel", task["id"], "--reason", "Doppelt bestellt", "--etag", task["etag"])
    assert ended.returncode == 0, ended.stderr
    shown = show(system, placed)
    assert shown["status_text"] == "Abgelehnt"
    assert shown["rejected_text"].endswith("Grund: Doppelt bestellt")
    assert rows(system, "Order") == []
    checked = tool("verify")
    assert (checked.returncode, checked.stdout.splitlines()[0]) == (
        0,
        "1 entries, as they were written",
    )
    assert tool("resume", task["id"], "--reason", "doch").returncode == 1
