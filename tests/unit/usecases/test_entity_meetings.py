"""Two workers are at events of one thing: wherever one of them meets the other, nothing is lost.

An event is applied, and at any of its calls of the table another one as a whole, by another worker.
In the end stands what one after the other would have made.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from busbar.errors import Conflict
from busbar.store.keys import Key
from busbar.store.table import Item, Write
from tests.doubles.memory_table import PlainTable
from tests.unit.usecases.entity_desk import EntityDesk, update
from tests.unit.usecases.test_entity_permutations import (
    KINDS,
    READINGS,
    address,
    billing,
    relation,
    scope,
)

Event = tuple[int, list[Any]]
C, D, K = {"customer_number": "4711"}, {"customer_number": "4712"}, {"contract_number": "K"}
ONE, TWO = {"external_id": "1"}, {"external_id": "2"}
EITHER: dict[str, list[list[Any]]] = {
    "a number that moves": [
        [update("contact", ONE, **C)],
        [update("contact", TWO, **C)],
        [update("contact", C, title="Dr.")],
        [update("contact", ONE, **D)],
        [update("contact", C, "purge")],
        [update("contract", K, customer=relation("contact", "_append", **C))],
        [update("contact", {**ONE, **C}, last_name="Any")],
    ],
    "an item that is referred to": [
        [update("contract", K, billing_address=address("S1"))],
        [update("contract", K, billing_address=address("S2"))],
        [update("contact", C, address={"_set": [{"street": "S3"}]})],
        [update("contact", C, "delete")],
        [update("contact", C, address={"_append": [{"street": "S1"}]})],
    ],
    "a scope that goes": [
        [billing("1", 1), scope("1")],
        [billing("2", 2)],
        [update("billing_event", {"external_id": "2"}, "delete")],
        [scope(mode="purge")],
        [update("billing_account", {"billing_account_number": "B"}, "purge")],
    ],
}
"""Events of which it matters in which order they come: any order will do."""
READ = {f"readings {name}": events for name, events in READINGS.items()}
ALL = {**KINDS, **READ, **EITHER}


class Meeting(PlainTable):
    """A table at whose `at`th call somebody else is at work before it."""

    def __init__(self, at: int, meddle: Callable[[], object]) -> None:
        super().__init__()
        self._left, self._meddle = at, meddle
        self.met = False

    def _pass(self) -> None:
        self._left -= 1
        if self._left == -1:
            self.met = True
            self._meddle()

    def get(self, key: Key) -> Item | None:
        """GetItem."""
        self._pass()
        return super().get(key)

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """BatchGetItem."""
        self._pass()
        return super().get_many(keys, consistent=consistent)

    def rows(self, partition: str, **how: Any) -> Any:
        """Query."""
        self._pass()
        return super().rows(partition, **how)

    def write(self, writes: Sequence[Write]) -> None:
        """Any write."""
        self._pass()
        super().write(writes)


def applied(desk: EntityDesk, *events: Event) -> None:
    """Events one after the other; one that others are faster than every time comes again."""
    for version, parts in events:
        try:
            desk.apply(version, *parts)
        except Conflict:
            desk.apply(version, *parts)


def one_by_one(*events: Event) -> Mapping[str, Any]:
    """What stands after them."""
    desk = EntityDesk(PlainTable())
    applied(desk, *events)
    return desk.seen()


def meeting(before: Event | None, mine: Event, theirs: Event, at: int) -> Mapping[str, Any] | None:
    """What stands after both; None if there are not so many calls."""
    other = EntityDesk(PlainTable())
    table = Meeting(at, lambda: applied(other, theirs))
    table.items = other.table.items  # type: ignore[attr-defined]
    applied(other, *([before] if before else []))
    applied(EntityDesk(table), mine)
    return other.seen() if table.met else None


@pytest.mark.parametrize("kind", ALL)
def test_should_end_as_one_after_the_other_wherever_two_meet(kind: str) -> None:
    meters = [
        update("meter", {"external_id": "M1"}),
        update("meter_counter", {"external_id": "HT"}),
    ]
    before = (0, meters) if kind in READ else None
    numbered = list(enumerate(ALL[kind], 1))
    first = [before] if before else []
    met = 0
    for mine, theirs in itertools.permutations(numbered, 2):
        ends = [one_by_one(*first, mine, theirs)]
        if kind in EITHER:
            ends.append(one_by_one(*first, theirs, mine))
        for at in itertools.count(mine[0] % 2, 2):
            end = meeting(before, mine, theirs, at)
            if end is None:
                break
            met += 1
            assert end in ends, (mine[0], theirs[0], at)
    assert met > 30
