"""Arrays that grow: what was set, and what was added since, each with its event.

An array that is only ever set needs none of this. Once something is added, the additions are kept
beside what was set, in the order of their events, and the visible value is folded from them. So an
addition that arrives late is put where it belongs, and a late `_set` takes away only what came
before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from busbar.domain.marks import Mark

MOST_OPS = 8
"""Additions that are kept apart. Of more, the oldest become part of what was set: a `_set` that
arrives later than so many newer additions is passed over, an addition comes to stand behind them.
"""
MOST_PAST = 32
"""Additions that became part of what was set, and are still known again, by 11 bytes each: an event
that comes once more, or is sent back after it was parked, adds nothing twice."""


class Op(NamedTuple):
    """One addition. `every`: without leaving out what is there already (`_append_all`)."""

    mark: Mark
    every: bool
    items: list[Any]


def canonical(value: Any) -> str:
    """The same text for the same JSON value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def identity(item: Any) -> Any:
    """What makes two items the same: the related entity (and item), or else the value.

    An `_id` that we gave to an item for references is no part of its value.
    """
    if not isinstance(item, dict):
        return canonical(item)
    if "entity_id" in item:
        return item["entity_id"], item.get("_id")
    return canonical({k: v for k, v in item.items() if k != "_id"})


def added(there: Sequence[Any], items: Sequence[Any]) -> list[Any]:
    """`there` and what of `items` is not among it; an item without `_id` takes that of its twin."""
    found: dict[Any, int] = {}
    result = list(there)
    for place, item in enumerate(result):
        found.setdefault(identity(item), place)
    for item in items:
        place = found.setdefault(identity(item), len(result))
        if place == len(result):
            result.append(item)
        elif isinstance(item, dict) and "_id" in item and "_id" not in result[place]:
            result[place] = {**result[place], "_id": item["_id"]}
    return result


@dataclass(frozen=True, slots=True)
class Log:
    """What was set by `mark` (None: nothing yet), and the additions since, oldest first.

    `folded` is the newest addition that became part of `base`, `past` has what the last of those
    are known by.
    """

    mark: Mark | None
    base: list[Any]
    ops: tuple[Op, ...]
    folded: Mark | None = None
    past: tuple[str, ...] = ()

    def value(self) -> list[Any]:
        """The array as it is seen."""
        result = list(self.base)
        for op in self.ops:
            result = [*result, *op.items] if op.every else added(result, op.items)
        return result

    def newest(self) -> Mark:
        """The last event that had a say."""
        return max(mark for mark in (self.mark, self.folded, *(o.mark for o in self.ops)) if mark)

    def adding(self, op: Op) -> Log | None:
        """With an addition more; the same log if it holds it; None if something newer was set."""
        if self.mark is not None and op.mark < self.mark:
            return None
        if any(_same(op, known) for known in self.ops) or _known_by(op) in self.past:
            return self
        ops = tuple(sorted((*self.ops, op), key=lambda o: o.mark))
        log = replace(self, ops=ops)
        return log if len(ops) <= MOST_OPS else log.without_oldest()

    def without_oldest(self) -> Log:
        """With the oldest addition made part of what was set."""
        first = replace(self, ops=self.ops[:1])
        past = (*self.past, _known_by(self.ops[0]))[-MOST_PAST:]
        oldest = self.ops[0].mark
        return replace(self, base=first.value(), ops=self.ops[1:], folded=oldest, past=past)

    def setting(self, mark: Mark, base: list[Any]) -> Log | None:
        """With something else set, and only newer additions; None if that is not to be."""
        if (self.mark is not None and mark < self.mark) or (self.folded and mark < self.folded):
            return None
        ops = tuple(op for op in self.ops if op.mark > mark)
        return Log(mark, base, ops)

    def since(self, floor: Mark) -> Log:
        """What is left when everything up to `floor` never was."""
        ops = tuple(op for op in self.ops if op.mark > floor)
        if self.mark is not None and self.mark > floor:
            return replace(self, ops=ops)
        return Log(None, [], ops)


def _same(one: Op, other: Op) -> bool:
    """A repeat: the same addition of the same time, be it sent anew under another id."""
    same_time = one.mark.version == other.mark.version
    return same_time and one.every == other.every and one.items == other.items


def _known_by(op: Op) -> str:
    """The same for a repeat, as `_same` has it."""
    said = canonical([op.mark.version, op.every, op.items])
    return hashlib.sha256(said.encode()).hexdigest()[:11]
