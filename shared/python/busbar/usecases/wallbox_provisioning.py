"""Works the steps of a wallbox order for its state machine. No system is joined yet: each parks."""

from __future__ import annotations

from busbar.domain.record import Value
from busbar.observability import logger
from busbar.ports import Found
from busbar.process.contract import Done
from busbar.process.executions import PARKED, Ended
from busbar.process.outbox import Errand
from busbar.usecases.deps import Deps


class StepAsked(Value):
    """A task of the state machine, which waits for the answer to its token."""

    v: int = 1
    org: str
    order_id: str
    step: str
    execution: str
    task_token: str


def begin_execution(errand: Errand, deps: Deps) -> None:
    """Have the state machine bring an order through."""
    order_id = errand.command.id
    name = f"{order_id}-1"
    payload = {"v": 1, "org": errand.command.org, "order_id": order_id, "way": "forward"}
    deps.machine.start(name, payload)
    deps.outbox.settle(errand, Done(Found(name)), lambda _reason: ())


def work(asked: StepAsked, deps: Deps) -> None:
    """Answer a task."""
    deps.machine.fail(asked.task_token, PARKED, f"{asked.step} is a person's work")


def go_on(ended: Ended, deps: Deps) -> None:
    """Begin anew what has ended for a reason that is not ours, as the next execution."""
    if ended.by_our_answer:
        return
    before, _, number = ended.execution.rpartition("-")
    given = {"v": 1, "org": ended.org, "order_id": ended.order_id, "way": ended.way}
    deps.machine.start(f"{before}-{int(number) + 1}", given)
    logger.info("execution begun anew", extra={"of": ended.execution, "error": ended.error})
