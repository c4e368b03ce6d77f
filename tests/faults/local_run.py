"""Many orders on the local system while its workers are killed: `make faults-local`.

Clients place orders, clerks deliver them, cards are given and switched on, the operator has all
synchronised; drivers order wallboxes, which go their way through the state machine. A killer ends
workers at random. Then everything settles, and the checker judges.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.console import Console
from infra.local.options import CACHE
from infra.local.synthesis import assembly
from infra.local.testing import RunningSystem, running_system
from tests.faults.checker import judge
from tests.faults.evidence import Evidence, Portal
from tests.faults.killer import Killer, calls_over_their_limit, calls_that_died
from tests.faults.local_cloud import LocalCloud
from tests.faults.local_stage import SCALE, LocalStage
from tests.faults.local_times import SWEEP, TIMES
from tests.faults.run import guarded, look
from tests.faults.scenarios import (
    DRIVERS,
    LOOK,
    OPERATOR,
    Line,
    order,
    poison,
    synchronised,
    wallbox,
)
from tests.faults.stage import SYNC, WALLBOX_ORDERS, Client, Stage

Say = Callable[[str], None]
Work = Callable[[threading.Event], None]
"""Goes on until the event is set."""
STEPS = ("wallbox_provisioning",)
"""What works the steps of a wallbox order: between two of them it is in no worker's hands."""
PROGRESS = 5.0
QUIET = 2.0
"""Seconds without work after which nothing more comes by itself: longer than any lag of a list."""
SETTLES = 120.0
"""Seconds in which everything has to come to rest after the last client is gone."""


@dataclass(frozen=True)
class Size:
    """How much: `clients` orders are under way at once, `every` seconds or more between kills.

    `orders` are of cards, one order of a wallbox stands among every `orders / wallboxes` of them;
    all of these are by two drivers. The first orders come `apart` seconds from each other: workers
    that are all new at once are slow for long.
    """

    orders: int = 100
    wallboxes: int = 25
    kills: int = 50
    clients: int = 10
    every: float = 2.0
    apart: float = 2.0

    @property
    def all_orders(self) -> int:
        """Of cards and of wallboxes."""
        return self.orders + self.wallboxes

    def lines(self) -> list[Line]:
        """Orders of one card, of which two in three are given away and switched on; wallboxes."""
        return [poison(), *map(self._line, range(self.all_orders))]

    def _line(self, number: int) -> Line:
        begins = number * self.apart * SCALE if number < self.clients else 0.0
        before = number * self.wallboxes // self.all_orders
        if (number + 1) * self.wallboxes // self.all_orders > before:
            # In pairs, so that two orders of one driver meet on their way.
            return wallbox_through(f"wallbox {before}", DRIVERS[before // 2 % 2], begins)
        number -= before
        return order(f"order {number}", 1, begins, cards_used=number % 3 != 2)


def wallbox_through(key: str, user: str, begins: float) -> Line:
    """A driver orders a wallbox, and looks until Salesforce has the order."""

    def line(stage: Stage) -> None:
        wallbox(key, user, begins)(stage)
        asked = [(o.user, o.subject) for o in stage.history.of("wallbox order")].index((user, key))
        placed = stage.history.of("wallbox order")[asked].body
        client = Client(stage, user)

        def there() -> str | None:
            shown = client.ask("GET", f"{WALLBOX_ORDERS}/{placed['id']}").json
            number: str | None = shown["salesforce_order_number"]
            return number

        client.until(there, every=LOOK)

    return line


@dataclass
class LocalRun:
    """One run on a system that holds nothing but its sample data."""

    system: RunningSystem
    size: Size
    seed: int = 0
    say: Say = lambda _text: None
    seconds: dict[str, float] = field(default_factory=dict)
    """What each part took."""

    def __post_init__(self) -> None:
        self.stage = LocalStage(self.system, self.seed)
        self.cloud = LocalCloud(self.system)
        self.killer = Killer(
            self.system,
            self.size.kills,
            self.size.every,
            self._progress,
            self.seed,
            STEPS if self.size.wallboxes else (),
        )

    def play(self) -> Evidence:
        """Play the lines of the size under kills. What there is to be judged then."""
        return self._play(self.size.lines(), self._syncing, self.killer.run)

    def play_in_peace(self, lines: Sequence[Line]) -> Evidence:
        """Play lines, and kill nobody."""
        return self._play(lines)

    def _play(self, lines: Sequence[Line], *meanwhile: Work) -> Evidence:
        with self._meanwhile(self._sweeping, self._telling):
            with self._part("orders"), self._meanwhile(*meanwhile):
                self._let(lines)
            with self._part("settling"):
                self._let([self._settle])
        with self._part("looking"):
            self.say(self.told())
            portal, held = Portal(), self.stage.held()
            self._let([lambda stage: look(stage, portal)])
        return Evidence(self.stage.history, held, portal, dead=self.cloud.dead())

    def _let(self, lines: Sequence[Line]) -> None:
        with ThreadPoolExecutor(self.size.clients) as clients:
            for line in lines:
                clients.submit(guarded(line, self.stage))

    @contextmanager
    def _part(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self.stage.patient_from = self.stage.now()
        yield
        self.seconds[name] = time.monotonic() - began

    @contextmanager
    def _meanwhile(self, *works: Work) -> Iterator[None]:
        """Works that go on until the block ends."""
        ending = threading.Event()

        def begun(work: Work) -> Callable[[], None]:
            return guarded(lambda _stage: work(ending), self.stage)

        with ThreadPoolExecutor(len(works) or 1) as pool:
            for work in works:
                pool.submit(begun(work))
            try:
                yield
            finally:
                ending.set()

    def _sweeping(self, ending: threading.Event) -> None:
        while not ending.wait(SWEEP):
            self.cloud.sweep()

    def _syncing(self, ending: threading.Event) -> None:
        while not ending.is_set():
            synchronised(1)(self.stage)

    def _telling(self, ending: threading.Event) -> None:
        while not ending.wait(PROGRESS):
            self.say(self.told())

    def _placed(self) -> int:
        asked = [*self.stage.history.of("order"), *self.stage.history.of("wallbox order")]
        return sum(o.outcome == "ok" for o in asked)

    def _progress(self) -> float:
        """The share of orders that are placed, or being placed."""
        return (self._placed() + self.size.clients) / self.size.all_orders

    def told(self) -> str:
        """How far it is, by what the systems hold."""
        held = self.stage.held()
        rows = [row for row in held.salesforce["Order"] if row["BusbarReference__c"]]
        delivered = [row for row in rows if row["Status"] == "Geliefert"]
        contracts = [row for row in held.contracts if row["ExternalReference"]]
        active = [card for card in held.cards.values() if card["active"] == "true"]
        return (
            f"{self.stage.now() / self.stage.scale:6.1f} s  orders: {self._placed()} placed, "
            f"{len(rows)} in Salesforce, {len(delivered)} delivered  cards: {len(active)} active  "
            f"contracts: {len(contracts)} in SAP  "
            f"killed: {len(self.killer.kills)}"
        )

    def _settle(self, stage: Stage) -> None:
        until = time.monotonic() + SETTLES
        for _ in range(2):
            Client(stage, OPERATOR).ask("POST", SYNC)
            self._wait(until)

    def _wait(self, until: float) -> None:
        quiet_since = time.monotonic()
        while time.monotonic() < quiet_since + QUIET:
            time.sleep(0.2)
            if left := self.cloud.work_left():
                quiet_since = time.monotonic()
            if time.monotonic() > until:
                self.stage.history.broken.append(f"it never ends: {left}")
                return

    def summary(self) -> list[str]:
        """What was done, in lines for people."""
        killed = ", ".join(f"{name} {count}" for name, count in self.killer.by_function().items())
        times = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.seconds.items())
        return [
            f"{self.size.orders} orders of cards and {self.size.wallboxes} of wallboxes by "
            f"{self.size.clients} clients: {times}",
            f"{len(self.killer.kills)} workers killed ({killed})",
            f"{calls_that_died(self.system)} calls died with them, "
            f"{calls_over_their_limit(self.system)} were ended by their time limit",
        ]


@contextmanager
def quick_system(folder: Path) -> Iterator[RunningSystem]:
    """The local system with processes that can be killed, role policies, and short times."""
    arguments = [f"--assembly={assembly(CACHE)}", f"--times={TIMES.as_text()}"]
    with running_system(folder, arguments, {"WORKERS": "process", "AUTH": "1"}) as system:
        yield system


def main(arguments: list[str]) -> int:
    """Exit code 1 if anything is wrong, or fewer workers were killed than asked for."""
    parser = argparse.ArgumentParser("python -m tests.faults.local_run", description=__doc__)
    sizes = ("orders", Size.orders), ("wallboxes", Size.wallboxes), ("kills", Size.kills)
    for name, default in (*sizes, ("clients", Size.clients), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument(
        "--every", type=float, default=Size.every, help="seconds from kill to kill, or more"
    )
    parser.add_argument("--state", type=Path, help="a folder for logs, which are kept there")
    given = parser.parse_args(arguments)
    size = Size(given.orders, given.wallboxes, given.kills, given.clients, given.every)
    say = Console().say
    with (
        tempfile.TemporaryDirectory() as passing,
        quick_system(given.state or Path(passing)) as system,
    ):
        run = LocalRun(system, size, given.seed, say)
        wrong = judge(run.play())
        for line in run.summary():
            say(line)
    if len(run.killer.kills) < size.kills:
        wrong.append(f"only {len(run.killer.kills)} workers were killed")
    for sentence in wrong:
        say(f"WRONG: {sentence}")
    say("FAILED" if wrong else "Nothing is lost, nothing is there twice, nothing is linked wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
