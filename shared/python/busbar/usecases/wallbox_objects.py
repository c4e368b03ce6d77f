"""Objects of a wallbox order that are taken out of use, and put back into it.

Each is a state that is set, under the ledger of its object: whoever wants something of it writes
that there first, and what was wanted last is what the object comes to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from busbar.domain.wallbox_orders import PERSONAL, Step, StepDone, WallboxOrder
from busbar.errors import Conflict, Missing
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.ports.store import Change, Save
from busbar.process.contract import Done, Outcome
from busbar.process.ledger import LedgerRow, SetStep, Setter, Wanted, ledger_id
from busbar.usecases.deps import TRIES, Deps


@dataclass(frozen=True)
class Undoing:
    """How a kind of object is taken out of use; `in_use` is empty where nothing puts it back."""

    system: str
    kind: str
    out_of_use: Mapping[str, Any]
    in_use: Mapping[str, Any]
    read: Callable[[str, float], Json]
    write: Callable[[str, Mapping[str, Any], float], None]

    def row_id(self, object_id: str) -> str:
        """Key of an object's ledger row."""
        return ledger_id(self.system, self.kind, object_id)


def undoing(step: Step, deps: Deps) -> Undoing | None:
    """How a step is undone; None where nothing has to be.

    A contact in be.ENERGISED without a card or a wallbox can do nothing, and stays. The order in
    Salesforce is what there is no way back from.
    """
    how = _HOW.get(step)
    return how(deps) if how else None


def _partner(deps: Deps) -> Undoing:
    sap, blocked, free = deps.systems.sap, {"blocked": True}, {"blocked": False}
    return Undoing("sap", Step.PARTNER, blocked, free, sap.read_partner, sap.write_partner)


def _contract(deps: Deps) -> Undoing:
    sap, cancelled = deps.systems.sap, {"cancelled": True}
    return Undoing("sap", Step.CONTRACT, cancelled, {}, sap.read_contract, sap.write_contract)


def _account(deps: Deps) -> Undoing:
    sales, idle, active = deps.systems.wallbox_sales, {"active": False}, {"active": True}
    read, write = sales.read_account, sales.write_account
    return Undoing("salesforce", Step.ACCOUNT, idle, active, read, write)


def _shared_contract(deps: Deps) -> Undoing:
    sales = deps.systems.wallbox_sales
    cancelled = {"status": deps.salesforce.shared_contract_cancelled_status}
    read, write = sales.read_shared_contract, sales.write_shared_contract
    return Undoing("salesforce", Step.SHARED_CONTRACT, cancelled, {}, read, write)


_HOW: Mapping[Step, Callable[[Deps], Undoing]] = {
    Step.PARTNER: _partner,
    Step.CONTRACT: _contract,
    Step.ACCOUNT: _account,
    Step.SHARED_CONTRACT: _shared_contract,
}


def parked(order_id: str, step: Step, reason: str, deps: Deps) -> Sequence[Change]:
    """The change by which an order is seen to wait for a person, at this step."""
    stored = deps.store.get(WallboxOrder, order_id)
    if stored is None:
        return ()
    update = {"waiting_for": f"task:{reason}", "at_step": step}
    return (Save(stored.record.model_copy(update=update), stored),)


def wish(how: Undoing, object_id: str, state: Wanted, deps: Deps) -> Save | None:
    """The change by which this state is wanted of an object; None if it is already."""
    row_id = how.row_id(object_id)
    stored = deps.store.get(LedgerRow, row_id)
    before = stored.record if stored else LedgerRow(id=row_id)
    after = before.wanting(state)
    return None if after == before else Save(after, stored)


def want(how: Undoing, object_id: str, state: Wanted, deps: Deps) -> None:
    """Write down that this state is wanted of an object. Raises `Conflict`."""
    for _ in range(TRIES):
        change = wish(how, object_id, state, deps)
        if change is None:
            return
        try:
            deps.store.commit(change)
        except Conflict:
            continue
    raise Conflict(how.row_id(object_id))


def is_out_of_use(how: Undoing, object_id: str, deps: Deps) -> bool:
    """Whether that is what is wanted of an object: another order may want it back meanwhile."""
    stored = deps.store.get(LedgerRow, how.row_id(object_id))
    wanted = stored.record.wanted if stored else {}
    return all(wanted.get(name) == value for name, value in how.out_of_use.items())


def restore(done: StepDone, order: WallboxOrder, deps: Deps, timeout: float) -> Outcome:
    """Have an object that an earlier order took out of use put back into it, if one did."""
    how = undoing(done.step, deps) if done.step in PERSONAL else None
    if how is None or deps.store.get(LedgerRow, how.row_id(done.external_id)) is None:
        return Done(Found(done.external_id))
    want(how, done.external_id, how.in_use, deps)
    return _carry_out(how, done, order, deps, timeout, how.read)


def take_out(
    how: Undoing, done: StepDone, order: WallboxOrder, deps: Deps, timeout: float
) -> Outcome:
    """Bring an object to what is wanted of it. One that is gone is out of use as well."""

    def read(object_id: str, left: float) -> Json:
        try:
            return how.read(object_id, left)
        except Missing:
            return dict(how.out_of_use)

    return _carry_out(how, done, order, deps, timeout, read)


def _carry_out(
    how: Undoing,
    done: StepDone,
    order: WallboxOrder,
    deps: Deps,
    timeout: float,
    read: Callable[[str, float], Json],
) -> Outcome:
    def write(object_id: str, _there: Json, wanted: Wanted, left: float) -> None:
        how.write(object_id, wanted, left)

    step = SetStep(
        system=how.system,
        kind=how.kind,
        object_id=done.external_id,
        settle=deps.settle_of(how.system),
        timeout=timeout,
        read=read,
        holds=lambda there, wanted: all(there.get(k) == v for k, v in wanted.items()),
        write=write,
        on_done=lambda _wanted: (),
        on_parked=lambda reason: parked(order.id, done.step, reason, deps),
        task_schema=WallboxOrder.schema_name,
        task_subject=order.id,
    )
    return Setter(deps.store, deps.clock, deps.tuning).run(step)
