"""Many orders at once on the local system: `make load`.

Clients place orders as fast as they are answered, a clerk assigns and delivers all of them, and the
cards come into the portal. The checker judges as after a run with faults; beside that it is
printed how fast each part went, and which processes used the processors meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.console import Console
from infra.local.options import CACHE
from infra.local.synthesis import assembly
from infra.local.testing import RunningSystem, running_system
from tests.faults.checker import judge
from tests.faults.evidence import Evidence, Portal
from tests.faults.local_cloud import LocalCloud
from tests.faults.local_stage import LocalStage
from tests.faults.run import guarded, look
from tests.faults.scenarios import MANAGER, OPERATOR, Line, place
from tests.faults.stage import CARDS, ORDERS, SYNC, Client, Stage

EVERY = 5.0
"""Seconds between two looks, and two lines of progress."""
STILL = 300.0
"""Seconds without any progress after which it is given up."""


@dataclass
class Load:
    """One run on a system that holds nothing but its sample data."""

    system: RunningSystem
    orders: int
    quantity: int
    clients: int
    say: Callable[[str], None]
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stage = LocalStage(self.system, scale=1.0, patience=STILL)
        self.cloud = LocalCloud(self.system)

    def play(self) -> Evidence:
        """Play it to its end. What there is to be judged then."""
        with self._part("accepted", self.orders):
            self._let("accepted", [self._placing(n) for n in range(self.orders)])
        self.told.append(self._waits())
        with self._part("in Salesforce", self.orders):
            self._until("orders in Salesforce", self.orders, lambda: len(self._numbers()))
        with self._part("delivered by the clerk", self.orders):
            lines = [self._delivering(number) for number in self._numbers()]
            self._let("delivered", lines)
        wanted = self.orders * self.quantity
        with self._part("cards in the portal", wanted):
            self._until("cards in the portal", wanted, self._cards, self._sync)
        with self._part("orders in the portal", self.orders):
            # Lists are by the newest change: who reads one while orders change may miss some.
            self._until("orders in the portal", self.orders, self._shown)
        portal, held = Portal(), self.stage.held()
        self._let("seen by everybody", [lambda stage: look(stage, portal)])
        return Evidence(self.stage.history, held, portal, dead=self.cloud.dead())

    def _placing(self, number: int) -> Line:
        def line(stage: Stage) -> None:
            key = f"load {number}"
            place(stage, Client(stage, MANAGER), key, self.quantity, delivered=True)

        return line

    def _delivering(self, number: str) -> Line:
        def line(stage: Stage) -> None:
            stage.assign_cards(number)
            more = {"tracking_id": f"T-{number}", "delivery_date": "2026-03-05"}
            stage.set_status(number, "Geliefert", **more)

        return line

    def _let(self, what: str, lines: list[Line]) -> None:
        """Have it all done, so many at once, and say how far it is."""
        with ThreadPoolExecutor(self.clients) as clients:
            asked = [clients.submit(guarded(line, self.stage)) for line in lines]
            while left := wait(asked, timeout=EVERY).not_done:
                self.say(f"  {what}: {len(asked) - len(left):,} of {len(asked):,}")

    def _numbers(self) -> list[str]:
        rows = self.stage.held().salesforce["Order"]
        return [row["OrderNumber"] for row in rows if row["BusbarReference__c"]]

    def _cards(self) -> int:
        return len(Client(self.stage, MANAGER).everything(CARDS, "cards"))

    def _shown(self) -> int:
        """How many orders two lists show that were read one after the other, and are the same."""
        client = Client(self.stage, MANAGER)
        one, other = (client.everything(ORDERS, "orders") for _ in range(2))
        return len(one) if one == other else 0

    def _sync(self) -> None:
        Client(self.stage, OPERATOR).ask("POST", SYNC)

    def _until(
        self,
        what: str,
        wanted: int,
        count: Callable[[], int],
        push: Callable[[], None] = lambda: None,
    ) -> None:
        """Look until there are as many as wanted; give up when nothing moves any more."""
        most, moved = -1, time.monotonic()
        while (found := count()) < wanted:
            if found > most:
                most, moved = found, time.monotonic()
            if time.monotonic() - moved > STILL:
                self.stage.history.broken.append(f"{found} {what}, and no more come")
                return
            self.say(f"  {what}: {found:,} of {wanted:,}")
            push()
            time.sleep(EVERY)

    def _waits(self) -> str:
        times = sorted(o.completed - o.invoked for o in self.stage.history.of("order"))
        half, most = times[len(times) // 2], times[int(len(times) * 0.99)]
        at_once = sum(o.status == 201 for o in self.stage.history.of("order"))
        return (
            f"  answered after {half:.2f} s (half of them), {most:.2f} s (99 %); "
            f"{at_once:,} with Salesforce's number at once"
        )

    @contextmanager
    def _part(self, name: str, count: int) -> Iterator[None]:
        began, used = time.monotonic(), self._used()
        yield
        seconds = time.monotonic() - began
        spent = {part: self._used().get(part, 0.0) - used.get(part, 0.0) for part in self._used()}
        shares = ", ".join(
            f"{part} {100 * cpu / seconds:.0f} %"
            for part, cpu in sorted(spent.items(), key=lambda pair: -pair[1])
        )
        line = f"{count:,} {name}: {seconds:.0f} s, {count / seconds:.1f}/s; processors: {shares}"
        self.say(line)
        self.told.append(line)

    def _used(self) -> dict[str, float]:
        """Seconds of processor time that each part has used so far, without workers that ended."""
        pids = {"this client": [os.getpid()], **self.system.processes()}
        pids["workers"] = [w["pid"] for w in self.system.workers()]
        names = {"main": "local AWS and gateway"}
        return {names.get(k, k): sum(map(_cpu_seconds, found)) for k, found in pids.items()}


def _cpu_seconds(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def main(arguments: list[str]) -> int:
    """Exit code 1 if anything is wrong."""
    parser = argparse.ArgumentParser("python -m tests.faults.load", description=__doc__)
    for name, default in (("orders", 2000), ("quantity", 2), ("clients", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args(arguments)
    say = Console().say
    blank = given.orders * given.quantity + 100
    options = [f"--assembly={assembly(CACHE)}", f"--cards={blank}"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(Path(folder), options, {"WORKERS": "process", "AUTH": "1"}) as system,
    ):
        load = Load(system, given.orders, given.quantity, given.clients, say)
        wrong = judge(load.play())
    say("\n".join(["", *load.told, f"{os.cpu_count()} processors; 100 % is one of them"]))
    for sentence in wrong:
        say(f"WRONG: {sentence}")
    say("FAILED" if wrong else "All ended; nothing is lost, nothing is there twice")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
