"""A good run of an order that went back, and what spoils it, with what the judge has to say."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tests.faults.cloud import Cloud
from tests.faults.evidence import Evidence, Json
from tests.faults.run import played
from tests.faults.trouble import Calm
from tests.faults.wallbox_rules import objects_of
from tests.faults.ways_back import BACK, DRIVER


@cache
def a_good_run_of_a_way_back() -> Evidence:
    """An order that a clerk has cancelled, in which nothing else went wrong."""
    return played(Cloud(tenant=BACK.tenant), BACK, Calm())


def _row(run: Evidence, step: str) -> Json:
    (asked,) = run.history.of("wallbox order")
    (row,) = objects_of(asked, run.held)[step]
    return row


def _shown(run: Evidence) -> Json:
    (shown,) = run.portal.wallbox_orders[DRIVER].values()
    return shown


def _nobody_decided(run: Evidence) -> None:
    run.history.operations = [o for o in run.history.operations if o.kind != "decision"]


def _in_salesforce(run: Evidence) -> None:
    """Salesforce has the order after all."""
    ours = f"BBWO{_shown(run)['id']}"
    run.held.salesforce["Order"].append({"Id": "801x", "BusbarReference__c": ours})


SPOILT_BACKS: dict[str, tuple[Callable[[Evidence], Any], str]] = {
    "an order that nobody cancelled": (_nobody_decided, "is cancelled, and nobody decided so"),
    "a cancelled order that goes on": (
        lambda r: _shown(r).update(rejected_reason=None),
        "was cancelled, and goes on",
    ),
    "a rejected order": (
        lambda r: _shown(r).update(rejected_reason="product_not_sold"),
        "is rejected, and all of it is sold",
    ),
    "an order that still waits": (
        lambda r: _shown(r).update(waiting_for="in_progress"),
        "what it waits for is 'in_progress'",
    ),
    "a step that is left": (
        lambda r: _shown(r)["steps"][1].update(state="done"),
        "the steps that are left is ['contract']",
    ),
    "a cancelled order in Salesforce": (_in_salesforce, "its orders in Salesforce is 1"),
    "a contract that runs on": (
        lambda r: _row(r, "contract").update(ProcessingStatus="ACTIVE"),
        "its contract is ['ACTIVE']",
    ),
    "a second contract": (
        lambda r: r.held.contracts.append(dict(_row(r, "contract"))),
        "its contract is ['CANCELLED', 'CANCELLED']",
    ),
    "a shared contract that runs on": (
        lambda r: _row(r, "shared_contract").update(Status__c="Aktiv"),
        "its shared contract is ['Aktiv']",
    ),
    "a partner that is in use": (
        lambda r: _row(r, "partner").update(BusinessPartnerIsBlocked=False),
        "the partner's block is [False]",
    ),
    "a partner of before that is out of use": (
        lambda r: r.history.begin("known before", "any", DRIVER, 0.0),
        "the partner's block is [True], and not [False]",
    ),
    "an account that is in use": (
        lambda r: _row(r, "account").update(BusbarActive__c=True),
        "the account's activity is [True]",
    ),
}
