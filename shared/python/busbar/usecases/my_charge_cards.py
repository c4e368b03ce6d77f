"""The driver's own cards: those bound to his be.ENERGISED UUID, no others."""

from __future__ import annotations

from busbar.domain.authorisation import require
from busbar.domain.cards import ChargeCard
from busbar.domain.customers import Caller
from busbar.ports import Json
from busbar.usecases.deps import Deps


def my_cards(caller: Caller, deps: Deps) -> Json:
    """The caller's cards. The UUID is our user record's, never the token's."""
    require(caller, "my_charge_cards")
    uuid = caller.user.energised_uuid
    if not uuid:
        return {"cards": []}
    linked = deps.store.linked(ChargeCard, "holder", uuid)
    # The index may lag behind: the record itself decides.
    own = [s.record for s in linked if s.record.holder_uuid == uuid and s.record.in_portal_since]
    return {"cards": [_view(card) for card in own]}


def _view(card: ChargeCard) -> Json:
    return {
        "id": card.id,
        "number": card.number,
        "label": card.label,
        "vehicle": card.vehicle,
        "active": card.active,
        "blocked": card.blocked,
    }
