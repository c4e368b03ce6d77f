"""What be.ENERGISED holds, as tables of its page."""

from __future__ import annotations

from collections.abc import Mapping

from infra.simulators.energised.backend import Backend
from infra.simulators.simulator import Table

_CARD_COLUMNS = (
    *("id", "tag", "number", "label", "contact_id", "billing_contact_id", "rate_id"),
    *("active", "blocked", "updated_at"),
)
_STATION_HEADS = ("Id", "chargeBoxIdentity", "Label", "Contact", "Tariff", "updatedAt")
_CONTACT_HEADS = ("Id", "Name", "E-mail", "Customer number", "Company", "Reference")
_USER_HEADS = ("Id", "E-mail", "Contact", "Active")


def tables_of(backend: Backend) -> list[Table]:
    """Cards, latest change first, stations, contacts and portal users; contacts by their names."""
    names = {c.id: c.name for c in backend.contacts.values()}
    cards = sorted(backend.cards(), key=lambda c: str(c["updated_at"]), reverse=True)
    return [
        Table(
            "Cards", _CARD_COLUMNS, [[names.get(c[k], c[k]) for k in _CARD_COLUMNS] for c in cards]
        ),
        Table("Stations", _STATION_HEADS, _stations(backend, names)),
        Table("Contacts", _CONTACT_HEADS, _contacts(backend)),
        Table("Portal users", _USER_HEADS, _users(backend, names)),
    ]


def _stations(backend: Backend, names: Mapping[str, str]) -> list[list[object]]:
    rows: list[list[object]] = []
    for station in backend.stations.all():
        has = station["attributes"]
        owner, tariff = has["contactUuid"], has["tariff"]
        price = f"{tariff['unitPrice']} {tariff['unit']}" if tariff else None
        row = [station["id"], has["chargeBoxIdentity"], has["label"], names.get(owner, owner)]
        rows.append([*row, price, has["updatedAt"]])
    return rows


def _contacts(backend: Backend) -> list[list[object]]:
    return [
        [c.id, c.name, c.email, c.customer_number, c.company_id, c.customer_reference]
        for c in backend.contacts.values()
    ]


def _users(backend: Backend, names: Mapping[str, str]) -> list[list[object]]:
    return [[u.id, u.email, names.get(u.contact_id), u.active] for u in backend.users.values()]
