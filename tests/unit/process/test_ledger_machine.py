"""Any number of workers and wishes in any order: in the end the object holds the last wish."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from busbar.process.contract import Done
from tests.unit.process.lab import PROCESSING, TUNING, Plan
from tests.unit.process.plans import WAITS, plans
from tests.unit.process.setting import SetLab


class LedgerMachine(RuleBasedStateMachine):
    """Workers and wishes on one outside object."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = SetLab()
        self.wanted = 0
        self.lab.wish = self.note

    def note(self, value: int) -> None:
        """Somebody wants this value from now on."""
        self.lab.want(value=value)
        self.wanted = value

    @rule(value=st.integers(1, 3))
    def wish(self, value: int) -> None:
        """A wish comes while nobody works."""
        self.note(value)

    @rule(plan=plans("touch", "wish:1", "wish:2"))
    def work(self, plan: Plan) -> None:
        """A worker comes."""
        self.lab.work(plan)

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.lab.clock.advance(seconds)

    @invariant()
    def what_is_recorded_as_done_is_true(self) -> None:
        """If nothing is open, the object holds the wanted state, now and for ever."""
        lab = self.lab
        if lab.stored and not lab.row.open:
            assert lab.state["value"] == lab.row.wanted["value"] == self.wanted
            assert all(at <= lab.now for at, _, _ in lab.puts)

    @invariant()
    def no_write_overtakes_an_older_one(self) -> None:
        """Writes take effect in the order in which they were sent."""
        effects = [at for at, _, _ in self.lab.puts]
        assert effects == sorted(effects)

    def teardown(self) -> None:
        """Whatever happened: it ends, and all agree."""
        assert isinstance(self.lab.finish(), Done)
        self.lab.clock.advance(TUNING.pause_bound + PROCESSING)
        assert self.lab.state["value"] == self.lab.entity.record.holds == self.wanted
        assert self.lab.task is None


class TestLedger(LedgerMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=150, stateful_step_count=10)
