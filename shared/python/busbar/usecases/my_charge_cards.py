"""The driver's own cards: those bound to him in be.ENERGISED, no others.

One who drives for a fleet and has ordered a wallbox too is two contacts there.
"""

from __future__ import annotations

from collections.abc import Iterator

from busbar.domain.authorisation import require
from busbar.domain.cards import ChargeCard
from busbar.domain.customers import Caller
from busbar.domain.private_customers import PrivateCustomer, customer_id
from busbar.ports.runtime import Json
from busbar.usecases.deps import Deps

ENERGISED = "energised"


def my_cards(caller: Caller, deps: Deps) -> Json:
    """The caller's cards. The UUIDs are those of our records, never the token's."""
    require(caller, "my_charge_cards")
    return {"cards": [_view(card) for uuid in _uuids(caller, deps) for card in _of(uuid, deps)]}


def _uuids(caller: Caller, deps: Deps) -> list[str]:
    """By his fleet, and by what he has ordered for himself; often the same, often none."""
    private = customer_id(deps.store.org, caller.user.id)
    own = deps.store.external_id(PrivateCustomer.schema_name, private, ENERGISED)
    return list(dict.fromkeys(filter(None, (caller.user.energised_uuid, own))))


def _of(uuid: str, deps: Deps) -> Iterator[ChargeCard]:
    for stored in deps.store.linked(ChargeCard, "holder", uuid):
        # The index may lag behind: the record itself decides.
        if stored.record.holder_uuid == uuid and stored.record.in_portal_since:
            yield stored.record


def _view(card: ChargeCard) -> Json:
    return {
        "id": card.id,
        "number": card.number,
        "purpose": card.purpose.value,
        "label": card.label,
        "vehicle": card.vehicle,
        "active": card.active,
        "blocked": card.blocked,
    }
