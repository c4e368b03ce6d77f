"""Takes the cards of delivered orders over into the portal.

Which cards went out says Salesforce, by the order's Assets; what they are says be.ENERGISED. A card
that cannot be taken over gets a task and holds up no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from busbar.domain.cards import CardAsset, ChargeCard, card_id
from busbar.domain.identifiers import reference
from busbar.domain.lifecycle import OrderStatus
from busbar.domain.orders import KIND, ChargeCardOrder
from busbar.errors import Conflict, EventRejected, Missing, Refused, Unmappable
from busbar.ports.store import Change, Save, Stored
from busbar.usecases.card_bulk import LEAST_TO_TELL, ROOM_TO_TELL, Untold, tell_all
from busbar.usecases.card_copy import ask, copy_card, is_busy
from busbar.usecases.card_event import assigned, told_by_asset
from busbar.usecases.card_forward import ENERGISED, SALESFORCE
from busbar.usecases.deps import Deps, revise


def take_over(order: ChargeCardOrder, deps: Deps, time_left: Callable[[], float]) -> int:
    """How many cards of the order came to stand in the portal. Raises `UpstreamError`.

    Whatever happens, the order is due again later if cards are missing still, so that one order
    in trouble does not stand before all others in every run.
    """
    taken: list[str | None] = []
    sent: list[CardAsset] = []
    untold: list[Untold] = []
    try:
        assets = deps.systems.salesforce.assets_of(
            reference(KIND, order.id), deps.tuning.call_timeout
        )
        everything = order.status is OrderStatus.DELIVERED
        sent = [asset for asset in assets if everything or asset.delivered]
        for asset in sent:
            if time_left() < ROOM_TO_TELL:
                break
            taken.append(
                _take_over_card(order, asset, deps.within(time_left() - LEAST_TO_TELL), untold)
            )
    finally:
        _write_down(order, taken, len(taken) < len(sent) or None in taken, deps)
        tell_all(untold, deps, time_left)
    return len({*filter(None, taken)} - set(order.cards_taken_over))


def _write_down(
    order: ChargeCardOrder, taken: Sequence[str | None], left: bool, deps: Deps
) -> None:
    now = deps.clock.now()

    def change(stored: Stored[ChargeCardOrder]) -> Sequence[Change]:
        fresh = stored.record
        there = tuple(sorted({*fresh.cards_taken_over, *filter(None, taken)}))
        awaited = left or (fresh.delivers_cards and len(there) < fresh.quantity)
        if awaited and _waited_too_long(fresh, deps):
            ask(ChargeCardOrder, fresh.id, "cards", SALESFORCE, "cards_never_came", deps)
            awaited = False
        later = now + timedelta(seconds=deps.tuning.wait_retry)
        update = {"cards_taken_over": there, "next_takeover_at": later if awaited else None}
        return (Save(fresh.model_copy(update=update), stored),)

    revise(deps.store, ChargeCardOrder, order.id, change)


def _waited_too_long(order: ChargeCardOrder, deps: Deps) -> bool:
    since = order.delivered_since or order.ordered_at
    return deps.clock.now() - since > timedelta(seconds=deps.tuning.wait_at_most)


def _take_over_card(
    order: ChargeCardOrder, asset: CardAsset, deps: Deps, untold: list[Untold]
) -> str | None:
    """The id of the card if it stands in the portal now; None if it has to wait."""
    ours = card_id(deps.store.org, asset.card_id)
    stored = deps.store.get(ChargeCard, ours)
    if stored is None:
        stored = _heal(order, asset, ours, deps)
    if stored is None or stored.record.order_id != order.id:
        return None
    if stored.record.in_portal_since:
        return ours
    # The card is read by itself, not off the list, so the list's lag does not matter here.
    if stored.record.waiting_for or is_busy(stored.record, deps, lag=0.0):
        return None
    try:
        backend = deps.systems.energised.read_card(asset.card_id, deps.tuning.call_timeout)
        copy_card(stored, backend, deps, untold, show=True)
    except (Missing, Refused, Unmappable) as error:
        reason = getattr(error, "code", "") or type(error).__name__
        ask(ChargeCardOrder, order.id, asset.asset_id, ENERGISED, reason, deps)
        return None
    except Conflict:
        return None
    return ours


def _heal(
    order: ChargeCardOrder, asset: CardAsset, ours: str, deps: Deps
) -> Stored[ChargeCard] | None:
    """The event is late or lost: what it would have said stands in the Asset.

    An Asset that fits no card is a task, and must not keep the others from being taken over.
    """
    try:
        assigned(told_by_asset(reference(KIND, order.id), asset), deps)
    except EventRejected as rejected:
        ask(ChargeCardOrder, order.id, asset.asset_id, SALESFORCE, rejected.reason, deps)
    except Conflict:
        return None  # its event is just being worked on
    return deps.store.get(ChargeCard, ours)
