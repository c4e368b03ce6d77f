"""Takes an order of wallboxes, and keeps it. The state machine brings it through from then on.

The order, its customer and the errand that starts the machine are written in one transaction: once
the portal has its answer, nothing is left to do that could be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from busbar.domain.customers import Caller
from busbar.domain.private_customers import Likeness, PrivateCustomer, likenesses, same_person
from busbar.domain.tasks import Task
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.errors import Conflict, FieldError, Problem
from busbar.observability import Metric, count
from busbar.ports.store import Change, Put, Save, Stored
from busbar.usecases.deps import TRIES, Deps
from busbar.usecases.wallbox_executions import start
from busbar.usecases.wallbox_products import products
from busbar.usecases.wallbox_submission import WallboxSubmission, lines, refused

SIMILAR = "similar_customer"
"""Reason of a task: another portal user may be the same person."""
MOST_HELD = 10
"""Orders that can wait for that together: what is decided of them is one transaction."""


def submit_wallboxes(
    order_id: str, submission: WallboxSubmission, caller: Caller, deps: Deps
) -> WallboxOrder:
    """The order as it was kept. Raises a 422 `Problem`; safe to repeat with the same id."""
    stored = deps.store.get(WallboxOrder, order_id)
    if stored:
        return stored.record
    now = deps.clock.now()
    ordered = lines(submission, products(deps).products, now.date())
    customer = submission.customer(caller, deps)
    billing = customer.address
    delivery, installation = submission.delivery_address, submission.installation_address
    order = WallboxOrder(
        id=order_id,
        ordered_by=caller.user.id,
        ordered_at=now,
        note=submission.note,
        correlation_id=deps.correlation_id,
        customer_id=customer.id,
        lines=ordered,
        billing_address=billing,
        delivery_address=delivery.address() if delivery else billing,
        installation_address=installation.address() if installation else billing,
    )
    return _keep(order, customer, deps)


def _keep(order: WallboxOrder, customer: PrivateCustomer, deps: Deps) -> WallboxOrder:
    for _ in range(TRIES):
        person, changes = _person(customer, order, deps)
        kept = order
        begins = start(order, deps)
        if person.held:
            kept = order.model_copy(update={"waiting_for": f"task:{SIMILAR}"})
            begins = Put(_task(kept, deps))
        try:
            deps.store.commit(Save(kept), *changes, begins)
        except Conflict:
            there = deps.store.get(WallboxOrder, order.id)
            if there is not None:
                return there.record
        else:
            count(Metric.ORDERS_ACCEPTED, deps.store.org)
            return kept
    raise Conflict(f"{PrivateCustomer.schema_name} {customer.id}")


def _person(
    customer: PrivateCustomer, order: WallboxOrder, deps: Deps
) -> tuple[PrivateCustomer, Sequence[Change]]:
    """The customer with what is new about him, and the changes that keep him.

    Who is like whom is read consistently and written with the order, so that of two who come at
    once the second one sees the first. Raises a 422 `Problem` if the user was somebody else.
    """
    stored = deps.store.get(PrivateCustomer, customer.id)
    before = stored.record if stored else customer
    if names := same_person(before, customer):
        message = "differs from your earlier orders: a portal user orders for himself alone"
        raise refused([FieldError(f"person.{name}", message) for name in names])
    joined = [*_joined(customer, deps)]
    held = before.held or any(len(like.customers) > 1 for like, _ in joined)
    if held and len(before.held_orders) >= MOST_HELD:
        raise _in_review()
    now = customer.model_copy(
        update={
            "iban": customer.iban or before.iban,
            "live_orders": (*before.live_orders, order.id),
            "held": held,
            "held_orders": (*before.held_orders, *([order.id] if held else [])),
        }
    )
    return now, (Save(now, stored), *(Save(like, there) for like, there in joined))


def _joined(
    customer: PrivateCustomer, deps: Deps
) -> Iterator[tuple[Likeness, Stored[Likeness] | None]]:
    """What he is known by and was not before, with all who are known by the same."""
    for like in likenesses(customer):
        there = deps.store.get(Likeness, like)
        known = there.record.customers if there else ()
        if customer.id not in known:
            yield Likeness(id=like, customers=(*known, customer.id)), there


def _in_review() -> Problem:
    return Problem(
        409,
        "customer-in-review",
        "Your earlier orders wait for our service",
        f"{MOST_HELD} orders of yours wait until our service has looked at who you are.",
    )


def _task(order: WallboxOrder, deps: Deps) -> Task:
    return Task.about(
        f"similar#{order.customer_id}",
        kind="similar_customer",
        subject_schema=WallboxOrder.schema_name,
        subject_id=order.id,
        reason=SIMILAR,
        opened_at=deps.clock.now(),
    )
