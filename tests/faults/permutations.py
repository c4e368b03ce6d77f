"""All orders in which six events can come, with each of them twice: 720 x 6 a story.

    python -m tests.faults.permutations

plays all of them and ends with code 1 if one ends in another state than the order in which things
happened. The test suite plays a sample.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import permutations
from typing import Any

from tests.faults.replay import Replay
from tests.faults.stories import STORIES, Story

EVENTS = 6
ORDERS = tuple(permutations(range(EVENTS)))
ARRANGEMENTS = len(ORDERS) * EVENTS
PART = 240
"""Arrangements that a worker process plays in one go."""
SHOWN = 5
"""How many arrangements are printed of a story, and sentences of each."""


def arrangement(number: int) -> tuple[int, ...]:
    """The `number`-th way in which six events and the repeat of one can come, as positions.

    The place of the repeat follows from the permutation: it comes first of all, last of all, and at
    each place in between, equally often.
    """
    which, doubled = divmod(number, EVENTS)
    order = list(ORDERS[which])
    order.insert((which + doubled) % (EVENTS + 1), doubled)
    return tuple(order)


def sync_after(number: int) -> int:
    """The place in an arrangement after which a sync runs; in two of three it is beyond the end."""
    return number % (3 * (EVENTS + 1))


def in_order(replay: Replay) -> dict[str, Any]:
    """The state after every event has come once, in the order in which things happened."""
    return play(replay, range(EVENTS), EVENTS)


def play(replay: Replay, order: Iterable[int], sync_at: int) -> dict[str, Any]:
    """The state after the events at these positions have come in this order."""
    replay.rewind()
    told: set[int] = set()
    for place, position in enumerate(order):
        event = replay.events[position]
        # A repeat is the same event in another envelope.
        replay.tell({**event, "id": f"repeat of {event['id']}"} if position in told else event)
        told.add(position)
        if place == sync_at:
            replay.synchronise()
    replay.settle()
    return replay.state()


def differences(expected: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """What is not as it should be, as sentences."""
    nothing = object()
    pairs = (
        (place, expected.get(place, nothing), there.get(place, nothing))
        for place in sorted({*expected, *there})
    )
    return [
        f"{place} is {'missing' if is_ is nothing else repr(is_)}, "
        f"and should be {'missing' if should is nothing else repr(should)}"
        for place, should, is_ in pairs
        if should is nothing or is_ is nothing or should != is_
    ]


def wrong(story: Story, numbers: Iterable[int]) -> Iterator[tuple[tuple[int, ...], list[str]]]:
    """The arrangements that do not end in the state of the order in which things happened."""
    replay = Replay(story)
    expected = in_order(replay)
    for number in numbers:
        order = arrangement(number)
        found = differences(expected, play(replay, order, sync_after(number)))
        if found:
            yield order, found


def _part(number: int, start: int) -> list[tuple[tuple[int, ...], list[str]]]:
    return list(wrong(STORIES[number], range(start, start + PART)))


def _whole(pool: ProcessPoolExecutor, number: int) -> int:
    """Play all arrangements of a story; how many end wrong."""
    began, bad = time.monotonic(), 0
    parts = [pool.submit(_part, number, start) for start in range(0, ARRANGEMENTS, PART)]
    for part in parts:
        found = part.result()
        for order, sentences in found[: max(0, SHOWN - bad)]:
            _say(f"  {order}: {'; '.join(sentences[:SHOWN])}")
        bad += len(found)
    took = time.monotonic() - began
    _say(f"{STORIES[number].name}: {ARRANGEMENTS:,} arrangements, {bad} wrong, {took:.0f} s")
    return bad


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def play_all() -> int:
    """Play everything; how many arrangements end wrong."""
    with ProcessPoolExecutor(initializer=logging.disable) as pool:
        bad = sum([_whole(pool, number) for number in range(len(STORIES))])
    _say(f"{len(STORIES) * ARRANGEMENTS:,} arrangements, {bad} wrong")
    return bad
