"""A middle layer's day on the running local system, by the toolkit's routes and ours alone.

It tries a mapping out, puts it, posts events, reads the entities with their lineage, sees what
failed and why, mends the mapping, and sends the failed event again.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.testing import RunningSystem
from tests.e2e.conftest import eventually, held

MACHINE = {"scope": "busbar/machine"}


def mapping(last_name: str) -> dict[str, Any]:
    """A mapping of customers, with this expression for the name."""
    return {
        "entities": [
            {
                "entity_schema": "contact",
                "unique_ids": ["customer_number"],
                "fields": [
                    {"attribute": "customer_number", "field": "partner"},
                    {"attribute": "last_name", "jsonataExpression": last_name},
                    {"attribute": "salutation", "jsonataExpression": "$env.salutations.`2`"},
                ],
            }
        ]
    }


WRONG, RIGHT = mapping("$number(lastName)"), mapping("$trim(lastName)")


class MiddleLayer:
    """Calls the API as a machine; every answer is held against the document."""

    def __init__(self, system: RunningSystem) -> None:
        self._system = system
        self._headers = {"Authorization": f"Bearer {system.token('machine', **MACHINE)}"}

    def __call__(self, operation: str, method: str, path: str, body: Any = None) -> Any:
        """The answer, which has to be granted."""
        url = self._system.api + path
        sent = self._system.http.request(method, url, json=body, headers=self._headers)
        reply = held(operation, sent)
        assert reply.status_code < 300, reply.text
        return reply.json()


@pytest.fixture
def call(system: RunningSystem) -> MiddleLayer:
    return MiddleLayer(system)


def made(call: MiddleLayer) -> Any:
    """An integration of its own, whose mapping of customers is wrong; with its use cases."""
    case = {"name": "Customer", "slug": "customer", "type": "inbound", "enabled": True}
    body = {
        "name": f"ERP {uuid.uuid4()}",
        "system": "sap",
        "maps": [{"key": "salutations", "label": "Salutations", "value": {"2": "Mr."}}],
        "use_cases": [{**case, "configuration": WRONG}],
    }
    return call("integrations_create_whole", "POST", "/v2/integrations", body)


def event(partner: str, **payload: Any) -> dict[str, Any]:
    return {
        "use_case_slug": "customer",
        "timestamp": datetime.now(UTC).isoformat(),
        "format": "json",
        "payload": {"partner": partner, "lastName": "  Janssen ", **payload},
    }


def test_should_go_from_the_first_try_to_the_mended_event(call: MiddleLayer) -> None:
    partner, correlation = uuid.uuid4().hex[:10], f"run-{uuid.uuid4()}"

    # A first try says what the mapping would come to, and why it does not.
    simulation = "/v2/erp/updates/mapping_simulation"
    trial = {"event_configuration": WRONG, "format": "json", "payload": event(partner)["payload"]}
    tried = call("erp_simulation_v2", "POST", f"{simulation}?explain=true", trial)
    assert tried["entity_updates"] == []
    assert "MAPPING_EXPRESSION_FAILED" in tried["warnings"][0]["message"]

    # It is put all the same, and an event posted.
    integration = made(call)
    one = f"/v1/integrations/{integration['id']}"
    two = f"/v2/integrations/{integration['id']}"
    body = {
        "integration_id": integration["id"],
        "correlation_id": correlation,
        "events": [event(partner)],
    }
    (result,) = call("erp_events_v3", "POST", "/v3/erp/updates/events", body)["results"]
    assert result["status"] == "success"

    # The outcome tells where it failed; the event can be seen, but not what it said.
    def failed() -> Any:
        query = {"level": "error", "correlation_id": correlation}
        return call("erp_monitoring_rows", "POST", f"{two}/monitoring/events", query)["data"]

    (row,) = eventually(failed)
    assert row["code"] == "MAPPING_EXPRESSION_FAILED"
    assert row["detail"]["path"] == "entities[0].fields[1].jsonataExpression"
    query = {"event_id": result["event_id"]}
    (came,) = call("erp_monitoring_received", "POST", f"{one}/events", query)["data"]
    assert came["payload"] == {"partner": "<redacted>", "lastName": "<redacted>"}

    # The mapping is mended, after one more try, and the event sent again.
    trial |= {"event_configuration": RIGHT}
    asked = f"{simulation}?diff=true&integration_id={integration['id']}"
    (change,) = call("erp_simulation_v2", "POST", asked, trial)["diff"]["entities"]
    assert change["operation"] == "create"
    (case,) = integration["use_cases"]
    wish = {"configuration": RIGHT, "change_description": "names are no numbers"}
    saved = call("integrations_change_case", "PUT", f"{one}/use-cases/{case['id']}", wish)
    again = {"event_ids": [result["event_id"], "unknown"]}
    replayed = call("erp_monitoring_replay", "POST", f"{one}/events/replay", again)
    assert [r["status"] for r in replayed["results"]] == ["success", "not_found"]

    # The entity is there, and knows its event and its mapping.
    found = f"/v1/entities/contact?unique_id=customer_number:{partner}"
    (entity,) = eventually(lambda: call("entities_list", "GET", found)["entities"])
    assert entity["_id"] == change["entity_id"]
    assert (entity["last_name"], entity["salutation"]) == ("Janssen", "Mr.")
    lineage = entity["_lineage"]["last_name"]
    assert lineage["event_id"] == replayed["results"][0]["replay_event_id"]
    assert lineage["mapping_version"] == saved["updated_at"]

    # What the mapping made of it is what was shown before.
    assert change["attributes"]["last_name"]["after"] == entity["last_name"]

    # The trace of the replay, the counts, and how far the entity is synced say the same.
    query = {"event_id": lineage["event_id"]}
    (second,) = call("erp_monitoring_received", "POST", f"{one}/events", query)["data"]
    path = f"{two}/monitoring/traces/{second['correlation_id']}"
    spans = eventually(lambda: call("erp_monitoring_trace", "GET", path)["spans"])
    assert [span["code"] for span in spans] == ["ENTITY_CREATED"]
    counted = call("erp_monitoring_stats", "POST", f"{two}/monitoring/stats", {"group_by": "code"})
    assert (counted["error_count"], counted["success_rate"]) == (1, 50.0)
    path = f"/v1/integrations/entities/{entity['_id']}/sync-status"
    (state,) = call("erp_monitoring_synced", "GET", path)["sync_states"]
    assert (state["use_case_id"], state["last_operation"]) == (case["id"], "create")


def test_should_show_a_change_in_history_and_keep_a_late_event_from_it(call: MiddleLayer) -> None:
    partner, integration = uuid.uuid4().hex[:10], made(call)
    (case,) = integration["use_cases"]
    path = f"/v1/integrations/{integration['id']}/use-cases/{case['id']}"
    call("integrations_change_case", "PUT", path, {"configuration": RIGHT})
    events = [
        {**event(partner, lastName=name), "timestamp": f"2026-03-02T08:00:{second:02}Z"}
        for second, name in ((1, "Ost"), (9, "Janssen"), (5, "Late"))
    ]
    body = {"integration_id": integration["id"], "events": events}
    call("erp_events_v3", "POST", "/v3/erp/updates/events", body)
    found = f"/v1/entities/contact?unique_id=customer_number:{partner}"

    def newest() -> Any:
        entities = call("entities_list", "GET", found)["entities"]
        return [one for one in entities if one["last_name"] == "Janssen"]

    (entity,) = eventually(newest)
    history = f"/v1/entities/contact/{entity['_id']}/history"
    changes = call("entities_history", "GET", history)["changes"]
    assert changes[0]["attributes"]["last_name"] == {"before": "Ost", "after": "Janssen"}
    listed = call("entities_list", "GET", "/v1/entities/contact?filter=last_name:Janssen&limit=100")
    assert entity["_id"] in [one["_id"] for one in listed["entities"]]
