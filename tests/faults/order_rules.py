"""What has to come out of orders."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from busbar.domain.orders import KIND
from busbar.domain.wallbox_orders import WALLBOX_ITEM_KIND, WALLBOX_KIND
from infra.simulators.sample import ELBE, NORDWIND, WATTWURM
from tests.faults.evidence import Evidence, Json, differences
from tests.faults.history import Operation
from tests.faults.task_rules import is_cancelled

_WALLBOXES = f"BB{WALLBOX_KIND}"
ACCOUNTS = {
    "fleet-manager": NORDWIND.account_id,
    "other-fleet-manager": ELBE.account_id,
    "new-manager": WATTWURM.account_id,
}


def acknowledged(evidence: Evidence) -> Iterator[str]:
    """An acknowledged order is there, once, right in every system, and has come to its end."""
    for asked in evidence.history.of("order"):
        if asked.outcome == "ok":
            yield from _acknowledged(asked, evidence)
        elif asked.outcome == "fail" and not _is_reused(asked, evidence):
            yield f"order {asked.subject} was refused: {asked.status} {asked.body}"


def _acknowledged(asked: Operation, evidence: Evidence) -> Iterator[str]:
    order_id = asked.body["id"]
    shown = evidence.portal.orders[asked.user].get(order_id)
    rows = evidence.orders_of(order_id)
    if shown is None:
        yield f"order {asked.subject} ({order_id}) was acknowledged and is lost"
    elif str(shown["waiting_for"]).startswith("task:"):
        yield from _parked(asked, evidence)
    elif is_cancelled(shown):
        return  # what belongs to that is among the rules of decisions
    elif not rows:
        yield f"order {asked.subject} ({order_id}) is not in Salesforce: {shown}"
    else:
        yield from _ended(asked, shown, rows[0])
        yield from _items(asked, rows[0], evidence)


def _is_reused(asked: Operation, evidence: Evidence) -> bool:
    """Whether it was refused as it should be: its key was used with another body."""
    same = [
        other
        for other in evidence.history.of("order")
        if (other.user, other.subject) == (asked.user, asked.subject) and other.wants != asked.wants
    ]
    return asked.status == 422 and bool(same)


def _parked(asked: Operation, evidence: Evidence) -> Iterator[str]:
    if not evidence.may_park:
        yield f"order {asked.subject} is parked, though nothing was unknown for good"
    subjects = [task["subject"] for task in evidence.portal.tasks.values()]
    if asked.body["id"] not in {subject["id"] for subject in subjects if subject}:
        yield f"order {asked.subject} is parked without a task"


def _ended(asked: Operation, shown: Json, row: Json) -> Iterator[str]:
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
    yield from differences(f"order {asked.subject}", facts)


def _items(asked: Operation, row: Json, evidence: Evidence) -> Iterator[str]:
    items = [i for i in evidence.held.salesforce["OrderItem"] if i["OrderId"] == row["Id"]]
    quantities = [item["Quantity"] for item in items]
    if quantities != [asked.wants["quantity"]]:
        yield f"order {asked.subject} has items {quantities} in Salesforce"


def one_per_key(evidence: Evidence) -> Iterator[str]:
    """One key of one caller is one order, and the same answer for everybody."""
    asked = evidence.history.of("order")
    answers: dict[tuple[str, str], set[str]] = {}
    for operation in asked:
        if operation.outcome == "ok":
            known = answers.setdefault((operation.user, operation.subject), set())
            known.add(json.dumps(operation.body))
    for key, bodies in answers.items():
        if len(bodies) > 1:
            yield f"{key} was answered in {len(bodies)} ways: {bodies}"
    shown = sum(len(mine) for mine in evidence.portal.orders.values())
    keys = {(o.user, o.subject) for o in asked}
    if shown > len(keys):
        yield f"{len(keys)} orders were asked for, the portal shows {shown}"


def nothing_else(evidence: Evidence) -> Iterator[str]:
    """Salesforce holds each of our orders once, each with its item, and no others."""
    known = {order_id for mine in evidence.portal.orders.values() for order_id in mine}
    rows = evidence.held.salesforce["Order"]
    rows = [row for row in rows if not str(row["BusbarReference__c"]).startswith(_WALLBOXES)]
    for ours, count in Counter(str(row["BusbarReference__c"]) for row in rows).items():
        if count > 1:
            yield f"{ours} is {count} orders in Salesforce"
        if ours.removeprefix(f"BB{KIND}") not in known:
            yield f"{ours} is in Salesforce, and no order of ours"
    items = Counter(
        item["OrderId"]
        for item in evidence.held.salesforce["OrderItem"]
        if not str(item["BusbarReference__c"]).startswith(f"BB{WALLBOX_ITEM_KIND}")
    )
    orders = {row["Id"] for row in rows}
    if set(items) != orders or max(items.values(), default=1) > 1:
        yield f"orders and items do not belong together: {orders} {dict(items)}"
