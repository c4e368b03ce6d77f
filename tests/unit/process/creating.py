"""A create step against a system with late commits and search lag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from busbar.domain.tasks import Task, task_id
from busbar.errors import Duplicate, Unmappable
from busbar.ports.outside import Found
from busbar.ports.store import Bind, Change, Save
from busbar.process.contract import Outcome
from busbar.process.create import CreateStep, Creator, StepRow
from busbar.settings.modes import Mode
from tests.unit.process.lab import LAG, SETTLE, TIMEOUT, TUNING, Lab

REFERENCE = "BBCO0000000000001"
BY_HAND = "by-hand"
"""An object that nobody here has made."""


class CreateLab(Lab):
    """One object that shall exist."""

    def __init__(
        self,
        mode: Mode = "probe",
        *,
        timeout: float = TIMEOUT,
        lag: float = LAG,
        looks_first: bool = False,
    ) -> None:
        super().__init__()
        self.mode: Mode = mode
        self.looks_first = looks_first
        self.timeout = timeout
        self.lag = lag
        self.job = self.run
        self.made: list[tuple[datetime, str]] = []
        """When an object is there, and what it is called."""
        self.probe_error: Exception | None = None
        self.mappable = True
        self.timeouts: list[float] = []
        self.probes = 0

    def objects(self) -> list[str]:
        """What exists now. A unique key lets only the first in."""
        there = [name for at, name in sorted(self.made) if at <= self.now]
        return there[:1] if self.mode == "unique_key" else there

    def seen(self) -> list[str]:
        """What a search shows now."""
        lag = self.after(-self.lag)
        return [name for at, name in sorted(self.made) if at <= lag and name in self.objects()]

    def find(self, reference: str, _timeout: float) -> Sequence[Found]:
        """The probe."""
        assert reference == REFERENCE
        self.probes += 1
        self.boundary("before find")
        if self.probe_error:
            raise self.probe_error
        found = [Found(name, {"number": name}) for name in self.seen()]
        self.boundary("after find")
        return found

    def create(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """The create."""
        assert (reference, payload) == (REFERENCE, {"any": "payload"})
        self.timeouts.append(timeout)

        def effect(delay: float) -> Found:
            if self.mode == "unique_key" and self.objects():
                raise Duplicate("system", "create", code="DUPLICATE_VALUE")
            name = f"object-{len(self.made) + 1}"
            self.made.append((self.after(delay), name))
            return Found(name, {"number": name})

        found: Found = self.answer("create", effect)
        return found

    def payload(self) -> Mapping[str, Any]:
        """What is sent."""
        if not self.mappable:
            raise Unmappable("any mapping")
        return {"any": "payload"}

    def on_done(self, found: Found) -> Sequence[Change]:
        """Entity and binding."""
        stored = self.entity
        entity = stored.record.model_copy(update={"external_id": found.external_id})
        return (Save(entity, stored), Bind("entity", "1", "system", found.external_id))

    def on_parked(self, reason: str) -> Sequence[Change]:
        """The entity shows why."""
        stored = self.entity
        return (Save(stored.record.model_copy(update={"external_id": f"!{reason}"}), stored),)

    def run(self) -> Outcome:
        """One worker's job."""
        step = CreateStep(
            system="system",
            reference=REFERENCE,
            process="order#1",
            mode=self.mode,
            settle=SETTLE,
            timeout=self.timeout,
            payload=self.payload,
            find=self.find,
            create=self.create,
            on_done=self.on_done,
            on_parked=self.on_parked,
            task_schema="entity",
            task_subject="1",
            looks_first=self.looks_first,
        )
        return Creator(self.store, self.clock, TUNING).run(step)

    def enter(self) -> None:
        """Somebody enters the object by hand, and every search sees it by now."""
        self.made.append((self.after(-self.lag), BY_HAND))

    @property
    def row(self) -> StepRow:
        """The journal row."""
        stored = self.store.get(StepRow, f"system#{REFERENCE}")
        assert stored
        return stored.record

    @property
    def task(self) -> Task | None:
        """The task that is open."""
        stored = self.store.get(Task, task_id(f"step#system#{REFERENCE}"))
        return stored.record if stored else None

    @property
    def bound(self) -> str | None:
        """The external id in the ID map."""
        return self.store.external_id("entity", "1", "system")
