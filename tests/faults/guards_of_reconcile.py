"""The guards of a comparison that has not the time for all of a fleet in one run."""

from __future__ import annotations

from tests.faults.guards import Edit, Mutant
from tests.faults.setups import Setup

RECONCILE, WALK = "busbar.usecases.reconcile", "busbar.usecases.reconcile_walk"

PLACE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "place that a run has come to",
        Setup(trouble="calm"),
        (Edit(RECONCILE, "    _keep(walk.place, stored, deps)\n", ""),),
        places=True,
    ),
    Mutant(
        "place of a page until all of it is compared",
        Setup(trouble="calm"),
        (
            Edit(
                WALK,
                "            yield page.items\n",
                "            if page.cursor:\n"
                '                update = {"cursor": page.cursor}\n'
                "                self.place = self.place.model_copy(update=update)\n"
                "            yield page.items\n",
            ),
        ),
        places=True,
    ),
    Mutant(
        "run that goes on by an errand",
        Setup(trouble="calm"),
        (Edit(RECONCILE, "if in_a_hurry or walk.place != begins:", "if in_a_hurry:"),),
        places=True,
    ),
    Mutant(
        "lists no older than what is passed over",
        Setup(trouble="calm"),
        (Edit(WALK, "min(self._left(), self._listed_within())", "self._left()"),),
        places=True,
    ),
)
