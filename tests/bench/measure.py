"""Counts what each use case costs: calls, capacity units, imported modules.

Counts, not times: they are the same on every machine, so a rise is a change of the code.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.catalog import USE_CASES
from tests.doubles.world import ORG, SOURCE, World
from tests.functions.sender import card_assigned, send, status_changed
from tests.functions.toolkit_given import (
    CONTACT_ID,
    CONTACTS,
    EVENT_ID,
    GONE,
    INTEGRATION_ID,
    METER_ID,
    PATH_IDS,
    V1,
    V2,
    event,
    toolkit,
)

Row = dict[str, float]
RARE = frozenset({"sap calls", "states calls"})
"""Left out where there are none, as in most rows."""


class MeteredWorld(World):
    """Adds up, per label and function, what the invocations cost."""

    def __init__(self, cards_per_company: int | None = None, **salesforce: Any) -> None:
        self.rows: dict[str, Row] = {}
        self._label = ""
        super().__init__(cards_per_company=cards_per_company, **salesforce)

    @contextmanager
    def measuring(self, label: str) -> Iterator[None]:
        """What happens inside counts under `<function>: <label>`."""
        self._label = label
        yield
        self._label = ""

    def invoke(self, name: str, event: Any) -> Any:
        """Invoke and count."""
        if not self._label:
            return super().invoke(name, event)
        bill, seen = self.table.bill, len(self.boundaries.names)
        before = (bill.read_units, bill.write_units, sum(bill.calls.values()))
        answer = super().invoke(name, event)
        passed = [n for n in self.boundaries.names[seen:] if n.startswith("before ")]
        row = self.rows.setdefault(f"{name}: {self._label}", {})
        for key, amount in (
            ("invocations", 1),
            ("read units", bill.read_units - before[0]),
            ("write units", bill.write_units - before[1]),
            ("table calls", sum(bill.calls.values()) - before[2]),
            ("salesforce calls", sum(" salesforce " in n for n in passed)),
            ("energised calls", sum(" energised " in n for n in passed)),
            ("sap calls", sum(" sap " in n for n in passed)),
            ("states calls", sum(" states " in n for n in passed)),
            ("messages", sum(" send " in n for n in passed)),
        ):
            if key in RARE and not amount:
                continue
            row[key] = row.get(key, 0) + amount
        return answer


def count_use_cases() -> dict[str, Row]:
    """One order of two cards until the driver has one; and its way round an outage."""
    world = MeteredWorld()
    # Tokens and secrets are read once per worker, not once per call: get them out of the way.
    for path in ("/v1/charge-card-orders/form", "/v1/charge-card-orders"):
        world.call("GET", path)
    _order(world)
    _cards(world)
    _outage(world)
    _circuit(world)
    _tasks(world)
    for system in ("salesforce", "energised"):
        with world.measuring(system):
            world.call("POST", f"/v1/systems/{system}/connection-check", "operator")
    _people(world)
    _webhook(world)
    _toolkit(world)
    return world.rows | _load() | _company_limit() | _wallboxes() | _own_wallbox()


def _toolkit(world: MeteredWorld) -> None:
    """The doors of the toolkit, with a customer, a meter and a reading there."""
    toolkit(world)
    contact = f"/v1/entities/contact/{CONTACT_ID}"
    for label, path in (
        ("one by its unique id", "/v1/entities/contact?unique_id=customer_number:1000042"),
        ("a list by a filter", "/v1/entities/contact?filter=last_name:Janssen"),
        ("its relations", f"{contact}/relations"),
        ("its history", f"{contact}/history"),
        ("the readings of a meter", f"/v1/meters/{METER_ID}/readings"),
    ):
        with world.measuring(label):
            world.call("GET", path, "operator")
    trial = {"event_configuration": CONTACTS, "format": "json", "payload": {"partner": "1000042"}}
    with world.measuring("an entity, compared with the stored one"):
        path = f"/v2/erp/updates/mapping_simulation?diff=true&integration_id={INTEGRATION_ID}"
        world.call("POST", path, "operator", trial)
    for label, path, body in (
        ("a page of rows", f"{V2}/monitoring/events", {}),
        ("counts by code", f"{V2}/monitoring/stats", {"group_by": "code"}),
        ("a page of received events", f"{V1}/events", {}),
        ("an event sent again", f"{V1}/events/replay", {"event_ids": [EVENT_ID]}),
    ):
        with world.measuring(label):
            world.call("POST", path, "operator", body)
    case = f"{V1}/use-cases/{PATH_IDS['useCaseId']}"
    with world.measuring("a mapping changed"):
        world.call("PUT", case, "operator", {"configuration": GONE})


def _load() -> dict[str, Row]:
    """An initial load of a hundred customers, and of the same again."""
    world = MeteredWorld()
    toolkit(world)
    key = f"loads/{ORG}/bench.jsonl"
    lines = [event(partner=f"{9000000 + number}") | {"format": "json"} for number in range(100)]
    world.files.put_there(key, "\n".join(map(json.dumps, lines)).encode())
    for label in ("a hundred customers", "the same again"):
        with world.measuring(label):
            load = world.call(
                "POST", f"{V1}/loads", "operator", {"key": key}, Idempotency_Key=label
            )
            world.pump()
        world.clock.advance(1)
    with world.measuring("how far a load is"):
        world.call("GET", f"{V1}/loads/{load.json['id']}", "operator")
    return world.rows


def _people(world: MeteredWorld) -> None:
    """A company and its driver, until be.ENERGISED knows both; a vehicle."""
    address = {"name": "Any", "street": "Any", "house_number": "1", "postal_code": "26121"}
    company = {
        "name": "Any",
        "customer_number": "K-1",
        "email": "any@any.example",
        "address": {**address, "city": "Any", "country": "DE"},
    }
    with world.measuring("a new company"):
        made = world.call(
            "POST", "/v1/companies", "service-agent", company, Idempotency_Key="company"
        )
        world.pump()
    driver = {"sub": "any", "role": "driver", "name": "Any", "company_id": made.json["id"]}
    with world.measuring("a new driver"):
        world.call("POST", "/v1/users", "service-agent", driver, Idempotency_Key="driver")
        world.pump()
    with world.measuring("a new vehicle"):
        plate = {"plate": "OL-NW 17"}
        world.call("POST", "/v1/vehicles", body=plate, Idempotency_Key="vehicle")


def _post(world: World, key: str) -> Any:
    body = {"quantity": 2}
    return world.call("POST", "/v1/charge-card-orders", body=body, Idempotency_Key=key)


def _order(world: MeteredWorld) -> None:
    _post(world, "warm")
    with world.measuring("the form"):
        world.call("GET", "/v1/charge-card-orders/form")
    with world.measuring("taken by Salesforce at once"):
        placed = _post(world, "one")
    with world.measuring("a repeat"):
        _post(world, "one")
    number = placed.json["salesforce_order_number"]
    world.salesforce.assign_cards(number)
    with world.measuring("two cards assigned"):
        world.pump()
    world.salesforce.set_order_status(number, "Geliefert")
    with world.measuring("delivered"):
        world.pump()
    with world.measuring("a list of two"):
        world.call("GET", "/v1/charge-card-orders")
    with world.measuring("one order"):
        world.call("GET", placed.headers["Location"])


def _company_limit() -> dict[str, Row]:
    world = MeteredWorld(cards_per_company=300)
    for number in range(99):
        _post(world, f"warm {number}")
    with world.measuring("the hundredth within a company's limit"):
        _post(world, "hundredth")
    return world.rows


def _wallboxes() -> dict[str, Row]:
    """Two orders of one driver, through all systems; a third one, which goes back."""
    from tests.functions.wallbox_world import (  # noqa: PLC0415
        SELLS,
        any_person,
        decide,
        place,
        refuse_call,
        stock,
    )

    world = MeteredWorld(**SELLS)
    stock(world)
    with world.measuring("read anew"):
        world.call("GET", "/v1/wallbox-products", "driver")
    with world.measuring("kept"):
        world.call("GET", "/v1/wallbox-products", "driver")
    somebody = any_person(last_name="Harms", email="harms@example.test")
    place(world, "warm", "second-driver", person=somebody)
    world.pump()
    for label in ("the first order", "another order"):
        with world.measuring(label):
            placed = place(world, label)
            world.pump()
    with world.measuring("one order"):
        world.call("GET", placed.headers["Location"], "driver")
    refuse_call(world, "sap", "create_contract")
    place(world, "refused")
    world.pump()
    with world.measuring("a wallbox order cancelled"):
        decide(world, "cancel")
        world.pump()
    return world.rows


def _own_wallbox() -> dict[str, Row]:
    """A driver's wallbox: its tariff, and a proof that takes the place of another."""
    from tests.functions.wallbox_owner import (  # noqa: PLC0415
        MINE,
        PNG,
        form,
        owned,
        prove,
        set_tariff,
        upload,
    )
    from tests.functions.wallbox_world import SELLS, stock  # noqa: PLC0415

    world = MeteredWorld(**SELLS)
    stock(world)
    owned(world)
    set_tariff(world, unit_price="30")
    prove(world)
    with world.measuring("one wallbox"):
        world.call("GET", MINE, "driver")
    with world.measuring("a tariff"):
        set_tariff(world)
        world.pump()
    with world.measuring("a form"):
        form(world)
    upload(world, PNG)
    with world.measuring("a second proof"):
        world.pump()
    return world.rows


def _cards(world: MeteredWorld) -> None:
    world.run_for(600)
    with world.measuring("two cards taken over"):
        world.call("POST", "/v1/charge-cards/sync", "operator")
        world.pump()
    world.run_for(600)
    with world.measuring("nothing to do"):
        world.call("POST", "/v1/charge-cards/sync", "operator")
        world.pump()
        world.invoke("outbox_sweep", {})
    with world.measuring("a list of two"):
        cards = world.call("GET", "/v1/charge-cards").json["cards"]
    path = f"/v1/charge-cards/{cards[0]['id']}"
    with world.measuring("one card"):
        etag = world.call("GET", path).etag
    body = {"driver_id": world.claims("driver")["sub"], "label": "Transporter"}
    with world.measuring("given to a driver"):
        world.call("PATCH", path, body=body, If_Match=etag)
        world.pump()
    with world.measuring("activated"):
        world.call("POST", f"{path}/activate")
        world.pump()
    with world.measuring("the driver's one card"):
        world.call("GET", "/v1/my/charge-cards", "driver")


def _outage(world: MeteredWorld) -> None:
    from infra.simulators.faults import Fault  # noqa: PLC0415

    fault = Fault("refuse", count=None)
    world.salesforce.add_fault(fault)
    with world.measuring("Salesforce is down"):
        _post(world, "two")
        world.pump()
    world.salesforce.faults.clear()
    world.clock.advance(120)
    with world.measuring("Salesforce is back"):
        world.pump()


def _circuit(world: MeteredWorld) -> None:
    from infra.simulators.faults import Fault  # noqa: PLC0415

    world.salesforce.add_fault(Fault("refuse", count=None))
    _post(world, "three")
    world.run_for(120)
    with world.measuring("held back by the circuit"):
        _post(world, "four")
        world.pump()
    with world.measuring("two wait for a system that is down"):
        world.invoke("outbox_sweep", {})
    with world.measuring("one of them is down"):
        world.call("GET", "/v1/systems", "operator")
    world.salesforce.faults.clear()
    world.run_for(900)
    with world.measuring("both are up"):
        world.call("GET", "/v1/systems", "operator")


def _tasks(world: MeteredWorld) -> None:
    for number in range(2):
        body = json.dumps({"source": SOURCE, "detail-type": f"unknown {number}"})
        world.invoke("status_callback", {"Records": [{"messageId": "any", "body": body}]})
    with world.measuring("a list of two"):
        tasks = world.call("GET", "/v1/tasks", "operator").json["tasks"]
    path = f"/v1/tasks/{tasks[0]['id']}"
    with world.measuring("one task"):
        tag = world.call("GET", path, "operator").etag
    headers = {"Idempotency_Key": "any", "If_Match": tag}
    with world.measuring("a decision"):
        world.call("POST", f"{path}/cancel", "operator", {"reason": "any"}, **headers)
    with world.measuring("a trail of one"):
        world.call("GET", "/v1/audit", "operator")
    with world.measuring("a trail of one verified"):
        world.call("POST", "/v1/audit/verify", "operator")


def _webhook(world: MeteredWorld) -> None:
    events = [card_assigned(EventUuid="1"), status_changed(EventUuid="2")]
    with world.measuring("a message of two events"):
        send(world, *events)
    with world.measuring("a repeat"):
        send(world, *events)
    with world.measuring("a wrong signature"):
        send(world, *events, key="whsec_" + "A" * 40)


PROBE = """
import resource, sys
def cpu():
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime
start = cpu()
import {module}
print(len(sys.modules), cpu() - start)
"""


def imports(module: str) -> tuple[int, float]:
    """Modules loaded and CPU seconds spent when a fresh process imports `module`."""
    best: tuple[int, float] = (0, float("inf"))
    for _ in range(3):
        run = subprocess.run(
            [sys.executable, "-c", PROBE.format(module=module)],
            capture_output=True,
            text=True,
            check=True,
        )
        count, seconds = run.stdout.split()
        best = min(best, (int(count), float(seconds)), key=lambda pair: pair[1])
    return best


def count_imports() -> dict[str, Row]:
    """Per function: modules, CPU milliseconds, and the ratio to `import boto3`."""
    _, floor = imports("boto3")
    rows: dict[str, Row] = {}
    for case in USE_CASES:
        modules, seconds = imports(f"functions.{case.name}.handler")
        rows[case.name] = {
            "modules": modules,
            "cpu ms": round(seconds * 1000),
            "times boto3": round(seconds / floor, 2),
        }
    return rows


def to_json(rows: dict[str, Row]) -> str:
    """The committed form: sorted, a line a row."""
    lines = [f"  {json.dumps(k)}: {json.dumps(rows[k], sort_keys=True)}" for k in sorted(rows)]
    return "{\n" + ",\n".join(lines) + "\n}\n"
