"""The way back of an order that ends before Salesforce has it: block or cancel, never delete.

Only what this order has created is touched, the newest first, and what belongs to the person only
if no other order of his refers to it. Each is a state that is set, under the ledger of its object,
so a second order of the same driver that comes meanwhile sets it back (see `restore`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.wallbox_orders import Step, StepDone, WallboxOrder
from busbar.ports import Change, Found, Json, Save, Stored
from busbar.process.contract import Done, Outcome
from busbar.process.ledger import LedgerRow, SetStep, Setter, Wanted, ledger_id
from busbar.usecases.deps import Deps, revise

PERSONAL = frozenset({Step.PARTNER, Step.ACCOUNT})
"""Steps whose object belongs to the person: other orders of his may refer to it."""


@dataclass(frozen=True)
class Undoing:
    """How an object is taken out of use, and put back into it."""

    system: str
    kind: str
    out_of_use: Mapping[str, Any]
    in_use: Mapping[str, Any]
    read: Callable[[str, float], Json]
    write: Callable[[str, Mapping[str, Any], float], None]


def undoing(step: Step, deps: Deps) -> Undoing | None:
    """How a step is undone; None where nothing has to be.

    A contact in be.ENERGISED without a card or a wallbox can do nothing, and stays. The order in
    Salesforce is what there is no way back from.
    """
    systems = deps.systems
    if step is Step.PARTNER:
        sap = systems.sap
        return Undoing(
            "sap",
            "partner",
            {"blocked": True},
            {"blocked": False},
            sap.read_partner,
            sap.write_partner,
        )
    if step is Step.CONTRACT:
        sap = systems.sap
        return Undoing(
            "sap", "contract", {"cancelled": True}, {}, sap.read_contract, sap.write_contract
        )
    if step is Step.ACCOUNT:
        sales = systems.wallbox_sales
        return Undoing(
            "salesforce",
            "account",
            {"active": False},
            {"active": True},
            sales.read_account,
            sales.write_account,
        )
    if step is Step.SHARED_CONTRACT:
        sales = systems.wallbox_sales
        cancelled = {"status": deps.salesforce.shared_contract_cancelled_status}
        return Undoing(
            "salesforce",
            "shared_contract",
            cancelled,
            {},
            sales.read_shared_contract,
            sales.write_shared_contract,
        )
    return None


def settle_of(system: str, deps: Deps) -> float:
    """Seconds after an attempt's end in which its effect may still appear in a system."""
    settings = getattr(deps, system)
    return deps.settle_seconds(settings.processing_seconds, settings.search_lag_seconds)


def parked(order_id: str, step: Step, reason: str, deps: Deps) -> Sequence[Change]:
    """The change by which an order is seen to wait for a person, at this step."""
    stored = deps.store.get(WallboxOrder, order_id)
    if stored is None:
        return ()
    update = {"waiting_for": f"task:{reason}", "at_step": step}
    return (Save(stored.record.model_copy(update=update), stored),)


def go_back(order: WallboxOrder, deps: Deps, timeout: float) -> Outcome:
    """Undo what the order has created. `Done` once all of it is; safe to call again."""
    alone = _leave(order, deps)
    for done in reversed(order.steps):
        if not done.made_here or done.step in order.undone:
            continue
        how = undoing(done.step, deps)
        if how and (alone or done.step not in PERSONAL):
            outcome = _undo(done, how, order, deps, timeout)
            if not isinstance(outcome, Done):
                return outcome
        _note(order.id, done.step, deps)
    return Done(Found(order.id))


def _leave(order: WallboxOrder, deps: Deps) -> bool:
    """Take the order off its customer; whether it was the last one that refers to him.

    The wish to block him is written with that, so an order that comes a moment later finds it.
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
    changes: list[Change] = []
    for done in order.steps:
        how = undoing(done.step, deps)
        if how and done.made_here and done.step in PERSONAL:
            change = _wanting(how, done.external_id, how.out_of_use, deps)
            changes += [change] if change else []
    return changes


def _wanting(how: Undoing, object_id: str, state: Wanted, deps: Deps) -> Save | None:
    row_id = ledger_id(how.system, how.kind, object_id)
    stored = deps.store.get(LedgerRow, row_id)
    before = stored.record if stored else LedgerRow(id=row_id)
    after = before.wanting(state)
    return None if after == before else Save(after, stored)


def _undo(done: StepDone, how: Undoing, order: WallboxOrder, deps: Deps, timeout: float) -> Outcome:
    # What is wanted of a person's object was written when the order left him; an order that came
    # since may want something else.
    if done.step not in PERSONAL and (
        change := _wanting(how, done.external_id, how.out_of_use, deps)
    ):
        deps.store.commit(change)
    return _carry_out(how, done, order, deps, timeout)


def restore(done: StepDone, order: WallboxOrder, deps: Deps, timeout: float) -> Outcome:
    """Have an object that an earlier order took out of use put back into it, if one did."""
    how = undoing(done.step, deps) if done.step in PERSONAL else None
    stored = None
    if how:
        row_id = ledger_id(how.system, how.kind, done.external_id)
        stored = deps.store.get(LedgerRow, row_id)
    if how is None or stored is None:
        return Done(Found(done.external_id))
    if change := _wanting(how, done.external_id, how.in_use, deps):
        deps.store.commit(change)
    return _carry_out(how, done, order, deps, timeout)


def _carry_out(
    how: Undoing, done: StepDone, order: WallboxOrder, deps: Deps, timeout: float
) -> Outcome:
    object_id = done.external_id

    def write(_object_id: str, _there: Json, wanted: Wanted, left: float) -> None:
        how.write(object_id, wanted, left)

    step = SetStep(
        system=how.system,
        kind=how.kind,
        object_id=object_id,
        settle=settle_of(how.system, deps),
        timeout=timeout,
        read=how.read,
        holds=lambda there, wanted: all(there.get(k) == v for k, v in wanted.items()),
        write=write,
        on_done=lambda _wanted: (),
        on_parked=lambda reason: parked(order.id, done.step, reason, deps),
        task_schema=WallboxOrder.schema_name,
        task_subject=order.id,
    )
    return Setter(deps.store, deps.clock, deps.tuning).run(step)


def _note(order_id: str, step: Step, deps: Deps) -> None:
    def change(stored: Stored[WallboxOrder]) -> Sequence[Change]:
        if step in stored.record.undone:
            return ()
        after = stored.record.model_copy(update={"undone": (*stored.record.undone, step)})
        return (Save(after, stored),)

    revise(deps.store, WallboxOrder, order_id, change)
