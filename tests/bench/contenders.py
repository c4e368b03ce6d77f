"""Ways of doing the worker's job, and parts of it: each takes an endpoint, and gives a handler.

What one of them needs is imported when it is made: each runs in a process of its own, which has the
modules of a function and no more (`tests.bench.contender`).
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from tests.bench.inbound_event import CONFIGURATION, EVENT

BATCH = 10
ORG = "demo"
INTEGRATION = "0d9f1c5e-6a51-5d0b-9c8e-1f2a3b4c5d6e"
BEGAN = 1_790_000_000_000_000
"""µs since 1970."""

Handle = Callable[[dict[str, Any]], Any]


def batches() -> Iterator[dict[str, Any]]:
    """Batches without end, about the same ten partners; of each, something has changed."""
    number = 0
    while True:
        records = []
        for place in range(BATCH):
            number += 1
            event = deepcopy(EVENT)
            event["partner"]["id"] = f"100{place:04}"
            event["header"]["messageId"] = f"9f0c7d2e-{number:08}"
            event["account"]["dunningLevel"] = number // BATCH % 4
            records.append({"messageId": f"m-{number}", "body": _message(number, event)})
        yield {"Records": [{**_ATTRIBUTES, **record} for record in records]}


_ATTRIBUTES = {
    "receiptHandle": "AQEB",
    "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "any"},
    "messageAttributes": {},
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:any.fifo",
    "awsRegion": "eu-central-1",
}


def _message(number: int, event: Mapping[str, Any]) -> str:
    name = f"20261129{number:013}-000"
    told = {
        "org": ORG,
        "integration_id": INTEGRATION,
        "use_case": "customer",
        "event_id": name,
        "correlation_id": name,
        "group": f"partner-{event['partner']['id']}",
        "timestamp": BEGAN + number,
        "accepted": BEGAN + number + 5_000_000,
        "format": "json",
        "payload": json.dumps(event, ensure_ascii=False),
    }
    return json.dumps(told, ensure_ascii=False)


def worker(endpoint: str) -> Handle:
    """The worker as it is deployed."""
    from functions.erp_apply.handler import make_handler  # noqa: PLC0415

    return _served(endpoint, make_handler)


def unguarded(endpoint: str) -> Handle:
    """The worker, but mapping in its own process: neither child nor pipe."""
    from busbar.mapping import inbound, payloads  # noqa: PLC0415
    from busbar.mapping.configuration import parse  # noqa: PLC0415
    from busbar.mapping.sources import Context  # noqa: PLC0415

    configuration = parse(CONFIGURATION)

    def mapped(payload: str, env: Mapping[str, Any]) -> Any:
        return inbound.map_event(configuration, payloads.parse(payload), Context(env=env))

    return _worker_with(endpoint, mapped)


def by_hand(endpoint: str) -> Handle:
    """The worker, but with a mapping by hand in its own process."""
    from busbar.domain.updates import EntityUpdate, Mapped  # noqa: PLC0415
    from tests.bench.by_hand import map_by_hand  # noqa: PLC0415

    def mapped(payload: str, _: Mapping[str, Any]) -> Any:
        made = map_by_hand(json.loads(payload))
        ids = {"customer_number": made["customer_number"]}
        return Mapped((EntityUpdate("contact", ids, made),))

    return _worker_with(endpoint, mapped)


def _worker_with(endpoint: str, mapped: Callable[[str, Mapping[str, Any]], Any]) -> Handle:
    from busbar.usecases.erp_apply import Applier, Org  # noqa: PLC0415
    from busbar.usecases.event_mapping import EventMapper  # noqa: PLC0415
    from busbar.wiring.parts import Parts  # noqa: PLC0415

    class Unguarded(EventMapper):
        """Maps at once."""

        def map_all(self, events: Any, _portals: Any = ()) -> Any:
            return [mapped(one.payload, one.integration.environment()) for one in events]

    def make_handler(settings: Any, clients: Any) -> Any:
        parts = Parts(settings, clients)

        def org(name: str) -> Org:
            return Org(parts.deps(name), parts.entity_deps(name))

        applier = Applier(org, parts.queues, parts.ids, Unguarded())
        return lambda event, _: applier.handle(event["Records"])

    return _served(endpoint, make_handler)


def _served(endpoint: str, make: Any) -> Handle:
    from busbar.domain.integrations import Integration, IntegrationUseCase  # noqa: PLC0415
    from busbar.ports.store import Put  # noqa: PLC0415
    from busbar.settings.function import OrgSettings, Settings  # noqa: PLC0415
    from busbar.wiring.clients import Clients  # noqa: PLC0415
    from busbar.wiring.entry import entry, settled  # noqa: PLC0415
    from busbar.wiring.parts import Parts  # noqa: PLC0415

    settings = Settings("local", "busbar", {ORG: OrgSettings(audiences=("any",))})
    clients = Clients(endpoint_url=endpoint)
    use_case = IntegrationUseCase(
        id="any",
        integration_id=INTEGRATION,
        slug="customer",
        name="Customer",
        configuration=CONFIGURATION,
        changed_at=datetime(2026, 11, 29, tzinfo=UTC),
    )
    integration = Integration(id=INTEGRATION, name="ERP", system="sap", use_cases=(use_case,))
    Parts(settings, clients).store(ORG).commit(Put(integration))
    handler = settled(entry(make, settings, clients))
    return lambda event: handler(event, None)


def ready_ingest() -> object:
    """Make what `erp_events` has made by the end of its first request."""
    from busbar.settings.function import OrgSettings, Settings  # noqa: PLC0415
    from busbar.wiring.clients import Clients  # noqa: PLC0415
    from functions.erp_events.handler import make_handler  # noqa: PLC0415

    clients = Clients()
    handler = make_handler(
        Settings("local", "busbar", {ORG: OrgSettings(audiences=("any",))}), clients
    )
    return handler, [clients.aws(name) for name in ("dynamodb", "sqs", "s3")]


def calls(endpoint: str) -> Handle:
    """Nothing but the calls to the table that the worker makes, with botocore as it sets it up."""
    from busbar.store.keys import Key  # noqa: PLC0415
    from busbar.store.table import DynamoTable, Holds, Write  # noqa: PLC0415
    from busbar.wiring.clients import Clients  # noqa: PLC0415

    table = DynamoTable(Clients(endpoint_url=endpoint).aws("dynamodb"), "busbar")
    names = [Key(f"demo#entity#{place}", "#") for place in range(BATCH)]
    body = os.urandom(1600)

    def item(key: Key) -> dict[str, Any]:
        return {"pk": key.pk, "sk": key.sk, "version": 1, "hash": "0" * 32, "body": body}

    def handle(_: dict[str, Any]) -> dict[str, Any]:
        table.get(names[0])
        table.get_many(names)
        table.get_many(names)
        for key in names:
            table.write([Write(key, item(key), Holds("version", 1))])
        table.write([Write(Key("demo#outcomes", "#"), item(names[0]))])
        return {"batchItemFailures": []}

    return handle


def floor(endpoint: str) -> Handle:
    """The least that a program by hand does: parse, map by hand, one conditional write an event."""
    from busbar.wiring.clients import Clients  # noqa: PLC0415
    from tests.bench.by_hand import map_by_hand  # noqa: PLC0415

    client = Clients(endpoint_url=endpoint).aws("dynamodb")

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        for record in event["Records"]:
            message = json.loads(record["body"])
            made = map_by_hand(json.loads(message["payload"]))
            body = zlib.compress(json.dumps(made, ensure_ascii=False).encode(), 1)
            client.put_item(
                TableName="contacts",
                Item={
                    "customer_number": {"S": made["customer_number"]},
                    "at": {"N": str(message["timestamp"])},
                    "body": {"B": body},
                },
                ConditionExpression="attribute_not_exists(customer_number) OR #at < :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"N": str(message["timestamp"])}},
            )
        return {"batchItemFailures": []}

    return handle


def usual(endpoint: str) -> Handle:
    """The usual stack."""
    from tests.bench.usual_stack import UsualStack  # noqa: PLC0415

    return UsualStack(endpoint).handle


CONTENDERS: dict[str, Callable[[str], Handle]] = {
    "worker": worker,
    "unguarded": unguarded,
    "by hand": by_hand,
    "calls": calls,
    "floor": floor,
    "usual": usual,
}
