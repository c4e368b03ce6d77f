"""Ways out for a portal user who looks like another one's customer: he is not, or he is.

His orders have not been begun, so there is nothing to take back.
"""

from __future__ import annotations

from collections.abc import Sequence

from busbar.domain.orders import CANCELLED_BY_SERVICE
from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.ports.store import Change, Save, Stored
from busbar.usecases.task_ways import Asked, overtaken
from busbar.usecases.wallbox_executions import start


def another_person(asked: Asked) -> Sequence[Change]:
    """He is somebody else: he is held no more, and all his orders that wait for this start."""
    customer = _held(asked)
    if customer is None:
        raise overtaken("The customer is held no more.")
    free = customer.record.model_copy(update={"held": False, "held_orders": ()})
    changes: list[Change] = [Save(free, customer)]
    for order in _orders(asked, customer.record):
        begun = order.record.model_copy(update={"waiting_for": None})
        changes += [Save(begun, order), start(begun, asked.deps)]
    return changes


def cancel_orders(asked: Asked) -> Sequence[Change]:
    """His orders that wait end here. He stays held: the next one opens the task anew."""
    customer = _held(asked)
    if customer is None:
        return ()
    held = customer.record.held_orders
    left = tuple(order for order in customer.record.live_orders if order not in held)
    after = customer.record.model_copy(update={"live_orders": left, "held_orders": ()})
    changes: list[Change] = [Save(after, customer)]
    for order in _orders(asked, customer.record):
        update = {
            "waiting_for": None,
            "rejected_reason": CANCELLED_BY_SERVICE,
            "rejected_note": asked.wish.reason,
            "gone_back_at": asked.deps.clock.now(),
        }
        changes.append(Save(order.record.model_copy(update=update), order))
    return changes


def _held(asked: Asked) -> Stored[PrivateCustomer] | None:
    store = asked.deps.store
    order = store.get(WallboxOrder, asked.task.record.subject_id)
    customer = store.get(PrivateCustomer, order.record.customer_id) if order else None
    return customer if customer and customer.record.held else None


def _orders(asked: Asked, customer: PrivateCustomer) -> list[Stored[WallboxOrder]]:
    return asked.deps.store.get_many(WallboxOrder, customer.held_orders, consistent=True)
