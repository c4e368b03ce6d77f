"""Brings be.ENERGISED, the portal and Salesforce to agree about cards.

Two things in one run. *Take over* (`card_takeover`): the cards of delivered orders are read from
be.ENERGISED and stand in the portal from then on. What Salesforce has assigned to orders of
wallboxes, and how far it has reviewed them, is read too (`wallbox_takeover`). *Follow*
(`card_follow`): cards that changed in be.ENERGISED since the last run are read and copied; they are
found by the time of change (`card_changes`), or by a walk through all cards (`card_walk`). What
changed is told to Salesforce, many at a time (`card_bulk`), by way of the card's ledger there. Our
own writes are not echoed.

A run that time alone has ended, or that has left orders to the next, goes on at once, by an errand
of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from busbar.domain.orders import ChargeCardOrder
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.domain.wallboxes import Wallbox
from busbar.errors import Conflict, UpstreamError
from busbar.observability import Metric, count
from busbar.ports.outside import Found
from busbar.ports.store import Stored
from busbar.process.contract import Done
from busbar.process.outbox import Errand
from busbar.usecases.card_bulk import ROOM_TO_TELL
from busbar.usecases.card_changes import follow_changes
from busbar.usecases.card_follow import CURSOR, FAILURES_IN_A_ROW, Followed, SyncCursor
from busbar.usecases.card_takeover import take_over
from busbar.usecases.card_walk import walk
from busbar.usecases.deps import Deps, R
from busbar.usecases.wallbox_takeover import look_at_review, take_over_wallboxes

ORDERS_A_RUN = 50
"""Of each kind: following has its share of the time, however many orders wait."""
BUSY = "busy"
"""Another run is at the same order: nothing that would keep this one from going on."""


@dataclass
class Report(Followed):
    """What a run did. `complete` is False if it left something that could be done now."""

    orders: int = 0
    taken_over: int = 0
    reasons: list[str] = field(default_factory=list)


def sync(deps: Deps, time_left: Callable[[], float]) -> Report:
    """One run; `time_left` gives the seconds until it must be over. Safe to repeat and overlap."""
    report = Report()
    _take_over(deps, time_left, report)
    count(Metric.CARDS_TAKEN_OVER, deps.store.org, report.taken_over)
    follow = follow_changes if deps.energised.lists_changes else walk
    try:
        follow(deps, time_left, report)
    except UpstreamError as error:
        _note(report, f"{error.system}_unavailable")
    if not report.complete and set(report.reasons) <= {BUSY}:
        _go_on(deps)
    return report


def sync_on(errand: Errand, deps: Deps, time_left: Callable[[], float]) -> Report:
    """A run that goes on where the one before had no time left."""
    report = sync(deps, time_left)
    # If it has to go on again, there is a new errand in the place of this one, and nothing happens.
    deps.outbox.settle(errand, Done(Found(CURSOR)), lambda _reason: ())
    return report


def _go_on(deps: Deps) -> None:
    """There is one such errand at most, whoever asks for it: a chain of runs never becomes two."""
    token = deps.clock.now().isoformat()
    errand = deps.outbox.errand("sync_cards", SyncCursor, CURSOR, token)
    deps.store.commit(deps.outbox.awake(errand))


def _take_over(deps: Deps, time_left: Callable[[], float], report: Report) -> None:
    failures = 0
    for correlation_id, take in _due(deps, time_left, report):
        if time_left() < ROOM_TO_TELL or failures == FAILURES_IN_A_ROW:
            report.complete = False
            return
        report.orders += 1
        here = deps.within(time_left()).continuing(correlation_id)
        try:
            report.taken_over += take(here)
            failures = 0
        except UpstreamError as error:
            failures += 1
            _note(report, f"{error.system}_unavailable")
        except Conflict:
            _tell(report, BUSY)


def _due(
    deps: Deps, time_left: Callable[[], float], report: Report
) -> Iterator[tuple[str, Callable[[Deps], int]]]:
    """What is to be taken over, under which correlation id: longest due first, kind by kind."""
    for cards in _first(ChargeCardOrder, deps, report):
        order = cards.record
        yield order.correlation_id, partial(take_over, order, time_left=time_left)
    for wallboxes in _first(WallboxOrder, deps, report):
        ordered = wallboxes.record
        yield ordered.correlation_id, partial(take_over_wallboxes, ordered, time_left=time_left)
    for installed in _first(Wallbox, deps, report):
        wallbox = installed.record
        yield deps.correlation_id, partial(look_at_review, wallbox, time_left=time_left)


def _first(schema: type[R], deps: Deps, report: Report) -> list[Stored[R]]:
    """The longest due. Each is due later once it was looked at, so a next run comes to others."""
    found = list(deps.store.due(schema, deps.clock.now(), limit=ORDERS_A_RUN))
    if len(found) == ORDERS_A_RUN:
        report.complete = False
    return found


def _note(report: Report, reason: str) -> None:
    report.complete = False
    _tell(report, reason)


def _tell(report: Report, reason: str) -> None:
    if reason not in report.reasons:
        report.reasons.append(reason)
