"""Right and wrong requests on the running local system, held against its own document."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.authorisation import SIGNED, TABLE
from busbar.domain.customers import Vehicle
from busbar.domain.integrations import AppMapping
from busbar.domain.wallboxes import Tariff
from busbar.ports.store import Put, Save
from infra.local.people import PEOPLE
from infra.local.sample import company_id
from infra.local.testing import RunningSystem
from infra.openapi import text
from infra.operations import operations
from infra.operations.erp_events import APP, COMPONENT, INTEGRATION
from infra.operations.my_wallbox import TARIFF, WALLBOX_ID
from infra.operations.parts import VEHICLE_ID
from infra.simulators.sample import NORDWIND
from tests.e2e.conftest import deliver, held, number_of, place, store_of
from tests.e2e.probes import proven
from tests.functions.people import allowed, name_of

ORDERS = "/v1/charge-card-orders"


def test_should_show_everybody_the_document_that_was_built(system: RunningSystem) -> None:
    for person in ("fleet-manager", "driver", "service-agent", "operator"):
        shown = held("openapi", system.call("GET", "/v1/openapi.json", person))
        assert shown.status_code == 200
        assert shown.text == text()


NAMED_ELSEWHERE = ("{schema}", "{entity_id}", "{entityId}", "{integrationId}")
"""Parameters of paths to what events have made, or a middle layer has put: `test_toolkit_over_http`
tells that story, and the matrix asks for each of them."""
MADE = {"companies_create": "company_id", "users_create": "user_id", "wallbox_order": "order_id"}
"""Operations that make what later ones show, change and remove."""


def examples(operation: str) -> list[dict[str, Any]]:
    """The bodies of an operation, as they are sent."""
    described = operations()[operation]
    if described.csv:
        return [{"content": described.csv, "headers": {"Content-Type": "text/csv"}}]
    return [{"json": body, "headers": {}} for body in described.bodies.values() or [None]]


def test_should_answer_every_operation_of_the_document_as_it_says(system: RunningSystem) -> None:
    document = system.call("GET", "/v1/openapi.json", "driver").json()
    cards = deliver(system, number_of(system, place(system, "any")))
    vehicle = Vehicle(id=VEHICLE_ID, company_id=company_id(NORDWIND), label="Any")
    # Its tariff began long ago, and is the one that the document sets.
    wallbox = proven(WALLBOX_ID, PEOPLE["driver"], tariff=Tariff.model_validate(TARIFF))
    app = AppMapping(id=f"{APP}#{COMPONENT}", integration_id=INTEGRATION)
    store_of(system).commit(Put(vehicle), Save(wallbox), Put(app))
    ids = {"order_id": cards[0]["order_id"], "card_id": cards[0]["id"], "task_id": "0" * 13}
    ids |= {"system": "energised", "vehicle_id": VEHICLE_ID, "wallbox_id": WALLBOX_ID}
    seen, elsewhere = set(), set()
    for path, entries in document["paths"].items():
        for verb, entry in entries.items():
            operation = entry["operationId"]
            if operation in SIGNED:
                continue  # no person's: `test_webhook_over_http` holds its answers
            if any(name in path for name in NAMED_ELSEWHERE):
                elsewhere.add(operation)
                continue
            # The company was just made: no manager has it for his own.
            ours = "{company_id}" not in path
            person = name_of(allowed(operation)) if ours else "service-agent"
            where = path.format(**ids)
            for number, sent in enumerate(examples(operation)):
                sent["headers"] |= {"Idempotency-Key": f"{operation} {number}", "If-Match": "*"}
                answer = held(operation, system.call(verb.upper(), where, person, **sent))
                # No task is open: what is decided of one, the matrix asks.
                assert answer.status_code < 300 or "{task_id}" in path, answer.text
                if operation in MADE:
                    ids[MADE[operation]] = answer.json()["id"]
            refused = system.call(verb.upper(), f"{where}?never=heard", person)
            assert held(operation, refused).status_code == 400
            seen.add(operation)
    assert seen | elsewhere == set(TABLE)
    assert len(seen) > len(elsewhere)


WRONG: dict[str, tuple[bytes, dict[str, str], int]] = {
    "empty": (b"", {}, 400),
    "half": (b'{"quantity": ', {}, 400),
    "trailing": (b'{"quantity": 1} x', {}, 400),
    "byte order mark": (b'\xef\xbb\xbf{"quantity": 1}', {}, 400),
    "no UTF-8": (b'{"quantity": 1, "note": "\xff\xfe"}', {}, 400),
    "NaN": (b'{"quantity": NaN}', {}, 400),
    "twice": (b'{"quantity": 1, "quantity": 50}', {}, 400),
    "deep": (b'{"note":' + b"[" * 9000 + b"]" * 9000 + b"}", {}, 400),
    "beyond 2^53": (b'{"quantity": 9007199254740993}', {}, 400),
    "lone surrogate": (b'{"quantity": 1, "note": "\\ud800"}', {}, 422),
    "lone surrogate in a name": (b'{"quantity": 1, "\\ud800": 1}', {}, 422),
    "too large": (b'{"quantity": 1, "note": "' + b"x" * 70_000 + b'"}', {}, 413),
    "form": (b"quantity=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "gzip": (b'{"quantity": 1}', {"Content-Encoding": "gzip"}, 415),
}


@pytest.mark.parametrize("case", WRONG)
def test_should_refuse_what_is_no_order(system: RunningSystem, case: str) -> None:
    body, headers, status = WRONG[case]
    sent = {"Content-Type": "application/json", "Idempotency-Key": "any", **headers}
    answer = system.call("POST", ORDERS, "fleet-manager", content=body, headers=sent)
    assert held("order_submit", answer).status_code == status, answer.text
    assert system.call("GET", ORDERS, "fleet-manager").json()["orders"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=ten", "limit=1&limit=2", "limit=", "cursor=any", "a=b"]
)
def test_should_refuse_what_is_no_query(system: RunningSystem, query: str) -> None:
    answer = system.call("GET", f"{ORDERS}?{query}", "fleet-manager")
    told = held("orders_list", answer).json()
    assert answer.status_code == 400
    assert told["errors"][0]["field"] == query.partition("=")[0]
