"""An integration of the tests' own, whose events become contacts and meters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from busbar.domain.entities import entity_id
from busbar.domain.erp_events import event_id, request_key
from busbar.domain.erp_loads import Load, upload_key
from busbar.domain.integrations import Integration, IntegrationUseCase, Variable, use_case_id
from busbar.domain.outcome_rows import Received, ReceivedEvent
from busbar.ports.store import Put, Save, Store
from tests.doubles.files import Held
from tests.doubles.world import ORG, Reply, World

INTEGRATION_ID = "6f0a7d6e-4d3f-5e21-8a8e-0f6b1f6a0c11"
V1, V2 = f"/v1/integrations/{INTEGRATION_ID}", f"/v2/integrations/{INTEGRATION_ID}"
EVENTS = "/v3/erp/updates/events"
CONTACT_ID = entity_id(ORG, "contact", {"customer_number": "1000042"})
METER_ID = entity_id(ORG, "meter", {"external_id": "M1"})
REQUEST = "202603020RDER00000001"
"""The request of the sample events, and its one event."""
EVENT_ID = event_id(REQUEST, 0)
CORRELATION = "erp-run-17"
LOAD_ID = "10AD000000001"
CONTACTS: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "contact",
            "unique_ids": ["customer_number"],
            "fields": [
                {"attribute": "customer_number", "field": "partner"},
                {"attribute": "last_name", "jsonataExpression": "$trim(lastName)"},
                {"attribute": "salutation", "jsonataExpression": "$env.salutations.`2`"},
            ],
        }
    ]
}
GONE: dict[str, Any] = {"entities": [{**CONTACTS["entities"][0], "mode": "delete"}]}
METERS: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "meter",
            "unique_ids": ["external_id"],
            "fields": [
                {"attribute": "external_id", "field": "meter"},
                {
                    "attribute": "customer",
                    "relations": {
                        "operation": "_set",
                        "items": [
                            {
                                "entity_schema": "contact",
                                "unique_ids": [
                                    {"attribute": "customer_number", "field": "partner"}
                                ],
                            }
                        ],
                    },
                },
            ],
        }
    ],
    "meter_readings": [
        {
            "meter": {"unique_ids": [{"attribute": "external_id", "field": "meter"}]},
            "jsonataExpression": "readings.$merge([$, {'meter': $$.meter}])",
            "fields": [
                {"attribute": "external_id", "field": "id"},
                {"attribute": "timestamp", "field": "at"},
                {"attribute": "source", "constant": "ERP"},
                {"attribute": "value", "field": "value"},
            ],
        }
    ],
}
SLUGS = {"customer": CONTACTS, "customer_gone": GONE, "meter": METERS}


def _store(world: World) -> Store:
    made: Store = world._clients().store()
    return made


def case(slug: str, configuration: dict[str, Any], **fields: Any) -> IntegrationUseCase:
    """A use case of the integration."""
    since = datetime(2026, 3, 1, tzinfo=UTC)
    told = {"id": use_case_id(INTEGRATION_ID, slug), "name": slug, **fields}
    return IntegrationUseCase(
        **told,
        integration_id=INTEGRATION_ID,
        slug=slug,
        configuration=configuration,
        changed_at=since,
    )


def integration(world: World, **cases: dict[str, Any]) -> None:
    """The integration, with these use cases or its usual ones."""
    made = Integration(
        id=INTEGRATION_ID,
        name="Test ERP",
        system="sap",
        variables=(Variable(key="salutations", type="JSON", value={"2": "Mr."}),),
        use_cases=tuple(case(slug, mapping) for slug, mapping in (cases or SLUGS).items()),
    )
    _store(world).commit(Put(made))


def event(slug: str = "customer", second: int = 0, **payload: Any) -> dict[str, Any]:
    """An event of the integration; by default a customer."""
    usual = {"partner": "1000042", "lastName": "Janssen"}
    at = f"2026-03-02T07:{second // 60:02}:{second % 60:02}Z"
    return {
        "use_case_slug": slug,
        "timestamp": at,
        "format": "json",
        "payload": {**usual, **payload},
    }


def post(world: World, *events: dict[str, Any], **request: Any) -> list[dict[str, Any]]:
    """Send events and let them be applied; the results."""
    body = {"integration_id": INTEGRATION_ID, "events": list(events), **request}
    reply = world.call("POST", EVENTS, "machine", body)
    assert reply.status == 200, reply.text
    world.pump()
    results: list[dict[str, Any]] = reply.json["results"]
    return results


def ask(world: World, path: str, body: Any = None, user: str = "operator") -> Any:
    """What a route answers to a query; it has to be granted."""
    reply = world.call("POST", path, user, body or {})
    assert reply.status == 200, reply.text
    return reply.json


def contact(world: World, query: str = "unique_id=customer_number:1000042") -> Any:
    """The contact as it is read, or None."""
    found = world.call("GET", f"/v1/entities/contact?{query}", "operator").json["entities"]
    return found[0] if found else None


def sample_request(world: World) -> None:
    """The request that the sample events speak of: it came just now, and S3 has it."""
    one = event()
    body = {"integration_id": INTEGRATION_ID, "correlation_id": CORRELATION, "events": [one]}
    content = json.dumps(body).encode()
    key = request_key(ORG, REQUEST)
    world.files.objects[key] = Held(content, "application/json", world.clock.now())
    told = ReceivedEvent(
        event_id=EVENT_ID,
        event_name="customer",
        use_case_id=use_case_id(INTEGRATION_ID, "customer"),
        correlation_id=CORRELATION,
        timestamp=1772434800_000_000,
        status="success",
    )
    now = world.clock.now()
    noted = Received(id=REQUEST, integration_id=INTEGRATION_ID, at=now, version=3, events=(told,))
    _store(world).commit(Put(noted))


def toolkit(world: World) -> None:
    """The integration with a customer, his meter and a reading, and the request of the samples."""
    integration(world)
    post(world, event(lastName="Ost"))
    readings = [{"id": "R1", "at": "2026-01-01", "value": 10}]
    post(world, event(second=1), event("meter", 2, meter="M1", readings=readings))
    sample_request(world)
    load(world)


def load(world: World, load_id: str = LOAD_ID) -> None:
    """A load that was asked for, of a file that lies there."""
    key = upload_key(ORG, load_id)
    world.files.objects[key] = Held(b"{}", "any", world.clock.now())
    made = Load(
        id=load_id,
        integration_id=INTEGRATION_ID,
        key=key,
        etag=world.files.objects[key].etag,
        size=2,
        started_at=world.clock.now(),
        most_slices=1,
    )
    _store(world).commit(Save(made))


PATH_IDS = {
    "schema": "contact",
    "entity_id": CONTACT_ID,
    "version": "1",
    "integrationId": INTEGRATION_ID,
    "useCaseId": use_case_id(INTEGRATION_ID, "customer"),
    "entityId": CONTACT_ID,
    "correlationId": CORRELATION,
    "loadId": LOAD_ID,
}
"""What `toolkit` makes, by the name of a path parameter."""


def put(world: World, path: str, body: Any, user: str = "operator") -> Reply:
    """Put something."""
    return world.call("PUT", path, user, body)
