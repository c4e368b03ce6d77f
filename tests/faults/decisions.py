"""Clerks who decide tasks while things go wrong, and what they do in Salesforce for it.

A clerk looks into Salesforce before he decides, as a task asks him to. Two of them may be at one
task; the slower one is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.domain.identifiers import reference
from busbar.domain.orders import KIND
from tests.faults.history import Operation
from tests.faults.scenarios import (
    LOOK,
    MANAGER,
    OPERATOR,
    Line,
    Scenario,
    deliver,
    place,
    switch,
    synchronised,
)
from tests.faults.stage import CARDS, ORDERS, TASKS, Client, Stage

AGENT = "service-agent"
BY_HAND = "by hand"
"""Key of the order that a clerk enters into Salesforce himself. Nobody else decides about it."""
SETTLED = 2 * LOOK
"""Seconds after which he takes what he sees in Salesforce for all that comes."""
ROUNDS = 40
Json = dict[str, Any]


def refusing(system: str, seconds: float) -> Line:
    """A system refuses every change for a while, from the first moment on."""

    def line(stage: Stage) -> None:
        stage.set_refusing(system, refusing=True)
        stage.rest(seconds)
        stage.set_refusing(system, refusing=False)

    return line


def decided_order(key: str, quantity: int, begins: float = 0.0) -> Line:
    """A fleet manager orders; a clerk decides about the order as often as it is parked."""

    def line(stage: Stage) -> None:
        stage.rest(begins)
        client = Client(stage, MANAGER)
        placed = place(stage, client, key, quantity, delivered=True)
        if placed.status >= 300:
            return
        clerk = _Clerk(stage, AGENT)
        number = placed.json["salesforce_order_number"] or client.until(
            lambda: _number_of(client, clerk, placed.json["id"], key, quantity), every=LOOK
        )
        if number and number != "ended":
            deliver(stage, number)

    return line


def _number_of(client: Client, clerk: _Clerk, order_id: str, key: str, quantity: int) -> Any:
    """Salesforce's number of the order, or `ended`; a parked one is decided about first."""
    shown = client.ask("GET", f"{ORDERS}/{order_id}").json
    if shown["rejected_reason"]:
        return "ended"
    if (shown["waiting_for"] or "").startswith("task:"):
        if key == BY_HAND:
            clerk.enter(order_id, quantity)
        clerk.decide_about(order_id)
    return shown["salesforce_order_number"]


def second_clerk(rounds: int, pause: float = LOOK) -> Line:
    """Somebody else who decides whatever is open, and meets the first one."""

    def line(stage: Stage) -> None:
        clerk = _Clerk(stage, OPERATOR)
        for _ in range(rounds):
            stage.rest(pause * (0.2 + stage.chance()))
            clerk.clear(lambda task: _about(task) in _not_by_hand(stage))

    return line


def _about(task: Json) -> str | None:
    subject: Json = task["subject"] or {}
    return subject.get("id")


def _not_by_hand(stage: Stage) -> set[str]:
    """The orders that everybody may decide about."""
    answered = [o for o in stage.history.of("order") if o.outcome == "ok"]
    return {o.body["id"] for o in answered if o.subject != BY_HAND}


def clear_desk() -> Line:
    """At the end, in peace: a clerk decides until nothing is open."""

    def line(stage: Stage) -> None:
        clerk = _Clerk(stage, OPERATOR)
        for _ in range(ROUNDS):
            if not clerk.clear(lambda _task: True):
                break
            stage.rest(2 * LOOK)
        client = Client(stage, MANAGER)
        for asked in (o for o in stage.history.of("order") if o.outcome == "ok"):
            shown = client.ask("GET", f"{ORDERS}/{asked.body['id']}").json
            number = shown["salesforce_order_number"]
            if number and shown["status"] != "delivered":
                deliver(stage, number)

    return line


def refused_switches(times: int) -> Line:
    """A fleet manager switches his card on and off; a clerk wants anew what was refused."""

    def line(stage: Stage) -> None:
        client = Client(stage, MANAGER)
        card = client.ask("GET", CARDS).json["cards"][0]
        clerk = _Clerk(stage, AGENT)
        for number in range(times):
            switch(stage, client, card["id"], active=number % 2 == 0)
            stage.rest(LOOK * stage.chance())
            clerk.clear(lambda task: _about(task) == card["id"])

    return line


class _Clerk:
    """One who sees tasks, looks into Salesforce, and decides."""

    def __init__(self, stage: Stage, user: str) -> None:
        self._stage = stage
        self._client = Client(stage, user)
        self._entered = False

    def clear(self, mine: Any) -> int:
        """Decide every open task that is his; how many were open."""
        tasks = [t for t in self._client.everything(TASKS, "tasks") if mine(t)]
        for task in tasks:
            self._decide(task)
        return len(tasks)

    def decide_about(self, order_id: str) -> None:
        """Decide what is open about an order."""
        self.clear(lambda task: _about(task) == order_id)

    def enter(self, order_id: str, quantity: int) -> None:
        """Enter the order into Salesforce by hand if it is not there by then; perhaps twice."""
        if self._entered:
            return
        self._entered = True
        self._stage.rest(SETTLED)
        if self._rows(order_id):
            return
        for _ in range(1 if self._stage.chance() < 0.5 else 2):
            self._stage.enter_order(reference(KIND, order_id), quantity)

    def _rows(self, order_id: str) -> list[Json]:
        ours = reference(KIND, order_id)
        rows = self._stage.held().salesforce["Order"]
        return [row for row in rows if row["BusbarReference__c"] == ours]

    def _decide(self, task: Json) -> None:
        subject = task["subject"] or {}
        if subject.get("schema") == "charge_card":
            self._want_again(task, subject["id"])
            return
        rows = self._rows(subject["id"])
        action, more = self._choice(task["actions"], rows)
        asked = self._ask(task, action, more, subject["id"])
        if action == "adopt" and asked.outcome == "ok":
            for row in rows[1:]:
                self._stage.delete_order(row["Id"])

    def _choice(self, can: list[str], rows: list[Json]) -> tuple[str, Mapping[str, Any]]:
        """What to do, and what has to be said with it."""
        drawn = self._stage.chance()
        if rows and (len(rows) > 1 or "resume" not in can or drawn < 0.5):
            return "adopt", {"external_id": rows[0]["Id"]}
        looked = {"not_found_at": moment(self._stage)}
        if not rows and drawn < 0.25:
            return "cancel", looked
        return ("resume", {}) if "resume" in can else ("retry", looked)

    def _want_again(self, task: Json, card: str) -> None:
        shown = Client(self._stage, MANAGER).ask("GET", f"{CARDS}/{card}").json["energised"]
        if shown["state"] != "refused" or set(shown["wanted"]) != {"active"}:
            self._ask(task, "cancel", {}, card)
            return
        wants = {"active": shown["wanted"]["active"]}
        now = self._stage.now()
        wish = self._stage.history.begin("card", self._client.user, card, now, **wants)
        done = self._ask(task, "resume", {}, card)
        wish.outcome, wish.completed = done.outcome, done.completed

    def _ask(self, task: Json, action: str, more: Mapping[str, Any], subject: str) -> Operation:
        return decide(self._stage, self._client, task, action, more, subject)


def decide(
    stage: Stage, client: Client, task: Json, action: str, more: Mapping[str, Any], subject: str
) -> Operation:
    """Decide a task that is about `subject`, and say `more` with it."""
    asked = stage.history.begin("decision", client.user, subject, stage.now(), action=action)
    client.ask(
        "POST",
        f"{TASKS}/{task['id']}/{action}",
        {"reason": "any reason", **more},
        operation=asked,
        Idempotency_Key=f"{client.user} {asked.invoked} {task['etag']}",
        If_Match=task["etag"],
    )
    return asked


def moment(stage: Stage) -> str:
    """The present, as a clerk reads it off his clock."""
    return stage.clock().isoformat()


PARKED = Scenario(
    "parked",
    (
        refusing("salesforce", 900.0),
        decided_order("one", 1, 1.0),
        decided_order("two", 1, 600.0),
        decided_order("three", 1, 1200.0),
        decided_order(BY_HAND, 1, 2.0),
        second_clerk(12),
        synchronised(6),
    ),
    after=(clear_desk(),),
)
HASTY = Scenario(
    "hasty clerk",
    (
        *(decided_order(key, 1, begins) for key, begins in (("one", 1.0), ("two", 60.0))),
        decided_order("three", 1, 120.0),
        second_clerk(60, 10.0),
        synchronised(6),
    ),
    after=(clear_desk(),),
)
"""Decides at once, while what was given up may still come."""
REFUSED_CARD = Scenario(
    "refused card",
    (
        refusing("energised", 1500.0),
        refused_switches(7),
        synchronised(6, 120.0),
    ),
    before=(decided_order("one", 1), synchronised(3)),
    after=(clear_desk(),),
)
