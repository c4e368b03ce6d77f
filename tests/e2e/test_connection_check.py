"""The connections of the running local system, checked over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.testing import RunningSystem

Json = dict[str, Any]


def checked(system: RunningSystem, of: str) -> Json:
    """The report on a system."""
    answer = system.call("POST", f"/v1/systems/{of}/connection-check", "operator")
    assert answer.status_code == 200, answer.text
    report: Json = answer.json()
    return report


def failed(report: Json) -> list[str]:
    """The names of the checks that failed."""
    return [check["name"] for check in report["checks"] if check["state"] == "failed"]


@pytest.mark.parametrize("of", ["salesforce", "energised", "sap"])
def test_should_be_green_for_every_simulator(system: RunningSystem, of: str) -> None:
    report = checked(system, of)
    assert (report["ok"], report["not_reached"]) == (True, [])
    assert {check["state"] for check in report["checks"]} == {"ok"}, report


@pytest.mark.parametrize("of", ["salesforce", "energised"])
def test_should_name_a_revoked_token(system: RunningSystem, of: str) -> None:
    revoked: Json = {"kind": "status", "count": None, "match": "token|card", "status": 401}
    revoked["body"] = {"error": "invalid_client", "message": "Unauthenticated."}
    system.simulator(of, "POST", "faults", revoked)
    report = checked(system, of)
    assert failed(report) == ["login"]
    assert report["not_reached"]
    assert "lehnt die Anmeldung ab" in report["checks"][0]["text"]


def test_should_name_a_reference_that_is_not_unique(system: RunningSystem) -> None:
    loose = {"non_unique": ["Order.BusbarReference__c"]}
    system.simulator(
        "salesforce", "POST", "faults", {"kind": "schema", "count": None, "body": loose}
    )
    report = checked(system, "salesforce")
    assert failed(report) == ["reference_unique"]
    assert "Order.BusbarReference__c" in str(report["checks"])


def test_should_say_that_a_system_is_down(system: RunningSystem) -> None:
    system.simulator("salesforce", "POST", "down")
    report = checked(system, "salesforce")
    assert failed(report) == ["login"]
    assert "antwortet zurzeit nicht" in report["checks"][0]["text"]
