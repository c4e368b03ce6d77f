"""Holds a company to the cards that it may order in 30 days, if its org sets a limit.

The count is written in the transaction that accepts the order, on the version that was read: of
orders that come at once, one is counted first and the others look again. An order that is accepted
is counted, once; one that is refused is not.
"""

from __future__ import annotations

from datetime import UTC, datetime

from busbar.domain.order_limit import CountedOrder, OrderedCards
from busbar.domain.orders import ChargeCardOrder
from busbar.errors import FieldError, Problem
from busbar.ports.store import Save
from busbar.usecases.deps import Deps


def counting(order: ChargeCardOrder, deps: Deps) -> tuple[Save, ...]:
    """What the transaction that accepts the order has to write besides; nothing without a limit.

    Raises a 422 `Problem` that says what is left and from when there is room.
    """
    limit = deps.org.cards_per_company_30_days
    if limit is None:
        return ()
    stored = deps.store.get(OrderedCards, order.company_id)
    counted = (stored.record if stored else OrderedCards(id=order.company_id)).at(order.ordered_at)
    if counted.quantity + order.quantity > limit:
        _check(counted.without(_given_back(counted, deps)), order.quantity, limit)
    own = CountedOrder(order_id=order.id, at=order.ordered_at, quantity=order.quantity)
    return (Save(counted.plus(own), stored),)


def _given_back(counted: OrderedCards, deps: Deps) -> frozenset[str]:
    """Orders that ended without a card. They stay counted, and are looked at when it matters."""
    ids = [order.order_id for order in counted.orders if order.order_id]
    orders = deps.store.get_many(ChargeCardOrder, ids)
    return frozenset(stored.record.id for stored in orders if stored.record.ended_without_cards)


def _check(counted: OrderedCards, quantity: int, limit: int) -> None:
    left = max(0, limit - counted.quantity)
    if quantity <= left:
        return
    room = counted.room_from(quantity, limit)
    then = (
        f"there is room for {quantity} from {_utc(room)} on" if room else "no order can have more"
    )
    told = f"{limit} cards in 30 days, {left} are left; {then}"
    raise Problem(
        422,
        "company-limit-reached",
        "The company's limit is reached",
        f"Your company may order {told}.",
        errors=(FieldError("quantity", f"the company may order {told}"),),
    )


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
