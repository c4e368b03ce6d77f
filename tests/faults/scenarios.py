"""What people do while things go wrong.

A scenario is a number of lines that run at the same time, each on a `Stage`: fleet managers, clerks
in Salesforce, an operator. It says nothing of what has to come out; that is the checker's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from busbar.domain.identifiers import reference
from infra.local.people import PEOPLE
from infra.simulators.sample import WATTWURM
from infra.simulators.sample import cards as blank_cards
from tests.doubles.world import Reply
from tests.faults.history import Operation
from tests.faults.people_rules import reference_of
from tests.faults.setups import SMALL, Tenant
from tests.faults.stage import (
    CARDS,
    COMPANIES,
    ORDERS,
    RECONCILE,
    SYNC,
    USERS,
    WALLBOX_ORDERS,
    Client,
    Stage,
)

MANAGER, OTHER_MANAGER, OPERATOR = "fleet-manager", "other-fleet-manager", "operator"
AGENT, NEW_MANAGER, NEW_DRIVER = "service-agent", "new-manager", "new-driver"
DRIVERS = ("driver", "second-driver")
COMPANY = {
    "name": WATTWURM.name,
    "customer_number": WATTWURM.customer_number,
    "email": WATTWURM.email,
    "address": {
        "name": WATTWURM.name,
        "street": "Am Deich",
        "house_number": "1",
        "postal_code": WATTWURM.postal_code,
        "city": WATTWURM.city,
        "country": "DE",
    },
    "salesforce_account_id": WATTWURM.account_id,
}
"""A customer whom only Salesforce knows."""
LOOK = 300.0
"""Seconds between two looks of somebody who waits."""

Line = Callable[[Stage], None]


@dataclass(frozen=True)
class Scenario:
    """Lines that play at the same time, after those of `before` have played in peace.

    Those of `after` play when nothing goes wrong any more: somebody decides what is left.
    """

    name: str
    lines: Sequence[Line]
    before: Sequence[Line] = ()
    after: Sequence[Line] = ()
    tenant: Tenant = SMALL


# --- orders ------------------------------------------------------------------------------------


def order(
    key: str,
    quantity: int,
    begins: float = 0.0,
    *,
    cards_used: bool = True,
    manager: str = MANAGER,
    drivers: Sequence[str] = DRIVERS,
) -> Line:
    """A fleet manager orders, waits for the cards, gives them to drivers and switches them on."""

    def line(stage: Stage) -> None:
        stage.rest(begins)
        client = Client(stage, manager)
        placed = place(stage, client, key, quantity, delivered=True)
        if placed.status >= 300 or not _worked_on(stage, client, placed):
            return
        cards = client.until(lambda: cards_of(client, placed, quantity), every=2 * LOOK)
        for number, card in enumerate(cards or () if cards_used else ()):
            give(stage, client, card, drivers[number % len(drivers)], f"{key} {number}")
            switch(stage, client, card["id"], active=True)

    return line


def place(stage: Stage, client: Client, key: str, quantity: int, *, delivered: bool) -> Reply:
    """Order, until there is an answer."""
    wants = {"quantity": quantity, "delivered": delivered}
    asked = stage.history.begin("order", client.user, key, stage.now(), **wants)
    body = {"quantity": quantity}
    return client.ask("POST", ORDERS, body, operation=asked, Idempotency_Key=key)


def _worked_on(stage: Stage, client: Client, placed: Reply) -> bool:
    """The clerk works on the order as soon as Salesforce has it; False if it never comes there."""
    number = placed.json["salesforce_order_number"]
    number = number or client.until(lambda: arrived(client, placed), every=LOOK)
    if not number or number == "parked":
        return False
    deliver(stage, number)
    return True


def deliver(stage: Stage, number: str) -> None:
    """The clerk works on the order until its cards are sent."""
    stage.assign_cards(number)
    stage.rest(LOOK)
    stage.set_status(number, "Bearbeitung")
    stage.rest(LOOK)
    stage.set_status(number, "Geliefert", tracking_id=f"T-{number}", delivery_date="2026-03-05")


def arrived(client: Client, placed: Reply) -> str | None:
    """Salesforce's number of the order as the portal shows it, or `parked`."""
    shown = client.ask("GET", placed.headers["Location"]).json
    if (shown["waiting_for"] or "").startswith("task:") or shown["rejected_reason"]:
        return "parked"
    number: str | None = shown["salesforce_order_number"]
    return number


def cards_of(client: Client, placed: Reply, quantity: int) -> list[dict[str, Any]]:
    """The cards of an order in the portal, once all are there."""
    cards = client.everything(CARDS, "cards")
    mine = [c for c in cards if c["order_id"] == placed.json["id"]]
    return sorted(mine, key=lambda c: str(c["id"])) if len(mine) == quantity else []


def once(user: str, key: str, quantity: int) -> Line:
    """Somebody sends an order that nobody works on."""

    def line(stage: Stage) -> None:
        place(stage, Client(stage, user), key, quantity, delivered=False)

    return line


# --- wallboxes ---------------------------------------------------------------------------------


def wallbox(key: str, user: str, begins: float = 0.0, *, delivered: bool = False) -> Line:
    """A driver orders a wallbox and its cable. `delivered`: whether some clerk sends them."""

    def line(stage: Stage) -> None:
        stage.rest(begins)
        client = Client(stage, user)
        quantities = [1, 2]
        asked = stage.history.begin(
            "wallbox order", user, key, stage.now(), quantities=quantities, delivered=delivered
        )
        body = wallbox_body(user)
        client.ask("POST", WALLBOX_ORDERS, body, operation=asked, Idempotency_Key=key)

    return line


def wallbox_body(user: str) -> dict[str, Any]:
    """What a driver's portal sends."""
    address = {
        "name": user,
        "street": "Am Deich",
        "house_number": "7a",
        "postal_code": "26121",
        "city": "Oldenburg",
        "country": "DE",
    }
    person = {
        "first_name": user.capitalize(),
        "last_name": "Janssen",
        "birth_date": "1984-05-17" if user == DRIVERS[0] else "1990-11-30",
        "email": f"{user}@example.test",
        "phone": "+49 441 123456",
        "iban": "DE89370400440532013000",
    }
    return {
        "products": [
            {"product_code": "WALLBOX-11", "quantity": 1},
            {"product_code": "CABLE-5", "quantity": 2},
        ],
        "person": person,
        "billing_address": address,
    }


# --- cards -------------------------------------------------------------------------------------


def give(stage: Stage, client: Client, card: dict[str, Any], driver: str, vehicle: str) -> None:
    """Give a card to a driver and a vehicle; what somebody faster has done is looked at first."""
    path, tag = f"{CARDS}/{card['id']}", card["etag"]
    body = {"driver_id": PEOPLE.get(driver, driver), "vehicle": vehicle}
    for _ in range(20):
        wants = {"driver": driver, "vehicle": vehicle}
        asked = stage.history.begin("card", client.user, card["id"], stage.now(), **wants)
        if client.ask("PATCH", path, body, operation=asked, If_Match=tag).status != 412:
            return
        tag = client.ask("GET", path).etag


def switch(stage: Stage, client: Client, card: str, *, active: bool) -> None:
    """Switch a card on or off."""
    asked = stage.history.begin("card", client.user, card, stage.now(), active=active)
    verb = "activate" if active else "deactivate"
    client.ask("POST", f"{CARDS}/{card}/{verb}", operation=asked)


def _the_card(stage: Stage) -> dict[str, Any]:
    cards: list[dict[str, Any]] = Client(stage, MANAGER).ask("GET", CARDS).json["cards"]
    return cards[0]


def switching(times: int, longest: float = 120.0) -> Line:
    """A fleet manager who cannot decide, and waits up to `longest` seconds before he changes it."""

    def line(stage: Stage) -> None:
        card = _the_card(stage)["id"]
        for number in range(times):
            switch(stage, Client(stage, MANAGER), card, active=number % 2 == 0)
            stage.rest(longest * stage.chance() ** 2)

    return line


def giving(times: int) -> Line:
    """Another one, who gives the card from driver to driver."""

    def line(stage: Stage) -> None:
        card = _the_card(stage)
        for number in range(times):
            stage.rest(120 * stage.chance() ** 2)
            give(stage, Client(stage, MANAGER), card, DRIVERS[number % 2], f"vehicle {number}")

    return line


def telling(times: int) -> Line:
    """Salesforce tells of the card again, and be.ENERGISED's clerk blocks it and lets it go."""

    def line(stage: Stage) -> None:
        card = _the_card(stage)
        shown = Client(stage, MANAGER).ask("GET", f"{ORDERS}/{card['order_id']}").json
        for number in range(times):
            stage.rest(120 * stage.chance() ** 2)
            stage.announce_cards(shown["salesforce_order_number"])
            stage.block_card(card["number"], blocked=number % 2 == 0)

    return line


def synchronised(runs: int, every: float = 3 * LOOK) -> Line:
    """An operator has portal and systems agree, again and again."""

    def line(stage: Stage) -> None:
        client = Client(stage, OPERATOR)
        for _ in range(runs):
            stage.rest(every)
            client.ask("POST", SYNC)

    return line


def reconciled(runs: int, every: float = 45.0) -> Line:
    """An operator joins all records with what the systems hold, again and again."""

    def line(stage: Stage) -> None:
        client = Client(stage, OPERATOR)
        for _ in range(runs):
            stage.rest(every)
            client.ask("POST", RECONCILE)

    return line


def labelling(times: int, longest: float = 400.0, between: float = 60.0) -> Line:
    """be.ENERGISED's clerk labels all cards of the company anew, with a number that grows.

    `longest`, `between`: seconds that he rests at most after all of them, after each.
    """

    def line(stage: Stage) -> None:
        cards = Client(stage, MANAGER).everything(CARDS, "cards")
        for number in range(1, times + 1):
            for card in cards:
                stage.label_card(card["number"], str(number))
                stage.rest(between * stage.chance() ** 2)
            stage.rest(longest * stage.chance())

    return line


def outage(system: str, seconds: float) -> Line:
    """A system is down, from the first moment on."""

    def line(stage: Stage) -> None:
        stage.set_down(system, down=True)
        stage.rest(seconds)
        stage.set_down(system, down=False)

    return line


# --- people ------------------------------------------------------------------------------------


def company() -> Line:
    """An agent creates a company and invites its manager; he adds a driver, and orders a card."""

    def line(stage: Stage) -> None:
        agent, manager = Client(stage, AGENT), Client(stage, NEW_MANAGER)
        number, name = WATTWURM.customer_number, WATTWURM.name
        asked = stage.history.begin("company", AGENT, number, stage.now(), name=name)
        made = agent.ask("POST", COMPANIES, COMPANY, operation=asked, Idempotency_Key="company")
        ours = made.json["id"]
        invited = {"sub": NEW_MANAGER, "role": "fleet_manager", "name": "Any", "company_id": ours}
        let_in = stage.history.begin("manager", AGENT, NEW_MANAGER, stage.now())
        agent.ask("POST", USERS, invited, operation=let_in, Idempotency_Key="manager")
        driver = {"sub": NEW_DRIVER, "role": "driver", "name": "New Driver"}
        wants = {"name": driver["name"], "company": ours}
        added = stage.history.begin("driver", NEW_MANAGER, NEW_DRIVER, stage.now(), **wants)
        manager.ask("POST", USERS, driver, operation=added, Idempotency_Key="driver")
        for path, who in ((f"{COMPANIES}/{ours}", asked), (f"{USERS}/{NEW_DRIVER}", added)):
            if not _known_to_energised(stage, agent, path, who):
                return
        order("one", 1, manager=NEW_MANAGER, drivers=(NEW_DRIVER,))(stage)

    return line


def leaving(driver: str) -> Line:
    """The fleet manager gives the card to a driver, and removes him soon after."""

    def line(stage: Stage) -> None:
        client, card = Client(stage, MANAGER), _the_card(stage)
        give(stage, client, card, driver, "last ride")
        stage.rest(120 * stage.chance() ** 2)
        left = stage.history.begin("leaver", MANAGER, driver, stage.now())
        status = client.ask("DELETE", f"{USERS}/{PEOPLE[driver]}", operation=left).status
        # Gone already: by the first try, whose answer was lost.
        left.outcome = "ok" if status in {204, 404} else "fail"

    return line


def _known_to_energised(stage: Stage, agent: Client, path: str, who: Operation) -> bool:
    """Wait for the contact; where a person has to decide about it, the agent does."""

    def settled() -> str:
        shown = agent.ask("GET", path).json
        task = (shown["waiting_for"] or "").startswith("task:")
        return "task" if task else "" if shown["waiting_for"] else "bound"

    if (found := agent.until(settled, every=LOOK)) != "task":
        return bool(found)
    stage.rest(2 * LOOK)  # until what he finds there is all that will come
    ours = reference_of(who)
    there = [c for c in stage.held().contacts if c["customer_reference"] == ours]
    contact = there[0] if there else {"id": f"by-hand-{who.kind}", **_by_hand(stage, who)}
    if not there:
        stage.make_contact(contact)
    given, whom = {"energised_contact_id": contact["id"]}, path.rpartition("/")[2]
    action = "companies_change" if who.kind == "company" else "users_change"
    asked = stage.history.begin("contact", agent.user, whom, stage.now(), action=action)
    return agent.ask("PATCH", path, given, operation=asked, If_Match="*").status < 300


def _by_hand(stage: Stage, who: Operation) -> dict[str, Any]:
    contact = {"name": who.wants["name"], "customer_reference": reference_of(who)}
    if who.kind == "company":
        return {**contact, "customer_number": who.subject}
    company = reference("CU", who.wants["company"])
    above = [c["id"] for c in stage.held().contacts if c["customer_reference"] == company]
    return {**contact, "company_id": above[0]}


# --- events that nobody can apply ---------------------------------------------------------------


def poison() -> Line:
    """Salesforce tells of an order and a status that do not exist."""

    def line(stage: Stage) -> None:
        nowhere = {"OrderReference__c": "BBCO0000000000000", "Status__c": "Geliefert"}
        card = {
            **nowhere,
            "AssetId__c": "02i000000000001AAA",
            "CardId__c": "1",
            "CardNumber__c": blank_cards(1)[0].number,  # as an older release told it
        }
        stage.history.poisoned += [
            stage.publish("OrderStatusChanged__e", nowhere),
            stage.publish("ChargeCardAssigned__e", card),
            stage.publish("OrderStatusChanged__e", {}),
        ]

    return line


ONE_ORDER = Scenario("one order", (order("one", 1), synchronised(3)))
THREE_ORDERS = Scenario(
    "three orders",
    (order("one", 1), order("two", 1, 3.0), order("three", 1, 3.1), synchronised(3)),
)
OUTAGE = Scenario(
    "outage",
    (
        outage("salesforce", 900.0),
        outage("energised", 2400.0),
        order("one", 1, 1.0),
        order("two", 1, 2.0),
        synchronised(6),
    ),
)
ONE_CARD = Scenario(
    "one card",
    (switching(5), giving(3), telling(3), synchronised(4, 60.0), switching(3)),
    before=(order("one", 1, cards_used=False), synchronised(3)),
)
DEAF_CARD = Scenario(
    "deaf card",
    (
        outage("energised", 300.0),
        switching(6, 900.0),
        synchronised(20, 120.0),
    ),
    before=ONE_CARD.before,
)
ONE_KEY = Scenario(
    "one key",
    (
        *(once(MANAGER, "one", 1) for _ in range(3)),
        once(MANAGER, "one", 2),
        once(OTHER_MANAGER, "one", 1),
    ),
)
POISON = Scenario("poison", (poison(), order("one", 1), synchronised(3)))
RECONCILED = Scenario(
    "reconciled",
    (
        order("one", 1),
        order("two", 2, 30.0),
        synchronised(4),
        reconciled(30),
        reconciled(4, 4 * LOOK),
    ),
)
COMPANY_AND_ORDER = Scenario("company", (company(), synchronised(3)))
LEAVER = Scenario(
    "leaver",
    (leaving(DRIVERS[0]), giving(4), switching(3), synchronised(4, 60.0)),
    before=ONE_CARD.before,
)
FLEET = 14
"""Cards of a company in the scenarios of the sync: two pages."""
MANY_CARDS = Scenario(
    "many cards",
    (labelling(3), synchronised(5, 200.0), synchronised(3, 310.0)),
    before=(order("one", FLEET, cards_used=False), synchronised(3)),
    tenant=Tenant(cards=FLEET + 6, page_clamp=7),
)
ALL_CARDS = replace(
    MANY_CARDS, name="all cards", tenant=replace(MANY_CARDS.tenant, lists_changes=False)
)
HASTY_LABELS = Scenario(
    "hasty labels",
    (labelling(6, 25.0, 0.0), synchronised(40, 5.0)),
    before=(order("one", 3, cards_used=False), synchronised(3)),
)
WALLBOXES = Tenant(wallboxes=6)
ONE_WALLBOX = Scenario("one wallbox", (wallbox("one", DRIVERS[0]),), tenant=WALLBOXES)
THREE_KINDS = Scenario(
    "two wallboxes and a card",
    (
        order("one", 1),
        wallbox("two", DRIVERS[0], 2.0),
        wallbox("three", DRIVERS[0], 2.5),
        synchronised(3),
    ),
    tenant=WALLBOXES,
)
TWO_DRIVERS = Scenario(
    "two drivers",
    (wallbox("one", DRIVERS[0]), wallbox("two", DRIVERS[1], 1.0), wallbox("one", DRIVERS[0], 1.5)),
    tenant=WALLBOXES,
)
_EVERY = (
    *(ONE_ORDER, THREE_ORDERS, OUTAGE, ONE_CARD, DEAF_CARD, ONE_KEY, POISON),
    *(RECONCILED, COMPANY_AND_ORDER, LEAVER, MANY_CARDS, ALL_CARDS, HASTY_LABELS),
    *(ONE_WALLBOX, THREE_KINDS, TWO_DRIVERS),
)
SCENARIOS = {s.name: s for s in _EVERY}
