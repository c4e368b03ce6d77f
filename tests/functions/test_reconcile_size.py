"""Two thousand objects, of which a hundred disagree, in every way at once."""

from __future__ import annotations

from collections import Counter

from tests.doubles.world import World
from tests.functions.divergences import PLANTS
from tests.functions.given import forget_calls, tasks, writes
from tests.functions.test_reconcile import QUIET, run, things

ORDERS, CARDS = 500, 3
DIVERGENCES = 100


def test_should_find_all_of_a_hundred_among_two_thousand_and_nothing_else() -> None:
    world = World(cards=ORDERS * CARDS)
    made = things(world, ORDERS, CARDS)
    assert sum(1 + len(thing.cards) for thing in made) == 2000
    assert run(world)["found"] == {}

    planted = [PLANTS[n % len(PLANTS)] for n in range(DIVERGENCES)]
    for plant, thing in zip(planted, made[:: ORDERS // DIVERGENCES], strict=True):
        plant.plant(thing)
    world.clock.advance(QUIET)
    report = run(world)
    assert report["complete"]
    assert report["found"] == dict(Counter(plant.found[0] for plant in planted))
    repaired = sum(plant.repaired for plant in planted)
    assert (report["repaired"], report["tasks"]) == (repaired, DIVERGENCES - repaired)

    asked = {task.id for task in tasks(world)}
    forget_calls(world)
    written = world.table.bill.write_units
    again = run(world)
    assert again["found"] == dict(Counter(p.found[0] for p in planted if not p.repaired))
    assert (again["repaired"], again["tasks"]) == (0, 0)
    assert world.table.bill.write_units == written
    assert not writes(world.salesforce, world.energised)
    assert {task.id for task in tasks(world)} == asked
