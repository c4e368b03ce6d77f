"""The judge says nothing of a run in which all went well, and sees every fault put into it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, cast

import pytest

from infra.simulators.sample import NORDWIND, WATTWURM
from tests.faults.card_rules import could_be_last
from tests.faults.checker import RULES, judge
from tests.faults.cloud import Cloud
from tests.faults.evidence import Evidence
from tests.faults.history import NEVER, Operation
from tests.faults.inbound_rules import inbound
from tests.faults.people_rules import UUIDS
from tests.faults.run import played
from tests.faults.scenarios import (
    COMPANY_AND_ORDER,
    DRIVERS,
    MANAGER,
    NEW_DRIVER,
    NEW_MANAGER,
    ONE_ORDER,
    ONE_WALLBOX,
)
from tests.faults.spoilt_backs import SPOILT_BACKS, a_good_run_of_a_way_back
from tests.faults.spoilt_refunds import SPOILT_REFUNDS, a_good_run_of_a_refund_card
from tests.faults.trouble import Calm

Json = dict[str, Any]


@cache
def a_good_run() -> Evidence:
    """A run of one order in which nothing went wrong."""
    return played(Cloud(), ONE_ORDER, Calm())


@pytest.fixture
def run() -> Evidence:
    """The same, to be spoilt."""
    return copy.deepcopy(a_good_run())


def order(run: Evidence) -> Json:
    """The order in Salesforce."""
    return run.held.salesforce["Order"][0]


def asset(run: Evidence) -> Json:
    """The Asset of the ordered card."""
    return next(a for a in run.held.salesforce["Asset"] if a["BusbarOrder__c"])


def card(run: Evidence) -> Json:
    """The ordered card in be.ENERGISED."""
    return run.held.cards[asset(run)["EnergisedCardId__c"]]


def blank(run: Evidence) -> Json:
    """A card that nobody ordered."""
    return next(c for c in run.held.cards.values() if c["billing_contact_id"] is None)


def shown_order(run: Evidence) -> Json:
    """The order in the portal."""
    (shown,) = run.portal.orders[MANAGER].values()
    return shown


def shown_card(run: Evidence) -> Json:
    """The card in the portal."""
    (shown,) = run.portal.cards.values()
    return shown


def wish(run: Evidence, what: str) -> Operation:
    """The last thing that was wanted of the card."""
    return next(o for o in run.history.of("card")[::-1] if what in o.wants)


def cancelled(run: Evidence, **shown: Any) -> None:
    """A clerk was told that the order is cancelled; the portal shows it so."""
    shown_order(run).update(shown)
    asked = run.history.begin("decision", "operator", shown_order(run)["id"], 0, action="cancel")
    asked.outcome = "ok"


def again(run: Evidence, what: str, **fields: Any) -> None:
    """A row of Salesforce stands there twice."""
    rows = run.held.salesforce[what]
    rows.append({**rows[0], **fields})


SPOILT: dict[str, tuple[Callable[[Evidence], Any], str]] = {
    "an older label was written over a newer one": (
        lambda r: r.held.told.update(
            {asset(r)["Id"]: [{"CardLabel__c": "2"}, {"CardLabel__c": "1"}]}
        ),
        "was told of the labels [2, 1]",
    ),
    "the portal's label": (lambda r: shown_card(r).update(label="x"), "the portal's label is"),
    "Salesforce's label": (lambda r: asset(r).update(CardLabel__c="x"), "Salesforce's label is"),
    "an order is gone from the portal": (
        lambda r: r.portal.orders[MANAGER].clear(),
        "was acknowledged and is lost",
    ),
    "an order is gone from Salesforce": (
        lambda r: r.held.salesforce["Order"].clear(),
        "is not in Salesforce",
    ),
    "an order is there twice": (lambda r: again(r, "Order", Id="801x"), "is 2 orders"),
    "an item is there twice": (lambda r: again(r, "OrderItem"), "has items [1.0, 1.0]"),
    "an item belongs to no order": (
        lambda r: again(r, "OrderItem", OrderId="801x"),
        "orders and items do not belong together",
    ),
    "an order that nobody sent": (
        lambda r: again(r, "Order", Id="801x", BusbarReference__c="BBCO0000000000000"),
        "and no order of ours",
    ),
    "the quantity": (lambda r: shown_order(r).update(quantity=2), "the portal's quantity"),
    "the account": (lambda r: order(r).update(AccountId="001x"), "the account is"),
    "the number": (lambda r: order(r).update(OrderNumber="7"), "the number is"),
    "the status": (lambda r: shown_order(r).update(status="in_progress"), "the status is"),
    "the tracking id": (lambda r: shown_order(r).update(tracking_id="T"), "the tracking id is"),
    "a parked order": (
        lambda r: shown_order(r).update(waiting_for="task:outcome_unknown"),
        "is parked, though nothing was unknown",
    ),
    "a refused order": (
        lambda r: vars(r.history.of("order")[0]).update(outcome="fail", status=422),
        "was refused: 422",
    ),
    "a key with two answers": (
        lambda r: r.history.operations.append(
            replace(r.history.of("order")[0], body={**r.history.of("order")[0].body, "x": 1})
        ),
        "was answered in 2 ways",
    ),
    "more orders than keys": (
        lambda r: r.portal.orders[MANAGER].update(other={}),
        "1 orders were asked for, the portal shows 2",
    ),
    "a card is missing": (lambda r: r.portal.cards.clear(), "stands 0 times in the portal"),
    "a card of another order": (lambda r: shown_card(r).update(order_id="x"), "the order is"),
    "another pays": (
        lambda r: card(r).update(billing_contact_id="x"),
        "the billing contact is",
    ),
    "another pays in Salesforce": (
        lambda r: asset(r).update(CardBillingContact__c=None),
        "the billing contact in Salesforce is",
    ),
    "the portal is behind": (lambda r: shown_card(r).update(active=False), "the portal's active"),
    "Salesforce is behind": (
        lambda r: asset(r).update(CardActive__c=False),
        "Salesforce's active",
    ),
    "Salesforce has another holder": (
        lambda r: asset(r).update(CardHolder__c="x"),
        "Salesforce's holder",
    ),
    "Salesforce has another vehicle": (
        lambda r: asset(r).update(CardVehicle__c="x"),
        "Salesforce's vehicle",
    ),
    "a block is not seen": (lambda r: card(r).update(blocked="true"), "the portal's blocked"),
    "something is still to be done": (
        lambda r: shown_card(r).update(energised={"state": "pending"}),
        "what is still to be done",
    ),
    "the driver does not see it": (
        lambda r: r.portal.own.update({DRIVERS[0]: []}),
        "is shown to [], and belongs to ['driver']",
    ),
    "another driver sees it": (
        lambda r: r.portal.own.update({DRIVERS[1]: r.portal.own[DRIVERS[0]]}),
        "is shown to ['driver', 'second-driver']",
    ),
    "the last wish is not in place": (
        lambda r: wish(r, "active").wants.update(active=False),
        "active is True, wanted last was one of [False]",
    ),
    "a state that nobody wanted": (
        lambda r: r.held.past[card(r)["id"]].append({"active": True, "contact_id": "x"}),
        "driver was 'x', which nobody ever wanted",
    ),
    "a blank card is switched on": (
        lambda r: blank(r).update(active="true"),
        "which nobody ordered: active is 'true'",
    ),
    "a task": (
        lambda r: r.portal.tasks.update(x={"kind": "parked_step", "subject": None}),
        "a task, though nothing went wrong for good",
    ),
    "a poisoned event without a task": (
        lambda r: r.history.poisoned.append("x"),
        "1 events were poisoned, and 0 are tasks",
    ),
    "a poisoned event that is gone": (
        lambda r: r.history.poisoned.append("x"),
        "the event x, which nobody could apply, is gone",
    ),
    "a dead event": (
        lambda r: r.dead.append(("card_event", "body")),
        "a message for card_event is dead",
    ),
    "a dead letter with a card number": (
        lambda r: r.dead.append(("card_event", card(r)["number"])),
        "a dead letter of card_event holds ['DE-BBX-",
    ),
    "an order that nobody cancelled": (
        lambda r: shown_order(r).update(rejected_reason="cancelled_by_service"),
        "is cancelled, and nobody decided so",
    ),
    "a cancelled order in Salesforce": (
        lambda r: cancelled(r, rejected_reason="cancelled_by_service"),
        "is cancelled, and 1 times in Salesforce",
    ),
    "a cancelled order that goes on": (cancelled, "was cancelled, and is delivered"),
    "a decision without an entry in the audit trail": (
        cancelled,
        "1 to 1 times, and it is 0 times in the audit trail",
    ),
    "an entry without a decision": (
        lambda r: r.portal.entries.append(
            {"actor": "x", "action": "tasks_cancel", "subject_id": "x", "details": {}}
        ),
        "x did tasks_cancel of x 0 to 0 times, and it is 1 times in the audit trail",
    ),
    "an audit trail that shows less than it has": (
        lambda r: r.portal.trail["head"].update(sequence=1),
        "ends at 1 and shows 0 entries",
    ),
    "a broken audit trail": (
        lambda r: r.portal.trail.update(intact=False, broken_at=3, fault="edited"),
        "the audit trail is broken at 3: edited",
    ),
    "a client that broke": (lambda r: r.history.broken.append("broke"), "broke"),
}


def contact(run: Evidence, name: str) -> Json:
    """The contact of this name in be.ENERGISED."""
    return next(c for c in run.held.contacts if c["name"] == name)


def person(run: Evidence, kind: str) -> Json:
    """The company or driver of the run, as the portal shows it."""
    return run.portal.people[run.history.of(kind)[0].body["id"]]


def entry(run: Evidence, subject: str) -> Json:
    """The entry in the audit trail about somebody or something."""
    return next(e for e in run.portal.entries if e["subject_id"] == subject)


def left_by(run: Evidence, driver: str) -> None:
    """A driver has left, and his card has not."""
    run.history.begin("leaver", MANAGER, driver, 0.0).outcome = "ok"
    card(run).update(contact_id=UUIDS[driver])


FIRM, DRIVER = WATTWURM.name, "New Driver"
SPOILT_PEOPLE: dict[str, tuple[Callable[[Evidence], Any], str]] = {
    "a company is there twice": (
        lambda r: r.held.contacts.append({**contact(r, FIRM), "id": "x"}),
        "is 2 contacts in be.ENERGISED",
    ),
    "a driver is not there": (
        lambda r: r.held.contacts.remove(contact(r, DRIVER)),
        "driver new-driver is 0 contacts",
    ),
    "a contact that nobody asked for": (
        lambda r: r.held.contacts.append({**contact(r, FIRM), "customer_reference": "BBCU0"}),
        "BBCU0 is 1 contacts in be.ENERGISED, which nobody asked for",
    ),
    "another contact is bound": (
        lambda r: person(r, "company").update(energised_contact_id="x"),
        "the contact that is bound is 'x'",
    ),
    "it still waits": (
        lambda r: person(r, "driver").update(waiting_for="contact_in_energised"),
        "what is waited for is 'contact_in_energised'",
    ),
    "the number": (lambda r: contact(r, FIRM).update(customer_number="K-1"), "the number there"),
    "the company": (lambda r: contact(r, DRIVER).update(company_id="x"), "the company there"),
    "the name": (lambda r: contact(r, DRIVER).update(name="x"), "the name there is 'x'"),
    "a refusal": (
        lambda r: vars(r.history.of("driver")[0]).update(outcome="fail", status=409),
        "driver new-driver was refused: 409",
    ),
    "an invitation that is not in the audit trail": (
        lambda r: r.portal.entries.remove(entry(r, NEW_MANAGER)),
        f"did users_create of {NEW_MANAGER} 1 to 1 times, and it is 0 times",
    ),
    "a company that is in it twice": (
        lambda r: r.portal.entries.append(entry(r, person(r, "company")["id"])),
        "1 to 1 times, and it is 2 times",
    ),
    "a driver whom another has added": (
        lambda r: entry(r, NEW_DRIVER).update(actor="somebody-else"),
        f"somebody-else did users_create of {NEW_DRIVER} 0 to 0 times",
    ),
    "a card bills to another company": (
        lambda r: card(r).update(billing_contact_id=NORDWIND.energised_id),
        "the billing contact is",
    ),
    "a card of somebody who has left": (
        lambda r: left_by(r, "second-driver"),
        "is still with second-driver, who has left",
    ),
    "a card is another driver's": (
        lambda r: card(r).update(contact_id="x"),
        "driver is 'x', wanted last",
    ),
}


@cache
def a_good_run_of_people() -> Evidence:
    """A company, its driver and his card, with nothing gone wrong."""
    return played(Cloud(), COMPANY_AND_ORDER, Calm())


def test_should_say_nothing_when_all_is_well_with_people() -> None:
    assert judge(copy.deepcopy(a_good_run_of_people())) == []


@pytest.mark.parametrize("name", SPOILT_PEOPLE)
def test_should_see_what_is_wrong_with_people(name: str) -> None:
    spoil, expected = SPOILT_PEOPLE[name]
    run = copy.deepcopy(a_good_run_of_people())
    spoil(run)
    found = judge(run)
    assert [f for f in found if expected in f], found


@cache
def a_good_run_of_a_wallbox() -> Evidence:
    """A run of one wallbox order in which nothing went wrong."""
    return played(Cloud(tenant=ONE_WALLBOX.tenant), ONE_WALLBOX, Calm())


def _own(run: Evidence, sobject: str) -> Json:
    """The row of Salesforce that carries a reference of the wallbox order or its customer."""
    rows = run.held.salesforce[sobject]
    return next(
        r for r in rows if str(r["BusbarReference__c"]).startswith(("BBPE", "BBSC", "BBWO"))
    )


def _partner(run: Evidence) -> Json:
    return next(p for p in run.held.partners if p["BusinessPartnerIDByExtSystem"])


SPOILT_WALLBOXES: dict[str, tuple[Callable[[Evidence], Any], str]] = {
    "an order is gone from the portal": (
        lambda r: r.portal.wallbox_orders[DRIVERS[0]].clear(),
        "was acknowledged and is lost",
    ),
    "a second partner": (
        lambda r: r.held.partners.append(dict(_partner(r))),
        "has 2 of partner",
    ),
    "no contract": (lambda r: r.held.contracts.clear(), "has 0 of contract"),
    "a contract that nobody ordered": (
        lambda r: r.held.contracts.append({"ExternalReference": "BBCTANY"}),
        "BBCTANY is a contract, and nobody has ordered that",
    ),
    "a blocked partner": (
        lambda r: _partner(r).update(BusinessPartnerIsBlocked=True),
        "the partner's block is True",
    ),
    "the account names another partner": (
        lambda r: _own(r, "Account").update(GpNumber__c="1"),
        "the account's GP number is '1'",
    ),
    "the order belongs to another account": (
        lambda r: _own(r, "Order").update(AccountId="1"),
        "the order's account is '1'",
    ),
    "the order refers to another contract": (
        lambda r: _own(r, "Order").update(SharedContract__c="1"),
        "the order's contract is '1'",
    ),
    "more orders than keys": (
        lambda r: r.portal.wallbox_orders[DRIVERS[0]].update({"0RDER00000009": {}}),
        "1 wallbox orders were asked for, the portal shows 2",
    ),
}


@pytest.mark.parametrize("name", SPOILT_WALLBOXES)
def test_should_notice_of_a_wallbox_order(name: str) -> None:
    run = copy.deepcopy(a_good_run_of_a_wallbox())
    assert judge(run) == []
    spoil, expected = SPOILT_WALLBOXES[name]
    spoil(run)
    found = judge(run)
    assert [f for f in found if expected in f], found


@pytest.mark.parametrize("name", SPOILT_REFUNDS)
def test_should_notice_of_a_refund_card(name: str) -> None:
    run = copy.deepcopy(a_good_run_of_a_refund_card())
    assert judge(run) == []
    spoil, expected = SPOILT_REFUNDS[name]
    spoil(run)
    found = judge(run)
    assert [f for f in found if expected in f], found


@pytest.mark.parametrize("name", SPOILT_BACKS)
def test_should_notice_of_a_way_back(name: str) -> None:
    run = copy.deepcopy(a_good_run_of_a_way_back())
    assert judge(run) == []
    spoil, expected = SPOILT_BACKS[name]
    spoil(run)
    found = judge(run)
    assert [f for f in found if expected in f], found


def test_should_have_a_spoilt_run_for_every_rule() -> None:
    spoilt = []
    for spoil, _ in SPOILT_BACKS.values():
        run = copy.deepcopy(a_good_run_of_a_way_back())
        spoil(run)
        spoilt.append(run)
    for spoil, _ in SPOILT_REFUNDS.values():
        run = copy.deepcopy(a_good_run_of_a_refund_card())
        spoil(run)
        spoilt.append(run)
    for spoil, _ in SPOILT_WALLBOXES.values():
        run = copy.deepcopy(a_good_run_of_a_wallbox())
        spoil(run)
        spoilt.append(run)
    for spoil, _ in SPOILT_PEOPLE.values():
        run = copy.deepcopy(a_good_run_of_people())
        spoil(run)
        spoilt.append(run)
    for spoil, _ in SPOILT.values():
        run = copy.deepcopy(a_good_run())
        spoil(run)
        spoilt.append(run)
    others = [rule for rule in RULES if not any(list(rule(run)) for run in spoilt)]
    assert others == [inbound]  # `test_inbound_rules.py` spoils that, rule by rule


def test_should_say_nothing_when_all_is_well(run: Evidence) -> None:
    assert judge(run) == []


@pytest.mark.parametrize("name", SPOILT)
def test_should_see_what_is_wrong(run: Evidence, name: str) -> None:
    spoil, expected = SPOILT[name]
    spoil(run)
    found = judge(run)
    assert [f for f in found if expected in f], found


def test_should_let_an_order_wait_with_a_task_where_nothing_can_be_probed(run: Evidence) -> None:
    run.may_park = True
    shown_order(run).update(waiting_for="task:outcome_unknown")
    assert [f for f in judge(run) if "parked" in f] == ["order one is parked without a task"]
    subject = {"schema": "charge_card_order", "id": shown_order(run)["id"]}
    run.portal.tasks["x"] = {"kind": "parked_step", "subject": subject}
    assert judge(run) == []


class TestLastWish:
    """Which of several wishes may stand at the end."""

    @staticmethod
    def wishes(*spans: tuple[bool, float, float, str]) -> list[Operation]:
        return [
            Operation("card", MANAGER, "c", {"active": value}, begun, ended, cast("Any", outcome))
            for value, begun, ended, outcome in spans
        ]

    @pytest.mark.parametrize(
        ("spans", "allowed"),
        [
            ([], [False]),
            ([(True, 0, 1, "ok")], [True]),
            ([(True, 0, 1, "ok"), (False, 2, 3, "ok")], [False]),
            ([(True, 0, 3, "ok"), (False, 2, 4, "ok")], [True, False]),
            ([(True, 0, 1, "ok"), (False, 2, 3, "fail")], [True]),
            ([(True, 0, 1, "ok"), (False, 2, NEVER, "unknown")], [True, False]),
            ([(True, 0, NEVER, "unknown")], [True, False]),
        ],
    )
    def test_should_be_one_that_no_granted_one_came_after(
        self, spans: list[tuple[bool, float, float, str]], allowed: list[bool]
    ) -> None:
        assert could_be_last(self.wishes(*spans), "active") == allowed
