"""`make reconcile-load`: a fleet in one company, compared in many runs, and once more.

All of it in this process, against the simulators; time is given out by looks at it, so that a run
ends after so many cards. The memory is of the simulators, the table and the use case together.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence

from busbar.observability import logger
from busbar.usecases.reconcile import reconcile
from tests.doubles.world import World
from tests.functions.test_reconcile import QUIET
from tests.functions.test_reconcile_places import Hourglass, fleet, planted, ports


def megabytes() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Sequence[str]) -> int:
    """1 if anything was missed, or told without cause, or if a second run wrote anything."""
    parser = argparse.ArgumentParser("python -m tests.bench.reconcile_load", description=__doc__)
    parser.add_argument("--cards", type=int, default=10_000)
    given = parser.parse_args(arguments)
    logger.setLevel("ERROR")
    world = World()
    cards = fleet(world, given.cards)
    expected = planted(cards)
    world.clock.advance(QUIET)
    print(f"{given.cards:,} cards: {megabytes():.0f} MB", flush=True)
    # The lists take a look for every row, and a part of the cards the rest.
    looks, runs, asked, repaired = given.cards + given.cards // 3, 0, 0, 0
    while True:
        began = time.monotonic()
        report = reconcile(ports(world), Hourglass(looks))
        runs, asked, repaired = runs + 1, asked + report.tasks, repaired + report.repaired
        print(
            f"run {runs}: {report.cards:,} cards, {dict(report.found)}, "
            f"{time.monotonic() - began:.0f} s, {megabytes():.0f} MB",
            flush=True,
        )
        if report.complete:
            break
    world.pump()
    world.clock.advance(QUIET)
    written = world.table.bill.write_units
    again = reconcile(ports(world), Hourglass(10**9))
    units = world.table.bill.write_units - written
    wrote = units or again.repaired or again.tasks
    print(f"once more: {again.cards:,} cards, {dict(again.found)}, {units:.0f} write units")
    all_found = asked + repaired == expected.total() and again.cards == given.cards
    return int(not all_found or bool(wrote))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
