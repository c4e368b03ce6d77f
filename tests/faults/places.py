"""Runs of `reconcile` over a fleet that none of them has the time for: what is wrong with them.

No scenario of this harness has so many cards. The tests of the function have; what they look at is
looked at here for the mutants of its guards.
"""

from __future__ import annotations

from collections.abc import Iterator

from busbar.settings import Tuning
from busbar.usecases.reconcile import reconcile
from tests.doubles.world import World
from tests.functions.given import errands
from tests.functions.test_reconcile import QUIET
from tests.functions.test_reconcile_places import (
    CARDS,
    Hourglass,
    divergences,
    fleet,
    planted,
    ports,
    runs,
)
from tests.functions.test_sync_cards_walk import Slow

LOOKS = 550
"""At the time in one run: some pages are compared in it."""


def wrong() -> Iterator[str]:
    """What is wrong, as sentences."""
    yield from _in_pieces()
    yield from _old_lists()


def _in_pieces() -> Iterator[str]:
    world = World()
    cards = fleet(world, CARDS)
    planted(cards)
    world.clock.advance(QUIET)
    first = reconcile(ports(world), Hourglass(LOOKS))
    if first.complete or not errands(world):
        yield "a run that got further does not go on by itself"
    try:
        reports = [first, *runs(world, LOOKS)]
    except AssertionError:
        yield "the runs never come to the end of the fleet"
        return
    done = sum(report.tasks + report.repaired for report in reports)
    whole = World()
    cards = fleet(whole, CARDS)
    planted(cards)
    whole.clock.advance(QUIET)
    at_once = reconcile(ports(whole), Hourglass(10**6))
    if done != at_once.tasks + at_once.repaired or len(divergences(world)) != at_once.tasks:
        yield f"in pieces {done} differences are found, at once {at_once.tasks + at_once.repaired}"


def _old_lists() -> Iterator[str]:
    world = World(tuning=Tuning(reconcile_after=100))
    planted(fleet(world, 20))
    world.clock.advance(QUIET)
    world.energised.backend.page_clamp = 1
    world.boundaries = Slow(world, seconds=5.0)
    if found := reconcile(ports(world), Hourglass(10**6)).found:
        yield f"{found} in lists that are older than what is passed over"
