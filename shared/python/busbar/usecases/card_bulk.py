"""Tells Salesforce of many cards: their Assets in collections of 200, an account's in one piece.

Who copies cards by the page does not want a call per card, and cards of one account that are
written by several calls at once lock each other out. So the calls come one after the other, and
the cards of an account stand in the same one as long as they fit in.

Each card has its errand, which lies still as a *guard* meanwhile: what is not reached here, or
whose worker died, goes by itself, as a single card does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from busbar.domain.cards import ChargeCard
from busbar.errors import Conflict
from busbar.process.contract import Later, Outcome
from busbar.process.ledger import LedgerRow, SetStep, Setter
from busbar.process.ledger_bulk import Bulk, run_all
from busbar.process.outbox import Errand
from busbar.usecases.card_forward import energised_row_id, given_up, salesforce_step
from busbar.usecases.deps import SHORTEST_CALL, Deps

MOST = 200
"""Records of one collection (documented)."""
ROOM_TO_TELL = 15.0
"""Seconds below which no card is copied any more: a call of up to 10 s, and telling of it."""
LONGEST_CALL = 20.0
"""Seconds for reading and writing one collection."""
WRITING_DOWN = 3.0
"""Seconds for noting what came of one collection."""
LEAST_TO_TELL = SHORTEST_CALL + WRITING_DOWN
"""Seconds that no call before may take away."""


@dataclass(frozen=True)
class Untold:
    """A card that Salesforce has to hear of, and the errand that stands for it."""

    card: ChargeCard
    errand: Errand


def tell_all(untold: Sequence[Untold], deps: Deps, time_left: Callable[[], float]) -> None:
    """Tell of these cards. What time is too short for goes by its errand."""
    for batch in batches(untold):
        seconds = min(LONGEST_CALL, time_left() - WRITING_DOWN)
        if seconds < SHORTEST_CALL:
            return
        _tell(batch, deps, seconds)


def batches(untold: Sequence[Untold], most: int = MOST) -> Iterator[list[Untold]]:
    """At most `most` cards each; those of one company are parted only if there are more of them."""
    batch: list[Untold] = []

    def company(one: Untold) -> str:
        return one.card.company_id

    for _, together in groupby(sorted(untold, key=company), company):
        cards = list(together)
        if batch and len(cards) <= most < len(batch) + len(cards):
            yield batch
            batch = []
        batch += cards
        while len(batch) >= most:
            yield batch[:most]
            batch = batch[most:]
    if batch:
        yield batch


def _tell(batch: Sequence[Untold], deps: Deps, seconds: float) -> None:
    """One collection. A card with a wish in flight in be.ENERGISED is left to its errand."""
    orders = deps.systems.salesforce
    setter = Setter(deps.store, deps.clock, deps.tuning)
    steps = _steps(batch, deps, seconds)
    outcomes = run_all(setter, deps.store, steps, Bulk(orders.read_assets, orders.write_assets))
    for one in batch:
        outcome = outcomes.get(one.card.asset_id or "")
        _settle(one, outcome or Later(deps.clock.now(), "in_progress"), deps)


def _steps(batch: Sequence[Untold], deps: Deps, seconds: float) -> list[SetStep]:
    ids = [energised_row_id(one.card) for one in batch]
    rows = deps.store.get_many(LedgerRow, ids, consistent=True)
    in_flight = {row.record.id for row in rows if row.record.open}
    return [
        salesforce_step(one.card, one.card.asset_id, deps, seconds)
        for one in batch
        if one.card.asset_id and energised_row_id(one.card) not in in_flight
    ]


def _settle(one: Untold, outcome: Outcome, deps: Deps) -> None:
    try:
        deps.outbox.settle(one.errand, outcome, partial(given_up, one.card, deps))
    except Conflict:
        return  # others are at it all the time; the errand stays, and is sent by the sweep
