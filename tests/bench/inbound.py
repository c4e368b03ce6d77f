"""`python -m tests.bench.inbound`: what an event of an ERP costs beside the usual ways, in one run.

All figures are CPU per event in µs, medians of rounds that take turns; so they are compared with
each other and with nothing else. The table is a stub on the loopback: the client's own cost is in
them, that of a network, of TLS and of DynamoDB is not. Goals are told as they come out; none fails
a build, as these are the machine's times.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.bench.contenders import CONTENDERS
from tests.bench.mapping_ways import ways

ROUNDS = 9
BATCHES = {"usual": 2}
"""Per round, of contenders that are slow."""
QUICK_BATCHES = 16
REPEATS = {"jsonata-python, per field": 1, "jsonata-python, whole": 3}
QUICK_REPEATS = 40
NAMES = {
    "worker": "whole worker, its child included",
    "unguarded": "worker, mapping in its own process",
    "by hand": "worker, mapping by hand",
    "calls": "the worker's calls to the table alone",
    "floor": "by hand: parse, map, one write",
    "usual": "usual stack",
}
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "eu-central-1",
}
IMPORTS = {"erp_events": "functions.erp_events.handler", "usual": "tests.bench.usual_stack"}
_PROBE = """
import resource
def cpu():
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime
began = cpu()
import {module}
print(cpu() - began)
"""


@dataclass(frozen=True)
class Goal:
    """A goal: what was measured, what it may be, and what stands behind a miss."""

    what: str
    figure: float
    most: float
    why: str

    def line(self) -> str:
        """The verdict."""
        met = self.figure <= self.most
        verdict = "ok    " if met else "MISSED"
        told = f"{verdict}  {self.what}: {self.figure:.3f}, at most {self.most:.3f}"
        return told if met else f"{told}\n        {self.why}"


class Process:
    """A contender in its own process, with a table of its own."""

    def __init__(self, name: str, port: str) -> None:
        self._name = name
        self._process = _started("tests.bench.contender", name, port)

    def round(self, batches: int) -> tuple[float, float]:
        """CPU per event of a round: its own and its children's."""
        source, sink = self._process.stdin, self._process.stdout
        assert source
        assert sink
        source.write(f"{batches}\n")
        source.flush()
        answer = sink.readline()
        if not answer:
            raise SystemExit(f"{self._name} has ended")
        own, children = answer.split()
        return float(own), float(children)

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process."""
        return self._process


def _started(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **_CREDENTIALS},
    )


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        process.wait()


def handlers() -> dict[str, tuple[float, float]]:
    """CPU per event of each contender: its own, and its children's."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    with ExitStack() as running:
        processes = {}
        for name in CONTENDERS:
            stub = _started("tests.bench.table_stub")
            running.enter_context(_ended(stub))
            assert stub.stdout
            processes[name] = Process(name, stub.stdout.readline().strip())
            running.enter_context(_ended(processes[name].process))
            # The first batches create what the others update, and warm what is kept.
            processes[name].round(3)
        for _ in range(ROUNDS):
            for name, process in processes.items():
                seen[name].append(process.round(BATCHES.get(name, QUICK_BATCHES)))
    return {name: _medians(rounds) for name, rounds in seen.items()}


def _medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    own, children = (statistics.median(column) for column in zip(*rounds, strict=True))
    return own, children


def mappings() -> dict[str, float]:
    """CPU per event of each way to map it, from the parsed payload to the attributes."""
    seen: dict[str, list[float]] = {}
    todo = ways()
    for _ in range(ROUNDS):
        for name, way in todo.items():
            repeats = REPEATS.get(name, QUICK_REPEATS)
            began = time.process_time()
            for _ in range(repeats):
                way()
            seen.setdefault(name, []).append((time.process_time() - began) / repeats * 1e6)
    return {name: statistics.median(each) for name, each in seen.items()}


def imports() -> dict[str, float]:
    """CPU in ms of the imports of a fresh interpreter."""
    seen: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(ROUNDS):
        for name, module in IMPORTS.items():
            run = subprocess.run(
                [sys.executable, "-c", _PROBE.format(module=module)],
                capture_output=True,
                text=True,
                check=True,
            )
            seen[name].append(float(run.stdout) * 1000)
    return {name: statistics.median(each) for name, each in seen.items()}


def goals(
    handled: Mapping[str, tuple[float, float]],
    mapped: Mapping[str, float],
    loaded: Mapping[str, float],
) -> list[Goal]:
    """The goals with their figures."""
    total = {name: sum(spent) for name, spent in handled.items()}
    ours, alone = total["worker"], total["calls"]
    guard = ours - total["unguarded"]
    return [
        Goal(
            "whole worker, of the usual stack",
            ours / total["usual"],
            1 / 8,
            f"its calls to the table alone are {alone / ours:.0%} of it,"
            f" the mapping and its guard {(ours - total['by hand']) / ours:.0%}",
        ),
        Goal(
            "mapping, of jsonata-python's",
            mapped["ours, per field"] / mapped["jsonata-python, per field"],
            1 / 30,
            "see the engine's own figure above",
        ),
        Goal(
            "mapping, of one by hand",
            mapped["ours, per field"] / mapped["by hand"],
            4,
            f"the engine alone takes {mapped['engine, whole'] / mapped['by hand']:.1f} times as"
            " long as a program that need not look what kind of value it has",
        ),
        Goal(
            "an expression per field, of one as a whole",
            mapped["ours, per field"] / mapped["engine, whole"],
            1.5,
            "beside the engine, it finds the paths, and settles and collects the attributes",
        ),
        Goal(
            "the guard (child and pipe), of the whole worker",
            guard / ours,
            1 / 10,
            f"{guard:.0f} µs: the event and its attributes pass as JSON over two pipes, and the"
            " child finds its caches cold each time that the worker has run",
        ),
        Goal(
            "imports of erp_events, of the usual stack's",
            loaded["erp_events"] / loaded["usual"],
            3 / 4,
            f"{loaded['erp_events']:.0f} ms; botocore and pydantic are most of it",
        ),
    ]


def main() -> None:
    """Measure and print."""
    handled, mapped, loaded = handlers(), mappings(), imports()
    print(f"\n{'CPU per event, batches of ten, in µs':40} {'own':>8} {'child':>8} {'sum':>8}")
    for name, (own, children) in handled.items():
        print(f"{NAMES[name]:40} {own:8.0f} {children:8.0f} {own + children:8.0f}")
    print(f"\n{'mapping 62 fields, from value to value':40} {'µs':>8}")
    for name, spent in mapped.items():
        print(f"{name:40} {spent:8.0f}")
    print(f"\n{'imports of a fresh interpreter':40} {'ms':>8}")
    for name, spent in loaded.items():
        print(f"{IMPORTS[name]:40} {spent:8.0f}")
    print()
    for goal in goals(handled, mapped, loaded):
        print(goal.line())


if __name__ == "__main__":
    main()
