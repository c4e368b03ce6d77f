"""The proof at its full size: `python -m tests.faults PART --seeds N --from M`.

seeds        random faults: three interleaved orders, by turns in each mode
scenarios    random faults: all other scenarios, by turns in each mode
boundaries   every boundary of one order, and every pair of them, in each mode
wallbox      the same of one wallbox order
inbound      an ERP's events: every boundary of three scenarios, pairs of the first, random faults
poison-events  10,000 events of an ERP, one in a hundred of them bad
inbound-permutations  six events of an ERP of each kind in all 720 orders with one of them twice
drivers      random faults: two wallbox orders of one driver and one of cards, by turns in each mode
following    every boundary of what follows a wallbox order, in each mode: up to the refund card, a
             review by a hasty clerk, an unknown serial number, the ways back, a redriven execution;
             --seeds, --from choose
refunds      random faults: the same, and two refund cards beside a charge card
sync         every boundary of the sync of a fleet, by time and by position
events       six events of an order and of a card in all 4,320 orders with one of them twice
mutants      every guard taken out: each has to turn the harness red
outage       Salesforce down for 72 hours under 5,000 orders, be.ENERGISED under 50 card wishes, SAP
             for one under 120 orders of wallboxes
moto         random faults over moto: N runs, of all scenarios in turn
show         the course of one run: --from is its seed, --scenario, --mode, --trouble its setup
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from tests.faults import inbound_permutations, outage, poison
from tests.faults.boundaries import (
    FOLLOWING,
    INBOUND,
    MODES,
    SYNCS,
    pairs,
    singles,
    stopped_at,
)
from tests.faults.inbound_kinds import KINDS
from tests.faults.mutants import MUTANTS
from tests.faults.permutations import play_all
from tests.faults.playlist import AFTER_PROVISIONING, SCENARIOS
from tests.faults.run import TROUBLES, play_setup
from tests.faults.setups import Mode, Setup, Tier
from tests.faults.shrinking import keep, shrunk

Job = TypeVar("Job")
PROCESSES = os.cpu_count() or 2
EVERY = 5.0
"""Seconds between two lines of progress."""


@dataclass
class Tally:
    """How far a part is."""

    what: str
    total: int
    start: float = field(default_factory=time.monotonic)
    told: float = 0.0
    done: int = 0
    failures: list[str] = field(default_factory=list)

    def count(self, done: int, failures: Iterable[str]) -> None:
        """Some more are done."""
        self.done += done
        for failure in failures:
            self.failures.append(failure)
            print(f"FAILED {failure}", flush=True)
        if time.monotonic() - self.told > EVERY or self.done == self.total:
            self.told = time.monotonic()
            seconds = self.told - self.start
            print(
                f"{self.what}: {self.done:,} of {self.total:,}, {len(self.failures)} failed, "
                f"{seconds:.0f} s, {self.done / seconds:.1f}/s",
                flush=True,
            )


def jobs_of(names: Iterable[str], first: int, count: int, tier: Tier) -> list[tuple[Setup, int]]:
    """Every seed of the range with each scenario; the modes take turns."""
    return [
        (Setup(name, MODES[seed % len(MODES)], tier=tier), seed)
        for name in names
        for seed in range(first, first + count)
    ]


def play_some(jobs: tuple[tuple[Setup, int], ...]) -> list[str]:
    """Play some seeds; those that fail are shrunk and kept. What is wrong."""
    failures = []
    for setup, seed in jobs:
        if play_setup(setup, seed).found:
            regression = shrunk(setup, seed)
            keep(regression)
            failures.append(
                f"{regression.setup}, seed {seed}, faults {regression.only}: {regression.found}"
            )
    return failures


def stop_some(jobs: tuple[tuple[str, Mode, tuple[int, ...]], ...]) -> list[str]:
    """Stop workers at some boundaries of a scenario. What is wrong."""
    failures = []
    for name, mode, boundaries in jobs:
        found, reached = stopped_at(mode, boundaries, SCENARIOS[name])
        names = [reached[b] for b in boundaries if b < len(reached)]
        if found:
            failures.append(f"{mode}, boundaries {boundaries} {names}: {found[0]}")
    return failures


def stop_pairs(jobs: tuple[tuple[str, Mode, int], ...]) -> tuple[int, list[str]]:
    """Stop workers at all pairs that begin at some boundaries: how many, and what is wrong."""
    chosen = [
        (name, mode, both)
        for name, mode, first in jobs
        for both in pairs(mode, first, SCENARIOS[name])
    ]
    return len(chosen), stop_some(tuple(chosen))


def spread(
    what: str, jobs: list[Job], work: Callable[[tuple[Job, ...]], list[str]], size: int
) -> list[str]:
    """Do all jobs on all processors, in pieces of `size`."""
    tally = Tally(what, len(jobs))
    pieces = [tuple(jobs[at : at + size]) for at in range(0, len(jobs), size)]
    with ProcessPoolExecutor(PROCESSES, initializer=logging.disable) as pool:
        for piece, failures in zip(pieces, pool.map(work, pieces), strict=True):
            tally.count(len(piece), failures)
    return tally.failures


def seeds(first: int, count: int) -> list[str]:
    """Random faults, three orders."""
    jobs = jobs_of(["three orders"], first, count, "memory")
    return spread(f"three orders, seeds {first} to {first + count - 1}", jobs, play_some, 20)


def scenarios(first: int, count: int) -> list[str]:
    """Random faults, everything else."""
    names = [name for name in SCENARIOS if name != "three orders"]
    jobs = jobs_of(names, first, count, "memory")
    return spread(f"{', '.join(names)}; seeds {first} to {first + count - 1}", jobs, play_some, 20)


def moto(first: int, count: int) -> list[str]:
    """Random faults over moto, every scenario."""
    jobs = jobs_of(SCENARIOS, first, max(1, count // len(SCENARIOS)), "moto")
    return spread(f"over moto, {len(SCENARIOS)} scenarios", jobs, play_some, 2)


def boundaries(first: int, count: int, name: str = "one order") -> list[str]:
    """All boundaries, then all pairs whose first boundary is in the range."""
    each = {mode: list(singles(mode, SCENARIOS[name])) for mode in MODES}
    for mode, found in each.items():
        print(f"{mode}: {name} has {len(found)} boundaries", flush=True)
    alone = [(name, mode, one) for mode, found in each.items() for one in found]
    failures = spread("single boundaries", alone, stop_some, 10)
    return failures + all_pairs(name, MODES, first, count)


def all_pairs(name: str, modes: Sequence[Mode], first: int, count: int) -> list[str]:
    """All pairs of boundaries whose first one is in the range, counted through the modes."""
    alone = [(mode, one) for mode in modes for one in singles(mode, SCENARIOS[name])]
    chosen = [(name, mode, one[0]) for mode, one in alone][first : first + count]
    tally = Tally("pairs of boundaries, by the first", len(chosen))
    total = 0
    with ProcessPoolExecutor(PROCESSES, initializer=logging.disable) as pool:
        for number, wrong in pool.map(stop_pairs, [(one,) for one in chosen]):
            total += number
            tally.count(1, wrong)
    print(f"{total:,} pairs, first boundaries {first} to {first + len(chosen) - 1}")
    return tally.failures


def wallbox(first: int, count: int) -> list[str]:
    """All boundaries of one wallbox order, then pairs."""
    return boundaries(first, count, "one wallbox")


def drivers(first: int, count: int) -> list[str]:
    """Random faults, two orders of wallboxes by one driver and one of cards."""
    name = "two wallboxes and a card"
    jobs = jobs_of([name], first, count, "memory")
    return spread(f"{name}, seeds {first} to {first + count - 1}", jobs, play_some, 20)


def inbound(first: int, count: int) -> list[str]:
    """All boundaries of an ERP's events, then pairs of the first scenario, then random faults."""
    failures = []
    for name in INBOUND:
        jobs = [(name, MODES[0], one) for one in singles(MODES[0], SCENARIOS[name])]
        failures += spread(f"{name}: single boundaries", jobs, stop_some, 10)
    failures += all_pairs(INBOUND[0], MODES[:1], first, count)
    jobs_at_random = [(Setup(name), n) for name in INBOUND for n in range(first, first + count)]
    what = f"{', '.join(INBOUND)}; seeds {first} to {first + count - 1}"
    return failures + spread(what, jobs_at_random, play_some, 20)


def permute_some(jobs: tuple[tuple[int, int], ...]) -> list[str]:
    """Play some orders, by their numbers, of a kind each. What is wrong."""
    of: dict[int, list[int]] = {}
    for kind, number in jobs:
        of.setdefault(kind, []).append(number)
    return [
        f for kind, numbers in of.items() for f in inbound_permutations.wrong(KINDS[kind], numbers)
    ]


def permuted(first: int, count: int) -> list[str]:
    """Six events of an ERP of each kind, in every order."""
    numbers = range(inbound_permutations.ALL)[first : first + count]
    jobs = [(kind, number) for kind in range(len(KINDS)) for number in numbers]
    return spread(f"{len(KINDS)} kinds of events in any order", jobs, permute_some, 90)


def poison_events(_first: int, _count: int) -> list[str]:
    """Bad events among many good ones."""
    result = poison.measured(poison.MANY)
    print(result.shown())
    return result.found


def following(first: int, count: int) -> list[str]:
    """All boundaries of what follows a wallbox order, in each mode."""
    jobs = []
    for name in FOLLOWING:
        for mode in MODES:
            found = list(singles(mode, SCENARIOS[name]))
            print(f"{mode}: {name} has {len(found)} boundaries", flush=True)
            jobs += [(name, mode, one) for one in found]
    return spread("boundaries after a wallbox order", jobs[first : first + count], stop_some, 10)


def refunds(first: int, count: int) -> list[str]:
    """Random faults, all that follows a wallbox order."""
    names = sorted(AFTER_PROVISIONING)
    jobs = jobs_of(names, first, count, "memory")
    return spread(f"{', '.join(names)}; seeds {first} to {first + count - 1}", jobs, play_some, 20)


def stop_syncs(jobs: tuple[tuple[str, int], ...]) -> list[str]:
    """Stop workers of the sync at some boundaries. What is wrong."""
    return [
        f"{name}, boundary {one}: {found[0]}"
        for name, one in jobs
        if (found := stopped_at("unique_key", (one,), SCENARIOS[name])[0])
    ]


def sync(first: int, count: int) -> list[str]:
    """All boundaries of both scenarios of the sync."""
    jobs = [
        (name, one)
        for name in SYNCS
        for one in range(len(stopped_at("unique_key", (), SCENARIOS[name])[1]))
    ]
    return spread("boundaries of the sync", jobs[first : first + count], stop_syncs, 10)


def mutants(_first: int, _count: int) -> list[str]:
    """All mutants, each in a process of its own."""
    green = []
    for mutant in MUTANTS:
        command = [sys.executable, "-m", "tests.faults.mutants", mutant.guard]
        if subprocess.run(command, check=False).returncode:
            green.append(f"the mutant of {mutant.guard} stays green")
    return green


def events(_first: int, _count: int) -> list[str]:
    """Six events in every order, with each of them twice."""
    return ["events in another order end in another state"] if play_all() else []


def long_outage(_first: int, _count: int) -> list[str]:
    """Systems that are down for days, at the full size."""
    logging.disable()
    return outage.full_size()


def show(setup: Setup, seed: int) -> list[str]:
    """Print every effect of one run, what happened to it, and what is wrong."""
    run = play_setup(setup, seed)
    print(*run.trace, sep="\n")
    print(f"\n{setup}, seed {seed}: {len(run.trace)} effects; by kind and number:")
    for effect, fault in run.happened.items():
        print(f"  {effect}: {fault.word}" + (f" {fault.seconds:.1f} s" if fault.seconds else ""))
    print(*run.found or ["nothing is wrong"], sep="\n")
    return run.found


PARTS: dict[str, Callable[[int, int], list[str]]] = {
    "seeds": seeds,
    "scenarios": scenarios,
    "boundaries": boundaries,
    "wallbox": wallbox,
    "drivers": drivers,
    "inbound": inbound,
    "inbound-permutations": permuted,
    "poison-events": poison_events,
    "following": following,
    "refunds": refunds,
    "sync": sync,
    "events": events,
    "mutants": mutants,
    "outage": long_outage,
    "moto": moto,
}


def main(arguments: list[str]) -> int:
    """Run one part, or all. Exit code 1 if anything is wrong."""
    parser = argparse.ArgumentParser("python -m tests.faults", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("part", choices=[*PARTS, "all", "show"])
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--scenario", choices=SCENARIOS, default="three orders")
    parser.add_argument("--mode", choices=MODES, default="unique_key")
    parser.add_argument("--trouble", choices=TROUBLES, default="chance")
    given = parser.parse_args(arguments)
    if given.part == "show":
        return bool(show(Setup(given.scenario, given.mode, given.trouble), given.first))
    chosen = list(PARTS) if given.part == "all" else [given.part]
    failures: Iterator[str] = chain.from_iterable(
        PARTS[part](given.first, given.seeds) for part in chosen
    )
    wrong = list(failures)
    print(f"{', '.join(chosen)}: {'FAILED' if wrong else 'ok'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
