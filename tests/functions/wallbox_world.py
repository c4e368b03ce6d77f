"""A world that sells wallboxes, and what a portal sends to order one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from busbar.domain.private_customers import PrivateCustomer, customer_id
from busbar.domain.tasks import Task
from busbar.domain.wallbox_orders import Step, WallboxOrder
from busbar.settings.function import Settings
from busbar.settings.modes import Mode
from infra.local.people import PEOPLE
from infra.simulators import sample_wallboxes
from infra.simulators.faults import Fault
from tests.doubles.world import ORG, Reply, World, with_sap
from tests.functions.given import store, tasks

ORDERS = "/v1/wallbox-orders"
TASKS = "/v1/tasks"
DRIVER = "driver"


SELLS: Any = {
    "wallbox_price_book_id": sample_wallboxes.PRICE_BOOK_ID,
    "wallbox_contract_id": sample_wallboxes.CONTRACT_ID,
}
"""Settings of a Salesforce that sells wallboxes."""


def stock(world: World) -> None:
    """Have Salesforce hold products, wallboxes and their cards."""
    world.salesforce.load_sample(2, wallboxes=4)
    world.energised.load_sample(2, wallboxes=4)


def wallbox_world(mode: Mode | None = None, **settings: Any) -> World:
    """A world whose Salesforce sells wallboxes, with the sub-CPO's contract behind them.

    `mode` is how all creates are made safe to repeat; contacts of be.ENERGISED know no unique key.
    """
    world = World(**SELLS, **settings)
    stock(world)
    if mode:
        world.settings = _in_mode(world.settings, mode)
        world.sap.tenant.unique_references = mode == "unique_key"
        world.sap.tenant.unique_contract_references = mode == "unique_key"
    return world


def _in_mode(settings: Settings, mode: Mode) -> Settings:
    org = settings.orgs[ORG]
    assert org.salesforce
    assert org.energised
    own = replace(org.salesforce, mode=mode, account_mode=mode, shared_contract_mode=mode)
    contacts = replace(org.energised, contact_mode="none" if mode == "none" else "probe")
    org = replace(org, salesforce=own, energised=contacts)
    settings = replace(settings, orgs={ORG: org})
    return with_sap(settings, partner_mode=mode, contract_mode=mode)


def any_address(**changes: Any) -> dict[str, Any]:
    """A postal address."""
    return {
        "name": "Wiebke Janssen",
        "street": "Am Deich",
        "house_number": "7a",
        "postal_code": "26121",
        "city": "Oldenburg",
        "country": "DE",
        **changes,
    }


def any_person(**changes: Any) -> dict[str, Any]:
    """The driver himself."""
    return {
        "first_name": "Wiebke",
        "last_name": "Janssen",
        "birth_date": "1984-05-17",
        "email": "wiebke.janssen@example.test",
        "phone": "+49 441 123456",
        "iban": "DE89 3704 0044 0532 0130 00",
        **changes,
    }


def any_submission(**changes: Any) -> dict[str, Any]:
    """An order of a wallbox and its cable."""
    return {
        "products": [
            {"product_code": "WALLBOX-11", "quantity": 1},
            {"product_code": "CABLE-5", "quantity": 2},
        ],
        "person": any_person(),
        "billing_address": any_address(),
        "installation_address": any_address(street="Hinterm Hof"),
        "note": "Bitte vorher anrufen",
        **changes,
    }


def place(world: World, key: str = "one", user: str = DRIVER, **changes: Any) -> Reply:
    """Order a wallbox."""
    return world.call("POST", ORDERS, user, any_submission(**changes), Idempotency_Key=key)


def shown(world: World, placed: Reply, user: str = DRIVER) -> Any:
    """The order with its progress, as the portal shows it."""
    return world.call("GET", placed.headers["Location"], user).json


# --- what goes wrong ---------------------------------------------------------------------------

CREATES: Mapping[Step, tuple[str, str, int]] = {
    Step.PARTNER: ("sap", "create_partner", 0),
    Step.CONTRACT: ("sap", "create_contract", 0),
    Step.ACCOUNT: ("salesforce", "run_graph", 0),
    Step.SHARED_CONTRACT: ("salesforce", "run_graph", 1),
    Step.CONTACT: ("energised", "create_contact", 0),
    Step.ORDER: ("salesforce", "run_graph", 2),
}
"""Where a step is created: system, operation, and calls of the first order that come before it."""
CREATED = tuple(CREATES)
_NO = {
    "sap": (400, {"error": {"code": "R11/130", "message": {"lang": "en", "value": "no"}}}),
    "salesforce": (
        400,
        [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no", "fields": []}],
    ),
    "energised": (422, {"message": "no"}),
}
"""How each system refuses something for good."""


def go_wrong(world: World, step: Step, kind: str, **more: Any) -> None:
    """Let this happen to the create of the first order's step."""
    system, operation, before = CREATES[step]
    getattr(world, system).add_fault(Fault(kind, operation=operation, skip=before, **more))


def refuse(world: World, step: Step) -> None:
    """Let the system refuse the create of the first order's step."""
    system, operation, before = CREATES[step]
    refuse_call(world, system, operation, before)


def refuse_call(world: World, system: str, operation: str, skip: int = 0) -> None:
    """Let the system refuse such a call: the next one, or one after it."""
    status, body = _NO[system]
    fault = Fault("status", operation=operation, status=status, body=body, skip=skip)
    getattr(world, system).add_fault(fault)


def parked_at(step: Step, mode: Mode | None = None) -> tuple[World, Reply]:
    """A world whose order a system has refused at this step, and the order."""
    world = wallbox_world(mode)
    refuse(world, step)
    placed = place(world)
    world.pump()
    return world, placed


def decide(world: World, action: str, task: Task | None = None, **body: Any) -> Reply:
    """Decide the one open task, or this one."""
    if task is None:
        (task,) = tasks(world)
    said = {"reason": "any reason", **body}
    path = f"{TASKS}/{task.id}/{action}"
    key = f"{action}-{world.clock.now().isoformat()}-{task.id}"
    return world.call("POST", path, "operator", said, Idempotency_Key=key, If_Match="*")


# --- looking at it -----------------------------------------------------------------------------


def held(world: World) -> dict[Step, list[str]]:
    """What the systems hold of private customers and their orders: the state of each object."""
    partners = _ours(world.sap.records("A_BusinessPartner"), "BusinessPartnerIDByExtSystem", "PE")
    contracts = _ours(world.sap.records("Contracts"), "ExternalReference", "CT")
    accounts = _ours(world.salesforce.records("Account"), "BusbarReference__c", "PE")
    contacts = [vars(c) for c in world.energised.backend.contacts.values()]
    return {
        Step.PARTNER: ["blocked" if p["BusinessPartnerIsBlocked"] else "in use" for p in partners],
        Step.CONTRACT: [c["ProcessingStatus"] for c in contracts],
        Step.ACCOUNT: ["in use" if a["BusbarActive__c"] else "out of use" for a in accounts],
        Step.SHARED_CONTRACT: [
            s["Status__c"] for s in world.salesforce.records("SharedContract__c")
        ],
        Step.CONTACT: ["in use" for _ in _ours(contacts, "customer_reference", "PE")],
        Step.ORDER: [o["Status"] for o in world.salesforce.records("Order")],
    }


def _ours(rows: Iterable[Any], field: str, kind: str) -> list[Any]:
    return [row for row in rows if str(row[field]).startswith(f"BB{kind}")]


def states(order: Any) -> dict[str, str]:
    """Step -> where it stands in the progress of an order."""
    return {step["step"]: step["state"] for step in order["steps"]}


def stored_order(world: World, placed: Reply) -> WallboxOrder:
    """Our record of an order."""
    stored = store(world).get(WallboxOrder, placed.json["id"])
    assert stored
    return stored.record


def stored_customer(world: World, user: str = DRIVER) -> PrivateCustomer:
    """Our record of the person behind a sample user."""
    stored = store(world).get(PrivateCustomer, customer_id(ORG, PEOPLE[user]))
    assert stored
    return stored.record
