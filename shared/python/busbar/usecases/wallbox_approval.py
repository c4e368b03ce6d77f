"""What the approval of an installation means for the cards of its order.

A refund card is wanted active in be.ENERGISED while the newest review of a wallbox of its order has
approved the installation, and not otherwise. That is written in two places: when a review changes
(here), and when a card comes to an order (`wallbox_assignment`). Both read the wallboxes, and write
them and the order in the same transaction; so a card is never wanted active without an approval
that is recorded, and of a card and an approval that come at once neither misses the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from busbar.domain.cards import CardPurpose, ChargeCard
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.domain.wallboxes import Wallbox
from busbar.ports.store import Change, Save, Stored
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_forward import (
    card_errand,
    energised_row_id,
    tell_salesforce,
    wanting,
)
from busbar.usecases.deps import Deps


def wallboxes_of(order: WallboxOrder, deps: Deps) -> list[Stored[Wallbox]]:
    """The wallboxes of an order, as they are now."""
    return deps.store.get_many(Wallbox, order.wallboxes, consistent=True)


def approval_of(wallboxes: Sequence[Wallbox]) -> tuple[bool, datetime | None]:
    """Whether one of them is approved now, and when one first was."""
    times = [wallbox.approved_at for wallbox in wallboxes if wallbox.approved_at]
    return any(wallbox.is_approved for wallbox in wallboxes), min(times, default=None)


def approval_behind(card: ChargeCard, deps: Deps) -> list[Save]:
    """The approved wallboxes of a card's order, to be written with what rests on them."""
    order = deps.store.get(WallboxOrder, card.order_id)
    wallboxes = wallboxes_of(order.record, deps) if order else []
    return [Save(stored.record, stored) for stored in wallboxes if stored.record.is_approved]


def refunds_follow(
    order: WallboxOrder, before: Wallbox, after: Wallbox | None, deps: Deps
) -> Iterator[Change]:
    """What becomes of an order's cards as one of its wallboxes changes, or leaves it (None).

    The caller writes that wallbox and the order in the same transaction.
    """
    others = [w for w in wallboxes_of(order, deps) if w.record.id != before.id]
    rest = [stored.record for stored in others]
    was, _ = approval_of([*rest, before])
    now, first = approval_of([*rest, after] if after else rest)
    if now and not (after and after.is_approved):
        yield from (Save(stored.record, stored) for stored in others)  # it rests on them
    for stored in deps.store.get_many(ChargeCard, order.cards, consistent=True):
        # Once switched on, it may be switched off in be.ENERGISED, and is not switched on again.
        yield from _card_follows(stored, first, None if now and was else now, deps)


def _card_follows(
    stored: Stored[ChargeCard], first: datetime | None, active: bool | None, deps: Deps
) -> Iterator[Change]:
    """A card after a review; `active` is None where it is approved as it was before."""
    card = stored.record.model_copy(update={"approved_at": stored.record.approved_at or first})
    wanted: dict[str, Any] = {}
    if card.purpose is CardPurpose.REFUND and active is not None:
        wanted = {"active": active}
    row = deps.store.get(LedgerRow, energised_row_id(card))
    wishes = wanting(row, card, wanted) if wanted else ()
    told = tell_salesforce(card, stored.version + 1, deps)
    if card == stored.record and not wishes and not told:
        return
    yield Save(card, stored)
    yield from wishes
    yield from told or (deps.outbox.awake(card_errand(card.id, stored.version + 1, deps)),)
