"""Events of an ERP on the running local system: over HTTP in, an entity in the table."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from busbar.domain.integrations import Integration, IntegrationUseCase, integration_id, use_case_id
from busbar.domain.outcome_rows import OutcomeBatch, OutcomeRow
from busbar.ports.store import Put
from busbar.store.entities import TableEntities
from busbar.store.reading_series import TableReadings
from busbar.store.table import DynamoTable
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Workset, wanted
from busbar.wiring.clients import SystemClock
from infra.local.testing import RunningSystem
from infra.redrive import dead_letters_of
from tests.e2e.conftest import eventually, held, store_of

PATH = "/v3/erp/updates/events"
ERP = integration_id("demo", "erp")
PERSON = json.loads(
    (Path(__file__).parents[2] / "integrations/erp/customer/events/person.json").read_text("utf-8")
)
MACHINE = {"scope": "busbar/machine"}


def send(system: RunningSystem, *events: Any, integration: str = ERP) -> httpx.Response:
    """Send events as the middleware of an ERP does."""
    body = {"integration_id": integration, "events": list(events)}
    headers = {"Authorization": f"Bearer {system.token('machine', **MACHINE)}"}
    return held("erp_events_v3", system.http.post(system.api + PATH, json=body, headers=headers))


def customer(number: str, payload: Any = None, **fields: Any) -> dict[str, Any]:
    """An event about a customer."""
    return {
        "event_name": "customer",
        "timestamp": datetime.now(UTC).isoformat(),
        "format": "json",
        "payload": {**(PERSON if payload is None else payload), "AccountID": number},
        "group_id": number,
        **fields,
    }


def any_number() -> str:
    """Of a customer whom nobody knows yet."""
    return str(uuid.uuid4().int)[:10]


def contact(system: RunningSystem, number: str) -> dict[str, Any] | None:
    """The contact of a customer, as it stands in the table."""
    client: Any = system.aws("dynamodb")
    (name,) = client.list_tables()["TableNames"]
    table, clock = DynamoTable(client, name), SystemClock()
    deps = EntityDeps(
        entities=TableEntities(table, "demo"),
        readings=TableReadings(table, clock, "demo"),
        store=store_of(system),
        clock=clock,
    )
    workset = Workset(deps, fresh=True)
    found = workset.find(wanted(deps, "contact", {"customer_number": number}))
    entity = workset.entity(found.entity_id, "contact")
    return dict(entity.attributes) if entity.live else None


def rows(system: RunningSystem, integration: str = ERP) -> list[OutcomeRow]:
    """What became of the events of an integration."""
    page = store_of(system).listed(OutcomeBatch, integration, limit=100)
    return [row for batch in page.items for row in batch.record.rows]


def test_should_make_a_contact_of_a_customer(system: RunningSystem) -> None:
    number = any_number()
    reply = send(system, customer(number))
    (result,) = reply.json()["results"]
    assert result["status"] == "success"
    made = eventually(lambda: contact(system, number))
    assert made is not None
    assert made["last_name"] == PERSON["LastName"]

    def told() -> list[str]:
        return [r.code for r in rows(system) if r.event_id == result["event_id"]]

    assert "ENTITY_CREATED" in eventually(told)


def test_should_take_what_is_too_large_for_a_message_by_way_of_s3(system: RunningSystem) -> None:
    number = any_number()
    event = customer(number, {**PERSON, "Remarks": "x" * 240_000})
    assert [r["status"] for r in send(system, event).json()["results"]] == ["success"]
    assert eventually(lambda: contact(system, number))


def test_should_take_what_is_too_large_for_a_request_by_an_upload(system: RunningSystem) -> None:
    """By a form that S3 itself holds to its size, its type and its key."""
    number, headers = (
        any_number(),
        {"Authorization": f"Bearer {system.token('machine', **MACHINE)}"},
    )
    asked = system.http.post(f"{system.api}/v3/erp/updates/payloads", json={}, headers=headers)
    form = held("erp_events_upload", asked).json()
    large = {**PERSON, "AccountID": number, "Remarks": "x" * 6_000_000}
    file = {"file": ("any", json.dumps(large).encode(), "application/json")}
    odd = {**form["fields"], "Content-Type": "text/html"}
    assert system.http.post(form["url"], data=odd, files=file).status_code == 403
    assert system.http.post(form["url"], data=form["fields"], files=file).status_code == 204
    event = customer(number, payload_ref=form["payload_ref"])
    del event["payload"]
    assert [r["status"] for r in send(system, event).json()["results"]] == ["success"]
    again = {"file": ("any", b"{}", "application/json")}
    assert system.http.post(form["url"], data=form["fields"], files=again).status_code == 204
    assert eventually(lambda: contact(system, number))
    (result,) = send(system, {**event, "payload_ref": "202603020RDER00000009"}).json()["results"]
    assert (result["status"], "payload_ref" in result["message"]) == ("error", True)


def test_should_end_with_what_the_erp_has_said_last(system: RunningSystem) -> None:
    number = any_number()
    events = [
        customer(number, {"LastName": f"Name {second}"}, timestamp=f"2026-03-02T08:00:{second:02}Z")
        for second in (3, 1, 9, 4)
    ]
    send(system, *events)
    eventually(lambda: (contact(system, number) or {}).get("last_name") == "Name 9")


def test_should_go_on_once_a_mapping_is_mended_and_its_events_are_sent_back(
    system: RunningSystem,
) -> None:
    """`make redrive QUEUE=erp_apply`, as a person does it."""
    number, ours = any_number(), str(uuid.uuid4())
    _put(system, ours, "$sum(")
    (result,) = send(system, customer(number), integration=ours).json()["results"]
    assert result["status"] == "success"
    letters = dead_letters_of("erp_apply", "local", system.aws)["worker"]
    (parked,) = eventually(lambda: letters.look(10))
    assert (parked.reason, "payload" in json.loads(parked.body)) == ("INVALID_MAPPING", False)
    _put(system, ours, "AccountID")
    assert eventually(lambda: letters.send_back(10, "INVALID_MAPPING")) == 1
    assert eventually(lambda: contact(system, number))
    assert letters.depth() == 0


def _put(system: RunningSystem, ours: str, expression: str) -> None:
    """An integration whose use case `customer` takes the customer's number so."""
    entity = {
        "entity_schema": "contact",
        "unique_ids": ["customer_number"],
        "fields": [{"attribute": "customer_number", "jsonataExpression": expression}],
    }
    use_case = IntegrationUseCase(
        id=use_case_id(ours, "customer"),
        integration_id=ours,
        slug="customer",
        name="customer",
        configuration={"entities": [entity]},
        changed_at=datetime.now(UTC),
    )
    made = Integration(id=ours, name="Any", system="sap", use_cases=(use_case,))
    store_of(system).commit(Put(made))
