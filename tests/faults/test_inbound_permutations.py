"""An ERP's events of each kind in any order, one of them twice, through door, queue and worker.

This plays one order in 45; `python -m tests.faults inbound-permutations` plays them all.
"""

from __future__ import annotations

from collections import Counter

import pytest

from busbar.usecases.integration_store import built_in
from tests.doubles.world import ORG
from tests.faults.inbound_events import INTEGRATION
from tests.faults.inbound_kinds import KINDS, Kind
from tests.faults.inbound_permutations import ALL, APART, arranged, play, wrong
from tests.faults.permutations import EVENTS, differences

ONE_IN = 45
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name.replace(" ", "_"))


@kinds
def test_should_end_in_the_state_of_the_events_own_order(kind: Kind) -> None:
    assert list(wrong(kind, range(7, ALL, ONE_IN))) == []


@kinds
def test_should_find_the_state_in_which_the_newest_event_never_came(kind: Kind) -> None:
    expected = play(kind, range(EVENTS), APART)
    assert "broken" not in expected
    assert differences(expected, play(kind, range(EVENTS - 1), APART)) != []


def test_should_have_every_use_case_of_the_built_in_integration() -> None:
    slugs = {one.slug for one in built_in(ORG)[INTEGRATION].use_cases}
    told = {use_case for kind in KINDS for use_case, _ in (*kind.before, *kind.events)}
    assert slugs <= told


def test_should_try_every_order_and_have_each_event_twice_alike() -> None:
    orders = [arranged(number) for number in range(ALL)]
    assert len({tuple(dict.fromkeys(order)) for order in orders}) == 720
    twice = Counter(next(n for n in order if order.count(n) == 2) for order in orders)
    assert set(twice.values()) == {120}
    last = Counter(order[-1] for order in orders if order[-1] in order[:-1])
    assert set(last) == set(range(EVENTS))
