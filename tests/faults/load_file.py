"""The initial load of a file on the local system, while live events come: `make load N=100000`.

Written are N customers, a line each. The load is started, and in its middle the worker that is at
it is killed by SIGKILL: it goes on by itself. Meanwhile an ERP posts live events; how long each
waits, from its acceptance to its end, is measured beside the load and while that is paused, in
turns. At the end every customer has to be there, written once. It prints rate, write units and what
a million would take.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from busbar.domain.entities import entity_id
from busbar.domain.erp_events import request_of
from busbar.domain.integrations import integration_id
from busbar.domain.outcome_rows import OutcomeBatch, Received
from busbar.settings.function import Tuning
from busbar.store.entities import TableEntities
from busbar.store.records import TableStore
from busbar.store.table import DynamoTable
from busbar.wiring.clients import SystemClock
from infra.local.console import Console
from infra.local.options import CACHE
from infra.local.synthesis import assembly
from infra.local.testing import RunningSystem, running_system
from infra.local.times import Times
from tests.doubles.world import ORG
from tests.faults.load import _cpu_seconds
from tests.faults.local_stage import published
from tests.functions.load_given import LOADS, file_of, load_world

ERP = integration_id(ORG, "erp")
PATH = LOADS.replace(LOADS.split("/")[3], ERP)
EVENTS = "/v3/erp/updates/events"
WORKER = "erp_load_slices"
TIMES = Times(Tuning(load_turn=4.0), {}, visibility=20)
"""A worker that died is missed after 20 s, in place of six minutes."""
LIVE_EVERY = 0.25
RUNS, STANDS = 8.0, 3.0
"""Seconds for which the load runs, and stands still, in turns."""
MILLION = 1_000_000
WRITE_PRICE, READ_PRICE, LAMBDA_PRICE = 0.625, 0.125, 13.33
"""USD per million write units, read units and GB-seconds on arm64 (list, us-east-1)."""
LAMBDA_CPU = 1024 / 1769
"""The share of a processor that a function of 1,024 MB has."""
WRITE_SECONDS = 0.012
"""What a transaction is taken to take on DynamoDB: nothing here can measure that."""


def customer(number: int, name: str = "Petersen") -> dict[str, Any]:
    """A line about one of many customers, as much of him as an ERP knows."""
    return {
        "use_case_slug": "customer",
        "timestamp": "2026-03-02T08:00:00Z",
        "payload": {
            "AccountID": f"{number:010}",
            "AccountTypeID": "1",
            "AccountTitleID": "0001",
            "AcademicTitle": "Dr.",
            "FirstName": "Jana",
            "LastName": name,
            "BirthDate": "1990-05-17",
            "EmailAddress": f"jana.petersen.{number}@example.com",
            "Phones": [
                {"PhoneTypeID": "HOME", "PhoneNumber": "+49 441 123450"},
                {"PhoneTypeID": "MOBILE", "PhoneNumber": f"+49 151 {number:08}"},
            ],
            "Addresses": [
                {
                    "AddressTypeID": "XXDEFAULT",
                    "Street": "Am Deich",
                    "HouseNumber": str(number % 200),
                    "PostalCode": f"{number % 90000 + 10000}",
                    "City": "Dresden",
                    "CountryID": "DE",
                }
            ],
        },
    }


@dataclass(frozen=True)
class Units:
    """What an entity that is created costs on the table, counted on the store's seam."""

    written: float
    read: float


def units(count: int = 200) -> Units:
    """Counted in memory: the local AWS does not say what it would charge."""
    world = load_world()
    key = "loads/demo/units.jsonl"
    world.files.put_there(key, file_of(*(customer(n) for n in range(count))))
    before = (world.table.bill.write_units, world.table.bill.read_units)
    started = world.call("POST", PATH, "machine", {"key": key}, Idempotency_Key="any")
    world.pump()
    bill = world.table.bill
    seen = world.call("GET", f"{PATH}/{started.json['id']}", "operator").json
    if seen["outcomes"] != {"ENTITY_CREATED": count}:
        raise AssertionError(seen["outcomes"])
    return Units((bill.write_units - before[0]) / count, (bill.read_units - before[1]) / count)


@dataclass
class LiveEvents:
    """An ERP that goes on posting events, each in a group of its own."""

    post: Callable[[Any], str]
    first: int
    sent: list[tuple[float, str]] = field(default_factory=list)
    """When each was posted, and our id of it."""

    def run(self, ending: threading.Event, every: float = LIVE_EVERY) -> None:
        """Post until the end."""
        for number in itertools.count(self.first):
            event = customer(number, "Live") | {"format": "json", "group_id": str(number)}
            event["timestamp"] = datetime.now(UTC).isoformat()
            at = time.monotonic()
            self.sent.append((at, self.post(event)))
            if ending.wait(every):
                return


@dataclass
class FileLoad:
    """One run on a system that holds nothing but its sample data."""

    system: RunningSystem
    lines: int
    say: Callable[[str], None]

    def __post_init__(self) -> None:
        table: Any = DynamoTable(self.system.aws("dynamodb"), published(self.system, "table/name"))
        self.entities = TableEntities(table, ORG)
        self.store = TableStore(table, SystemClock(), ORG)
        self._headers = {
            "Authorization": f"Bearer {self.system.token('machine', scope='busbar/machine')}"
        }
        self.killed_at: int | None = None
        self.quiet: list[tuple[float, float]] = []
        """From when to when the load stood still, as it was paused."""
        self.wrong: list[str] = []
        self.alone = self.beside = 0.0
        """How long half of the live events waited at most, without the load and beside it."""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A call of the API that has to be granted."""
        answer = self.system.http.request(
            method, self.system.api + path, json=body, headers={**self._headers, **headers}
        )
        if answer.status_code >= 300:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def post(self, event: Any) -> str:
        """Post a live event; our id of it."""
        body = {"integration_id": ERP, "events": [event]}
        (result,) = self.ask("POST", EVENTS, body)["results"]
        if result["status"] != "success":
            raise AssertionError(result)
        return str(result["event_id"])

    # --- the load ------------------------------------------------------------------------------

    def send_file(self) -> str:
        """Send the file as a user would; its key."""
        form = self.ask("POST", f"{PATH}/upload")
        content = file_of(*(customer(number) for number in range(self.lines)))
        answer = httpx.post(
            form["url"], data=form["fields"], files={"file": content}, timeout=300, trust_env=False
        )
        if answer.status_code != 204:
            raise AssertionError(f"upload: {answer.status_code} {answer.text}")
        return str(form["key"])

    def load(self, key: str, *, kill: bool) -> float:
        """Load the file to its end; how many seconds that took."""
        load = self.ask("POST", PATH, {"key": key}, **{"Idempotency-Key": "load"})["id"]
        began, last = time.monotonic(), 0.0
        while True:
            seen = self.ask("GET", f"{PATH}/{load}")
            if seen["state"] == "done":
                break
            if kill and self.killed_at is None and seen["lines_done"] >= self.lines // 3:
                self._kill(seen["lines_done"])
            if time.monotonic() - last > RUNS:
                self.say(f"  {seen['state']}: {seen['lines_done']:,} of {self.lines:,} lines")
                if seen["lines_done"]:
                    self._pause(load)
                last = time.monotonic()
            time.sleep(0.05 if self.killed_at is None and kill else 0.5)
        seconds = time.monotonic() - began - sum(end - start for start, end in self.quiet)
        if (seen["lines"], seen["lines_done"], seen["lines_bad"]) != (self.lines, self.lines, 0):
            self.wrong.append(f"the load says {seen}")
        return seconds

    def _pause(self, load: str) -> None:
        """Let the load stand still for a while: live events are measured with and without it in
        turns, as a machine has other things to do at times."""
        asked = self.system.http.patch(
            f"{self.system.api}{PATH}/{load}", json={"state": "paused"}, headers=self._headers
        )
        if asked.status_code == 409:
            return  # it was done a moment ago
        while any(worker["busy"] for worker in self.system.workers(WORKER)):
            time.sleep(0.05)
        began = time.monotonic()
        time.sleep(STANDS)
        self.quiet.append((began, time.monotonic()))
        if self.ask("GET", f"{PATH}/{load}")["state"] == "paused":  # else its last batch was it
            self.ask("PATCH", f"{PATH}/{load}", {"state": "running"})

    def is_quiet(self, at: float) -> bool:
        """Whether the load stood still at a moment, and for the next half second."""
        return any(start <= at < end - 0.5 for start, end in self.quiet)

    def _kill(self, done: int) -> None:
        for worker in self.system.workers(WORKER):
            if worker["busy"]:
                os.kill(worker["pid"], signal.SIGKILL)
                self.killed_at = done
                self.say(f"  killed the worker at {done:,} lines")
                return

    def cpu(self) -> float:
        """Processor seconds of the live workers of the load, and of their children."""
        pids = [w["pid"] for w in self.system.workers(WORKER)]
        return sum(_cpu_seconds(pid) for one in pids for pid in (one, *_children(one)))

    def check(self) -> None:
        """Every customer is there, and was written once."""
        numbers = iter(range(self.lines))
        while some := list(itertools.islice(numbers, 1000)):
            ids = {entity_id(ORG, "contact", {"customer_number": f"{n:010}"}): n for n in some}
            found = self.entities.get(list(ids))
            lost = [ids[i] for i in ids if i not in found]
            twice = [ids[i] for i, one in found.items() if one.version != 1]
            if lost:
                self.wrong.append(f"{len(lost)} customers are not there, e.g. {lost[:3]}")
            if twice:
                self.wrong.append(f"{len(twice)} were written more than once, e.g. {twice[:3]}")

    # --- live events ---------------------------------------------------------------------------

    @contextmanager
    def live(self, first: int) -> Iterator[LiveEvents]:
        """Post live events meanwhile."""
        events, ending = LiveEvents(self.post, first), threading.Event()
        with ThreadPoolExecutor(1) as pool:
            running: Future[None] = pool.submit(events.run, ending)
            try:
                yield events
            finally:
                ending.set()
                running.result()

    def waits(self, ids: Sequence[str]) -> list[float]:
        """Seconds from the acceptance of each event to the row of what became of it."""
        until = time.monotonic() + 120
        while True:
            ended = self._ended(set(ids))
            if len(ended) == len(set(ids)):
                break
            if time.monotonic() > until:
                self.wrong.append(f"{len(set(ids)) - len(ended)} live events have no outcome")
                break
            time.sleep(1)
        requests = {one: request_of(one) or "" for one in ended}
        came = {
            s.record.id: s.record.at
            for s in self.store.get_many(Received, sorted(set(requests.values())))
        }
        return sorted((ended[i] - came[requests[i]]).total_seconds() for i in ended)

    def _ended(self, wanted: set[str]) -> dict[str, datetime]:
        ended: dict[str, datetime] = {}
        page = self.store.listed(OutcomeBatch, ERP, limit=100)
        while True:
            for batch in page.items:
                for row in batch.record.rows:
                    if row.event_id in wanted:
                        ended[row.event_id] = batch.record.at
            if not page.cursor:
                return ended
            page = self.store.listed(OutcomeBatch, ERP, limit=100, cursor=page.cursor)


def _children(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def told(waits: Sequence[float]) -> str:
    """Waiting times in words."""
    half, most = statistics.median(waits), waits[int(len(waits) * 0.95)]
    return f"{half:.2f} s (half of {len(waits)}), {most:.2f} s (95 %)"


def projected(cost: Units, cpu: float, slices: int = Tuning().load_slices) -> list[str]:
    """What a million would take."""
    seconds = cpu / LAMBDA_CPU + WRITE_SECONDS
    hours = MILLION * seconds / slices / 3600
    written, read = cost.written * WRITE_PRICE, cost.read * READ_PRICE
    runs = seconds * LAMBDA_PRICE  # a function of 1 GB; a million of them, and a price per million
    return [
        f"1,000,000 of them, {slices} workers side by side: {hours:.1f} h, by "
        f"{1000 * cpu:.1f} ms of processor per line here, {LAMBDA_CPU:.2f} of one on Lambda, and "
        f"{1000 * WRITE_SECONDS:.0f} ms for a transaction, which nothing here can measure",
        f"  {cost.written * MILLION / 1e6:.1f} million write units ({written:.2f} USD), "
        f"{cost.read:.1f} million read units ({read:.2f} USD), Lambda {runs:.2f} USD",
    ]


def play(run: FileLoad, *, kill: bool) -> list[str]:
    """All of it; the lines that tell of it."""
    with run.live(900_000_000) as warm:
        time.sleep(2)
    run.waits([one for _, one in warm.sent])
    key, used = run.send_file(), run.cpu()
    with run.live(910_000_000) as events:
        seconds = run.load(key, kill=kill)
    cpu = (run.cpu() - used) / (run.lines - (run.killed_at or 0))
    alone = run.waits([one for at, one in events.sent if run.is_quiet(at)])
    loaded = run.waits([one for at, one in events.sent if not run.is_quiet(at)])
    if kill and run.killed_at is None:
        run.wrong.append("nothing was killed")
    run.check()
    run.alone, run.beside = statistics.median(alone), statistics.median(loaded)
    cost = units()
    return [
        f"{run.lines:,} lines in {seconds:.0f} s: {run.lines / seconds:.0f}/s, with one worker at a"
        " time, as the local AWS has it",
        f"write units per entity that is created: {cost.written:.2f}; read: {cost.read:.2f}",
        f"live events waited {told(alone)} while the load stood still, {told(loaded)} beside it: "
        f"{run.beside / run.alone:.1f} times as long",
        *projected(cost, cpu),
    ]


def main(arguments: list[str]) -> int:
    """Exit code 1 if anything is wrong."""
    parser = argparse.ArgumentParser("python -m tests.faults.load_file", description=__doc__)
    parser.add_argument("lines", type=int)
    given = parser.parse_args(arguments)
    say = Console().say
    options = [f"--assembly={assembly(CACHE)}", f"--times={TIMES.as_text()}"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(Path(folder), options, {"WORKERS": "process", "AUTH": "1"}) as system,
    ):
        run = FileLoad(system, given.lines, say)
        lines = play(run, kill=True)
    say("\n".join(["", *lines]))
    for sentence in run.wrong:
        say(f"WRONG: {sentence}")
    say("FAILED" if run.wrong else "All lines are in, each once")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
