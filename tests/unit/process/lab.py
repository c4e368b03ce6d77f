"""A laboratory: one outside system, one clock, and workers that pause and die where a plan says.

Every effect of a worker passes `Lab.boundary`. There the plan of the worker that runs now may let
it die, or let time pass while another worker runs. Who lasts longer than the longest time limit of
a function is killed, as Lambda would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from busbar.domain.record import Record
from busbar.errors import Missing, Refused, Unavailable, Unknown, Withheld
from busbar.ports.store import Save, Stored
from busbar.process.circuit_row import CIRCUIT_OPEN
from busbar.process.contract import Later, Outcome, Parked
from busbar.settings.function import Tuning
from busbar.store.records import TableStore
from busbar.store.table import Write
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable

TUNING = Tuning()
PROCESSING, LAG, TIMEOUT = 120.0, 30.0, 10.0
SETTLE = TUNING.pause_bound + PROCESSING + LAG


class DiedError(BaseException):
    """The worker's process is gone: no `except Exception` may notice."""


class Entity(Record):
    """Our record of what is made or set outside."""

    schema_name: ClassVar[str] = "entity"

    external_id: str = ""
    holds: int = 0
    touched: int = 0


@dataclass(frozen=True)
class Pause:
    """Time passes; meanwhile something else happens."""

    seconds: float
    meanwhile: Plan | None = None


@dataclass(frozen=True)
class Plan:
    """What happens to one worker: `at` counts its boundaries from 0."""

    answer: str = "ok"
    at: Mapping[int, str | Pause] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds until a `late` effect shows."""


@dataclass
class _Worker:
    plan: Plan
    started: datetime
    passed: int = 0
    names: list[str] = field(default_factory=list)


class _FragileTable(MemoryTable):
    def __init__(self, boundary: Callable[[str], None]) -> None:
        super().__init__()
        self._boundary = boundary

    def write(self, writes: Any) -> None:
        """A write, before and after which the worker may stop."""
        names = "+".join(_name(w) for w in writes)
        self._boundary(f"before write {names}")
        super().write(writes)
        self._boundary(f"after write {names}")


def _name(write: Write) -> str:
    return str((write.item or {}).get("schema", "binding"))


def parked(outcome: Outcome | None) -> str:
    """Why this outcome is parked."""
    assert isinstance(outcome, Parked), outcome
    return outcome.reason


class Lab:
    """Store, clock and workers. `job` is what each worker does."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.table = _FragileTable(self.boundary)
        self.store = TableStore(self.table, self.clock, "demo")
        self.job: Callable[[], Outcome]
        self.wish: Callable[[int], None] = lambda _value: None
        self.time_limit = TUNING.pause_bound
        self._workers: list[_Worker] = []
        self.store.commit(Save(Entity(id="1")))

    @property
    def now(self) -> datetime:
        """The present."""
        return self.clock.now()

    @property
    def plan(self) -> Plan:
        """The plan of the worker that runs now; without one everything is well."""
        return self._workers[-1].plan if self._workers else Plan()

    def boundary(self, name: str) -> None:
        """A worker passes here: it may stop, for a while or for ever."""
        if not self._workers:
            return
        worker = self._workers[-1]
        number, worker.passed = worker.passed, worker.passed + 1
        worker.names.append(name)
        happening = worker.plan.at.get(number)
        if happening == "die":
            raise DiedError(name)
        if isinstance(happening, Pause):
            self.clock.advance(happening.seconds)
            if happening.meanwhile:
                self.work(happening.meanwhile)
        elif happening:
            self._meanwhile(happening)
        if (self.now - worker.started).total_seconds() > self.time_limit:
            raise DiedError("time limit")

    def _meanwhile(self, happening: str) -> None:
        """Somebody else does something in no time: `touch` the entity, or `wish:<n>`."""
        workers, self._workers = self._workers, []
        if happening == "touch":
            self.touch()
        else:
            self.wish(int(happening.removeprefix("wish:")))
        self._workers = workers

    def touch(self) -> None:
        """Somebody changes the entity."""
        stored = self.entity
        touched = stored.record.model_copy(update={"touched": stored.record.touched + 1})
        self.store.commit(Save(touched, stored))

    def work(self, plan: Plan | None = None) -> Outcome | None:
        """One worker does the job; None if it dies."""
        self._workers.append(_Worker(plan or Plan(), self.now))
        try:
            return self.job()
        except DiedError:
            return None
        finally:
            self.passed = self._workers.pop().names

    def finish(self, most: int = 30) -> Outcome:
        """Work without trouble, whenever it is due, until it ends."""
        for _ in range(most):
            outcome = self.work()
            if not isinstance(outcome, Later):
                assert outcome is not None
                return outcome
            wait = (outcome.at - self.now).total_seconds()
            self.clock.advance(max(wait, 0.0) + 0.001)
        raise AssertionError(f"it never ends: {outcome}")

    @property
    def entity(self) -> Stored[Entity]:
        """The entity as it stands."""
        stored = self.store.get(Entity, "1")
        assert stored
        return stored

    def answer(self, operation: str, effect: Callable[[float], Any]) -> Any:
        """An outside call: `effect` is told after how many seconds it happens."""
        plan = self.plan
        self.boundary(f"before {operation}")
        result = None
        if plan.answer in {"ok", "lost", "late"}:
            result = effect(plan.delay if plan.answer == "late" else 0.0)
        self.boundary(f"after {operation}")
        if plan.answer != "ok":
            code = CIRCUIT_OPEN if plan.answer == "withheld" else "CODE"
            raise ERRORS[plan.answer]("system", operation, code=code)
        return result

    def after(self, seconds: float) -> datetime:
        """A time from now."""
        return self.now + timedelta(seconds=seconds)


ERRORS: dict[str, Callable[..., Exception]] = {
    "lost": Unknown,
    "late": Unknown,
    "never": Unknown,
    "unavailable": Unavailable,
    "withheld": Withheld,
    "refused": Refused,
    "missing": Missing,
}
