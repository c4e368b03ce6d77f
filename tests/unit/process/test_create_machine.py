"""Any number of workers in any order: never two objects, and in the end the one is ours."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from busbar.process.contract import Done
from busbar.process.create import StepState
from busbar.settings.modes import Mode
from tests.unit.process.creating import CreateLab
from tests.unit.process.lab import PROCESSING, TUNING, Plan
from tests.unit.process.plans import WAITS, plans

LIMITS = settings(max_examples=100, stateful_step_count=8)


class CreateMachine(RuleBasedStateMachine):
    """Workers on one create step, by mode."""

    mode: Mode = "probe"

    def __init__(self) -> None:
        super().__init__()
        self.lab = CreateLab(self.mode)

    @rule(plan=plans("touch"))
    def work(self, plan: Plan) -> None:
        """A worker comes."""
        self.lab.work(plan)

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.lab.clock.advance(seconds)

    @invariant()
    def never_two_objects(self) -> None:
        """Now, and when everything under way has taken effect."""
        lab = self.lab
        assert len(lab.objects()) <= 1
        assert lab.mode == "unique_key" or len(lab.made) <= 1
        assert lab.bound == (lab.entity.record.external_id or None) or lab.mode == "none"

    def teardown(self) -> None:
        """Whatever happened: it ends, and all agree."""
        outcome = self.lab.finish()
        self.lab.clock.advance(TUNING.pause_bound + PROCESSING)
        self.never_two_objects()
        lab = self.lab
        if isinstance(outcome, Done):
            assert lab.row.state is StepState.DONE
            assert [lab.bound] == [lab.row.external_id] == lab.objects()
            assert outcome.found.external_id == lab.bound
        else:
            assert self.mode == "none"
            assert lab.task
            assert lab.bound is None


class UniqueKeyMachine(CreateMachine):
    mode = "unique_key"


class NoProbeMachine(CreateMachine):
    mode = "none"


class TestProbe(CreateMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = LIMITS


class TestUniqueKey(UniqueKeyMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = LIMITS


class TestNone(NoProbeMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = LIMITS
