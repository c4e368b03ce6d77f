"""Orders of wallboxes that tests begin with, what clerks do with them, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

from busbar.domain.cards import CardPurpose, ChargeCard, card_id
from busbar.domain.customers import Address
from busbar.domain.identifiers import reference
from busbar.domain.private_customers import PERSON_KIND, PrivateCustomer, customer_id
from busbar.domain.wallbox_orders import OrderLine, Step, StepDone, WallboxOrder
from busbar.domain.wallbox_products import WallboxProduct
from busbar.domain.wallboxes import Proof, Wallbox, wallbox_id
from busbar.ports.store import Bind, Put, Save
from infra.local.people import PEOPLE
from infra.simulators import sample_wallboxes
from infra.simulators.energised.records import Card, Contact
from infra.simulators.energised.stations import Station
from tests.doubles.world import ORG, Reply, World
from tests.functions.given import CORRELATION, store, tasks
from tests.functions.samples import read_event
from tests.functions.wallbox_world import DRIVER, ORDERS, any_address, place

BOXES = sample_wallboxes.wallboxes(4)
PRIVATE, REFUND = sample_wallboxes.private_cards(4), sample_wallboxes.refund_cards(4)
HASH = "a" * 64
"""SHA-256 of the proof of installation."""
PRODUCT = WallboxProduct(
    code="WALLBOX-11",
    name="Wallbox Heim 11 kW",
    family="Wallbox",
    product_id=sample_wallboxes.HOME.product_id,
    price_book_id=sample_wallboxes.PRICE_BOOK_ID,
    price_book_entry_id=sample_wallboxes.HOME.entry_id,
    unit_price="749",
    currency="EUR",
    tax_rate="19",
    minimum_quantity=1,
    maximum_quantity=2,
)
ORDER, REFERENCE = "0RDER00000001", "BBWO0RDER00000001"
"""The order of the sample events."""
SECOND_ORDER = "0RDER00000002"
ORDER_IDS = {ORDER: "801000000000001AAA", SECOND_ORDER: "801000000000002AAA"}
"""Ids of both orders in Salesforce."""
PRIVATE_CARD, REFUND_CARD = CardPurpose.PRIVATE, CardPurpose.REFUND


def with_energised(world: World, **settings: Any) -> World:
    """This world, whose be.ENERGISED has other settings."""
    org = world.settings.orgs[ORG]
    assert org.energised
    other = replace(org, energised=replace(org.energised, **settings))
    world.settings = replace(world.settings, orgs={ORG: other})
    return world


# --- an order that Salesforce has ----------------------------------------------------------------


def order_there(
    world: World, order_id: str = ORDER, user: str = DRIVER, *, contact: bool = True
) -> WallboxOrder:
    """The order of the sample events, or another one, as it came through all systems.

    Without `contact` its customer is not known to be.ENERGISED yet.
    """
    person = customer_there(world, user, contact=contact)
    made = StepDone(
        step=Step.CONTACT,
        reference=reference(PERSON_KIND, person.id),
        external_id=contact_of(world, user) or "",
        at=world.clock.now(),
        made_here=True,
    )
    address = person.address
    order = WallboxOrder(
        id=order_id,
        ordered_by=person.user_id,
        ordered_at=world.clock.now(),
        correlation_id=CORRELATION,
        customer_id=person.id,
        lines=(OrderLine(product=PRODUCT, quantity=1),),
        billing_address=address,
        delivery_address=address,
        installation_address=address,
        steps=(made,),
        salesforce_order_id=ORDER_IDS[order_id],
        submitted_at=world.clock.now(),
    )
    store(world).commit(Save(order))
    row = {"Id": ORDER_IDS[order_id], "BusbarReference__c": order.reference, "Status": "Draft"}
    world.salesforce.load({"Order": [row]})
    return order


def customer_there(world: World, user: str = DRIVER, *, contact: bool = True) -> PrivateCustomer:
    """A sample user as a private customer, whom be.ENERGISED knows if it has the contact."""
    sub = PEOPLE[user]
    person = PrivateCustomer(
        id=customer_id(ORG, sub),
        user_id=sub,
        first_name="Wiebke",
        last_name="Janssen",
        birth_date=date(1984, 5, 17),
        email=f"{user}@example.test",
        phone="+49 441 123456",
        address=Address(**any_address()),
        live_orders=(ORDER,),
    )
    store(world).commit(Put(person))
    if contact:
        uuid = f"c0c7ac70-0000-4000-8000-0000000000{sub[-2:]}"
        world.energised.put_contact(Contact(uuid, "Wiebke Janssen"))
        store(world).commit(Bind(PrivateCustomer.schema_name, person.id, "energised", uuid))
    return person


def owned_by(world: World, user_id: str) -> str:
    """The wallbox and cards of the sample events are this user's; his contact in be.ENERGISED."""
    contact, person = "c0c7ac70-0000-4000-8000-00000000000f", customer_id(ORG, user_id)
    order_there(world)
    order = store(world).get(WallboxOrder, ORDER)
    assert order
    world.energised.put_contact(Contact(contact, "Any"))
    theirs = order.record.model_copy(update={"ordered_by": user_id, "customer_id": person})
    bind = Bind(PrivateCustomer.schema_name, person, "energised", contact)
    store(world).commit(Save(theirs, order), bind)
    world.invoke("wallbox_event", read_event("wallbox_event", "all_three"))
    world.pump()
    return contact


def assigned_in_salesforce(world: World, asset_id: str, order_id: str = ORDER) -> None:
    """An Asset belongs to an order in Salesforce, and no event has told of it."""
    world.salesforce.org.change("Asset", asset_id, BusbarOrder__c=ORDER_IDS[order_id])


# --- what happens ------------------------------------------------------------------------------


def ordered(world: World, key: str = "one", user: str = DRIVER, **changes: Any) -> WallboxOrder:
    """An order that has come through all systems."""
    placed = place(world, key, user, **changes)
    assert placed.status == 202, placed.text
    world.pump()
    order = order_of(world, placed.json["id"])
    assert order.salesforce_order_id
    return order


def assigned(world: World, order: WallboxOrder, assets: Sequence[str] = ()) -> list[str]:
    """A clerk assigns a wallbox and its two cards, or these Assets; all that follows is done."""
    chosen = world.salesforce.assign_wallbox(order.reference, assets)
    world.pump()
    return chosen


@contextmanager
def quietly(world: World) -> Iterator[list[Any]]:
    """Events are kept back; they are what this gives."""
    world.salesforce.events.holding = True
    yield world.salesforce.events.held
    world.salesforce.events.holding = False


def proven(world: World, sha256: str = HASH, number: int = 0) -> None:
    """The driver's proof of installation has come to Salesforce."""
    stored = store(world).get(Wallbox, our_wallbox(number))
    assert stored
    proof = Proof(
        key="any",
        sha256=sha256,
        content_type="application/pdf",
        size=1,
        uploaded_at=world.clock.now(),
    )
    store(world).commit(Save(stored.record.model_copy(update={"proof": proof}), stored))
    in_salesforce(world, sha256, number)


def in_salesforce(world: World, sha256: str = HASH, number: int = 0) -> None:
    """Salesforce holds a proof of installation, which is to be reviewed."""
    org, asset = world.salesforce.org, BOXES[number].asset_id
    org.change("Asset", asset, InstallationProofHash__c=sha256, InstallationReview__c="Zu prüfen")


def reviewed(world: World, order: WallboxOrder, status: str, reason: str | None = None) -> None:
    """A clerk has reviewed the proof; all that follows is done."""
    world.clock.advance(1)
    world.salesforce.set_review(order.reference, status, reason)
    world.pump()


def approved(world: World) -> WallboxOrder:
    """An order whose installation was approved."""
    order = ordered(world)
    assigned(world, order)
    proven(world)
    reviewed(world, order, "Abgeschlossen")
    return order


def resume(world: World, action: str = "resume", **body: Any) -> Reply:
    """A clerk decides the one open task, and all that follows is done."""
    (task,) = tasks(world)
    said = {"reason": "any", **body}
    path, key = f"/v1/tasks/{task.id}/{action}", f"{action}-{world.clock.now().isoformat()}"
    answered = world.call("POST", path, "operator", said, Idempotency_Key=key, If_Match="*")
    world.pump()
    return answered


# --- what came of it ---------------------------------------------------------------------------


def order_of(world: World, order_id: str) -> WallboxOrder:
    """Our record of an order."""
    stored = store(world).get(WallboxOrder, order_id)
    assert stored is not None
    return stored.record


def shown_again(world: World, order: WallboxOrder, user: str = DRIVER) -> Any:
    """An order as the portal shows it now."""
    return world.call("GET", f"{ORDERS}/{order.id}", user).json


def our_wallbox(number: int = 0) -> str:
    """Our id of a wallbox in stock."""
    return wallbox_id(ORG, BOXES[number].asset_id)


def wallbox(world: World, number: int = 0) -> Wallbox:
    """Our record of a wallbox."""
    stored = store(world).get(Wallbox, our_wallbox(number))
    assert stored is not None
    return stored.record


def station(world: World, number: int = 0) -> Station:
    """A wallbox's station in be.ENERGISED."""
    serial = BOXES[number].serial_number
    shown = world.energised.backend.stations.all()
    (found,) = (s["id"] for s in shown if s["attributes"]["chargeBoxIdentity"] == serial)
    return world.energised.station(found)


def card(world: World, purpose: CardPurpose, number: int = 0) -> ChargeCard:
    """Our record of a driver's own card."""
    stored = store(world).get(ChargeCard, card_id(ORG, _sample(purpose, number).energised_id))
    assert stored is not None
    return stored.record


def card_there(world: World, purpose: CardPurpose, number: int = 0) -> Card:
    """A driver's own card, as be.ENERGISED holds it."""
    return world.energised.card(_sample(purpose, number).energised_id)


def asset_there(world: World, asset_id: str) -> dict[str, Any]:
    """An Asset in Salesforce."""
    return next(a for a in world.salesforce.records("Asset") if a["Id"] == asset_id)


def contact_of(world: World, user: str = DRIVER) -> str | None:
    """The contact of a sample user as a private person, in be.ENERGISED."""
    person = customer_id(ORG, PEOPLE[user])
    return store(world).external_id("private_customer", person, "energised")


def my_cards(world: World, user: str = DRIVER) -> dict[str, Any]:
    """What a driver sees of his cards: number -> card."""
    cards = world.call("GET", "/v1/my/charge-cards", user).json["cards"]
    return {shown["number"]: shown for shown in cards}


def _sample(purpose: CardPurpose, number: int) -> Any:
    return (PRIVATE if purpose is CardPurpose.PRIVATE else REFUND)[number]
