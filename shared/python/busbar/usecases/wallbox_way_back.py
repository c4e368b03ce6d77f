"""The way back of an order that ends before Salesforce has it: block or cancel, never delete.

Only what this order has created is touched, the newest first, and what belongs to the person only
if no other order of his refers to it. An order of the same driver that comes meanwhile puts back
into use what it finds taken out (`wallbox_objects.restore`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.wallbox_orders import PERSONAL, StepDone, WallboxOrder
from busbar.ports.outside import Found
from busbar.ports.store import Change, Save, Stored
from busbar.process.contract import Done, Outcome
from busbar.usecases.deps import Deps, revise
from busbar.usecases.wallbox_objects import is_out_of_use, take_out, undoing, want, wish


def go_back(order: WallboxOrder, deps: Deps, timeout: float) -> Outcome:
    """Undo what the order has created. `Done` once all of it is; safe to call again."""
    alone = _leave(order, deps)
    for done in order.to_undo:
        outcome = _take_back(done, order, deps, timeout, alone=alone)
        if not isinstance(outcome, Done):
            return outcome
    _is_back(order.id, deps)
    return Done(Found(order.id))


def _leave(order: WallboxOrder, deps: Deps) -> bool:
    """Take the order off its customer; whether no other one refers to him then.

    If none does, the wish to take him out of use is written with that: an order that comes a
    moment later finds it, and wants the opposite.
    """
    alone = False

    def change(stored: Stored[PrivateCustomer]) -> Sequence[Change]:
        nonlocal alone
        customer = stored.record
        left = tuple(one for one in customer.live_orders if one != order.id)
        alone = not left
        wishes = _wishes(order, deps) if alone else []
        if left == customer.live_orders and not wishes:
            return ()
        return (Save(customer.model_copy(update={"live_orders": left}), stored), *wishes)

    revise(deps.store, PrivateCustomer, order.customer_id, change)
    return alone


def _wishes(order: WallboxOrder, deps: Deps) -> list[Change]:
    changes = []
    for done in order.to_undo:
        how = undoing(done.step, deps) if done.step in PERSONAL else None
        change = wish(how, done.external_id, how.out_of_use, deps) if how else None
        changes += [change] if change else []
    return [*changes]


def _take_back(
    done: StepDone, order: WallboxOrder, deps: Deps, timeout: float, *, alone: bool
) -> Outcome:
    how, personal = undoing(done.step, deps), done.step in PERSONAL
    if how is None or (personal and not alone):
        _note(order.id, done, "kept", deps)
        return Done(Found(done.external_id))
    if not personal:  # what is wanted of the person's was written when the order left him
        want(how, done.external_id, how.out_of_use, deps)
    outcome = take_out(how, done, order, deps, timeout)
    if isinstance(outcome, Done):
        out = is_out_of_use(how, done.external_id, deps)
        _note(order.id, done, "undone" if out else "kept", deps)
    return outcome


def _note(order_id: str, done: StepDone, as_: Literal["undone", "kept"], deps: Deps) -> None:
    def change(stored: Stored[WallboxOrder]) -> Sequence[Change]:
        order = stored.record
        if done not in order.to_undo:
            return ()
        steps = (*getattr(order, as_), done.step)
        update = {as_: steps, "at_step": None, "waiting_for": None}
        return (Save(order.model_copy(update=update), stored),)

    revise(deps.store, WallboxOrder, order_id, change)


def _is_back(order_id: str, deps: Deps) -> None:
    def change(stored: Stored[WallboxOrder]) -> Sequence[Change]:
        if stored.record.gone_back_at:
            return ()
        update = {"gone_back_at": deps.clock.now(), "at_step": None, "waiting_for": None}
        return (Save(stored.record.model_copy(update=update), stored),)

    revise(deps.store, WallboxOrder, order_id, change)
