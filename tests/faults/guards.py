"""What a mutant is: a guard of the product, what takes it out, and where that must be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.setups import Setup


@dataclass(frozen=True)
class Edit:
    """In `module`, `old`, which stands there exactly once, becomes `new`."""

    module: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A guard taken out. In `setup` one of `seeds` seeds must be red, the first of them `first`."""

    guard: str
    setup: Setup
    edits: Sequence[Edit]
    first: int = 0
    seeds: int = 300
    outage: bool = False
    """Whether it has to be seen in the long outage (`outage.py`), which has no seeds."""
    poison: bool = False
    """Whether it has to be seen among many events (`poison.py`), which have none either."""
    places: bool = False
    """Whether it has to be seen in runs over a large fleet (`places.py`): nor have these."""
