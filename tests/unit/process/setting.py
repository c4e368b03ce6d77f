"""A set step against an object whose writes may take effect late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from busbar.domain.tasks import Task, task_id
from busbar.errors import Conflict, Refused, Unmappable
from busbar.ports.store import Change, Save, Stored
from busbar.process.contract import Outcome
from busbar.process.ledger import LedgerRow, SetStep, Setter, Wanted, ledger_id
from busbar.settings.function import Tuning
from tests.unit.process.lab import ERRORS, PROCESSING, TIMEOUT, TUNING, Lab

SETTLE = TUNING.pause_bound + PROCESSING
ROW = ledger_id("system", "card", "4711")


class SetLab(Lab):
    """One outside object with two fields, `value` and `text`."""

    def __init__(self, *, timeout: float = TIMEOUT, tuning: Tuning = TUNING) -> None:
        super().__init__()
        self.timeout = timeout
        self.tuning = tuning
        self.job = self.run
        self.wish = self._wish
        self.puts: list[tuple[datetime, int, dict[str, Any]]] = []
        """When a write takes effect, its number, and what it sets."""
        self.read_answer = "ok"
        self.mappable = True
        self.refuses: set[int] = set()
        """Values that the system says no to."""
        self.reads = 0

    def _wish(self, value: int) -> None:
        self.want(value=value)

    @property
    def state(self) -> dict[str, Any]:
        """What the object holds now."""
        state: dict[str, Any] = {"value": 0, "text": ""}
        for at, _, fields in sorted(self.puts, key=lambda put: put[:2]):
            if at <= self.now:
                state = dict(fields)
        return state

    def want(self, **change: Any) -> LedgerRow:
        """Somebody wants something of the object, whatever others do meanwhile."""
        while True:
            stored = self.stored
            before = stored.record if stored else LedgerRow(id=ROW)
            after = before.wanting(change)
            if after is before:
                return before
            try:
                self.store.commit(Save(after, stored))
            except Conflict:
                continue
            return after

    def read(self, object_id: str, timeout: float) -> Any:
        """The read."""
        assert object_id == "4711"
        assert timeout > 0
        self.reads += 1
        self.boundary("before read")
        if self.read_answer != "ok":
            raise ERRORS[self.read_answer]("system", "read", code="CODE")
        seen = self.state
        self.boundary("after read")
        return seen

    def holds(self, observed: Any, wanted: Wanted) -> bool:
        """Whether all that is wanted is there."""
        return all(observed[k] == v for k, v in wanted.items())

    def put(self, object_id: str, observed: Any, wanted: Wanted, timeout: float) -> None:
        """The write: absolute."""
        assert object_id == "4711"
        assert timeout > 0
        if not self.mappable:
            raise Unmappable("any mapping")

        def effect(delay: float) -> None:
            if wanted.get("value") in self.refuses:
                raise Refused("system", "write", code="CODE")
            self.puts.append((self.after(delay), len(self.puts), {**observed, **wanted}))

        self.answer("write", effect)

    def on_done(self, wanted: Wanted) -> Sequence[Change]:
        """Our record follows."""
        stored = self.entity
        holds = wanted.get("value", stored.record.holds)
        return (Save(stored.record.model_copy(update={"holds": holds}), stored),)

    def on_parked(self, reason: str) -> Sequence[Change]:
        """Our record shows why."""
        stored = self.entity
        return (Save(stored.record.model_copy(update={"external_id": reason}), stored),)

    def run(self) -> Outcome:
        """One worker's job."""
        step = SetStep(
            system="system",
            kind="card",
            object_id="4711",
            settle=SETTLE,
            timeout=self.timeout,
            read=self.read,
            holds=self.holds,
            write=self.put,
            on_done=self.on_done,
            on_parked=self.on_parked,
            task_schema="entity",
            task_subject="1",
        )
        return Setter(self.store, self.clock, self.tuning).run(step)

    @property
    def stored(self) -> Stored[LedgerRow] | None:
        """The ledger row as stored."""
        return self.store.get(LedgerRow, ROW)

    @property
    def row(self) -> LedgerRow:
        """The ledger row."""
        assert self.stored
        return self.stored.record

    @property
    def task(self) -> Task | None:
        """The task that is open."""
        stored = self.store.get(Task, task_id(f"ledger#{ROW}"))
        return stored.record if stored else None


def wanting(mapping: Mapping[str, Any] | None = None, **values: Any) -> SetLab:
    """A laboratory in which this is wanted."""
    lab = SetLab()
    lab.want(**{**(mapping or {}), **values})
    return lab
