"""`make lock-load`: two writers at the Assets of the same accounts, and how often they are locked.

The sync copies what a clerk has changed of whole companies, and tells Salesforce in collections. At
the same time fleet managers of these companies change a card each, again and again, and
`card_forward` tells Salesforce of them one by one, with as many workers as the catalogue gives it.

The simulated Salesforce lets a call wait for 10 s, as the real one does, before it refuses it.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from busbar.domain.cards import ChargeCard, card_id
from busbar.observability import logger
from busbar.ports.store import Change, Save, Stored
from busbar.process.outbox import OutboxRow
from busbar.usecases.card_forward import tell_salesforce
from busbar.usecases.deps import Deps, revise
from busbar.wiring.parts import Parts
from functions.card_forward.handler import make_handler
from infra.catalog import use_case
from tests.bench.sync_load import FLEET, ORG, ROW_SECONDS, Rig, company_of, energised_id, rig

MOST_REFUSED = 0.01
"""The share of row writes that may be refused, wanted of the sync."""
PATIENCE = 900.0
"""Seconds in which the last errand has to be done."""


@dataclass
class Errands:
    """The queue of `card_forward`: what is due is handed out, what was put off comes again."""

    made: Rig
    deps: Deps
    waiting: list[tuple[float, int, str]] = field(default_factory=list)
    left: int = 0
    tries: int = 0
    wishes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wish(self, number: int, vehicle: str) -> None:
        """A fleet manager gives a card another vehicle, of which only Salesforce has to hear."""

        def change(stored: Stored[ChargeCard]) -> Sequence[Change]:
            card = stored.record.model_copy(update={"vehicle": vehicle})
            told = tell_salesforce(card, stored.version + 1, self.deps)
            return (Save(card, stored), *told)

        ours = card_id(ORG, energised_id(number))
        revise(self.deps.store, ChargeCard, ours, change)
        with self._lock:
            self.left += 1
            self.wishes += 1
            heapq.heappush(self.waiting, (0.0, self.wishes, ours))

    def take(self) -> str | None:
        """A card whose errand is due; None if there is none now."""
        with self._lock:
            if self.waiting and self.waiting[0][0] <= time.time():
                self.tries += 1
                return heapq.heappop(self.waiting)[2]
        return None

    def row(self, card: str) -> OutboxRow | None:
        """The errand of a card, as long as there is one."""
        stored = self.deps.store.get(OutboxRow, f"{ChargeCard.schema_name}#{card}#card_forward")
        return stored.record if stored else None

    def tried(self, card: str) -> None:
        """A worker is through with it: it is done, or comes again when it is due."""
        row = self.row(card)
        with self._lock:
            if row is None:
                self.left -= 1
                return
            due: datetime = row.not_before
            heapq.heappush(self.waiting, (due.timestamp(), self.tries, card))


def work(errands: Errands, told: threading.Event) -> None:
    """A worker, until all are told of and nothing is left."""
    handler = make_handler(errands.made.settings, errands.made.clients())
    until = time.monotonic() + PATIENCE
    while (errands.left or not told.is_set()) and time.monotonic() < until:
        card = errands.take()
        if card is None:
            time.sleep(0.005)
            continue
        if row := errands.row(card):
            body = {"messageId": "1", "body": row.command.model_dump_json()}
            answer = handler({"Records": [body]}, None)
            assert answer == {"batchItemFailures": []}, answer
        errands.tried(card)


def wish(errands: Errands, cards: Sequence[int], per_second: float, told: threading.Event) -> None:
    """Fleet managers change a card each, one after the other, until they are told to stop."""
    for number in itertools.count():
        if told.wait(1 / per_second):
            return
        errands.wish(cards[number * 7919 % len(cards)], f"vehicle {number}")


def contend(made: Rig, changed: int, per_second: float) -> dict[str, Any]:
    """Both at once; what the simulated Salesforce counted of it."""
    errands = Errands(made, Parts(made.settings, made.clients()).deps(ORG))
    companies = max(1, made.cards // FLEET)
    chosen = [n for n in range(made.cards) if company_of(n) % companies < changed // FLEET]
    queue, told = use_case("card_forward").queue, threading.Event()
    assert queue
    made.change(changed)
    wishing = threading.Thread(target=wish, args=(errands, chosen, per_second, told))
    workers = [
        threading.Thread(target=work, args=(errands, told)) for _ in range(queue.max_concurrency)
    ]
    for thread in (wishing, *workers):
        thread.start()
    made.round(f"{changed:,} cards changed, {per_second:.0f} a second by card_forward beside it")
    told.set()
    for thread in (wishing, *workers):
        thread.join()
    assert errands.left == 0, f"{errands.left} errands are not done"
    print(f"  errands  {errands.tries:,} tries for {errands.wishes:,} wishes")
    counted: dict[str, Any] = httpx.get(f"{made.salesforce}/_sim/locks", trust_env=False).json()
    return counted


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if more writes are refused than may be."""
    parser = argparse.ArgumentParser("python -m tests.bench.lock_load", description=__doc__)
    parser.add_argument("--cards", type=int, default=10_000)
    parser.add_argument("--changed", type=int, default=2_500)
    parser.add_argument("--per-second", type=float, default=10.0, help="wishes of single cards")
    parser.add_argument("--row-seconds", type=float, default=ROW_SECONDS)
    given = parser.parse_args(arguments)
    logger.setLevel("CRITICAL")
    with rig(given.cards, given.row_seconds) as made:
        made.round("the first walk")
        counted = contend(made, given.changed, given.per_second)
    refused = counted["refused"] / (counted["written"] + counted["refused"])
    print(
        f"\n{counted['written']:,} rows written, of which {counted['waited']:,} waited for a lock,"
        f" the longest {counted['longest_wait']:.2f} s; {counted['refused']:,} refused:"
        f" {refused:.2%}, and {MOST_REFUSED:.0%} may be"
    )
    return int(refused > MOST_REFUSED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
