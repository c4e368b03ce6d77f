"""Six events of one order or of one card each, as the clerk's acts that set them off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from busbar.domain.identifiers import reference
from busbar.domain.orders import KIND
from infra.simulators.salesforce.clerk import find_order
from infra.simulators.sample import ELBE, HEIDE, NORDWIND, SampleCompany
from tests.doubles.world import World
from tests.functions.given import any_blank_card, batch, command, errand, order

FIRST, SECOND, ELSEWHERE = "0RDER00000001", "0RDER00000002", "0RDER00000003"
"""Two orders of Nordwind, and one of another company."""
CARD = any_blank_card()

Act = Callable[[World], object]


@dataclass(frozen=True)
class Story:
    """What is there before (`begin`), and acts that each set off one event of `queue`."""

    name: str
    queue: str
    orders: Sequence[str]
    begin: Act
    acts: Sequence[Act]


def _in_salesforce(world: World, order_id: str, quantity: int, company: SampleCompany) -> str:
    """An order that Salesforce has; our reference of it."""
    order(world, quantity, company, id=order_id)
    message = errand(world, command("order_forward", order_id))
    world.invoke("order_forward", batch(message))
    return reference(KIND, order_id)


# --- the status of an order --------------------------------------------------------------------


def _ordered(world: World) -> None:
    """An order of two cards, which a clerk has assigned."""
    name = _in_salesforce(world, FIRST, 2, NORDWIND)
    world.salesforce.assign_cards(name)
    world.pump()


def _status(status: str, **delivery: Any) -> Act:
    return lambda world: world.salesforce.set_order_status(
        reference(KIND, FIRST), status, **delivery
    )


LOST_PARCEL = Story(
    "a parcel is lost and sent again",
    "status_callback",
    (FIRST,),
    _ordered,
    (
        _status("Bearbeitung"),
        _status(
            "Teilgeliefert", delivered_quantity=1, tracking_id="T-1", delivery_date="2026-03-05"
        ),
        _status("Geliefert", tracking_id="T-2", delivery_date="2026-03-07"),
        _status("Bearbeitung"),
        _status("Teilgeliefert", delivered_quantity=1, tracking_id="T-3"),
        _status("Geliefert", tracking_id="T-4", delivery_date="2026-03-12"),
    ),
)
FORBIDDEN = Story(
    "a cancelled order goes on",
    "status_callback",
    (FIRST,),
    _ordered,
    (
        _status("Teilgeliefert", delivered_quantity=1, tracking_id="T-1"),
        _status("Geliefert", tracking_id="T-2", delivery_date="2026-03-07"),
        # Without this event the next one would be forbidden too.
        _status("Bearbeitung"),
        _status("Storniert"),
        _status("Geliefert", tracking_id="T-3", delivery_date="2026-03-12"),
        _status("Bearbeitung"),
    ),
)


# --- the order of a card -----------------------------------------------------------------------


def _three_delivered(world: World, third: SampleCompany = ELBE) -> None:
    """Three orders are delivered, but for the one card of which Salesforce has not told yet."""
    for order_id, company in ((FIRST, NORDWIND), (SECOND, NORDWIND), (ELSEWHERE, third)):
        name = _in_salesforce(world, order_id, 1, company)
        world.salesforce.set_order_status(name, "Geliefert")
        world.pump()


def _assigned(order_id: str, **changes: Any) -> Act:
    """A clerk puts the card into an order, whose it was before, and has it told."""

    def act(world: World) -> None:
        name, org = reference(KIND, order_id), world.salesforce.org
        with world.salesforce.working():
            there = find_order(org, name)
            into = {"BusbarOrder__c": there["Id"], "AccountId": there["AccountId"]}
            org.change("Asset", CARD.asset_id, **into, **changes)
        world.salesforce.announce_cards(name)

    return act


BACK = Story(
    "a card goes to another company and comes back",
    "card_event",
    (FIRST, SECOND, ELSEWHERE),
    _three_delivered,
    (
        _assigned(FIRST, SerialNumber="wrong"),
        _assigned(SECOND),
        _assigned(ELSEWHERE),
        _assigned(ELSEWHERE, SerialNumber=CARD.number),
        _assigned(FIRST),
        _assigned(SECOND),
    ),
)
AWAY = Story(
    "a card ends with another company",
    "card_event",
    (FIRST, SECOND, ELSEWHERE),
    _three_delivered,
    (
        _assigned(FIRST),
        _assigned(FIRST),
        _assigned(ELSEWHERE),
        _assigned(SECOND),
        _assigned(ELSEWHERE, SerialNumber="wrong"),
        _assigned(ELSEWHERE, SerialNumber=CARD.number),
    ),
)
UNBOUND = Story(
    "a card ends with a company that be.ENERGISED does not know",
    "card_event",
    (FIRST, SECOND, ELSEWHERE),
    lambda world: _three_delivered(world, HEIDE),
    (
        _assigned(FIRST),
        _assigned(ELSEWHERE),
        _assigned(SECOND),
        _assigned(SECOND),
        _assigned(FIRST),
        _assigned(ELSEWHERE),
    ),
)
STORIES = (LOST_PARCEL, FORBIDDEN, BACK, AWAY, UNBOUND)
