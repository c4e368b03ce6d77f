"""From a seed that fails to the few faults that make it fail, kept as a regression."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.run import play_setup
from tests.faults.setups import Setup

KEPT = Path(__file__).parent / "regressions.jsonl"


@dataclass(frozen=True)
class Regression:
    """A run that was wrong once. `only` are the faults that it takes; None: all of the seed."""

    setup: Setup
    seed: int
    only: tuple[str, ...] | None
    found: str

    def play(self) -> list[str]:
        """Play it again: what is wrong."""
        return play_setup(self.setup, self.seed, self.only).found


def shrunk(setup: Setup, seed: int) -> Regression:
    """A failing seed with as few faults as it takes: half of them, a quarter, one by one."""
    played = play_setup(setup, seed)
    whole = Regression(setup, seed, None, played.found[0])
    needed = list(played.happened)
    if not play_setup(setup, seed, needed).found:
        return whole
    size = max(1, len(needed) // 2)
    while True:
        fewer = _without_one(setup, seed, needed, size)
        if fewer is not None:
            needed = fewer
        elif size == 1:
            found = play_setup(setup, seed, needed).found
            return Regression(setup, seed, tuple(needed), found[0])
        size = max(1, size // 2) if fewer is None else size


def _without_one(setup: Setup, seed: int, needed: Sequence[str], size: int) -> list[str] | None:
    """The faults without a piece that is not needed; None if each piece is."""
    for at in range(0, len(needed), size):
        fewer = [*needed[:at], *needed[at + size :]]
        if play_setup(setup, seed, fewer).found:
            return fewer
    return None


def kept() -> list[Regression]:
    """All regressions."""
    lines = KEPT.read_text("utf-8").splitlines() if KEPT.exists() else []
    return [_regression(json.loads(line)) for line in lines if line]


def _regression(raw: dict[str, object]) -> Regression:
    setup, only = raw["setup"], raw["only"]
    assert isinstance(setup, dict)
    assert only is None or isinstance(only, list)
    return Regression(
        Setup(**setup),
        int(str(raw["seed"])),
        None if only is None else tuple(only),
        str(raw["found"]),
    )


def keep(regression: Regression) -> None:
    """Write it down, once."""
    if regression not in kept():
        with KEPT.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(regression)) + "\n")
