"""Takes an order, keeps it, creates it in Salesforce, and answers with its number.

The order is in the table before Salesforce hears of it, beside a guard in the outbox. If this
worker dies, the sweep finds the guard and `order_forward` goes on; if Salesforce takes the order,
the guard goes in the same transaction that records the number.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from busbar.domain.customers import Caller, Company
from busbar.domain.orders import CardOffer, ChargeCardOrder
from busbar.errors import Conflict, FieldError, Problem
from busbar.observability import Metric, count
from busbar.ports.store import Save, Stored
from busbar.usecases.deps import TRIES, Deps
from busbar.usecases.inputs import AddressInput, Input, Note
from busbar.usecases.order_form import current_offer, own_company
from busbar.usecases.order_forward import forward, order_errand
from busbar.usecases.order_limit import counting

MOST_IN_ONE_ORDER = 1_000_000
"""Above all that an org can offer; Salesforce's own maximum is looked at later."""
NO_LIMIT_MAXIMUM = 10_000
"""Upper bound while the limits of Salesforce were never known; it decides later."""
SHORTEST_TRY = 1.0
"""Seconds below which a call to Salesforce is not begun any more."""


class Submission(Input):
    """What the portal sends. `delivery_address` None means: the invoice address.

    A quantity is a JSON number: `"2"` or `true` is a fault of the caller, not two cards or one.
    """

    quantity: int = Field(strict=True, ge=1, le=MOST_IN_ONE_ORDER)
    delivery_address: AddressInput | None = None
    note: Note = ""


def submit(order_id: str, submission: Submission, caller: Caller, deps: Deps) -> ChargeCardOrder:
    """The order as it stands when the portal gets its answer, within `answer_within` seconds.

    With `salesforce_order_number` it is in Salesforce; without, it is kept and goes on by itself.
    Raises a 422 `Problem` for a quantity outside the limits of an order or of the company. Safe to
    repeat with the same id.
    """
    give_up = deps.clock.now() + timedelta(seconds=deps.tuning.answer_within)
    errand = order_errand(order_id, deps)
    stored = deps.store.get(ChargeCardOrder, order_id)
    failure = None
    if stored is None:
        company = own_company(caller, deps)
        offer, failure = current_offer(deps, deps.tuning.offer_within)
        check_quantity(submission.quantity, offer)
        # A kept offer may be old: the order goes on without one, and is checked when it is sent.
        stored = _accept(order_id, submission, caller, company, None if failure else offer, deps)
    left = (give_up - deps.clock.now()).total_seconds()
    timeout = left if failure is None and left >= SHORTEST_TRY else 0.0
    return forward(order_id, deps, timeout, errand, failure) or stored.record


def check_quantity(quantity: int, offer: CardOffer | None) -> None:
    """Raises a 422 `Problem` that names the field and the limits."""
    lowest = offer.minimum_quantity if offer else 1
    highest = offer.maximum_quantity if offer else NO_LIMIT_MAXIMUM
    if lowest <= quantity <= highest:
        return
    message = f"has to be between {lowest} and {highest}"
    raise Problem(
        422,
        "quantity-out-of-range",
        "Quantity out of range",
        f"The quantity {message}.",
        errors=(FieldError("quantity", message),),
    )


def _accept(
    order_id: str,
    submission: Submission,
    caller: Caller,
    company: Company,
    offer: CardOffer | None,
    deps: Deps,
) -> Stored[ChargeCardOrder]:
    now, other = deps.clock.now(), submission.delivery_address
    order = ChargeCardOrder(
        id=order_id,
        company_id=company.id,
        ordered_by=caller.user.id,
        quantity=submission.quantity,
        invoice_address=company.address,
        delivery_address=other.address() if other else company.address,
        note=submission.note,
        ordered_at=now,
        correlation_id=deps.correlation_id,
        offer=offer,
    )
    return _keep(order, deps)


def _keep(order: ChargeCardOrder, deps: Deps) -> Stored[ChargeCardOrder]:
    """Keep the order beside its guard, and count it; or find what another try has kept.

    Raises a 422 `Problem` beyond the company's limit, `Conflict` if others count every time.
    """
    guard = deps.outbox.guard(order_errand(order.id, deps))
    for _ in range(TRIES):
        counted = counting(order, deps)
        try:
            deps.store.commit(Save(order), guard, *counted)
        except Conflict:
            there = deps.store.get(ChargeCardOrder, order.id)
            if there is not None:
                return there
            if not counted:
                raise
        else:
            count(Metric.ORDERS_ACCEPTED, deps.store.org)
            return Stored(order, 1, order.ordered_at)
    raise Conflict(f"ordered_cards {order.company_id}")
