"""Runs of `reconcile` over a fleet that none of them has the time for: what is wrong with them.

No scenario of this harness has so many cards. The tests of the function have; what they look at is
looked at here for the mutants of its guards.
"""

from __future__ import annotations

from collections.abc import Iterator

from busbar.settings.function import Tuning
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

LOOKS = (490, 550, 620)
"""At the time in one run: so much that some pages are compared in it, and others in part."""


def wrong() -> Iterator[str]:
    """What is wrong, as sentences."""
    whole = _planted()
    report = reconcile(ports(whole), Hourglass(10**6))
    for looks in LOOKS:
        yield from _in_pieces(looks, report.tasks, report.repaired)
    yield from _old_lists()


def _planted() -> World:
    """A fleet of which some cards differ."""
    world = World()
    planted(fleet(world, CARDS))
    world.clock.advance(QUIET)
    return world


def _in_pieces(looks: int, tasks: int, repaired: int) -> Iterator[str]:
    """`tasks` and `repaired` are what comes of it at once."""
    world = _planted()
    reports = [reconcile(ports(world), Hourglass(looks))]
    if "reconcile" not in {row.command.queue for row in errands(world)}:
        yield "a run that got further does not go on by itself"
    try:
        reports += runs(world, looks)
    except AssertionError:
        yield "the runs never come to the end of the fleet"
        return
    found = len(divergences(world)), sum(report.repaired for report in reports)
    if found != (tasks, repaired):
        yield f"in pieces {found} are asked about and repaired, at once {tasks, repaired}"


def _old_lists() -> Iterator[str]:
    world = World(tuning=Tuning(reconcile_after=100))
    planted(fleet(world, 20))
    world.clock.advance(QUIET)
    world.energised.backend.page_clamp = 1
    world.boundaries = Slow(world, seconds=5.0)
    if found := reconcile(ports(world), Hourglass(10**6)).found:
        yield f"{found} in lists that are older than what is passed over"
