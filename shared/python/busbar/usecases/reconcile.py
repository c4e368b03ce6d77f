"""Joins our records with what each system holds, by reference, and has them agree again.

Everything is read from both sides first, as lists; what differs there is read once more by itself
before anything is done, as lists lag and work goes on meanwhile. What was changed within
`reconcile_after` is passed over. Which class of difference is repaired, and which is a person's to
decide, says `busbar.domain.divergences`. What has been decided once is not asked again, so a second
run at once writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TypeVar

from busbar.domain.cards import BackendCard, ChargeCard, card_id
from busbar.domain.customers import ALL_COMPANIES, Company
from busbar.domain.divergences import RULES, Finding, Repair
from busbar.domain.orders import ChargeCardOrder
from busbar.domain.tasks import Task
from busbar.errors import (
    BusbarError,
    Conflict,
    EventRejected,
    Missing,
    Refused,
    Unmappable,
    UpstreamError,
)
from busbar.observability import cause, logger
from busbar.ports import AssetThere, Json, OrderThere, Put, Stored
from busbar.process.ledger import LedgerRow
from busbar.usecases.deps import SHORTEST_CALL, Deps, R
from busbar.usecases.pages import every_page
from busbar.usecases.reconcile_cards import Cards, card_findings, ledger_rows_of
from busbar.usecases.reconcile_orders import order_findings

T = TypeVar("T")
PAGE = 100
"""Records read at once."""


@dataclass
class Report:
    """What a run came to. `complete` is False if time or a system ended it early.

    `found` counts the divergences by class; `repaired` and `tasks` what was done in this run.
    """

    orders: int = 0
    cards: int = 0
    found: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    tasks: int = 0
    complete: bool = True
    reasons: list[str] = field(default_factory=list)

    def body(self) -> Json:
        """As JSON."""
        return {**asdict(self), "found": dict(sorted(self.found.items()))}


class OutOfTimeError(BusbarError):
    """The run has to end here."""


def reconcile(deps: Deps, time_left: Callable[[], float]) -> Report:
    """One run; `time_left` gives the seconds until it must be over. Safe to repeat and overlap."""
    report = Report()
    try:
        for finding, repair in _findings(deps, time_left, report):
            report.found[finding.kind] += 1
            _act(finding, repair, deps, report)
    except UpstreamError as error:
        _note(report, f"{error.system}_unavailable")
    except OutOfTimeError:
        _note(report, "out_of_time")
    return report


def _note(report: Report, reason: str) -> None:
    report.complete = False
    report.reasons.append(reason)


def _findings(
    deps: Deps, time_left: Callable[[], float], report: Report
) -> Iterator[tuple[Finding, Repair]]:
    def timed(things: Iterable[T]) -> Iterator[T]:
        for thing in things:
            if time_left() < SHORTEST_CALL:
                raise OutOfTimeError
            yield thing

    @cache
    def bound(company_id: str, system: str) -> str | None:
        return deps.store.external_id(Company.schema_name, company_id, system)

    sales, timeout = deps.systems.salesforce, max(time_left(), SHORTEST_CALL)
    companies = list(_listed(Company, [ALL_COMPANIES], deps))
    of_companies = [f"company#{company.record.id}" for company in companies]
    orders_there: list[OrderThere] = list(sales.all_orders(timeout))
    orders = {o.record.id: o for o in _listed(ChargeCardOrder, of_companies, deps)}
    report.orders = len({*orders, *(o.reference[4:] for o in orders_there)})
    yield from timed(order_findings(orders, orders_there, bound, deps))

    assets: list[AssetThere] = list(sales.all_assets(max(time_left(), SHORTEST_CALL)))
    backend = {card.id: card for card in timed(_backend_cards(deps))}
    ids = {card_id(deps.store.org, asset.card.card_id) for asset in assets if asset.order_reference}
    in_portal = {c.record.id: c for c in _listed(ChargeCard, of_companies, deps)}
    others = _many(ChargeCard, sorted(ids - in_portal.keys()), deps)
    cards = in_portal | {c.record.id: c for c in others}
    report.cards = len(cards.keys() | ids)
    row_ids = [row for card in cards.values() for row in ledger_rows_of(card.record)]
    rows = {row.record.id: row for row in timed(_many(LedgerRow, row_ids, deps))}
    references = frozenset(order.reference for order in orders_there)
    listed = Cards(references, cards, rows, assets, backend, bound)
    yield from timed(card_findings(listed, deps))


def _listed(schema: type[R], lists: Iterable[str], deps: Deps) -> Iterator[Stored[R]]:
    for name in lists:
        for page in every_page(deps, schema, name):
            yield from page.items


def _many(schema: type[R], ids: Sequence[str], deps: Deps) -> Iterator[Stored[R]]:
    for start in range(0, len(ids), PAGE):
        yield from deps.store.get_many(schema, ids[start : start + PAGE])


def _backend_cards(deps: Deps) -> Iterator[BackendCard]:
    offset: int | None = 0
    while offset is not None:
        page = deps.systems.energised.changed_cards(None, offset, deps.tuning.call_timeout)
        yield from page.cards
        offset = page.following


def _act(finding: Finding, repair: Repair, deps: Deps, report: Report) -> None:
    """Repair it, or open a task unless there is one, decided or not. One that cannot be repaired
    holds up no other."""
    if RULES[finding.kind].action == "task" or repair is None:
        report.tasks += _ask(finding, deps)
        return
    try:
        repair()
        report.repaired += 1
    except Conflict:
        return  # somebody is at it
    except (EventRejected, Missing, Refused, Unmappable) as error:
        extra = {"kind": finding.kind, "subject": finding.subject, "error": cause(error)}
        logger.warning("divergence not repaired", extra=extra)
        report.tasks += _ask(finding, deps)


def _ask(finding: Finding, deps: Deps) -> int:
    task = Task.about(
        finding.cause,
        kind="divergence",
        subject_schema=finding.schema,
        subject_id=finding.subject,
        system=finding.system,
        reason=f"{finding.kind} {finding.detail}",
        opened_at=deps.clock.now(),
    )
    if deps.store.get(Task, task.id):
        return 0
    deps.store.commit(Put(task))
    return 1
