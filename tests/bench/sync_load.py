"""`make sync-load`: the sync of a large fleet, and what it costs.

Simulators and table run in processes of their own, so that the memory that is measured is the
worker's: this process holds the real handler, its connectors, and nothing of the 100,000 cards.
Calls are real HTTP; an invocation has its real 50 seconds, and goes on by its errand.

Four rounds: the first walk, which knows no card yet; a second one; some companies changed whole;
and again nothing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import resource
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.managers import BaseManager
from typing import Any

import httpx

from busbar.domain.cards import ChargeCard, card_id
from busbar.observability import logger
from busbar.ports.store import Save
from busbar.process.outbox import OutboxRow
from busbar.settings.energised import EnergisedSettings
from busbar.settings.function import OrgSettings, Settings
from busbar.settings.salesforce import SalesforceSettings
from busbar.store.keys import record
from busbar.store.records import TableStore, decode_body
from busbar.store.table import Item, Write
from busbar.usecases.card_follow import CURSOR
from busbar.wiring.clients import Clients, SystemClock
from functions.sync_cards.handler import make_handler
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.energised.backend import Card, Contact
from infra.simulators.record_ids import record_id
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.serving import serve
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import MemorySecrets

ORG = "demo"
FLEET = 250
"""Cards of a company."""
ROW_SECONDS = 0.001
"""How long a row that is written keeps its account locked."""
MOST_RUNS = 1000


def energised_id(number: int) -> str:
    """The id of a card in be.ENERGISED."""
    return str(1_000_000 + number)


def company_of(number: int) -> int:
    """The company of a card: those of one do not stand together in the list."""
    return number * 7919 % 100_003


class LoadTable(MemoryTable):
    """The table, without a stream, in a process of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._one_at_a_time = threading.Lock()

    def _tell(self, item: Item) -> None:
        """Nobody listens."""

    def write(self, writes: Sequence[Write]) -> None:
        """A write, whole, whoever else writes."""
        with self._one_at_a_time:
            super().write(writes)

    def seed(self, cards: int) -> None:
        """All cards stand in the portal, as be.ENERGISED holds them."""
        store = TableStore(self, SystemClock(), ORG)
        companies = max(1, cards // FLEET)
        for number in range(cards):
            company = company_of(number) % companies
            card = ChargeCard(
                id=card_id(ORG, energised_id(number)),
                energised_id=energised_id(number),
                asset_id=record_id("02i", number + 1),
                number=f"DE-BBX-{number:08d}",
                order_id="ORDER0000000A",
                company_id=f"COMPANY{company:06d}",
                billing_contact_id=f"company-{company}",
                in_portal_since=datetime.now(UTC),
            )
            store.commit(Save(card))

    def charged(self) -> tuple[float, float, dict[str, int]]:
        """Read units, write units and calls so far."""
        return self.bill.read_units, self.bill.write_units, dict(self.bill.calls)


class Tables(BaseManager):
    """Serves the table to the worker."""


Tables.register("Table", LoadTable)


def serve_simulators(
    cards: int, salesforce_port: int, energised_port: int, row_seconds: float
) -> None:
    """Both systems with their cards, over HTTP, until the process is ended."""
    import asyncio  # noqa: PLC0415  (the worker that is measured does without)

    def now() -> datetime:
        return datetime.now(UTC)

    companies = range(max(1, cards // FLEET))
    salesforce = SalesforceSimulator(
        now,
        event_source="any",
        client_id="busbar",
        client_secret="not-secret-1",
        api_limit=10**9,
    )
    assets = [
        {
            "Id": record_id("02i", number + 1),
            "Name": "Ladekarte",
            "AccountId": record_id("001", company_of(number) % len(companies) + 1),
            "EnergisedCardId__c": energised_id(number),
            "CardBillingContact__c": f"company-{company_of(number) % len(companies)}",
        }
        for number in range(cards)
    ]
    accounts = [{"Id": record_id("001", n + 1), "Name": f"Firma {n}"} for n in companies]
    salesforce.load({"Account": accounts, "Asset": assets})
    salesforce.org.locks.row_seconds = row_seconds
    energised = EnergisedSimulator(now, "not-secret-2", lists_changes=False)
    energised.load(
        [Contact(f"company-{n}", f"Firma {n}") for n in companies],
        [
            Card(
                id=energised_id(number),
                tag=f"04{number:012d}",
                number=f"DE-BBX-{number:08d}",
                billing_contact_id=f"company-{company_of(number) % len(companies)}",
            )
            for number in range(cards)
        ],
    )
    asyncio.run(serve([(salesforce, salesforce_port), (energised, energised_port)]))


class CountingTransport(httpx.BaseTransport):
    """The way to a system, with its calls counted."""

    def __init__(self, calls: Counter[str]) -> None:
        self._inner = httpx.HTTPTransport(trust_env=False)
        self._calls = calls

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One call."""
        path = request.url.path.removesuffix("/").removeprefix("/services/data/v60.0/")
        kind = re.sub("^(/api/card|sobjects/Asset)/.+", r"\1/{id}", path)
        self._calls[f"{request.method} {kind}"] += 1
        return self._inner.handle_request(request)


@dataclass
class Rig:
    """The worker, and what it talks to."""

    table: Any
    salesforce: str
    energised: str
    cards: int

    def __post_init__(self) -> None:
        self.calls: Counter[str] = Counter()
        org = OrgSettings(
            audiences=("any",),
            salesforce=SalesforceSettings(
                base_url=self.salesforce, secret_id="salesforce", event_source="any"
            ),
            energised=EnergisedSettings(
                base_url=self.energised, secret_id="energised", lists_changes=False
            ),
        )
        self.settings = Settings(stage="local", table="any", orgs={ORG: org})
        self._handler = make_handler(self.settings, self.clients())

    def clients(self) -> Clients:
        """What a worker has: connections of its own."""
        transport = CountingTransport(self.calls)
        return Clients(
            table=self.table,
            transports={self.salesforce: transport, self.energised: transport},
            aws={"secretsmanager": MemorySecrets()},
        )

    def round(self, title: str) -> None:
        """Run until nothing is left to do, and print what it took."""
        self.calls.clear()
        before, start, runs = self.table.charged(), time.monotonic(), 1
        locks = self._locks()
        self._handler({"source": "busbar.schedule", "use_case": "sync_cards"}, None)
        while (message := self._goes_on()) and runs < MOST_RUNS:
            body = {"messageId": "1", "body": json.dumps(message)}
            answer = self._handler({"Records": [body]}, None)
            assert answer == {"batchItemFailures": []}, answer
            runs += 1
        after, seconds = self.table.charged(), time.monotonic() - start
        written = {k: v - locks[k] for k, v in self._locks().items()}
        print(f"\n{title}: {self.cards:,} cards, {seconds:.0f} s in {runs} runs")
        print(
            f"  table    {after[0] - before[0]:,.0f} RU, {after[1] - before[1]:,.0f} WU", end="; "
        )
        print(
            ", ".join(
                f"{n - before[2].get(call, 0):,} {call}"
                for call, n in sorted(after[2].items())
                if n > before[2].get(call, 0)
            )
        )
        print("  calls    " + ", ".join(f"{n:,} {call}" for call, n in sorted(self.calls.items())))
        print("  locks    " + ", ".join(f"{n:,} rows {what}" for what, n in written.items()))
        print(f"  memory   {peak_megabytes():.0f} MB at most", flush=True)

    def _goes_on(self) -> Any:
        item = self.table.get(record(ORG, OutboxRow.schema_name, f"cursor#{CURSOR}#sync_cards"))
        return decode_body(OutboxRow, item["body"]).command.model_dump() if item else None

    def _locks(self) -> dict[str, int]:
        told = httpx.get(f"{self.salesforce}/_sim/locks", trust_env=False).json()
        return {what: told[what] for what in ("written", "waited", "refused")}

    def change(self, count: int) -> None:
        """A clerk blocks all cards of as many companies as come to `count` cards."""
        chosen, companies = count // FLEET, max(1, self.cards // FLEET)
        with httpx.Client(base_url=self.energised, trust_env=False) as client:
            for number in range(self.cards):
                if company_of(number) % companies < chosen:
                    client.post(f"/_sim/cards/{energised_id(number)}/block").raise_for_status()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def peak_megabytes() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def rig(cards: int, row_seconds: float = ROW_SECONDS) -> Iterator[Rig]:
    """Everything up, with so many cards; a row that is written keeps its account for so long."""
    context = multiprocessing.get_context("spawn")
    first, second = free_port(), free_port()
    asked = (cards, first, second, row_seconds)
    simulators = context.Process(target=serve_simulators, args=asked, daemon=True)
    simulators.start()
    with Tables(ctx=context) as tables:
        table = tables.Table()  # type: ignore[attr-defined]  # registered above
        table.seed(cards)
        made = Rig(table, f"http://127.0.0.1:{first}", f"http://127.0.0.1:{second}", cards)
        _await(made)
        yield made
    simulators.terminate()
    simulators.join()


def _await(made: Rig) -> None:
    end = datetime.now(UTC) + timedelta(seconds=300)
    while datetime.now(UTC) < end:
        try:
            httpx.get(f"{made.energised}/_sim/faults", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError("the simulators do not come up")


def main(arguments: Sequence[str]) -> int:
    """All four rounds; 1 if more than 512 MB were needed, or if a second run wrote anything."""
    parser = argparse.ArgumentParser("python -m tests.bench.sync_load", description=__doc__)
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=5_000)
    given = parser.parse_args(arguments)
    logger.setLevel("ERROR")
    with rig(given.cards) as made:
        print(f"before the first card: {peak_megabytes():.0f} MB")
        made.round("the first walk")
        made.round("nothing changed")
        made.change(given.changed)
        made.round(f"{given.changed:,} cards changed")
        made.round("nothing changed again")
    return int(peak_megabytes() >= 512)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
