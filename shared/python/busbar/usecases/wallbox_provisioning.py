"""Works what the state machine of a wallbox order asks for, step by step.

The machine knows the way, and nothing else: a task of it is a message with a token. The token is
written down beside an errand of the outbox, so retries, waits and outages are the outbox's, as for
all work here, and cost the machine no transition. When the step has ended, the token is answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from busbar.domain.lifecycle import is_parked
from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.tasks import Task
from busbar.domain.wallbox_orders import Step, WaitingStep, WallboxOrder
from busbar.errors import Conflict, EventRejected, Unavailable
from busbar.observability import logger
from busbar.ports.outside import Found
from busbar.ports.store import Change, Put, Save, Stored
from busbar.process.contract import Done, Later, Outcome, Parked, failed
from busbar.process.executions import PARKED, REJECTED, Ended, StepAsked
from busbar.process.outbox import Errand
from busbar.usecases.deps import Deps, revise
from busbar.usecases.wallbox_executions import QUEUE, begin_anew
from busbar.usecases.wallbox_steps import Way, run_step
from busbar.usecases.wallbox_way_back import go_back

GO_BACK, PARK = "go_back", "park"
"""What the machine asks for besides the steps."""
OVERTAKEN = "overtaken"
"""Why an execution ends that is not the newest of its order."""
MOST_EXECUTIONS = 20
"""An order whose executions keep ending for no reason of ours is a person's from then on."""


def carry(errand: Errand, deps: Deps) -> Outcome:
    """Do an errand: start an order's execution, or work a step that the machine waits for."""
    if errand.command.schema_of == WallboxOrder.schema_name:
        return _start(errand, deps)
    return _work(errand, deps)


def _start(errand: Errand, deps: Deps) -> Outcome:
    stored = deps.store.get(WallboxOrder, errand.command.id)
    outcome: Outcome = Done(Found(errand.command.id))
    if stored and not is_parked(stored.record.waiting_for):
        order = stored.record
        given = {"v": 1, "org": deps.store.org, "order_id": order.id, "way": order.way}
        try:
            deps.machine.start(order.execution, given)
        except Unavailable as error:
            wait = timedelta(seconds=deps.tuning.retry_first)
            outcome = failed(deps.clock.now() + wait, "machine_unavailable", error)
    return deps.outbox.settle(errand, outcome, partial(_given_up, errand.command.id, deps))


# --- the machine asks ----------------------------------------------------------------------------


def take_task(asked: StepAsked, deps: Deps) -> None:
    """Write a task of the machine down, and work it. A repeat of the message changes nothing.

    Only the newest execution is worked for: an older one, which somebody's decision or a restart
    has overtaken, is told to end. Raises `EventRejected` for a task of no order of ours.
    """
    order = deps.store.get(WallboxOrder, asked.order_id)
    if order is None or asked.step not in {*Step, GO_BACK, PARK}:
        raise EventRejected("unknown_task", WallboxOrder.schema_name, asked.order_id)
    deps = deps.continuing(order.record.correlation_id)
    if _is_older(asked.execution, order.record):
        deps.machine.fail(asked.task_token, PARKED, OVERTAKEN)
        return
    waiting_id = f"{asked.order_id}#{asked.step}"
    stored = deps.store.get(WaitingStep, waiting_id)
    known = stored.record if stored else None
    if known and asked.task_token in known.task_tokens:
        return
    same = known.task_tokens if known and known.execution == asked.execution else ()
    row = WaitingStep(
        id=waiting_id,
        order_id=asked.order_id,
        step=asked.step,
        execution=asked.execution,
        task_tokens=(*same, asked.task_token),
        asked_at=deps.clock.now(),
    )
    token = hashlib.sha256(asked.task_token.encode()).hexdigest()[:16]
    errand = deps.outbox.errand(QUEUE, WaitingStep, waiting_id, token)
    deps.store.commit(Save(row, stored), deps.outbox.guard(errand))
    _work(errand, deps)


def _is_older(execution: str, order: WallboxOrder) -> bool:
    return int(execution.rpartition("-")[2]) < order.executions


def _work(errand: Errand, deps: Deps) -> Outcome:
    waiting = deps.store.get(WaitingStep, errand.command.id)
    order = deps.store.get(WallboxOrder, waiting.record.order_id) if waiting else None
    if waiting is None or order is None:
        return deps.outbox.settle(errand, Done(Found(errand.command.id)), lambda _reason: ())
    outcome = _tried(waiting.record, order.record, deps)
    if not isinstance(outcome, Later):
        outcome = _answer(waiting.record, outcome, deps)
    give_up = partial(_given_up, order.record.id, deps)
    settled = deps.outbox.settle(errand, outcome, give_up, about=order.record)
    if isinstance(settled, Later):
        _show(waiting.record, settled, deps)
    elif isinstance(outcome, Later) and isinstance(settled, Parked):
        _answer(waiting.record, settled, deps)  # it was given up just now
    return settled


def _tried(waiting: WaitingStep, order: WallboxOrder, deps: Deps) -> Outcome:
    timeout = deps.tuning.call_timeout
    if _is_older(waiting.execution, order):
        return Parked(OVERTAKEN)
    if waiting.step == PARK:
        return _park(order, deps)
    if is_parked(order.waiting_for):
        return Parked(str(order.waiting_for).removeprefix("task:"))
    if waiting.step == GO_BACK:
        return go_back(order, deps, timeout)
    if order.rejected_reason:
        return Parked(order.rejected_reason)
    customer = deps.store.get(PrivateCustomer, order.customer_id)
    if customer is None:
        raise Conflict(f"{PrivateCustomer.schema_name} {order.customer_id}")
    return run_step(Step(waiting.step), Way(order, customer.record, deps, timeout))


def _answer(waiting: WaitingStep, outcome: Done | Parked, deps: Deps) -> Outcome:
    """Tell the machine. While it cannot be told, the errand stays: the step itself is done."""
    try:
        for token in waiting.task_tokens:
            if isinstance(outcome, Done):
                deps.machine.succeed(token, {})
            else:
                deps.machine.fail(token, _error(waiting, deps), outcome.reason)
    except Unavailable as error:
        wait = timedelta(seconds=deps.tuning.retry_first)
        return failed(deps.clock.now() + wait, "machine_unavailable", error)
    return outcome


def _error(waiting: WaitingStep, deps: Deps) -> str:
    order = deps.store.get(WallboxOrder, waiting.order_id)
    if order is None or _is_older(waiting.execution, order.record):
        return PARKED
    return REJECTED if order.record.rejected_reason else PARKED


def _park(order: WallboxOrder, deps: Deps) -> Outcome:
    """The machine has waited too long for an answer."""
    if order.is_through or is_parked(order.waiting_for):
        return Done(Found(order.id))
    deps.store.commit(
        Put(_task(order.id, "no_answer", deps)), *_given_up(order.id, deps, "no_answer")
    )
    return Done(Found(order.id))


# --- what the order shows ------------------------------------------------------------------------


def _given_up(order_id: str, deps: Deps, reason: str) -> Sequence[Change]:
    stored = deps.store.get(WallboxOrder, order_id)
    if stored is None:
        return ()
    update = {"waiting_for": f"task:{reason}", "at_step": stored.record.present_step}
    return (Save(stored.record.model_copy(update=update), stored),)


def _show(waiting: WaitingStep, later: Later, deps: Deps) -> None:
    """Let the portal see which step the order waits for, and why."""
    asked = next((s for s in Step if s == waiting.step), None)

    def change(stored: Stored[WallboxOrder]) -> Sequence[Change]:
        order, step = stored.record, stored.record.present_step
        shown = (order.waiting_for, order.at_step) == (later.reason, step)
        if shown or is_parked(order.waiting_for) or (asked and order.done(asked)):
            return ()
        if order.is_through:
            return ()  # only the machine is still to hear of it, and the order waits for nothing
        update = {"waiting_for": later.reason, "at_step": step}
        return (Save(order.model_copy(update=update), stored),)

    revise(deps.store, WallboxOrder, waiting.order_id, change)


def _task(order_id: str, reason: str, deps: Deps) -> Task:
    return Task.about(
        f"execution#{order_id}",
        kind="waited_too_long",
        subject_schema=WallboxOrder.schema_name,
        subject_id=order_id,
        reason=reason,
        opened_at=deps.clock.now(),
    )


# --- an execution has ended ----------------------------------------------------------------------


def go_on(ended: Ended, deps: Deps) -> None:
    """Begin anew what has ended for a reason that is not ours, as the next execution."""
    if ended.by_our_answer:
        return

    def change(stored: Stored[WallboxOrder]) -> Sequence[Change]:
        order = stored.record
        if order.execution != ended.execution or order.is_through or is_parked(order.waiting_for):
            return ()
        if order.executions >= MOST_EXECUTIONS:
            reason = "executions_end"
            return (Put(_task(order.id, reason, deps)), *_given_up(order.id, deps, reason))
        return begin_anew(stored, deps)

    revise(deps.store, WallboxOrder, ended.order_id, change)
    logger.info("execution has ended", extra={"of": ended.execution, "error": ended.error})
