"""Reads anew what Salesforce has assigned to an order of wallboxes, and how far its reviews are.

What an event that never came would have said stands in the Assets. They are read when an order is
delivered, until all is there that it has ordered, and once a day while a proof is under review.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from busbar.domain.cards import CardPurpose, ChargeCard
from busbar.domain.wallbox_assets import AssetKind, WallboxAsset
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.domain.wallboxes import Wallbox
from busbar.errors import Conflict, EventRejected
from busbar.ports.store import Change, Save, Stored
from busbar.usecases.card_copy import ask
from busbar.usecases.card_forward import SALESFORCE
from busbar.usecases.deps import Deps, revise
from busbar.usecases.wallbox_event import assigned, told_by_asset
from busbar.usecases.wallbox_review import review_in, reviewed

NEVER_CAME = "assets_never_came"


def take_over_wallboxes(order: WallboxOrder, deps: Deps, time_left: Callable[[], float]) -> int:
    """How many wallboxes and cards were heard of now for the first time. Raises `UpstreamError`.

    Whatever happens, the order is due again later while something is missing.
    """
    known, settled = {*order.wallboxes, *order.cards}, False
    try:
        assets = _assets(order, deps, time_left)
        left = [asset for asset in assets if not _apply(order, asset, deps)]
        settled = not left
    finally:
        after = _write_down(order.id, settled, deps)
    return len({*after.wallboxes, *after.cards} - known) if after else 0


def look_at_review(wallbox: Wallbox, deps: Deps, time_left: Callable[[], float]) -> int:
    """Apply what a wallbox's Asset says of its review. Raises `UpstreamError`. Always 0: nothing
    is taken over by that."""
    stored = deps.store.get(WallboxOrder, wallbox.order_id)
    if stored:
        assets = _assets(stored.record, deps, time_left)
        for asset in assets:
            if asset.asset_id == wallbox.asset_id:
                _apply(stored.record, asset, deps)

    def change(fresh: Stored[Wallbox]) -> Sequence[Change]:
        return (Save(fresh.record.model_copy(update={"looked_at": deps.clock.now()}), fresh),)

    revise(deps.store, Wallbox, wallbox.id, change)
    return 0


def _assets(
    order: WallboxOrder, deps: Deps, time_left: Callable[[], float]
) -> Sequence[WallboxAsset]:
    seconds = min(time_left(), deps.tuning.call_timeout)
    return deps.systems.wallbox_sales.wallbox_assets_of(order.reference, seconds)


def _apply(order: WallboxOrder, asset: WallboxAsset, deps: Deps) -> bool:
    """Apply one Asset; False if it has to be looked at again. One that fits nothing is a task, and
    holds up no other."""
    try:
        assigned(told_by_asset(order.reference, asset), deps)
        review = review_in(order.reference, asset, deps)
        if review and asset.kind is AssetKind.WALLBOX:
            reviewed(review, deps)
    except EventRejected as rejected:
        ask(WallboxOrder, order.id, asset.asset_id, SALESFORCE, rejected.reason, deps)
    except Conflict:
        return False  # its event is just being worked on
    return True


def _write_down(order_id: str, settled: bool, deps: Deps) -> WallboxOrder | None:
    now = deps.clock.now()

    def change(stored: Stored[WallboxOrder]) -> Sequence[Change]:
        order = stored.record
        awaited = not settled or (order.awaits_cards and _lacks(order, deps))
        if awaited and _waited_too_long(order, deps):
            ask(WallboxOrder, order.id, "assets", SALESFORCE, NEVER_CAME, deps)
            awaited = False
        later = now + timedelta(seconds=deps.tuning.wait_retry)
        due = later if awaited else None
        return (Save(order.model_copy(update={"next_takeover_at": due}), stored),)

    stored = revise(deps.store, WallboxOrder, order_id, change)
    return stored.record if stored else None


def _lacks(order: WallboxOrder, deps: Deps) -> bool:
    """Whether wallboxes that were ordered, or one of the two cards with them, are not known yet."""
    ordered = order.quantity_of(deps.salesforce.wallbox_family)
    cards = deps.store.get_many(ChargeCard, order.cards, consistent=True)
    missing = {CardPurpose.PRIVATE, CardPurpose.REFUND} - {card.record.purpose for card in cards}
    return ordered > 0 and (len(order.wallboxes) < ordered or bool(missing))


def _waited_too_long(order: WallboxOrder, deps: Deps) -> bool:
    since = order.delivered_since or order.ordered_at
    return deps.clock.now() - since > timedelta(seconds=deps.tuning.wait_at_most)
