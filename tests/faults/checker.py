"""The one judge of all runs: what the systems hold and the portal answers against what was asked.

It never looks at our own journal. What it finds is a list of sentences; an empty one means that all
that was promised is there, once, and nothing else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from busbar.domain.identifiers import reference
from busbar.domain.orders import KIND
from infra.simulators.sample import DRIVERS, ELBE, NORDWIND
from tests.faults.history import History, Operation
from tests.faults.stage import Held

Json = dict[str, Any]
UUIDS = {"driver": DRIVERS[0].energised_id, "second-driver": DRIVERS[1].energised_id}
"""Users -> what be.ENERGISED calls them."""
ACCOUNTS = {"fleet-manager": NORDWIND.account_id, "other-fleet-manager": ELBE.account_id}
ERRANDS = frozenset({"order_forward", "card_forward"})
"""Queues whose messages only carry the token of a row of the outbox."""
BLANK = {"active": False, "driver": None, "vehicle": ""}
"""A card that nobody wanted anything of."""


@dataclass(frozen=True)
class Portal:
    """What the portal answers at the end.

    Each fleet manager's orders by id, the first one's cards by id, tasks by id, drivers' own cards.
    """

    orders: dict[str, dict[str, Json]]
    cards: dict[str, Json]
    tasks: dict[str, Json]
    own: dict[str, list[Json]]


@dataclass
class Checker:
    """One judgement. `may_park`: something went wrong in a mode in which nothing can be probed."""

    history: History
    held: Held
    portal: Portal
    may_park: bool = False
    dead: list[tuple[str, str]] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def judge(self) -> list[str]:
        """What is wrong, as sentences."""
        self.found += self.history.broken
        asked = self.history.of("order")
        for operation in asked:
            self.found += self._order(operation)
        self.found += self._keys(asked)
        self.found += self._salesforce()
        for asset in self.held.salesforce["Asset"]:
            self.found += self._card(asset)
        self.found += self._tasks()
        self.found += self._dead()
        return self.found

    # --- orders --------------------------------------------------------------------------------

    @cached_property
    def _rows(self) -> dict[str, list[Json]]:
        rows: dict[str, list[Json]] = {}
        for row in self.held.salesforce["Order"]:
            rows.setdefault(str(row["BusbarReference__c"]), []).append(row)
        return rows

    def _order(self, asked: Operation) -> Iterator[str]:
        if asked.outcome != "ok":
            if asked.outcome == "fail" and not self._is_reused(asked):
                yield f"order {asked.subject} was refused: {asked.status} {asked.body}"
            return
        order_id = asked.body["id"]
        shown = self.portal.orders[asked.user].get(order_id)
        if shown is None:
            yield f"order {asked.subject} ({order_id}) was acknowledged and is lost"
            return
        rows = self._rows.get(reference(KIND, order_id), [])
        if str(shown["waiting_for"]).startswith("task:"):
            yield from self._parked(asked, order_id)
        elif not rows:
            yield f"order {asked.subject} ({order_id}) is not in Salesforce: {shown}"
        else:
            yield from self._ended(asked, shown, rows[0])

    def _is_reused(self, asked: Operation) -> bool:
        """Whether it was refused as it should be: its key was used with another body."""
        same = [
            o
            for o in self.history.of("order")
            if (o.user, o.subject) == (asked.user, asked.subject) and o.wants != asked.wants
        ]
        return asked.status == 422 and bool(same)

    def _keys(self, asked: list[Operation]) -> Iterator[str]:
        """One key of one caller is one order, and the same answer for everybody."""
        answers: dict[tuple[str, str], set[str]] = {}
        for operation in asked:
            if operation.outcome == "ok":
                known = answers.setdefault((operation.user, operation.subject), set())
                known.add(json.dumps(operation.body))
        for key, bodies in answers.items():
            if len(bodies) > 1:
                yield f"{key} was answered in {len(bodies)} ways: {bodies}"
        orders = sum(len(mine) for mine in self.portal.orders.values())
        keys = {(o.user, o.subject) for o in asked}
        if orders > len(keys):
            yield f"{len(keys)} orders were asked for, the portal shows {orders}"

    def _parked(self, asked: Operation, order_id: str) -> Iterator[str]:
        if not self.may_park:
            yield f"order {asked.subject} is parked, though nothing was unknown for good"
        subjects = [task["subject"] for task in self.portal.tasks.values()]
        if order_id not in {subject["id"] for subject in subjects if subject}:
            yield f"order {asked.subject} is parked without a task"

    def _ended(self, asked: Operation, shown: Json, row: Json) -> Iterator[str]:
        number = shown["salesforce_order_number"]
        facts = {
            "the portal's quantity": (shown["quantity"], asked.wants["quantity"]),
            "the account": (row["AccountId"], ACCOUNTS[asked.user]),
            "the number": (number, row["OrderNumber"]),
            "the number first told": (asked.body["salesforce_order_number"] or number, number),
        }
        if asked.wants["delivered"]:
            facts |= {
                "the status": (shown["status"], "delivered"),
                "the status in Salesforce": (row["Status"], "Geliefert"),
                "the tracking id": (shown["tracking_id"], f"T-{number}"),
                "cards in the portal": (shown["cards_in_portal"], asked.wants["quantity"]),
            }
        yield from _differences(f"order {asked.subject}", facts)
        items = [i for i in self.held.salesforce["OrderItem"] if i["OrderId"] == row["Id"]]
        quantities = [item["Quantity"] for item in items]
        if quantities != [asked.wants["quantity"]]:
            yield f"order {asked.subject} has items {quantities} in Salesforce"

    def _salesforce(self) -> Iterator[str]:
        known = {order_id for mine in self.portal.orders.values() for order_id in mine}
        for ours, rows in self._rows.items():
            if len(rows) > 1:
                yield f"{ours} is {len(rows)} orders in Salesforce"
            if ours.removeprefix(f"BB{KIND}") not in known:
                yield f"{ours} is in Salesforce, and no order of ours"
        items = Counter(item["OrderId"] for item in self.held.salesforce["OrderItem"])
        orders = {row["Id"] for rows in self._rows.values() for row in rows}
        if set(items) != orders or max(items.values(), default=1) > 1:
            yield f"orders and items do not belong together: {orders} {dict(items)}"

    # --- cards ---------------------------------------------------------------------------------

    def _card(self, asset: Json) -> Iterator[str]:
        card = self.held.cards[asset["EnergisedCardId__c"]]
        name = f"card {card['id']}"
        if asset["BusbarOrder__c"] is None:
            facts = {"billing": (card["billing_contact_id"], None), **_state(card, {**BLANK})}
            yield from _differences(f"{name}, which nobody ordered", facts)
            return
        order = next(
            (o for o in self.held.salesforce["Order"] if o["Id"] == asset["BusbarOrder__c"]), None
        )
        ours = str(order["BusbarReference__c"]).removeprefix(f"BB{KIND}") if order else ""
        shown = [c for c in self.portal.cards.values() if c["number"] == asset["SerialNumber"]]
        if len(shown) != 1:
            yield f"{name} stands {len(shown)} times in the portal"
            return
        yield from self._linked(name, card, asset, shown[0], ours)
        yield from self._wanted(name, card, asset, shown[0])
        yield from self._asked_for(name, card["id"], shown[0]["id"])

    def _linked(
        self, name: str, card: Json, asset: Json, shown: Json, order_id: str
    ) -> Iterator[str]:
        company = NORDWIND.energised_id
        facts = {
            "the order": (shown["order_id"], order_id),
            "the billing contact": (card["billing_contact_id"], company),
            "the billing contact in Salesforce": (asset["CardBillingContact__c"], company),
            "the portal's active": (shown["active"], card["active"] == "true"),
            "the portal's blocked": (shown["blocked"], card["blocked"] == "true"),
            "Salesforce's blocked": (asset["CardBlocked__c"], card["blocked"] == "true"),
            "Salesforce's active": (asset["CardActive__c"], card["active"] == "true"),
            "Salesforce's holder": (asset["CardHolder__c"] or None, card["contact_id"]),
            "Salesforce's vehicle": (asset["CardVehicle__c"] or "", shown["vehicle"]),
            "what is still to be done": (shown["energised"]["state"], "done"),
        }
        holder = shown["driver"]["energised_uuid"] if shown["driver"] else None
        facts["the portal's driver"] = (holder, card["contact_id"])
        yield from _differences(name, facts)
        holders = [u for u, own in self.portal.own.items() if shown["id"] in {c["id"] for c in own}]
        expected = [u for u in self.portal.own if UUIDS.get(u) == card["contact_id"]]
        if holders != expected:
            yield f"{name} is shown to {holders}, and belongs to {expected}"

    def _wanted(self, name: str, card: Json, asset: Json, shown: Json) -> Iterator[str]:
        """The last that was wanted is in place, or one of those that nobody can put in order."""
        wishes = [o for o in self.history.of("card") if o.subject == shown["id"]]
        holds = {"active": card["active"] == "true", "driver": card["contact_id"]}
        holds["vehicle"] = asset["CardVehicle__c"] or ""
        for what, value in holds.items():
            allowed = could_be_last(wishes, what)
            if value not in allowed:
                yield f"{name}: {what} is {value!r}, wanted last was one of {allowed}"

    def _asked_for(self, name: str, card_id: str, ours: str) -> Iterator[str]:
        wishes = [o for o in self.history.of("card") if o.subject == ours]
        for past in self.held.past.get(card_id, ()):
            for what, value in (("active", past["active"]), ("driver", past["contact_id"])):
                if value != BLANK[what] and value not in _values(wishes, what):
                    yield f"{name}: {what} was {value!r}, which nobody ever wanted"

    # --- what is left over ---------------------------------------------------------------------

    def _tasks(self) -> Iterator[str]:
        """Only what a person has to decide is a task."""
        tasks = list(self.portal.tasks.values())
        events = [task for task in tasks if task["kind"] == "parked_event"]
        if len(events) != len(self.history.poisoned):
            yield f"{len(self.history.poisoned)} events were poisoned, and {len(events)} are tasks"
        others = [task for task in tasks if task["kind"] != "parked_event"]
        if not self.may_park:
            yield from (f"a task, though nothing went wrong for good: {task}" for task in others)

    def _dead(self) -> Iterator[str]:
        """In the dead-letter queues lies what nobody can apply, and nothing else."""
        bodies = [body for _, body in self.dead]
        for event in self.history.poisoned:
            if not any(event in body for body in bodies):
                yield f"the event {event}, which nobody could apply, is gone"
        for queue, body in self.dead:
            if queue in ERRANDS:
                continue  # a copy: the errand itself is a row, and was sent again
            if not any(event in body for event in self.history.poisoned):
                yield f"a message for {queue} is dead: {body[:300]}"


def _state(card: Json, wanted: Json) -> dict[str, tuple[Any, Any]]:
    return {
        "active": (card["active"], str(wanted["active"]).lower()),
        "driver": (card["contact_id"], wanted["driver"]),
    }


def _value(wish: Operation, what: str) -> Any:
    value = wish.wants[what]
    return UUIDS[value] if what == "driver" and value else value


def _values(wishes: Iterable[Operation], what: str) -> list[Any]:
    return [_value(w, what) for w in wishes if what in w.wants]


def could_be_last(wishes: list[Operation], what: str) -> list[Any]:
    """The values that may stand at the end.

    A wish may be the last one unless another began after it had been answered, and was granted. One
    whose outcome nobody knows may have come, and takes no other's place.
    """
    mine = [w for w in wishes if what in w.wants and w.outcome != "fail"]
    granted = [w for w in mine if w.outcome == "ok"]
    last = [
        _value(w, what)
        for w in mine
        if not any(other.invoked > w.completed for other in granted if other is not w)
    ]
    return last if granted else [*last, BLANK[what]]


def _differences(name: str, facts: Mapping[str, tuple[Any, Any]]) -> Iterator[str]:
    for what, (there, expected) in facts.items():
        if there != expected:
            yield f"{name}: {what} is {there!r}, and not {expected!r}"
