"""An integration of an ERP, its events, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from busbar.domain.integrations import AppMapping, Integration, IntegrationUseCase, use_case_id
from busbar.domain.outcome_rows import OutcomeBatch, OutcomeRow, Received
from busbar.domain.record import Record
from busbar.errors import StoreUnavailable
from busbar.ports.store import Put
from busbar.store.entities import TableEntities
from busbar.store.keys import Key
from busbar.store.records import decode_body
from busbar.store.table import Item, Table, Write
from busbar.usecases.entity_lookup import Workset, wanted
from busbar.wiring.clients import Clients
from busbar.wiring.parts import Parts
from infra.operations.erp_events import APP, COMPONENT
from tests.doubles.world import ORG, Reply, World
from tests.functions.given import store

R = TypeVar("R", bound=Record)
INTEGRATION = "5e0a7d6e-0000-4000-8000-000000000001"
PATH = "/v3/erp/updates/events"
QUEUE = "erp_apply"
WIEBKE = {
    "partner": "1000042",
    "firstName": "Wiebke",
    "lastName": "Janssen",
    "email": "wiebke.janssen@example.test",
}
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def _field(attribute: str, field: str) -> dict[str, str]:
    return {"attribute": attribute, "field": field}


CUSTOMER: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "contact",
            "unique_ids": ["customer_number"],
            "fields": [
                _field("customer_number", "partner"),
                _field("first_name", "firstName"),
                _field("last_name", "lastName"),
                {"attribute": "email", "jsonataExpression": "email ? [{'email': email}]"},
            ],
        }
    ]
}
READINGS: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "meter",
            "unique_ids": ["external_id"],
            "fields": [_field("external_id", "meter")],
        }
    ],
    "meter_readings": [
        {
            "jsonataExpression": "readings",
            "meter": {"unique_ids": [{"attribute": "external_id", "field": "meter"}]},
            "fields": [
                _field("external_id", "id"),
                _field("timestamp", "at"),
                _field("value", "value"),
                {"attribute": "source", "constant": "ERP"},
            ],
        }
    ],
}
BROKEN: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "contact",
            "unique_ids": ["customer_number"],
            "fields": [{"attribute": "customer_number", "jsonataExpression": "$sum("}],
        }
    ]
}


def _use_case(slug: str, configuration: Mapping[str, Any], *, enabled: bool = True) -> Any:
    return IntegrationUseCase(
        id=use_case_id(INTEGRATION, slug),
        integration_id=INTEGRATION,
        slug=slug,
        name=slug,
        enabled=enabled,
        configuration=dict(configuration),
        changed_at=START,
    )


def integration(**configurations: Mapping[str, Any]) -> Integration:
    """The integration of the sample events; a configuration that is given goes first."""
    usual = {"customer": CUSTOMER, "readings": READINGS, "broken": BROKEN, **configurations}
    return Integration(
        id=INTEGRATION,
        name="Sample",
        system="sap",
        use_cases=(
            *(_use_case(slug, made) for slug, made in usual.items()),
            _use_case("off", CUSTOMER, enabled=False),
        ),
    )


class ErpWorld(World):
    """A world with the integration of the sample events, and the app that stands for it.

    `fails` says of a write to the table whether it is refused, as long as that stands; `throttled`
    is how many of the next reads of lookups are.
    """

    integration_id = INTEGRATION

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.fails: Callable[[Sequence[Write]], bool] = lambda _writes: False
        self.throttled = 0
        keep = store(self)
        keep.commit(Put(integration()))
        keep.commit(Put(AppMapping(id=f"{APP}#{COMPONENT}", integration_id=INTEGRATION)))

    def _clients(self) -> Any:
        clients = super()._clients()
        clients.table = _Failing(clients.table, self)
        return clients


class _Failing:
    """The table of workers, which may refuse a write or a read."""

    def __init__(self, table: Any, world: ErpWorld) -> None:
        self._table, self._world = table, world
        self.get, self.query, self.rows = table.get, table.query, table.rows

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """A read, or `StoreUnavailable`."""
        if self._world.throttled and any("#U#" in key.pk for key in keys):
            self._world.throttled -= 1
            raise StoreUnavailable("any")
        found: dict[Key, Item] = self._table.get_many(keys, consistent=consistent)
        return found

    def write(self, writes: Sequence[Write]) -> None:
        """A write, or `StoreUnavailable`."""
        if self._world.fails(writes):
            raise StoreUnavailable("any")
        self._table.write(writes)


def of_entities(writes: Sequence[Write]) -> bool:
    """Whether a write is one of entities."""
    return any(f"{ORG}#entity#" in write.key.pk for write in writes)


# --- sending -----------------------------------------------------------------------------------


def any_event(payload: Any = None, **fields: Any) -> dict[str, Any]:
    """An event of the use case `customer`; a field that is None is left out."""
    usual = {
        "event_name": "customer",
        "timestamp": "2026-03-02T07:59:00Z",
        "format": "json",
        "payload": WIEBKE if payload is None else payload,
        **fields,
    }
    return {name: value for name, value in usual.items() if value is not None}


def customer(number: int, name: str = "Janssen", **fields: Any) -> dict[str, Any]:
    """An event about one of many customers."""
    return any_event({"partner": f"{number:07}", "lastName": name}, **fields)


def send(world: World, *events: Any, **request: Any) -> Reply:
    """Send events by version 3."""
    body = {"integration_id": INTEGRATION, **request, "events": list(events)}
    return world.call("POST", PATH, "machine", body)


def statuses(reply: Reply) -> list[str]:
    """What the sender was told of each event."""
    assert reply.status == 200, reply.text
    return [one["status"] for one in reply.json["results"]]


def messages(world: World) -> list[dict[str, Any]]:
    """The events on the queue, in their order."""
    waiting = sorted(world.sqs.queues.get(QUEUE, []), key=lambda m: m.number)
    return [json.loads(message.body) for message in waiting]


# --- looking at it -----------------------------------------------------------------------------


def records(world: World, kind: type[R]) -> list[R]:
    """All records of a kind."""
    bodies = [i["body"] for i in world.table.items.values() if i.get("schema") == kind.schema_name]
    return [decode_body(kind, body) for body in bodies if isinstance(body, bytes)]


def rows(world: World) -> list[OutcomeRow]:
    """The rows of all outcomes."""
    return [row for batch in records(world, OutcomeBatch) for row in batch.rows]


def codes(world: World) -> list[str]:
    """The codes of all outcomes, sorted."""
    return sorted(row.code for row in rows(world))


def received(world: World) -> list[Received]:
    """The requests that were written down."""
    return records(world, Received)


def table_of(world: World) -> Table:
    """The table, past all boundaries."""
    table: Table = world.table
    return table


def contact(world: World, number: str = "1000042") -> dict[str, Any] | None:
    """The attributes of a contact as it stands; None if there is none."""
    clients = Clients(table=world.table, clock=world.clock)
    deps = Parts(world.settings, clients).entity_deps(ORG)
    workset = Workset(deps, fresh=True)
    found = workset.find(wanted(deps, "contact", {"customer_number": number}))
    entity = workset.entity(found.entity_id, "contact")
    return dict(entity.attributes) if entity.live else None


def contacts(world: World) -> list[str]:
    """The ids of all contacts."""
    ids, _ = TableEntities(table_of(world), ORG).listed("contact", {}, limit=100)
    return ids


def entities_as_stored(world: World) -> dict[Any, Any]:
    """The rows of entities, byte for byte: what a repeat may not touch."""
    return {
        key: dict(item)
        for key, item in world.table.items.items()
        if key.pk.startswith(f"{ORG}#entity#")
    }
