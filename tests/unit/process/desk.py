"""A desk that takes requests, and what may happen in the middle of one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from busbar.domain.identifiers import encode
from busbar.errors import Problem
from busbar.process.idempotency import FinalAnswer, Idempotency
from busbar.settings.function import Tuning
from busbar.store.records import TableStore
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable

TUNING = Tuning()
BODY = {"quantity": 3}


class CountingIds:
    """Ids that can be told apart."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new(self) -> str:
        """The next one."""
        return encode(next(self._numbers))


@dataclass
class Desk:
    """Sends requests, and notes which entity each of them was to make."""

    clock: ManualClock = field(default_factory=ManualClock)
    table: MemoryTable = field(default_factory=MemoryTable)
    made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        store = TableStore(self.table, self.clock, "demo")
        self.idempotency = Idempotency(store, self.clock, CountingIds(), TUNING)

    def send(
        self,
        work: Callable[[], Any] = lambda: None,
        *,
        scope: str = "order_submit",
        caller: str = "sub-1",
        key: str = "key-1",
        body: Any = None,
    ) -> FinalAnswer:
        """One request; `work` happens in the middle of it."""

        def run(entity_id: str) -> FinalAnswer:
            work()
            self.made.append(entity_id)
            return FinalAnswer(201, f'{{"id":"{entity_id}","ö":1}}', {"Location": f"/{entity_id}"})

        return self.idempotency.once(scope, caller, key, BODY if body is None else body, run)

    def refused(self, work: Callable[[], Any] = lambda: None, **request: Any) -> Problem:
        """One request that is refused."""
        with pytest.raises(Problem) as problem:
            self.send(work, **request)
        return problem.value

    def records(self) -> int:
        """Keys that are kept."""
        return len(self.table.items)


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


NO = Problem(422, "quantity-out-of-range", "No")


class DiedError(BaseException):
    """The worker is gone."""
