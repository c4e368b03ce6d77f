"""The judge says nothing of a run in which all went well, and sees every fault put into it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.faults.checker import Checker, could_be_last
from tests.faults.cloud import Cloud
from tests.faults.history import NEVER, Operation
from tests.faults.run import played
from tests.faults.scenarios import DRIVERS, MANAGER, ONE_ORDER
from tests.faults.trouble import Calm

Json = dict[str, Any]


@pytest.fixture(scope="module")
def well() -> Checker:
    """A judge over a run of one order in which nothing went wrong."""
    return played(Cloud(), ONE_ORDER, Calm())


@pytest.fixture
def judge(well: Checker) -> Checker:
    """The same, to be spoilt."""
    return copy.deepcopy(well)


def order(judge: Checker) -> Json:
    """The order in Salesforce."""
    return judge.held.salesforce["Order"][0]


def asset(judge: Checker) -> Json:
    """The Asset of the ordered card."""
    return next(a for a in judge.held.salesforce["Asset"] if a["BusbarOrder__c"])


def card(judge: Checker) -> Json:
    """The ordered card in be.ENERGISED."""
    return judge.held.cards[asset(judge)["EnergisedCardId__c"]]


def blank(judge: Checker) -> Json:
    """A card that nobody ordered."""
    return next(c for c in judge.held.cards.values() if c["billing_contact_id"] is None)


def shown_order(judge: Checker) -> Json:
    """The order in the portal."""
    (shown,) = judge.portal.orders[MANAGER].values()
    return shown


def shown_card(judge: Checker) -> Json:
    """The card in the portal."""
    (shown,) = judge.portal.cards.values()
    return shown


def wish(judge: Checker, what: str) -> Operation:
    """The last thing that was wanted of the card."""
    return next(o for o in judge.history.of("card")[::-1] if what in o.wants)


def again(judge: Checker, what: str, **fields: Any) -> None:
    """A row of Salesforce stands there twice."""
    rows = judge.held.salesforce[what]
    rows.append({**rows[0], **fields})


SPOILT: dict[str, tuple[Callable[[Checker], Any], str]] = {
    "an order is gone from the portal": (
        lambda j: j.portal.orders[MANAGER].clear(),
        "was acknowledged and is lost",
    ),
    "an order is gone from Salesforce": (
        lambda j: j.held.salesforce["Order"].clear(),
        "is not in Salesforce",
    ),
    "an order is there twice": (lambda j: again(j, "Order", Id="801x"), "is 2 orders"),
    "an item is there twice": (lambda j: again(j, "OrderItem"), "has items [1.0, 1.0]"),
    "an item belongs to no order": (
        lambda j: again(j, "OrderItem", OrderId="801x"),
        "orders and items do not belong together",
    ),
    "an order that nobody sent": (
        lambda j: again(j, "Order", Id="801x", BusbarReference__c="BBCO0000000000000"),
        "and no order of ours",
    ),
    "the quantity": (lambda j: shown_order(j).update(quantity=2), "the portal's quantity"),
    "the account": (lambda j: order(j).update(AccountId="001x"), "the account is"),
    "the number": (lambda j: order(j).update(OrderNumber="7"), "the number is"),
    "the status": (lambda j: shown_order(j).update(status="in_progress"), "the status is"),
    "the tracking id": (lambda j: shown_order(j).update(tracking_id="T"), "the tracking id is"),
    "a parked order": (
        lambda j: shown_order(j).update(waiting_for="task:outcome_unknown"),
        "is parked, though nothing was unknown",
    ),
    "a refused order": (
        lambda j: vars(j.history.of("order")[0]).update(outcome="fail", status=422),
        "was refused: 422",
    ),
    "a key with two answers": (
        lambda j: j.history.operations.append(
            replace(j.history.of("order")[0], body={**j.history.of("order")[0].body, "x": 1})
        ),
        "was answered in 2 ways",
    ),
    "more orders than keys": (
        lambda j: j.portal.orders[MANAGER].update(other={}),
        "1 orders were asked for, the portal shows 2",
    ),
    "a card is missing": (lambda j: j.portal.cards.clear(), "stands 0 times in the portal"),
    "a card of another order": (lambda j: shown_card(j).update(order_id="x"), "the order is"),
    "another pays": (
        lambda j: card(j).update(billing_contact_id="x"),
        "the billing contact is",
    ),
    "another pays in Salesforce": (
        lambda j: asset(j).update(CardBillingContact__c=None),
        "the billing contact in Salesforce is",
    ),
    "the portal is behind": (lambda j: shown_card(j).update(active=False), "the portal's active"),
    "Salesforce is behind": (
        lambda j: asset(j).update(CardActive__c=False),
        "Salesforce's active",
    ),
    "Salesforce has another holder": (
        lambda j: asset(j).update(CardHolder__c="x"),
        "Salesforce's holder",
    ),
    "Salesforce has another vehicle": (
        lambda j: asset(j).update(CardVehicle__c="x"),
        "Salesforce's vehicle",
    ),
    "a block is not seen": (lambda j: card(j).update(blocked="true"), "the portal's blocked"),
    "something is still to be done": (
        lambda j: shown_card(j).update(energised={"state": "pending"}),
        "what is still to be done",
    ),
    "the driver does not see it": (
        lambda j: j.portal.own.update({DRIVERS[0]: []}),
        "is shown to [], and belongs to ['driver']",
    ),
    "another driver sees it": (
        lambda j: j.portal.own.update({DRIVERS[1]: j.portal.own[DRIVERS[0]]}),
        "is shown to ['driver', 'second-driver']",
    ),
    "the last wish is not in place": (
        lambda j: wish(j, "active").wants.update(active=False),
        "active is True, wanted last was one of [False]",
    ),
    "a state that nobody wanted": (
        lambda j: j.held.past[card(j)["id"]].append({"active": True, "contact_id": "x"}),
        "driver was 'x', which nobody ever wanted",
    ),
    "a blank card is switched on": (
        lambda j: blank(j).update(active="true"),
        "which nobody ordered: active is 'true'",
    ),
    "a task": (
        lambda j: j.portal.tasks.update(x={"kind": "parked_step", "subject": None}),
        "a task, though nothing went wrong for good",
    ),
    "a poisoned event without a task": (
        lambda j: j.history.poisoned.append("x"),
        "1 events were poisoned, and 0 are tasks",
    ),
    "a poisoned event that is gone": (
        lambda j: j.history.poisoned.append("x"),
        "the event x, which nobody could apply, is gone",
    ),
    "a dead event": (
        lambda j: j.dead.append(("card_event", "body")),
        "a message for card_event is dead",
    ),
    "a client that broke": (lambda j: j.history.broken.append("broke"), "broke"),
}


def test_should_say_nothing_when_all_is_well(judge: Checker) -> None:
    assert judge.judge() == []


@pytest.mark.parametrize("name", SPOILT)
def test_should_see_what_is_wrong(judge: Checker, name: str) -> None:
    spoil, expected = SPOILT[name]
    spoil(judge)
    found = judge.judge()
    assert [f for f in found if expected in f], found


def test_should_let_an_order_wait_with_a_task_where_nothing_can_be_probed(judge: Checker) -> None:
    judge.may_park = True
    shown_order(judge).update(waiting_for="task:outcome_unknown")
    assert [f for f in judge.judge() if "parked" in f] == ["order one is parked without a task"]
    subject = {"schema": "charge_card_order", "id": shown_order(judge)["id"]}
    judge.portal.tasks["x"] = {"kind": "parked_step", "subject": subject}
    judge.found.clear()
    assert judge.judge() == []


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
