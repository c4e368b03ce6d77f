"""The state machine in a fault run: starts and answers are effects, its messages go by queues."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from busbar.errors import Unavailable
from busbar.process.executions import Ended, read_ended
from busbar.step_functions import StepFunctions
from tests.doubles.states import ARN, NAME, the_machine
from tests.faults.cloud import Cloud
from tests.faults.engine import Engine, Worker
from tests.faults.layer import Layer, faulty_states
from tests.faults.trouble import POINTS, Calm, Exact

GIVEN = {"v": 1, "org": "demo", "order_id": "0RDER00000001", "way": "forward"}
FIRST = "0RDER00000001-1"
DAY = 86_400.0


class Run:
    """The machine behind the fault layer; what it sends lies in `sent`."""

    def __init__(self, trouble: Exact | Calm) -> None:
        self.engine = Engine()
        layer = Layer(self.engine)
        layer.start(trouble)
        self.layer = layer
        self.sent: list[tuple[str, Any]] = []
        self.states = the_machine(Cloud().settings.tuning, self.engine.at, self._put)
        self.machine = StepFunctions(ARN, lambda: faulty_states(self.states, layer))

    def _put(self, queue: str, body: str) -> None:
        self.sent.append((queue, json.loads(body)))

    def work(self, work: Callable[[], None], *, for_days: float = 0.1) -> Worker:
        """Let a worker do it, and then everything happen that comes of it."""
        worker = Worker(NAME, self.engine.seconds + 60)
        self.engine.work(worker, work)
        self.engine.at(for_days * DAY, lambda: None)
        assert self.engine.run(1000 * DAY)
        return worker

    def start(self) -> Worker:
        """Start the execution."""
        return self.work(lambda: self.machine.start(FIRST, GIVEN))

    @property
    def token(self) -> str:
        """Of the task that waits."""
        return str(self.sent[-1][1]["task_token"])


@pytest.mark.parametrize(
    ("point", "started", "told"),
    [("die_before", False, False), ("lost", True, True), ("die_after", True, False)],
)
def test_should_stop_a_worker_at_each_boundary_of_a_start(
    point: str, *, started: bool, told: bool
) -> None:
    trouble = Exact({POINTS.index(point)})
    run = Run(trouble)

    worker = run.start()

    assert trouble.reached == [f"{p} states start" for p in POINTS]
    assert bool(run.states.executions) is started
    assert isinstance(worker.broke, Unavailable) is told
    # Whoever comes next does the same, and nothing is there twice.
    run.start()
    assert [message["step"] for _, message in run.sent] == ["partner"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("answer", ["succeed", "fail"])
def test_should_stop_a_worker_at_each_boundary_of_an_answer(answer: str, point: str) -> None:
    trouble = Exact({len(POINTS) + POINTS.index(point)})
    run = Run(trouble)
    run.start()
    token = run.token

    def answered() -> None:
        if answer == "succeed":
            run.machine.succeed(token, {})
        else:
            run.machine.fail(token, "Parked", "any")

    for _ in range(3):
        run.work(answered)

    assert trouble.reached[len(POINTS)] == f"die_before states {answer}"
    after = "Contract" if answer == "succeed" else "WaitForAPerson"
    assert run.states.executions[FIRST].entered == ["Begin", "Way", "Partner", after]


def test_should_time_out_when_nobody_answers_for_as_long_as_the_settings_say() -> None:
    run = Run(Calm())
    run.start()

    run.work(lambda: None, for_days=13.8)
    assert run.states.executions[FIRST].entered[-1] == "Partner"
    run.work(lambda: None, for_days=0.2)

    assert run.states.executions[FIRST].entered[-1] == "Park"


def test_should_bring_what_the_machine_asks_and_how_it_ends_to_the_workers_queue() -> None:
    cloud = Cloud()
    cloud.states.start_execution(stateMachineArn=ARN, name=FIRST, input=json.dumps(GIVEN))
    cloud.engine.run(0.01)
    cloud.states.restart()

    (asked, ended) = [json.loads(body) for queue, body in cloud.sent if queue == NAME]
    assert (asked["step"], asked["execution"]) == ("partner", FIRST)
    told = {"execution": FIRST, "status": "FAILED", "error": "States.ServiceRestart"}
    assert read_ended(ended) == Ended.model_validate({**GIVEN, **told})
