"""Ways out for a wallbox order that waits for a person: go on, adopt, cancel.

A decision changes the journal's row of the step that waits, by which the step contract then goes;
and it begins the next execution of the order's machine, forward or back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from busbar.domain.lifecycle import is_parked
from busbar.domain.orders import CANCELLED_BY_SERVICE
from busbar.domain.tasks import Task
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.ports.store import Bind, Change, Save, Stored
from busbar.process import parked
from busbar.process.create import StepState
from busbar.process.ledger import LedgerRow
from busbar.settings.modes import Mode
from busbar.usecases.deps import Deps
from busbar.usecases.task_wallbox_step import (
    DOUBLED,
    At,
    at_step,
    closed,
    hold_looked,
    hold_settled,
    named,
)
from busbar.usecases.task_ways import Asked, not_possible, overtaken
from busbar.usecases.wallbox_executions import begin_anew

_MODES: Mapping[tuple[str, str], Callable[[Deps], Mode]] = {
    ("sap", "BBPE"): lambda deps: deps.sap.partner_mode,
    ("sap", "BBCT"): lambda deps: deps.sap.contract_mode,
    ("salesforce", "BBPE"): lambda deps: deps.salesforce.account_mode,
    ("salesforce", "BBSC"): lambda deps: deps.salesforce.shared_contract_mode,
    ("salesforce", "BBWO"): lambda deps: deps.salesforce.mode,
    ("energised", "BBPE"): lambda deps: deps.energised.contact_mode,
}


def mode_of(task: Task, deps: Deps) -> Mode:
    """How the create is made safe to repeat that a task of kind `parked_step` is about."""
    _, system, reference = task.cause.split("#")
    return _MODES[system, reference[:4]](deps)


def resume_step(asked: Asked) -> Sequence[Change]:
    """The parked step goes on from where it stood, and the order with it."""
    at = _parked_at(asked)
    if at.row is None or at.row.record.state is not StepState.PARKED:
        return _goes_on(asked, at.order)
    after = parked.resumed(at.row.record, asked.deps.clock.now())
    return (Save(after, at.row), *_goes_on(asked, at.order))


def retry_step(asked: Asked) -> Sequence[Change]:
    """Make it again where nobody but a person can look for it: he has, in vain."""
    at = _parked_at(asked)
    if at.row is None or at.row.record.state is not StepState.PARKED:
        return _goes_on(asked, at.order)
    hold_looked(asked, at, at.row.record, DOUBLED)
    return (Save(parked.retried(at.row.record), at.row), *_goes_on(asked, at.order))


def adopt_object(asked: Asked) -> Sequence[Change]:
    """The object of the step is the one that the caller names. It is never blocked or cancelled."""
    at = _forward_at(asked)
    if at.row and at.row.record.state is StepState.INTENT:
        hold_settled(at, at.row.record)
    found = named(asked, at)
    row = Save(parked.adopted(at.before, found), at.row)
    bound = Bind(*at.thing.owner, at.thing.system, found.external_id)
    return (row, bound, *_goes_on(asked, at.order))


def resume_wait(asked: Asked) -> Sequence[Change]:
    """The order waits once more as long as it has waited, forward or back."""
    return _goes_on(asked, _waiting(asked))


def resume_state(asked: Asked) -> Sequence[Change]:
    """What a system has refused is wanted anew of the object: out of use, or back into it."""
    order, row = _waiting(asked), _refused(asked)
    again = (Save(row.record.wanted_again(), row),) if row else ()
    return (*again, *_goes_on(asked, order))


def cancel_order(asked: Asked) -> Sequence[Change]:
    """The order ends here, its customer reads why, and what it has created is taken back.

    If it goes back already, what waits there stays as it is, and the rest is taken back.
    """
    order, row = _order(asked), _refused(asked)
    if order is None or not is_parked(order.record.waiting_for):
        return ()
    forgiven = (Save(row.record.forgiven(), row),) if row else ()
    if order.record.rejected_reason:
        step = order.record.present_step
        kept = (*order.record.kept, *([step] if step else []))
        return (*forgiven, *_goes_on(asked, order, kept=kept))
    at = _forward_at(asked)
    done, changes = closed(asked, at)
    update = {
        "steps": (*order.record.steps, *([done] if done else [])),
        "rejected_reason": CANCELLED_BY_SERVICE,
        "rejected_note": asked.wish.reason,
        "way": "back",
    }
    return (*forgiven, *changes, *_goes_on(asked, order, **update))


def _order(asked: Asked) -> Stored[WallboxOrder] | None:
    return asked.deps.store.get(WallboxOrder, asked.task.record.subject_id)


def _waiting(asked: Asked) -> Stored[WallboxOrder]:
    order = _order(asked)
    if order is None or not is_parked(order.record.waiting_for):
        raise overtaken("The order waits for no decision any more.")
    return order


def _forward_at(asked: Asked) -> At:
    """Where the order stands, if it can still go back."""
    order = _waiting(asked)
    if order.record.rejected_reason:
        raise not_possible("The order has ended, and goes back. Possible are: resume, cancel.")
    if order.record.salesforce_order_id:
        raise not_possible("Salesforce has the order, so it only goes on. Possible is: resume.")
    return at_step(order, asked.deps)


def _parked_at(asked: Asked) -> At:
    at = _forward_at(asked)
    if asked.task.record.cause != f"step#{at.thing.row_id}":
        raise overtaken("The order has come to another step.")
    return at


def _goes_on(asked: Asked, order: Stored[WallboxOrder], **update: object) -> Sequence[Change]:
    return begin_anew(order, asked.deps, waiting_for="in_progress", at_step=None, **update)


def _refused(asked: Asked) -> Stored[LedgerRow] | None:
    """The ledger row that the task is about, if nothing else was wanted since."""
    kind, _, row_id = asked.task.record.cause.partition("#")
    row = asked.deps.store.get(LedgerRow, row_id) if kind == "ledger" else None
    return row if row and row.record.parked else None
