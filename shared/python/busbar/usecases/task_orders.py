"""Ways out for an order that is not in Salesforce: go on, send again, adopt, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from busbar.domain.identifiers import reference
from busbar.domain.orders import CANCELLED_BY_SERVICE, KIND, ChargeCardOrder
from busbar.errors import EventRejected, Missing, Refused
from busbar.ports.outside import Found
from busbar.ports.store import Change, Save, Stored
from busbar.process import parked
from busbar.process.create import StepRow, StepState
from busbar.usecases.order_forward import SYSTEM, taken
from busbar.usecases.status_callback import reread
from busbar.usecases.task_ways import (
    Asked,
    at_fault,
    check_looked,
    check_settled,
    held_there,
    overtaken,
)

ABSENT = (
    "has to be the time at which you looked into Salesforce and did not find this order: if it is"
    " there after all, {danger}"
)
DOUBLED = "it is made a second time, and delivered and billed twice"
ORPHANED = "it goes on there, though it is cancelled here"


def resume_step(asked: Asked) -> Sequence[Change]:
    """The parked step goes on from where it stood, and the order with it."""
    order, row = _waiting_order(asked), _step_of(asked)
    if row is None:
        return _goes_on(asked, order)
    after = parked.resumed(row.record, asked.deps.clock.now())
    return (Save(after, row), *_goes_on(asked, order))


def resume_wait(asked: Asked) -> Sequence[Change]:
    """The order waits once more as long as it has waited; its step stands where it stood."""
    return _goes_on(asked, _waiting_order(asked))


def retry_step(asked: Asked) -> Sequence[Change]:
    """Send it again where nobody but a person can look for it: he has, in vain.

    Whoever looked before the last attempt had settled may have looked too early.
    """
    order, row = _waiting_order(asked), _step_of(asked)
    if row is None:
        return _goes_on(asked, order)
    check_looked(asked, row.record, asked.deps.settle_of(SYSTEM), ABSENT.format(danger=DOUBLED))
    return (Save(parked.retried(row.record), row), *_goes_on(asked, order))


def adopt_order(asked: Asked) -> Sequence[Change]:
    """The order is the one that the caller names; Salesforce has to hold it, with our reference."""
    order, row = _waiting_order(asked), _step_of(asked)
    deps, ours = asked.deps, order.record.id
    if row and row.record.state is StepState.INTENT:
        check_settled(row.record, deps.settle_of(SYSTEM), deps.clock.now())
    found = read_order(asked, reference(KIND, ours))
    if deps.store.internal_id(ChargeCardOrder.schema_name, SYSTEM, found.external_id) not in {
        None,
        ours,
    }:
        raise at_fault("external_id", "belongs to another order already")
    before = row.record if row else _row(asked, order.record)
    return (Save(parked.adopted(before, found), row), *taken(order, found, deps))


def cancel_order(asked: Asked) -> Sequence[Change]:
    """The order ends here, and its customer reads why. Salesforce must not hold it.

    Nothing stays in flight: the step is closed for every worker that may still be on its way.
    """
    order, row = _order(asked), _step_of(asked)
    if order is None or order.record.ended:
        return ()
    if row and row.record.attempt:
        _check_absent(asked, row.record)
    before = row.record if row else _row(asked, order.record)
    after = order.record.model_copy(
        update={
            "rejected_reason": CANCELLED_BY_SERVICE,
            "rejected_note": asked.wish.reason,
            "waiting_for": None,
        }
    )
    return Save(after, order), Save(parked.cancelled(before), row)


def reread_status(asked: Asked) -> Sequence[Change]:
    """The message is not kept, only what it hints at: the status that Salesforce holds now."""
    order = _order(asked)
    if order is None:
        raise overtaken("There is no such order.")
    event_id = f"task:{asked.task.record.id}:{asked.task.version}"
    try:
        return reread(order, event_id, asked.deps)
    except EventRejected as rejected:
        raise overtaken(
            f"What Salesforce holds now cannot be applied either: {rejected.reason}. Mend it there,"
            " or the setting status_map, and resume again."
        ) from None


def look_again(asked: Asked) -> Sequence[Change]:
    """The next run of `sync_cards` looks for the cards of the order once more."""
    order = _order(asked)
    if order is None or not order.record.awaits_cards:
        raise overtaken("No cards of this order are on their way.")
    due = order.record.model_copy(update={"next_takeover_at": asked.deps.clock.now()})
    return (Save(due, order),)


def _order(asked: Asked) -> Stored[ChargeCardOrder] | None:
    return asked.deps.store.get(ChargeCardOrder, asked.task.record.subject_id)


def _waiting_order(asked: Asked) -> Stored[ChargeCardOrder]:
    order = _order(asked)
    if order is None or order.record.ended:
        raise overtaken("The order has ended, or Salesforce has it.")
    return order


def _step_of(asked: Asked) -> Stored[StepRow] | None:
    return asked.deps.store.get(StepRow, _row_id(asked.task.record.subject_id))


def _row_id(order_id: str) -> str:
    return f"{SYSTEM}#{reference(KIND, order_id)}"


def _row(asked: Asked, order: ChargeCardOrder) -> StepRow:
    """The row of a step that was never begun: whoever begins it now meets ours."""
    process = f"{ChargeCardOrder.schema_name}#{order.id}"
    return parked.unbegun(SYSTEM, reference(KIND, order.id), process, asked.deps.clock.now())


def _goes_on(asked: Asked, order: Stored[ChargeCardOrder]) -> Sequence[Change]:
    # The work goes on under the correlation id of its order, the request keeps its own.
    deps = replace(asked.deps, correlation_id=order.record.correlation_id)
    errand = deps.outbox.errand(
        "order_forward", ChargeCardOrder, order.record.id, token=asked.token
    )
    after = order.record.model_copy(update={"waiting_for": "in_progress"})
    return Save(after, order), deps.outbox.awake(errand)


def _check_absent(asked: Asked, row: StepRow) -> None:
    """Hold that no attempt has made the order, and none can any more."""
    deps = asked.deps
    check_settled(row, deps.settle_of(SYSTEM), deps.clock.now())
    if deps.salesforce.mode == "none":
        if parked.may_be_there(row):
            check_looked(asked, row, deps.settle_of(SYSTEM), ABSENT.format(danger=ORPHANED))
        return
    ours = reference(KIND, asked.task.record.subject_id)
    if deps.systems.salesforce.find_order(ours, deps.tuning.answer_within):
        raise held_there(
            "Salesforce holds this order. Adopt it and cancel it in Salesforce, or delete it there"
            " and cancel again."
        )


def read_order(asked: Asked, ours: str) -> Found:
    """The order that the caller names, as Salesforce holds it: with our reference.

    Raises a 422 `Problem`.
    """
    deps = asked.deps
    try:
        found = deps.systems.salesforce.read_order(asked.external_id, deps.tuning.answer_within)
    except (Missing, Refused):
        raise at_fault("external_id", "is no order in Salesforce; send its record id") from None
    if found.fields.get("reference") != ours:
        raise at_fault(
            "external_id",
            f"does not carry the reference {ours}; if it is the right one, enter that in the field"
            f" {deps.salesforce.order_reference_field} of it first",
        )
    return found
