"""Who may do what, for tests that go over all operations."""

from __future__ import annotations

from busbar.domain.authorisation import TABLE
from busbar.domain.customers import Role
from busbar.domain.field_lists import SENT
from infra.local.people import PEOPLE

_BY_ROLE = {
    Role.FLEET_MANAGER: "fleet-manager",
    Role.DRIVER: "driver",
    Role.SERVICE_AGENT: "service-agent",
    Role.OPERATOR: "operator",
}
_OWN_THINGS = dict.fromkeys(
    (
        "my_charge_cards",
        "wallbox_products",
        "wallbox_order",
        "wallbox_orders_list",
        "wallbox_orders_show",
        "my_wallbox",
        "my_wallbox_tariff",
        "my_wallbox_proof",
        "wallbox_proof_show",
    ),
    "driver",
)
"""Operations that show a fleet manager nothing of use."""


def allowed(operation: str) -> str:
    """The `sub` of a sample person who may do this, and send every field."""
    fields = SENT.get(operation, {}).values()
    roles = [r for r in _BY_ROLE if r in TABLE[operation] and all(r in only for only in fields)]
    found = (_BY_ROLE[role] for role in roles)
    return PEOPLE[_OWN_THINGS.get(operation) or next(found)]


def name_of(sub: str) -> str:
    """The name of a sample person."""
    return next(name for name, known in PEOPLE.items() if known == sub)
