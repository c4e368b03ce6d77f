"""What a run of `reconcile` compares, and in which order.

What the systems hold is read first, as lists, and kept while the run lasts. Then our records, page
by page, company by company: a run begins at a place that an earlier one has left. At last what the
systems have and no list of ours has named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, TypeVar

from busbar.domain.cards import BackendCard, ChargeCard, card_id
from busbar.domain.customers import ALL_COMPANIES, Company
from busbar.domain.divergences import Finding, Repair
from busbar.domain.identifiers import entity_id_of
from busbar.domain.orders import KIND, ChargeCardOrder
from busbar.domain.record import Record
from busbar.domain.wallbox_orders import WALLBOX_KIND
from busbar.errors import BusbarError
from busbar.ports.salesforce import AssetThere, OrderThere
from busbar.ports.store import Page, Stored
from busbar.process.ledger import LedgerRow
from busbar.usecases.deps import SHORTEST_CALL, Deps, R, TimeLeft, time_left
from busbar.usecases.pages import LONGEST_PAGE, every_page
from busbar.usecases.reconcile_cards import Cards, card_findings, ledger_rows_of, unknown_findings
from busbar.usecases.reconcile_orders import order_findings, orphan

T = TypeVar("T")
Told = Iterator[tuple[Finding, Repair]]


class OutOfTimeError(BusbarError):
    """The run has to end here."""


class Place(Record):
    """The page of our lists from which the next run goes on: a company's orders, or its cards.

    Without a company: the first page of all.
    """

    schema_name: ClassVar[str] = "reconcile_place"

    company_id: str = ""
    listed: str = ""
    """Schema of the list."""
    cursor: str | None = None


@dataclass
class Report:
    """What a run came to. `complete` is False if time or a system ended it early.

    `orders` and `cards`: how many were compared; `found` counts the divergences by class;
    `repaired` and `tasks` what was done in this run.
    """

    orders: int = 0
    cards: int = 0
    found: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    tasks: int = 0
    complete: bool = True
    reasons: list[str] = field(default_factory=list)

    def note(self, reason: str) -> None:
        """The run ends early."""
        self.complete = False
        self.reasons.append(reason)


class Walk:
    """One run. `place` is where the next one goes on; after all of it, at the beginning."""

    def __init__(self, begins: Place, deps: Deps, left: TimeLeft) -> None:
        self.place = begins
        self.report = Report()
        self._begins = begins
        self._deps = deps
        self._left = left
        # What was listed longer ago than this, says nothing about what was changed since.
        self._listed_within = time_left(deps.clock, deps.tuning.reconcile_after)
        self._seen: set[str] = set()
        """Ids of orders and cards that were compared."""

        @cache
        def bound(company_id: str, system: str) -> str | None:
            return deps.store.external_id(Company.schema_name, company_id, system)

        self._bound = bound

    def findings(self) -> Told:
        """All differences, each with what repairs it.

        Raises `OutOfTimeError`, and `UpstreamError` if a system is down.
        """
        pages = every_page(self._deps, Company, ALL_COMPANIES)
        companies = sorted(stored.record.id for page in pages for stored in page.items)
        orders = self._orders_there()
        there = Cards(orders.keys(), self._assets_there(), self._backend_cards(), self._bound)
        for company in companies:
            if company < self._begins.company_id:
                continue
            skips_orders = self._is_begun(company, ChargeCard)
            for listed in () if skips_orders else self._pages(ChargeCardOrder, company):
                yield from self._orders(listed, orders)
            for page in self._pages(ChargeCard, company):
                yield from self._cards(page, there)
        lists = {f"company#{company}" for company in companies}
        yield from self._unlisted_orders(orders, lists)
        yield from self._unlisted_cards(there, lists)
        self.place = Place(id=self._begins.id)

    def _is_begun(self, company: str, schema: type[Record]) -> bool:
        begins = self._begins
        return (begins.company_id, begins.listed) == (company, schema.schema_name)

    def _pages(self, schema: type[R], company: str) -> Iterator[Sequence[Stored[R]]]:
        cursor = self._begins.cursor if self._is_begun(company, schema) else None
        while True:
            name = schema.schema_name
            self.place = Place(id=self._begins.id, company_id=company, listed=name, cursor=cursor)
            self._check_time()
            page = self._page(schema, f"company#{company}", cursor)
            yield page.items
            if page.cursor is None:
                return
            cursor = page.cursor

    def _page(self, schema: type[R], by: str, cursor: str | None) -> Page[R]:
        store = self._deps.store
        try:
            return store.listed(schema, by, limit=LONGEST_PAGE, cursor=cursor)
        except ValueError:  # an older release has kept it
            return store.listed(schema, by, limit=LONGEST_PAGE)

    def _check_time(self) -> None:
        if min(self._left(), self._listed_within()) < SHORTEST_CALL:
            raise OutOfTimeError

    def _timed(self, things: Iterable[T]) -> Iterator[T]:
        for thing in things:
            self._check_time()
            yield thing

    # --- what the systems hold -----------------------------------------------------------------

    def _orders_there(self) -> dict[str, list[OrderThere]]:
        """By reference."""
        found: dict[str, list[OrderThere]] = defaultdict(list)
        for row in self._timed(self._deps.systems.salesforce.all_orders(self._time_for_a_list())):
            found[row.reference].append(row)
        return dict(found)

    def _assets_there(self) -> dict[str, list[AssetThere]]:
        """By our id of the card: those that were assigned to orders.

        But for orders of wallboxes: of those `sync_cards` reads all that they have got.
        """
        found: dict[str, list[AssetThere]] = defaultdict(list)
        for row in self._timed(self._deps.systems.salesforce.all_assets(self._time_for_a_list())):
            if row.order_reference and not entity_id_of(WALLBOX_KIND, row.order_reference):
                found[card_id(self._deps.store.org, row.card.card_id)].append(row)
        return dict(found)

    def _backend_cards(self) -> dict[str, BackendCard]:
        found: dict[str, BackendCard] = {}
        offset: int | None = 0
        while offset is not None:
            self._check_time()
            timeout = self._deps.tuning.call_timeout
            page = self._deps.systems.energised.changed_cards(None, offset, timeout)
            found |= {card.id: card for card in page.cards}
            offset = page.following
        return found

    def _time_for_a_list(self) -> float:
        return max(self._left(), SHORTEST_CALL)

    # --- our records ---------------------------------------------------------------------------

    def _orders(
        self, ours: Sequence[Stored[ChargeCardOrder]], there: dict[str, list[OrderThere]]
    ) -> Told:
        self.report.orders += len(ours)
        self._seen |= {stored.record.id for stored in ours}
        yield from order_findings(self._timed(ours), there, self._bound, self._deps)

    def _cards(self, ours: Sequence[Stored[ChargeCard]], there: Cards) -> Told:
        self.report.cards += len(ours)
        self._seen |= {stored.record.id for stored in ours}
        ids = [row for stored in ours for row in ledger_rows_of(stored.record)]
        rows = {row.record.id: row for row in self._many(LedgerRow, ids)}
        yield from card_findings(self._timed(ours), rows, there, self._deps)

    # --- what no list of ours has named --------------------------------------------------------

    def _unlisted_orders(self, there: dict[str, list[OrderThere]], lists: set[str]) -> Told:
        ids = {named: entity_id_of(KIND, named) for named in there}
        left = {i: named for named, i in ids.items() if i and i not in self._seen}
        known = self._known(ChargeCardOrder, left)
        yield from self._orders(self._elsewhere(known.values(), lists), there)
        for named, order_id in ids.items():
            if order_id is None or (order_id in left and order_id not in known):
                self.report.orders += 1
                yield orphan(there[named][0]), None

    def _unlisted_cards(self, there: Cards, lists: set[str]) -> Told:
        left = [card for card in there.assets if card not in self._seen]
        known = self._known(ChargeCard, left)
        found = self._elsewhere(known.values(), lists)
        for start in range(0, len(found), LONGEST_PAGE):
            yield from self._cards(found[start : start + LONGEST_PAGE], there)
        for card in self._timed([card for card in left if card not in known]):
            self.report.cards += 1
            yield from unknown_findings(card, there.assets[card], self._deps)

    def _elsewhere(self, found: Iterable[Stored[Any]], lists: set[str]) -> list[Stored[Any]]:
        """Without what an earlier run has met in its list."""
        is_rest = bool(self._begins.company_id)
        return [s for s in found if not (is_rest and s.record.listed_by() in lists)]

    def _known(self, schema: type[R], ids: Iterable[str]) -> dict[str, Stored[R]]:
        return {stored.record.id: stored for stored in self._many(schema, list(ids))}

    def _many(self, schema: type[R], ids: Sequence[str]) -> Iterator[Stored[R]]:
        for start in range(0, len(ids), LONGEST_PAGE):
            self._check_time()
            yield from self._deps.store.get_many(schema, ids[start : start + LONGEST_PAGE])
