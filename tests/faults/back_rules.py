"""What has to come out of wallbox orders that end before Salesforce has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from busbar.domain.orders import CANCELLED_BY_SERVICE
from busbar.usecases.wallbox_steps import NOT_SOLD
from tests.faults.evidence import Evidence, Json, differences
from tests.faults.history import Operation
from tests.faults.wallbox_rules import CONTRACT_STATUS, objects_of

Facts = dict[str, tuple[Any, Any]]


def ended_as_decided(evidence: Evidence) -> Iterator[str]:
    """A wallbox order ends before Salesforce has it if somebody decided so, and else it does not.

    What cannot be delivered any more ends by itself.
    """
    for asked, shown in _acknowledged(evidence):
        cancels = _outcomes(asked, "cancel", evidence)
        reason = shown["rejected_reason"]
        if reason == CANCELLED_BY_SERVICE and not cancels & {"ok", "unknown"}:
            yield f"wallbox order {asked.subject} is cancelled, and nobody decided so"
        if reason == NOT_SOLD and not evidence.history.of("off sale"):
            yield f"wallbox order {asked.subject} is rejected, and all of it is sold"
        if not reason and "ok" in cancels:
            yield f"wallbox order {asked.subject} was cancelled, and goes on"


def taken_back(evidence: Evidence) -> Iterator[str]:
    """What such an order has made is out of use, and nothing of it is left to do."""
    for asked, shown in _acknowledged(evidence):
        if shown["rejected_reason"]:
            yield from differences(f"wallbox order {asked.subject}", _facts(asked, shown, evidence))


def _facts(asked: Operation, shown: Json, evidence: Evidence) -> Facts:
    there = objects_of(asked, evidence.held)
    left = sorted({s["step"] for s in shown["steps"]} - _settled(shown))
    facts: Facts = {
        "what it waits for": (shown["waiting_for"], None),
        "the steps that are left": (left, []),
        "its orders in Salesforce": (len(there["order"]), 0),
    }
    if _outcomes(asked, "adopt", evidence):
        return facts  # what a person has found there is left as it was found
    own = [row["ProcessingStatus"] for row in there["contract"]]
    shared = [row["Status__c"] for row in there["shared_contract"]]
    facts["its contract"] = (own, [CONTRACT_STATUS] if own else [])
    facts["its shared contract"] = (shared, ["Storniert"] if shared else [])
    if _is_alone(asked, evidence):
        made = not _was_known(asked, evidence)
        partners = [row["BusinessPartnerIsBlocked"] for row in there["partner"]]
        accounts = [row["BusbarActive__c"] for row in there["account"]]
        facts["the partner's block"] = (partners, [made] if partners else [])
        facts["the account's activity"] = (accounts, [not made] if accounts else [])
    return facts


def _settled(shown: Json) -> set[str]:
    return {s["step"] for s in shown["steps"] if s["state"] in {"undone", "kept", "open"}}


def _was_known(asked: Operation, evidence: Evidence) -> bool:
    """Whether its driver was a partner before he ordered: then that is not its own to take out."""
    return any(one.subject == asked.user for one in evidence.history.of("known before"))


def _is_alone(asked: Operation, evidence: Evidence) -> bool:
    """Whether its driver has never ordered anything else. Of several orders in a row, the last one
    may have found what the others took out of use, and that is not its own to take out."""
    orders = evidence.portal.wallbox_orders[asked.user]
    return len(orders) == 1


def _acknowledged(evidence: Evidence) -> Iterator[tuple[Operation, Json]]:
    for asked in evidence.history.of("wallbox order"):
        shown = evidence.portal.wallbox_orders.get(asked.user, {}).get(asked.body.get("id", ""))
        if asked.outcome == "ok" and shown:
            yield asked, shown


def _outcomes(asked: Operation, action: str, evidence: Evidence) -> set[str]:
    """How the decisions of this kind about the order were answered, but for refused ones."""
    decided = evidence.history.of("decision")
    mine = [d for d in decided if d.subject == asked.body["id"] and d.wants["action"] == action]
    return {d.outcome for d in mine if d.outcome != "fail"}
