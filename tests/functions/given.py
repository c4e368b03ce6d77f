"""States that tests begin with, and how they look at what came of them.

The sample events speak of one order and of the first blank cards; `order` and `card_in_portal` make
just these.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from busbar.domain.cards import ChargeCard, card_id
from busbar.domain.customers import Company, Role, User, Vehicle
from busbar.domain.identifiers import reference
from busbar.domain.integrations import AppMapping
from busbar.domain.orders import KIND, ChargeCardOrder
from busbar.domain.private_customers import PrivateCustomer, customer_id
from busbar.domain.record import Record
from busbar.domain.tasks import OPEN, Task, task_id
from busbar.domain.wallbox_orders import OrderLine, WallboxOrder
from busbar.domain.wallbox_products import WallboxProduct
from busbar.domain.wallboxes import Proof, Wallbox, wallbox_id
from busbar.ports.store import Bind, Put, Save, Store, Stored
from busbar.process.ledger import LedgerRow, ledger_id
from busbar.process.outbox import Command, OutboxRow
from busbar.store import keys
from busbar.store.records import decode_body
from busbar.usecases.wallbox_products import CATALOGUE, KnownProducts
from infra.catalog import USE_CASES
from infra.local.people import PEOPLE
from infra.local.sample import company_id
from infra.operations.erp_events import APP, COMPONENT, INTEGRATION
from infra.simulators.energised.stations import stations
from infra.simulators.sample import NORDWIND, SampleCard, SampleCompany, cards
from infra.simulators.sample_wallboxes import CABLE, HOME, PRICE_BOOK_ID, SampleProduct, wallboxes
from infra.simulators.simulator import CallRecord, Simulator
from tests.doubles.world import ORG, World
from tests.functions.portal import ORDERS, SYNC
from tests.functions.toolkit_given import INTEGRATION_ID, METER_ID, PATH_IDS, toolkit

ORDER = "0RDER00000001"
"""The order of the sample events."""
REFERENCE = reference(KIND, ORDER)
EMPTY = "EMPTY00000001"
"""A company that nobody uses."""
PARKED = f"step#salesforce#{REFERENCE}"
"""The cause of the task of the sample events: Salesforce does not take the order."""
NORDWIND_ID = company_id(NORDWIND)
CORRELATION = "portal-0001-sample"
"""The correlation id of the sample events."""
_READS = ("GET",)
_NO_EFFECT = ("token", "cpo_token")


def store(world: World) -> Store:
    """The table, past all boundaries."""
    made: Store = world._clients().store()
    return made


def stored_item(world: World, schema: type[Record], record_id: str) -> dict[str, Any]:
    """A record as it lies in the table; what is changed here is changed there."""
    item: dict[str, Any] = world.table.items[keys.record(ORG, schema.schema_name, record_id)]
    return item


def any_user(world: World, role: Role, company_id: str | None = NORDWIND_ID, **fields: Any) -> str:
    """A user of ours in this role; its id, which is the `sub` of its tokens."""
    user = User(id=f"any-{role}", role=role, name="Any", company_id=company_id, **fields)
    store(world).commit(Put(user))
    return user.id


def shown(world: World, order: str = ORDER, user: str = "operator") -> Any:
    """The order as the portal shows it."""
    return world.call("GET", f"{ORDERS}/{order}", user).json


# --- orders ------------------------------------------------------------------------------------


def order(
    world: World, quantity: int = 2, company: SampleCompany = NORDWIND, **fields: Any
) -> ChargeCardOrder:
    """The order of the sample events, accepted, not in Salesforce yet."""
    ours = company_id(company)
    stored = store(world).get(Company, ours)
    assert stored is not None
    address = stored.record.address
    made = ChargeCardOrder(
        **{
            "id": ORDER,
            "company_id": ours,
            "ordered_by": PEOPLE["fleet-manager"],
            "quantity": quantity,
            "invoice_address": address,
            "delivery_address": address,
            "ordered_at": world.clock.now(),
            "correlation_id": CORRELATION,
            **fields,
        }
    )
    store(world).commit(Save(made))
    return made


def ordered(world: World, quantity: int = 2, company: SampleCompany = NORDWIND) -> str:
    """The order of the sample events, in Salesforce; its order number."""
    order(world, quantity, company)
    message = errand(world, command("order_forward", ORDER))
    world.invoke("order_forward", batch(message))
    return str(world.salesforce.order(REFERENCE)["OrderNumber"])


def assigned(world: World, number: str, *, quietly: bool = False) -> list[str]:
    """A clerk assigns the cards of an order; with `quietly` the events are lost."""
    world.salesforce.events.holding = quietly
    assets = world.salesforce.assign_cards(number)
    world.salesforce.events.holding = False
    world.pump()
    return assets


def delivered(
    world: World, quantity: int = 2, company: SampleCompany = NORDWIND
) -> list[Stored[ChargeCard]]:
    """An order from the clerk to the portal; its cards, which stand in the portal."""
    number = ordered(world, quantity, company)
    assigned(world, number)
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    world.clock.advance(120)
    sync(world)
    return portal_cards(world, company)


def sync(world: World) -> Any:
    """A run of `sync_cards`, and all that follows from it; its report."""
    report = world.call("POST", SYNC, "operator").json
    world.pump()
    return report


# --- wallboxes ---------------------------------------------------------------------------------


def any_product(of: SampleProduct = HOME) -> WallboxProduct:
    """A product as Salesforce offers it."""
    return WallboxProduct(
        code=of.code,
        name=of.name,
        family=of.family,
        product_id=of.product_id,
        price_book_id=PRICE_BOOK_ID,
        price_book_entry_id=of.entry_id,
        unit_price=str(of.price),
        currency="EUR",
        tax_rate=str(of.tax),
        minimum_quantity=1,
        maximum_quantity=of.most,
    )


def known_products(world: World) -> KnownProducts:
    """A wallbox and its cable can be ordered, as Salesforce has said just now."""
    offered = (any_product(HOME), any_product(CABLE))
    known = KnownProducts(id=CATALOGUE, products=offered, read_at=world.clock.now())
    store(world).commit(Put(known))
    return known


def wallbox_order(world: World, user_id: str = PEOPLE["driver"], **fields: Any) -> WallboxOrder:
    """The order of the sample events, of a wallbox: accepted, in no system yet."""
    stored = store(world).get(Company, NORDWIND_ID)
    assert stored is not None
    address, now = stored.record.address, world.clock.now()
    person = PrivateCustomer(
        id=customer_id(ORG, user_id),
        user_id=user_id,
        first_name="Wiebke",
        last_name="Janssen",
        birth_date=date(1984, 5, 17),
        email="wiebke.janssen@example.test",
        phone="1",
        address=address,
        live_orders=(ORDER,),
    )
    made = WallboxOrder(
        **{
            "id": ORDER,
            "ordered_by": user_id,
            "ordered_at": now,
            "correlation_id": CORRELATION,
            "customer_id": person.id,
            "lines": (OrderLine(product=any_product(), quantity=1),),
            "billing_address": address,
            "delivery_address": address,
            "installation_address": address,
            **fields,
        }
    )
    store(world).commit(Save(made), Put(person))
    return made


def owned_wallbox(
    world: World, user_id: str = PEOPLE["driver"], number: int = 0, **fields: Any
) -> Wallbox:
    """A wallbox that a user has got, and that be.ENERGISED knows for his."""
    box = wallboxes(4)[number]
    made = Wallbox(
        **{
            "id": wallbox_id(ORG, box.asset_id),
            "asset_id": box.asset_id,
            "serial_number": box.serial_number,
            "order_id": ORDER,
            "customer_id": customer_id(ORG, user_id),
            "user_id": user_id,
            "station_id": stations(4)[number].id,
            "joined": True,
            **fields,
        }
    )
    store(world).commit(Save(made))
    return made


def any_proof(world: World) -> Proof:
    """A proof of installation."""
    return Proof(
        key="proofs/demo/any",
        sha256="a" * 64,
        content_type="application/pdf",
        size=1,
        uploaded_at=world.clock.now(),
    )


# --- cards -------------------------------------------------------------------------------------


def any_blank_card(number: int = 1) -> SampleCard:
    """One of the blank cards of both systems."""
    return cards(number)[-1]


def ours(card: SampleCard) -> str:
    """Our id of a card."""
    return card_id(ORG, card.energised_id)


IDS = {
    "order_id": ORDER,
    "card_id": ours(any_blank_card()),
    "task_id": task_id(PARKED),
    "system": "salesforce",
    "company_id": NORDWIND_ID,
    "user_id": PEOPLE["driver"],
    "vehicle_id": "VEH1C7E000001",
    "wallbox_id": wallbox_id(ORG, wallboxes(1)[0].asset_id),
    "org": ORG,
    **PATH_IDS,
}
"""What `order`, `card_in_portal`, `open_task`, `vehicle`, `owned_wallbox` and `toolkit` make, by
the name of a path parameter; and the sample data."""


def vehicle(world: World, company: str = NORDWIND_ID, **fields: Any) -> Vehicle:
    """A vehicle of the company, at version 1."""
    names = {"label": "Transporter", **fields}
    made = Vehicle(**{"id": IDS["vehicle_id"], "company_id": company, **names})
    store(world).commit(Save(made))
    return made


def card_in_portal(
    world: World, number: int = 1, company: SampleCompany = NORDWIND, **fields: Any
) -> ChargeCard:
    """A card of the company, in the portal at version 1, as both systems hold it."""
    blank = any_blank_card(number)
    world.energised.change_card(blank.energised_id, billing_contact_id=company.energised_id)
    card = ChargeCard(
        **{
            "id": ours(blank),
            "energised_id": blank.energised_id,
            "asset_id": blank.asset_id,
            "number": blank.number,
            "order_id": ORDER,
            "company_id": company_id(company),
            "billing_contact_id": company.energised_id,
            "in_portal_since": world.clock.now(),
            "observed_at": world.clock.now(),
            **fields,
        }
    )
    store(world).commit(
        Save(card),
        Bind(ChargeCard.schema_name, card.id, "energised", blank.energised_id),
        Bind(ChargeCard.schema_name, card.id, "salesforce", blank.asset_id),
    )
    return card


def wanting(world: World, **wanted: Any) -> None:
    """The first card stands in the portal, this is wanted of it, and its errand was sent."""
    card = card_in_portal(world)
    row = LedgerRow(id=ledger_id("energised", "card", card.energised_id)).wanting(wanted)
    store(world).commit(Save(row))
    errand(world, command("card_forward", card.id, "charge_card", token="2"))


def stored_card(world: World, number: int = 1) -> ChargeCard:
    """Our record of a card."""
    stored = store(world).get(ChargeCard, ours(any_blank_card(number)))
    assert stored is not None
    return stored.record


def portal_cards(world: World, company: SampleCompany = NORDWIND) -> list[Stored[ChargeCard]]:
    """The cards of a company that stand in the portal, by number."""
    page = store(world).listed(ChargeCard, f"company#{company_id(company)}", limit=100)
    return sorted(page.items, key=lambda c: c.record.number)


def asset(world: World, number: int = 1) -> dict[str, Any]:
    """The Asset of a card in Salesforce."""
    wanted = any_blank_card(number).asset_id
    return next(a for a in world.salesforce.records("Asset") if a["Id"] == wanted)


# --- tasks -------------------------------------------------------------------------------------


def open_task(world: World, cause: str = PARKED, **fields: Any) -> Task:
    """A task about the order of the sample events; by its usual cause the one that they show."""
    usual = Task.about(
        cause,
        kind="parked_step",
        subject_schema=ChargeCardOrder.schema_name,
        subject_id=ORDER,
        system="salesforce",
        reason="any_reason",
        opened_at=world.clock.now(),
    )
    task = usual.model_copy(update=fields)
    store(world).commit(Put(task))
    return task


def several(world: World, count: int = 2) -> list[str]:
    """A clerk has entered orders with our reference into Salesforce; their ids."""
    org = world.salesforce.org
    entered = {
        "AccountId": NORDWIND.account_id,
        "EffectiveDate": "2026-03-02",
        "Status": "Ausgangsstatus",
        "BusbarReference__c": REFERENCE,
    }
    with world.salesforce.working():
        return [str(org.insert(org.object("Order"), entered)["Id"]) for _ in range(count)]


def empty_company(world: World) -> str:
    """A company without users, orders and cards, at version 1; its id."""
    stored = store(world).get(Company, NORDWIND_ID)
    assert stored
    store(world).commit(Save(stored.record.model_copy(update={"id": EMPTY})))
    return EMPTY


def ready(operation: str) -> tuple[World, dict[str, str]]:
    """A world in which the operation can be granted, and what the parameters of its path name."""
    world = World(mode="none") if operation == "tasks_retry" else World()
    order(world)
    card_in_portal(world)
    open_task(world)
    vehicle(world)
    known_products(world)
    wallbox_order(world)
    owned_wallbox(world, proof=any_proof(world))
    if is_of_toolkit(operation):
        toolkit(world)
        app_mapping(world, INTEGRATION_ID if operation == "integrations_unmap_app" else INTEGRATION)
    several(world, 1 if operation == "tasks_adopt" else 0)
    world.salesforce.calls.clear()
    ids = dict(IDS)
    if operation == "companies_remove":
        ids["company_id"] = empty_company(world)
    if operation == "entities_readings":
        ids["entity_id"] = METER_ID
    return world, ids


def is_of_toolkit(operation: str) -> bool:
    """Whether a route needs what `toolkit` makes."""
    found = [case for case in USE_CASES for r in case.routes if r.operation == operation]
    return any(case.context == "toolkit" for case in found)


def app_mapping(world: World, integration: str = INTEGRATION) -> None:
    """The app of the sample events stands for an integration, by default that of these."""
    store(world).commit(Put(AppMapping(id=f"{APP}#{COMPONENT}", integration_id=integration)))


# --- messages ----------------------------------------------------------------------------------


def command(
    queue: str,
    record_id: str,
    schema: str = "charge_card_order",
    token: str = "1",  # noqa: S107  (an errand's, no secret)
) -> dict[str, Any]:
    """The message of an errand."""
    return {
        "v": 1,
        "org": ORG,
        "queue": queue,
        "schema_of": schema,
        "id": record_id,
        "token": token,
        "correlation_id": CORRELATION,
    }


def errand(world: World, message: dict[str, Any]) -> dict[str, Any]:
    """The message of an errand whose row lies in the outbox, marked as sent just now."""
    put_errand(world, message, wake=False, sweep_after=world.settings.tuning.resend_after)
    return message


def put_errand(
    world: World, message: dict[str, Any], *, wake: bool = True, sweep_after: float = 60.0
) -> OutboxRow:
    """An errand's row, to be sent at once, which the sweep sends after so many seconds."""
    now = world.clock.now()
    row = OutboxRow(
        id=f"{message['schema_of']}#{message['id']}#{message['queue']}",
        command=Command(**message),
        not_before=now,
        sweep_from=now + timedelta(seconds=sweep_after),
        wake=wake,
        since=now,
    )
    store(world).commit(Put(row))
    return row


def errands(world: World) -> list[OutboxRow]:
    """The rows of the outbox: all work that has not ended."""
    rows = [i["body"] for i in world.table.items.values() if i.get("schema") == "outbox"]
    return [decode_body(OutboxRow, body) for body in rows if isinstance(body, bytes)]


def batch(*bodies: Any) -> dict[str, Any]:
    """What SQS hands to a worker."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"messageId": str(n), "body": text} for n, text in enumerate(texts, 1)]}


def bodies(event: Any) -> list[Any]:
    """The messages of a batch, read."""
    return [json.loads(record["body"]) for record in event["Records"]]


def failed(answered: Any) -> list[str]:
    """The messages that SQS shall bring again."""
    return [f["itemIdentifier"] for f in answered["batchItemFailures"]]


# --- looking at it -----------------------------------------------------------------------------


def tasks(world: World) -> list[Task]:
    """The open tasks, oldest change last."""
    return [t.record for t in store(world).listed(Task, OPEN, limit=100).items]


def writes(*systems: Simulator) -> list[CallRecord]:
    """The calls that may change something in an outside system."""
    return [
        call
        for system in systems
        for call in system.calls
        if call.method not in _READS and call.operation not in _NO_EFFECT
    ]


def forget_calls(world: World) -> None:
    """Begin to look anew at what is called."""
    world.salesforce.calls.clear()
    world.energised.calls.clear()
