"""What can differ between a card of ours, its Asset in Salesforce and the card in be.ENERGISED."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from busbar.domain.cards import BackendCard, ChargeCard
from busbar.domain.divergences import Divergence, Finding, Repair
from busbar.domain.identifiers import entity_id_of, reference
from busbar.domain.orders import KIND, ChargeCardOrder
from busbar.errors import Conflict, Missing
from busbar.ports.salesforce import AssetThere
from busbar.ports.store import Save, Stored
from busbar.process.ledger import LedgerRow
from busbar.process.outbox import OutboxRow
from busbar.usecases.card_copy import copy_card, seen_at
from busbar.usecases.card_event import assigned_and_left, told_by_asset
from busbar.usecases.card_forward import (
    ENERGISED,
    SALESFORCE,
    asset_fields,
    asset_holds,
    asset_row_id,
    card_errand,
    energised_row_id,
)
from busbar.usecases.deps import Deps

Told = Iterator[tuple[Finding, Repair]]


@dataclass(frozen=True)
class Cards:
    """What the systems list: cards of be.ENERGISED by its id, Assets by our id of their card.

    `orders` are the references that Salesforce has; `bound` gives a company's id in a system.
    """

    orders: Collection[str]
    assets: Mapping[str, Sequence[AssetThere]]
    backend: Mapping[str, BackendCard]
    bound: Callable[[str, str], str | None]


def ledger_rows_of(card: ChargeCard) -> list[str]:
    """The ids of a card's ledger rows."""
    rows = [energised_row_id(card)]
    return [*rows, asset_row_id(card.asset_id)] if card.asset_id else rows


def card_findings(
    ours: Iterable[Stored[ChargeCard]],
    rows: Mapping[str, Stored[LedgerRow]],
    there: Cards,
    deps: Deps,
) -> Told:
    """All differences of cards of ours. `rows` are their ledger rows, by id."""
    for stored in ours:
        assets = there.assets.get(stored.record.id, ())
        if len(assets) > 1:
            yield _doubled(stored.record.id), None
        else:
            yield from _Card(stored, assets[0] if assets else None, rows, there, deps).told()


def unknown_findings(card: str, assets: Sequence[AssetThere], deps: Deps) -> Told:
    """What is assigned to an order, and is no card of ours. `card` is our id, if it were one."""
    if len(assets) > 1:
        yield _doubled(card), None
    else:
        yield from _unknown(card, assets[0], deps)


def _doubled(card: str) -> Finding:
    return _finding(Divergence.DOUBLED, SALESFORCE, card, "asset")


def _finding(
    kind: Divergence, system: str, subject: str, detail: str, object_id: str = ""
) -> Finding:
    return Finding(kind, system, ChargeCard.schema_name, subject, detail, object_id)


def _unknown(card: str, asset: AssetThere, deps: Deps) -> Told:
    """An assignment of which we know nothing: its event was lost, or its order is nobody's."""
    order_id = entity_id_of(KIND, asset.order_reference)
    if order_id is None or deps.store.get(ChargeCardOrder, order_id) is None:
        object_id = asset.card.asset_id
        yield _finding(Divergence.ORPHAN, SALESFORCE, card, "no_such_order", object_id), None
    elif deps.store.get(ChargeCard, card) is None and _settled(asset, deps):
        finding = _finding(Divergence.STALE, SALESFORCE, card, "assignment")
        yield finding, partial(_assign, asset, deps)


def _settled(asset: AssetThere, deps: Deps) -> bool:
    age = deps.clock.now().timestamp() - asset.card.version / 1000
    return age >= deps.tuning.reconcile_after


def _assign(asset: AssetThere, deps: Deps) -> None:
    """What the event that never came would have said."""
    assigned_and_left(told_by_asset(asset.order_reference, asset.card), deps)


class _Card:
    """One card of ours, as it was listed, and what the systems list of it."""

    def __init__(
        self,
        listed: Stored[ChargeCard],
        asset: AssetThere | None,
        rows: Mapping[str, Stored[LedgerRow]],
        there: Cards,
        deps: Deps,
    ) -> None:
        self._card = listed.record
        self._listed = listed
        self._asset = asset
        self._backend = there.backend.get(self._card.energised_id)
        self._rows = [rows[i] for i in ledger_rows_of(self._card) if i in rows]
        self._bound = partial(there.bound, self._card.company_id)
        self._order_is_there = reference(KIND, self._card.order_id) in there.orders
        self._deps = deps

    def told(self) -> Told:
        """Its differences, if nobody is at work on it and it is still as it was listed."""
        if not any(self._found()) and not self._is_open():
            return
        fresh = self._deps.store.get(ChargeCard, self._card.id)
        if fresh is None or fresh.version != self._listed.version or not self._quiet(fresh):
            return
        if self._is_open():
            yield from self._stuck()
            return
        self._backend = self._read()  # the list may lag
        if self._quiet(fresh):
            yield from self._found()

    def _found(self) -> Told:
        """Whose it is comes first: what it is says nothing while that is wrong."""
        yield from list(self._links()) or list(self._state())

    def _read(self) -> BackendCard | None:
        backend, timeout = self._deps.systems.energised, self._deps.tuning.call_timeout
        try:
            return backend.read_card(self._card.energised_id, timeout)
        except Missing:
            return None

    def _quiet(self, stored: Stored[ChargeCard]) -> bool:
        edge = self._deps.clock.now() - timedelta(seconds=self._deps.tuning.reconcile_after)
        times = [stored.changed_at, *(row.changed_at for row in self._rows)]
        if self._backend:
            times.append(self._backend.updated_at)
        settled = self._asset is None or _settled(self._asset, self._deps)
        return settled and max(times) <= edge

    def _is_open(self) -> bool:
        return any(row.record.open for row in self._rows)

    def _stuck(self) -> Told:
        errand = card_errand(self._card.id, self._listed.version, self._deps)
        if self._deps.store.get(OutboxRow, errand.row_id) is None:
            finding = _finding(Divergence.STUCK, ENERGISED, self._card.id, "no_errand")
            yield finding, lambda: self._deps.store.commit(self._deps.outbox.awake(errand))

    # --- whose it is ---------------------------------------------------------------------------

    def _links(self) -> Told:
        if self._backend is None:
            yield _finding(Divergence.MISSING, ENERGISED, self._card.id, "card"), None
        elif self._bills_another():
            yield _finding(Divergence.WRONGLY_LINKED, ENERGISED, self._card.id, "billing"), None
        if self._asset is None:
            yield from self._without_asset()
        else:
            yield from self._asset_links(self._asset)

    def _bills_another(self) -> bool:
        contact = self._bound(ENERGISED)
        held = self._backend.billing_contact_id if self._backend else None
        return bool(contact) and not self._card.waiting_for and held != contact

    def _without_asset(self) -> Told:
        if self._card.asset_id and self._order_is_there:
            yield _finding(Divergence.MISSING, SALESFORCE, self._card.id, "assignment"), None

    def _asset_links(self, asset: AssetThere) -> Told:
        order_id = entity_id_of(KIND, asset.order_reference)
        mark = self._card.assigned_by
        if order_id != self._card.order_id:
            if order_id and (mark is None or asset.card.version > mark.version):
                finding = _finding(Divergence.STALE, SALESFORCE, self._card.id, "assignment")
                yield finding, partial(_assign, asset, self._deps)
            else:
                yield _finding(Divergence.WRONGLY_LINKED, SALESFORCE, self._card.id, "order"), None
        elif asset.card.asset_id != self._card.asset_id:
            yield _finding(Divergence.WRONGLY_LINKED, SALESFORCE, self._card.id, "asset"), None
        elif (account := self._bound(SALESFORCE)) and asset.account_id != account:
            yield _finding(Divergence.WRONGLY_LINKED, SALESFORCE, self._card.id, "account"), None

    # --- what it is ----------------------------------------------------------------------------

    def _state(self) -> Told:
        if self._card.in_portal_since is None:
            return
        if self._backend and self._differs(self._backend):
            yield _finding(Divergence.DRIFTED, ENERGISED, self._card.id, "card"), self._copy
        elif self._asset and self._asset_differs(self._asset):
            yield _finding(Divergence.DRIFTED, SALESFORCE, self._card.id, "asset"), self._tell

    def _differs(self, backend: BackendCard) -> bool:
        return self._card.observed(backend) != seen_at(self._card, backend)

    def _copy(self) -> None:
        """be.ENERGISED leads what a card is."""
        if self._backend:
            copy_card(self._listed, self._backend, self._deps, show=False)

    def _asset_differs(self, asset: AssetThere) -> bool:
        return not asset_holds(asset.fields, asset_fields(self._card, self._deps))

    def _tell(self) -> None:
        """We lead what an Asset shows of a card."""
        deps, card = self._deps, self._card
        row_id, fields = asset_row_id(card.asset_id or ""), asset_fields(card, deps)
        row = deps.store.get(LedgerRow, row_id)
        before = row.record if row else LedgerRow(id=row_id)
        if before.open:
            raise Conflict(row_id)
        deps.store.commit(
            Save(before.wanting(fields, insist=True), row),
            deps.outbox.awake(card_errand(card.id, self._listed.version, deps)),
        )
