"""Takes the cards from a user whose access has ended, by the ledger of each card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from busbar.domain.cards import ChargeCard
from busbar.domain.customers import User
from busbar.ports.outside import Found
from busbar.ports.store import Change, Save, Stored
from busbar.process.contract import Done, Later, Outcome
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_forward import card_errand, energised_row_id, wanting
from busbar.usecases.deps import Deps, revise
from busbar.usecases.pages import every_page


def take_cards(user: User, deps: Deps, reason: str) -> Outcome:
    """Want the user's cards without a driver; whoever works on a card carries that out.

    Looks twice: a worker that had read the user before his access ended may still give him a card,
    and has ended itself `pause_bound` later.
    """
    uuid = user.energised_uuid
    if not uuid:
        return Done(Found(user.id))
    for card_id in dict.fromkeys(_cards_of(user, uuid, deps)):
        _take(card_id, uuid, deps)
    now = deps.clock.now()
    settled = (user.access_ended_at or now) + timedelta(seconds=deps.tuning.pause_bound)
    return Later(settled, reason) if now < settled else Done(Found(user.id))


def _cards_of(user: User, uuid: str, deps: Deps) -> Iterator[str]:
    """Cards that he holds, and cards of his company that are on their way to him."""
    for stored in deps.store.linked(ChargeCard, "holder", uuid):
        yield stored.record.id
    for page in every_page(deps, ChargeCard, f"company#{user.company_id}"):
        ids = {energised_row_id(card.record): card.record.id for card in page.items}
        for row in deps.store.get_many(LedgerRow, list(ids)):
            if row.record.open and row.record.wanted.get("contact_id") == uuid:
                yield ids[row.record.id]


def _take(card_id: str, uuid: str, deps: Deps) -> None:
    def change(stored: Stored[ChargeCard]) -> Sequence[Change]:
        card = stored.record
        if not card.is_fleet:
            return ()  # it is his own, by a contract that does not end with his access here
        row = deps.store.get(LedgerRow, energised_row_id(card))
        wanted = row.record.wanted if row and row.record.open else {}
        if wanted.get("contact_id", card.holder_uuid) != uuid:
            return ()
        errand = card_errand(card.id, stored.version + 1, deps)
        return (
            Save(card, stored),
            *wanting(row, card, {"contact_id": None}, insist=True),
            deps.outbox.awake(errand),
        )

    revise(deps.store, ChargeCard, card_id, change)
