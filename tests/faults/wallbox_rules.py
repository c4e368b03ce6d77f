"""What has to come out of orders of wallboxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from busbar.domain.identifiers import reference
from busbar.domain.private_customers import PERSON_KIND, customer_id
from busbar.domain.wallbox_orders import CONTRACT_KIND, SHARED_CONTRACT_KIND, WALLBOX_KIND
from infra.local.people import PEOPLE
from tests.faults.evidence import Evidence, Json, differences
from tests.faults.history import Operation
from tests.faults.stage import Held

ORG = "demo"
CONTRACT_STATUS = "CANCELLED"
IDS = {
    "partner": "BusinessPartner",
    "contract": "ContractID",
    "account": "Id",
    "shared_contract": "Id",
    "contact": "id",
    "order": "Id",
}
"""Step -> the field that holds the id of what it makes."""


def person_of(user: str) -> str:
    """Our reference of a user who orders for himself."""
    return reference(PERSON_KIND, customer_id(ORG, PEOPLE[user]))


def _with(rows: list[Json], field: str, value: str) -> list[Json]:
    return [row for row in rows if row[field] == value]


def contact_of(user: str, evidence: Evidence) -> str | None:
    """What be.ENERGISED calls a user who orders for himself."""
    return evidence.contact_with(person_of(user))


def order_row(asked: Operation, evidence: Evidence) -> Json | None:
    """The order in Salesforce, if it is one there."""
    if asked.outcome != "ok":
        return None
    ours = reference(WALLBOX_KIND, asked.body["id"])
    rows = _with(evidence.held.salesforce["Order"], "BusbarReference__c", ours)
    return rows[0] if len(rows) == 1 else None


def acknowledged(evidence: Evidence) -> Iterator[str]:
    """An acknowledged order is there, once, in every system, and all of it refers to the rest."""
    for asked in evidence.history.of("wallbox order"):
        if asked.outcome == "fail":
            yield f"wallbox order {asked.subject} was refused: {asked.status} {asked.body}"
        elif asked.outcome == "ok":
            yield from _acknowledged(asked, evidence)


def _acknowledged(asked: Operation, evidence: Evidence) -> Iterator[str]:
    order_id = asked.body["id"]
    shown = evidence.portal.wallbox_orders[asked.user].get(order_id)
    if shown is None:
        yield f"wallbox order {asked.subject} ({order_id}) was acknowledged and is lost"
    elif str(shown["waiting_for"]).startswith("task:"):
        yield from _parked(asked, evidence)
    elif not shown["rejected_reason"]:
        yield from _through(asked, shown, evidence)


def _parked(asked: Operation, evidence: Evidence) -> Iterator[str]:
    if not evidence.may_park:
        yield f"wallbox order {asked.subject} is parked, though nothing was unknown for good"
    subjects = [task["subject"] for task in evidence.portal.tasks.values()]
    if asked.body["id"] not in {subject["id"] for subject in subjects if subject}:
        yield f"wallbox order {asked.subject} is parked without a task"


def _through(asked: Operation, shown: Json, evidence: Evidence) -> Iterator[str]:
    there = objects_of(asked, evidence.held)
    for name, rows in there.items():
        if len(rows) != 1:
            yield f"wallbox order {asked.subject} has {len(rows)} of {name}"
    if all(len(rows) == 1 for rows in there.values()):
        one = {name: rows[0] for name, rows in there.items()}
        yield from differences(f"wallbox order {asked.subject}", _facts(asked, shown, one))
        yield from _items(asked, one["order"], evidence)


def objects_of(asked: Operation, held: Held) -> dict[str, list[Json]]:
    """Step -> the rows that carry our reference of what it makes, in the systems."""
    order_id, person, sf = asked.body["id"], person_of(asked.user), held.salesforce
    return {
        "partner": _with(held.partners, "BusinessPartnerIDByExtSystem", person),
        "contract": _with(held.contracts, "ExternalReference", reference(CONTRACT_KIND, order_id)),
        "account": _with(sf["Account"], "BusbarReference__c", person),
        "shared_contract": _with(
            sf["SharedContract__c"],
            "BusbarReference__c",
            reference(SHARED_CONTRACT_KIND, order_id),
        ),
        "contact": [c for c in held.contacts if c["customer_reference"] == person],
        "order": _with(sf["Order"], "BusbarReference__c", reference(WALLBOX_KIND, order_id)),
    }


def _facts(asked: Operation, shown: Json, one: dict[str, Json]) -> dict[str, tuple[Any, Any]]:
    numbers = {step["step"]: step["number"] for step in shown["steps"]}
    states = {step["step"]: step["state"] for step in shown["steps"]}
    ids = {**{step: one[step][name] for step, name in IDS.items()}, "identities": None}
    facts: dict[str, tuple[Any, Any]] = {
        "the numbers in the portal": (numbers, ids),
        "the steps": (states, dict.fromkeys(ids, "done")),
        "the portal's order number": (
            shown["salesforce_order_number"],
            one["order"]["OrderNumber"],
        ),
        "the contract's partner": (one["contract"]["AccountID"], ids["partner"]),
        "the contract's status": (one["contract"]["ProcessingStatus"] == CONTRACT_STATUS, False),
        "the partner's block": (one["partner"]["BusinessPartnerIsBlocked"], False),
        "the account's GP number": (one["account"]["GpNumber__c"], ids["partner"]),
        "the account's activity": (one["account"]["BusbarActive__c"], True),
        "the shared contract's number": (
            one["shared_contract"]["SapContractNumber__c"],
            ids["contract"],
        ),
        "the shared contract's account": (one["shared_contract"]["Account__c"], ids["account"]),
        "the order's account": (one["order"]["AccountId"], ids["account"]),
        "the order's contract": (one["order"]["SharedContract__c"], ids["shared_contract"]),
    }
    if asked.wants["delivered"]:
        facts["the status"] = (shown["status"], "delivered")
    return facts


def _items(asked: Operation, row: Json, evidence: Evidence) -> Iterator[str]:
    items = [i for i in evidence.held.salesforce["OrderItem"] if i["OrderId"] == row["Id"]]
    quantities = sorted(item["Quantity"] for item in items)
    if quantities != sorted(asked.wants["quantities"]):
        yield f"wallbox order {asked.subject} has items {quantities} in Salesforce"


def nothing_else(evidence: Evidence) -> Iterator[str]:
    """Each system holds what was ordered once, and nothing of ours that nobody ordered."""
    shown = evidence.portal.wallbox_orders
    orders = {order_id for mine in shown.values() for order_id in mine}
    persons = {person_of(user) for user, mine in shown.items() if mine}
    held, sf = evidence.held, evidence.held.salesforce
    yield from _known(
        "partner", held.partners, "BusinessPartnerIDByExtSystem", PERSON_KIND, persons
    )
    yield from _known("account", sf["Account"], "BusbarReference__c", PERSON_KIND, persons)
    yield from _known("contact", held.contacts, "customer_reference", PERSON_KIND, persons)
    for name, rows, field, kind in (
        ("contract", held.contracts, "ExternalReference", CONTRACT_KIND),
        ("shared contract", sf["SharedContract__c"], "BusbarReference__c", SHARED_CONTRACT_KIND),
        ("order", sf["Order"], "BusbarReference__c", WALLBOX_KIND),
    ):
        ours = {reference(kind, order_id) for order_id in orders}
        yield from _known(name, rows, field, kind, ours)


def _known(name: str, rows: list[Json], field: str, kind: str, expected: set[str]) -> Iterator[str]:
    ours = [str(row[field]) for row in rows if str(row[field] or "").startswith(f"BB{kind}")]
    for text, count in Counter(ours).items():
        if count > 1:
            yield f"{text} is {count} times a {name}"
        if text not in expected:
            yield f"{text} is a {name}, and nobody has ordered that"


def one_per_key(evidence: Evidence) -> Iterator[str]:
    """One key of one user is one order."""
    keys = {(o.user, o.subject) for o in evidence.history.of("wallbox order")}
    shown = sum(len(mine) for mine in evidence.portal.wallbox_orders.values())
    if shown > len(keys):
        yield f"{len(keys)} wallbox orders were asked for, the portal shows {shown}"
