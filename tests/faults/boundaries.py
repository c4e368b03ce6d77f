"""Stops the workers of one order at every boundary, and at every pair of boundaries.

The order is played once to number its boundaries: three at each effect (`trouble.POINTS`). Then it
is played once with each of them, and with each two of them, the second one counted in the run that
the first has changed. At the end every message of the run comes once more.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.cloud import Cloud
from tests.faults.run import play
from tests.faults.scenarios import ONE_ORDER, Scenario
from tests.faults.setups import Mode
from tests.faults.trouble import Exact

MODES: tuple[Mode, ...] = ("unique_key", "probe", "none")
SYNCS = ("many cards", "all cards")
"""Scenarios of the sync, of which the mode of creating is no part."""
INBOUND = (
    "one customer",
    "many events at once",
    "a relation waits",
    "a file of events",
    "uploaded payloads",
    "a scope is told in full",
)
"""Scenarios of an ERP's events, of which it is none either."""
FOLLOWING = (
    "refund card",
    "hasty reviews",
    "unknown serial number",
    "way back",
    "known driver goes back",
    "second order goes back",
    "first order goes back",
    "back and again",
    "taken off sale",
    "redriven",
)
"""What follows a wallbox order: each boundary alone, as those of the order itself go in pairs."""
Boundaries = tuple[int, ...]


def stopped_at(
    mode: Mode, boundaries: Boundaries, scenario: Scenario = ONE_ORDER
) -> tuple[list[str], list[str]]:
    """Play the order with workers that stop there: what is wrong, and all boundaries it came to."""
    trouble = Exact(boundaries)
    cloud = Cloud(mode=mode, tenant=scenario.tenant)
    found = play(cloud, scenario, trouble, redeliver=True)
    missed = [b for b in boundaries if b >= len(trouble.reached)]
    return [*found, *(f"boundary {b} is never reached" for b in missed)], trouble.reached


def singles(mode: Mode, scenario: Scenario = ONE_ORDER) -> Iterator[Boundaries]:
    """Every boundary of the order."""
    yield from ((number,) for number in range(len(stopped_at(mode, (), scenario)[1])))


def pairs(mode: Mode, first: int, scenario: Scenario = ONE_ORDER) -> Iterator[Boundaries]:
    """Boundary `first` with every one that comes after it."""
    reached = stopped_at(mode, (first,), scenario)[1]
    yield from ((first, second) for second in range(first + 1, len(reached)))
