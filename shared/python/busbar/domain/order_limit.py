"""How many cards a company has ordered in the last 30 days: one record per company.

The window slides by the second. What an order took leaves 30 days after it was accepted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.record import Record, Value

PERIOD = timedelta(days=30)
COUNTED_APART = 200
"""Orders that are counted one by one; of more, the oldest are counted together, which bounds the
record. Such a group leaves when its newest order does, and gives nothing back before."""


class CountedOrder(Value):
    """The cards of an order; of several together if it has no `order_id`."""

    order_id: str = ""
    at: AwareDatetime
    quantity: int


class OrderedCards(Record):
    """Cards ordered by a company, oldest order first. `id` is the company's."""

    schema_name: ClassVar[str] = "ordered_cards"

    orders: tuple[CountedOrder, ...] = ()

    @property
    def quantity(self) -> int:
        """All cards that count."""
        return sum(order.quantity for order in self.orders)

    def at(self, now: datetime) -> OrderedCards:
        """What still counts now."""
        return self._with(tuple(o for o in self.orders if o.at > now - PERIOD))

    def without(self, order_ids: frozenset[str]) -> OrderedCards:
        """Without what these orders took."""
        return self._with(tuple(o for o in self.orders if o.order_id not in order_ids))

    def plus(self, order: CountedOrder) -> OrderedCards:
        """With one more order."""
        orders = (*self.orders, order)
        if len(orders) > COUNTED_APART:
            first, second, *rest = orders
            together = first.quantity + second.quantity
            orders = (CountedOrder(at=max(first.at, second.at), quantity=together), *rest)
        return self._with(orders)

    def room_from(self, quantity: int, limit: int) -> datetime | None:
        """When this quantity is possible if nothing else is ordered; None: never in one order."""
        left = limit - self.quantity
        for order in self.orders:
            left += order.quantity
            if left >= quantity:
                return order.at + PERIOD
        return None

    def _with(self, orders: tuple[CountedOrder, ...]) -> OrderedCards:
        return self.model_copy(update={"orders": orders})
