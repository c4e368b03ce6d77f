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
STARTS, ROUNDS_OF_ONE = 3, 4
"""A process is quicker or slower than the next of its kind, by a tenth and for all its life: where
its memory came to lie. So each contender is started anew several times."""
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
_ENVIRONMENT = {
    # Byte code is kept, as Lambda gets it: else what is ours would be compiled at every start.
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "eu-central-1",
}
LOADED = {
    "erp_events, imports": "import functions.erp_events.handler",
    "erp_events, imports and clients": "from tests.bench.contenders import ready_ingest as r; r()",
    "usual stack, imports": "import tests.bench.usual_ingest",
    "usual stack, imports and clients": "from tests.bench.usual_ingest import ready as r; r()",
    "the libraries of erp_events alone": "import botocore.session, pydantic.main",
}
"""What a fresh interpreter does. A function of the usual stack makes its clients when it is
imported, ours when it first needs one: so both are told."""
_PROBE = """
import time
began = time.process_time()
{work}
print(time.process_time() - began)
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
        env=_ENVIRONMENT,
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


def handlers() -> dict[str, list[tuple[float, float]]]:
    """CPU per event of each contender, round by round: its own, and its children's."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(STARTS):
        with ExitStack() as running:
            processes = {name: _contender(name, running) for name in CONTENDERS}
            for _ in range(ROUNDS_OF_ONE):
                for name, process in processes.items():
                    seen[name].append(process.round(BATCHES.get(name, QUICK_BATCHES)))
    return seen


def _contender(name: str, running: ExitStack) -> Process:
    """A contender and its table, until `running` ends."""
    stub = _started("tests.bench.table_stub")
    running.enter_context(_ended(stub))
    assert stub.stdout
    made = Process(name, stub.stdout.readline().strip())
    running.enter_context(_ended(made.process))
    # The first batches create what the others update, and warm what is kept.
    made.round(3)
    return made


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


def starts() -> dict[str, float]:
    """CPU in ms of what a fresh interpreter does."""
    seen: dict[str, list[float]] = {name: [] for name in LOADED}
    for _ in range(ROUNDS):
        for name, work in LOADED.items():
            run = subprocess.run(
                [sys.executable, "-c", _PROBE.format(work=work)],
                capture_output=True,
                text=True,
                check=True,
                env=_ENVIRONMENT,
            )
            seen[name].append(float(run.stdout) * 1000)
    return {name: statistics.median(each) for name, each in seen.items()}


def goals(
    handled: Mapping[str, list[tuple[float, float]]],
    mapped: Mapping[str, float],
    loaded: Mapping[str, float],
) -> list[Goal]:
    """The goals with their figures."""
    total = {name: [sum(spent) for spent in rounds] for name, rounds in handled.items()}

    def of(part: str, whole: str) -> float:
        # Of each round by itself: what disturbs the machine disturbs neighbours alike.
        return statistics.median(p / w for p, w in zip(total[part], total[whole], strict=True))

    ours, engine = mapped["ours, per field"], mapped["engine, whole"]
    imported = loaded["erp_events, imports"]
    return [
        Goal(
            "whole worker, of the usual stack",
            of("worker", "usual"),
            1 / 8,
            f"its calls to the table alone are {of('calls', 'worker'):.0%} of it",
        ),
        Goal(
            "mapping, of jsonata-python's",
            ours / mapped["jsonata-python, per field"],
            1 / 30,
            f"the engine is {engine / ours:.0%} of it",
        ),
        Goal(
            "mapping, of one by hand",
            ours / mapped["by hand"],
            4,
            f"the engine alone takes {engine / mapped['by hand']:.1f} times as long as a program"
            " that knows what it will find, and fails if it does not; the rest of the mapping"
            f" {(ours - engine) / mapped['by hand']:.1f} times",
        ),
        Goal(
            "an expression per field, of one as a whole",
            ours / engine,
            1.5,
            "beside the engine, it follows the paths, and settles and collects the attributes",
        ),
        Goal(
            "the guard (child and pipe), of the whole worker",
            1 - of("unguarded", "worker"),
            1 / 10,
            "event and attributes pass as JSON over two pipes, and the child finds its caches cold"
            " at each batch",
        ),
        Goal(
            "imports of erp_events, of the usual stack's",
            imported / loaded["usual stack, imports"],
            3 / 4,
            f"botocore and pydantic alone are"
            f" {loaded['the libraries of erp_events alone'] / imported:.0%} of it, and the usual"
            " stack has them too",
        ),
    ]


def main() -> None:
    """Measure and print."""
    handled, mapped, loaded = handlers(), mappings(), starts()
    print(f"\n{'CPU per event, batches of ten, in µs':40} {'own':>8} {'child':>8} {'sum':>8}")
    for name, rounds in handled.items():
        own, children = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{NAMES[name]:40} {own:8.0f} {children:8.0f} {own + children:8.0f}")
    print(f"\n{'mapping 62 fields, from value to value':40} {'µs':>8}")
    for name, spent in mapped.items():
        print(f"{name:40} {spent:8.0f}")
    print(f"\n{'fresh interpreter':40} {'ms':>8}")
    for name, spent in loaded.items():
        print(f"{name:40} {spent:8.0f}")
    print()
    for goal in goals(handled, mapped, loaded):
        print(goal.line())


if __name__ == "__main__":
    main()
