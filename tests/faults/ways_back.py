"""Wallbox orders that end before Salesforce has them, or that a person has to help on."""

from __future__ import annotations

from typing import Any

from infra.simulators.sample_wallboxes import CABLE
from tests.faults.decisions import AGENT, decide, moment, refusing
from tests.faults.history import Operation
from tests.faults.scenarios import (
    DRIVERS,
    LOOK,
    WALLBOXES,
    Line,
    Scenario,
    wallbox,
    wallbox_body,
)
from tests.faults.stage import TASKS, WALLBOX_ORDERS, Client, Stage
from tests.faults.wallbox_rules import IDS, objects_of, person_of

DRIVER = DRIVERS[0]
LONG = 4 * 3600.0
Json = dict[str, Any]


def decided(key: str, *actions: str, begins: float = 0.0) -> Line:
    """A clerk who decides so of the driver's order, as often as it waits for him.

    He looks into the systems before, as a task asks him to: what is there he adopts. The last one
    of his `actions` is what he does from then on.
    """

    def line(stage: Stage) -> None:
        stage.rest(begins)
        left = [*actions]
        driver, clerk = Client(stage, DRIVER), Client(stage, AGENT)

        def ended() -> bool:
            asked = next((o for o in stage.history.of("wallbox order") if o.subject == key), None)
            if asked is None or asked.outcome == "invoke":
                return False
            shown = driver.ask("GET", f"{WALLBOX_ORDERS}/{asked.body['id']}").json
            if str(shown["waiting_for"]).startswith("task:"):
                _decide(stage, clerk, asked, shown, left.pop(0) if left[1:] else left[0])
            return _has_ended(shown)

        if not ended():
            driver.until(ended, every=LOOK)

    return line


def _has_ended(shown: Json) -> bool:
    """Whether nothing is left to do of an order, forward or back."""
    states = {step["state"] for step in shown["steps"]}
    if shown["rejected_reason"]:
        return shown["waiting_for"] is None and states <= {"undone", "kept", "open"}
    return states == {"done"}


def _decide(stage: Stage, clerk: Client, asked: Operation, shown: Json, action: str) -> None:
    order_id = asked.body["id"]
    for task in clerk.everything(TASKS, "tasks"):
        if not task["subject"] or task["subject"]["id"] != order_id:
            continue
        if shown["rejected_reason"]:
            decide(stage, clerk, task, "resume", {}, order_id)  # it goes back, and shall
            continue
        stage.rest(2 * LOOK)  # until what he finds is all that comes
        there = _there(stage, asked, shown)
        if there and "resume" not in task["actions"]:
            decide(stage, clerk, task, "adopt", {"external_id": there}, order_id)
        elif action == "cancel" or "resume" not in task["actions"]:
            chosen = "cancel" if action == "cancel" else "retry"
            looked = {"not_found_at": moment(stage)}
            decide(stage, clerk, task, chosen, looked, order_id)
        else:
            decide(stage, clerk, task, "resume", {}, order_id)


def _there(stage: Stage, asked: Operation, shown: Json) -> str:
    """The id of what the step that waits has made after all; empty if it has not."""
    step = next((s["step"] for s in shown["steps"] if s["state"] == "parked"), "")
    rows = objects_of(asked, stage.held()).get(step, [])
    return str(rows[0][IDS[step]]) if rows else ""


def known_before(user: str) -> Line:
    """Who has been a customer for long, with our reference, where that can be found.

    Where it cannot, nobody could ever tell that he is the same.
    """

    def line(stage: Stage) -> None:
        if not stage.searches():
            return
        stage.history.begin("known before", AGENT, user, stage.now())
        person, ours = wallbox_body(user)["person"], person_of(user)
        stage.enter_row(
            "sap",
            "A_BusinessPartner",
            BusinessPartnerCategory="1",
            BusinessPartnerIDByExtSystem=ours,
            FirstName=person["first_name"],
            LastName=person["last_name"],
            BirthDate=f"{person['birth_date']}T00:00:00",
            to_BusinessPartnerRole=[{"BusinessPartnerRole": "MKK"}],
        )
        (partner,) = (p for p in stage.held().partners if p["BusinessPartnerIDByExtSystem"] == ours)
        stage.enter_row(
            "salesforce",
            "Account",
            Name=person["last_name"],
            BusbarReference__c=ours,
            GpNumber__c=partner["BusinessPartner"],
            BusbarActive__c=True,
        )
        stage.rest(LOOK)

    return line


def taken_off_sale(most: float = 24.0) -> Line:
    """The operator sells the cable no more, just as an order goes on after a decision."""

    def line(stage: Stage) -> None:
        while stage.now() < LONG and not stage.history.of("decision"):
            stage.rest(0.5)
        stage.rest(most * stage.chance())
        stage.history.begin("off sale", AGENT, CABLE.code, stage.now())
        stage.change_row("Product2", CABLE.product_id, IsActive=False)

    return line


def sometime(line: Line, least: float, most: float) -> Line:
    """The line, begun after a while between these seconds."""

    def later(stage: Stage) -> None:
        stage.rest(least + (most - least) * stage.chance())
        line(stage)

    return later


def restarts(times: int, longest: float = 900.0) -> Line:
    """The state machine is restarted, again and again."""

    def line(stage: Stage) -> None:
        for _ in range(times):
            stage.rest(longest * stage.chance() ** 2)
            stage.restart_machine()

    return line


BACK = Scenario(
    "way back",
    (refusing("energised contacts", LONG), wallbox("one", DRIVER), decided("one", "cancel")),
    after=(decided("one", "cancel"),),
    tenant=WALLBOXES,
)
"""All that can be taken back is there when a clerk cancels."""
SECOND_BACK = Scenario(
    "second order goes back",
    (refusing("salesforce", LONG), wallbox("two", DRIVER), decided("two", "cancel")),
    before=(wallbox("one", DRIVER),),
    after=(decided("two", "cancel"),),
    tenant=WALLBOXES,
)
FIRST_BACK = Scenario(
    "first order goes back",
    (
        refusing("sap contracts", 900.0),
        wallbox("one", DRIVER),
        wallbox("two", DRIVER, 1000.0),
        decided("one", "cancel", begins=1500.0),
        decided("two", "resume", begins=1500.0),
    ),
    after=(decided("one", "cancel"), decided("two", "resume")),
    tenant=WALLBOXES,
)
"""The first one has made the partner, and the second one uses it."""
BACK_AND_AGAIN = Scenario(
    "back and again",
    (
        refusing("energised contacts", 1500.0),
        wallbox("one", DRIVER),
        decided("one", "cancel"),
        sometime(wallbox("two", DRIVER), 850.0, 1100.0),
        decided("two", "resume"),
    ),
    after=(decided("one", "cancel"), decided("two", "resume")),
    tenant=WALLBOXES,
)
"""The second one puts back into use what the first one takes out of it, or has."""
OFF_SALE = Scenario(
    "taken off sale",
    (
        refusing("energised contacts", 700.0),
        wallbox("one", DRIVER),
        taken_off_sale(),
        decided("one", "resume", "cancel"),
    ),
    after=(decided("one", "cancel"),),
    tenant=WALLBOXES,
)
"""It goes back by itself if it is not in Salesforce by then."""
REDRIVEN = Scenario(
    "redriven",
    (
        refusing("energised contacts", 700.0),
        wallbox("one", DRIVER),
        restarts(3),
        decided("one", "resume"),
    ),
    after=(decided("one", "resume"),),
    tenant=WALLBOXES,
)
KNOWN_BACK = Scenario(
    "known driver goes back",
    BACK.lines,
    before=(known_before(DRIVER),),
    after=BACK.after,
    tenant=WALLBOXES,
)
"""What was there before the order is no part of its way back."""
WAYS_BACK = (BACK, KNOWN_BACK, SECOND_BACK, FIRST_BACK, BACK_AND_AGAIN, OFF_SALE, REDRIVEN)
