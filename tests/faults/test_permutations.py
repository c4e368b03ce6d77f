"""Events in any order, with one of them twice, and stale ones: always the in-order state.

This plays a sample of the arrangements; `python -m tests.faults events` plays them all.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import pytest

from tests.faults.permutations import (
    ARRANGEMENTS,
    EVENTS,
    arrangement,
    differences,
    in_order,
    wrong,
)
from tests.faults.replay import Replay
from tests.faults.stories import (
    AWAY,
    BACK,
    ELSEWHERE,
    FIRST,
    FORBIDDEN,
    LOST_PARCEL,
    STORIES,
    Story,
)

SAMPLE = range(0, ARRANGEMENTS, 17)
"""17 divides no number of places, so the sample has each event doubled, at each place, and a sync
after each."""
PAIRS = list(combinations(range(EVENTS), 2))
stories = pytest.mark.parametrize("story", STORIES, ids=lambda s: s.name.replace(" ", "_"))


def retold(event: dict[str, Any], **payload: Any) -> dict[str, Any]:
    """The event under other ids, with some of its payload changed."""
    detail = {**event["detail"], "id": "retold"}
    detail["payload"] = {**event["detail"]["payload"], "EventUuid": "retold", **payload}
    return {**event, "id": "retold", "detail": detail}


def told(replay: Replay, first: int, last: int) -> None:
    """These events have come in order, and Salesforce stands as the last of them says."""
    replay.rewind(last + 1)
    for event in replay.events[first : last + 1]:
        replay.tell(event)


# --- all orders --------------------------------------------------------------------------------


@stories
def test_should_end_in_the_in_order_state_in_whatever_order_six_events_come(story: Story) -> None:
    assert list(wrong(story, SAMPLE)) == []


def test_should_try_every_order_with_every_event_twice() -> None:
    all_of_them = [arrangement(number) for number in range(ARRANGEMENTS)]
    assert ARRANGEMENTS == 4320
    assert all(set(order) == set(range(EVENTS)) for order in all_of_them)
    doubled = Counter(next(n for n in order if order.count(n) == 2) for order in all_of_them)
    assert set(doubled.values()) == {720}


@pytest.mark.parametrize("numbers", [range(ARRANGEMENTS), SAMPLE], ids=["all", "sample"])
def test_should_have_the_repeat_come_first_and_last_and_everywhere_between(numbers: range) -> None:
    gaps: Counter[int] = Counter()
    for number in numbers:
        order = arrangement(number)
        twice = next(n for n in order if order.count(n) == 2)
        first = order.index(twice)
        gaps[order.index(twice, first + 1) - first] += 1
    assert set(gaps) == set(range(1, EVENTS + 1))
    assert min(gaps.values()) > len(numbers) // 50


@pytest.mark.parametrize(
    ("story", "place", "ends"),
    [
        (LOST_PARCEL, f"orders/{FIRST}/status", "delivered"),
        (LOST_PARCEL, f"orders/{FIRST}/tracking_id", "T-4"),
        (LOST_PARCEL, f"orders/{FIRST}/cards_in_portal", 2),
        (LOST_PARCEL, f"orders/{FIRST}/history/7/delivery_date", "2026-03-12"),
        (FORBIDDEN, f"orders/{FIRST}/status", "cancelled"),
        (FORBIDDEN, f"orders/{FIRST}/history/6/refused", True),
        (BACK, "cards/fleet-manager/A5Z8C1AMEGSKM/order_id", "0RDER00000002"),
        (AWAY, "cards/other-fleet-manager/A5Z8C1AMEGSKM/order_id", ELSEWHERE),
        (AWAY, "energised/410001/billing_contact_id", "6f0d1d4c-6a55-4f0e-9b61-2f4b6d1f0a02"),
    ],
)
def test_should_compare_with_a_state_in_which_something_came_of_the_events(
    story: Story, place: str, ends: object
) -> None:
    assert in_order(Replay(story))[f"/{place}"] == ends


def test_should_find_whatever_differs() -> None:
    expected = {"/a": 1, "/b": None, "/c": "same"}
    there = {"/a": 2, "/c": "same", "/d": 0}
    assert differences(expected, there) == [
        "/a is 2, and should be 1",
        "/b is missing, and should be None",
        "/d is 0, and should be missing",
    ]
    assert differences(expected, dict(expected)) == []


@stories
def test_should_find_the_state_in_which_the_newest_events_never_came(story: Story) -> None:
    replay = Replay(story)
    expected = in_order(replay)
    replay.rewind()
    for event in replay.events[:-2]:
        replay.tell(event)
    replay.settle()
    assert differences(expected, replay.state())


# --- stale events ------------------------------------------------------------------------------


@stories
def test_should_change_nothing_when_a_stale_copy_comes_after_a_newer_event(story: Story) -> None:
    replay = Replay(story)
    for older, newer in PAIRS:
        told(replay, older, newer)
        assert replay.effects_of(retold(replay.events[older])) == [], (older, newer)
        assert replay.calls() == 0


@pytest.mark.parametrize("story", [BACK, AWAY], ids=["back", "away"])
def test_should_change_nothing_when_an_assignment_comes_after_a_newer_one(story: Story) -> None:
    replay = Replay(story)
    for older, newer in PAIRS:
        told(replay, newer, newer)
        assert replay.effects_of(replay.events[older]) == [], (older, newer)
        assert replay.calls() == 0


def test_should_show_nothing_but_history_of_a_status_that_comes_after_a_newer_one() -> None:
    replay = Replay(LOST_PARCEL)
    for older, newer in PAIRS:
        told(replay, newer, newer)
        before = replay.state()
        replay.tell(replay.events[older])
        lines = differences(before, replay.state())
        assert [line for line in lines if not line.startswith(f"/orders/{FIRST}/history")] == []


@stories
def test_should_change_nothing_when_an_event_of_the_same_version_says_what_does_not_hold(
    story: Story,
) -> None:
    replay = Replay(story)
    for older, newer in PAIRS:
        told(replay, older, newer)
        payload = replay.events[newer]["detail"]["payload"]
        version = {"SourceVersion__c": payload["SourceVersion__c"]}
        for other in (
            retold(replay.events[older], **version),
            retold(replay.events[newer], DeliveredQuantity__c=7.0),
        ):
            assert replay.effects_of(other) == [], (older, newer)
