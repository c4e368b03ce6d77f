"""From a seed that fails to the few faults that make it fail, kept as a regression."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
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
    """A failing seed with as few faults as it takes."""

    def fails(only: Sequence[str]) -> bool:
        return bool(play_setup(setup, seed, only).found)

    played = play_setup(setup, seed)
    needed = list(played.happened)
    if not fails(needed):
        return Regression(setup, seed, None, played.found[0])
    fewest = fewest_of(needed, fails)
    return Regression(setup, seed, tuple(fewest), play_setup(setup, seed, fewest).found[0])


def fewest_of(needed: list[str], fails: Callable[[Sequence[str]], bool]) -> list[str]:
    """As few of `needed` as still fail: leaves out halves, quarters, and single ones at last."""
    size = max(1, len(needed) // 2)
    while True:
        pieces = ([*needed[:at], *needed[at + size :]] for at in range(0, len(needed), size))
        fewer = next((piece for piece in pieces if fails(piece)), None)
        if fewer is not None:
            needed = fewer
        elif size == 1:
            return needed
        else:
            size = max(1, size // 2)


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
