"""What the system holds, for people and their programs: IBANs masked, dates as dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from infra.simulators.sap.contract_service import ContractNames
from infra.simulators.sap.partner_service import (
    ADDRESSES,
    BANKS,
    EMAILS,
    PARTNERS,
    PHONES,
    ROLES,
)
from infra.simulators.sap.rows import Row, Rows
from infra.simulators.simulator import Table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ACCOUNT_SHOWN = 4
_OWNER = "BusinessPartner"
_PARTNER = (
    _OWNER,
    "BusinessPartnerFullName",
    "BusinessPartnerCategory",
    "BirthDate",
    "BusinessPartnerIsBlocked",
)
_ADDRESS = ("StreetName", "HouseNumber", "PostalCode", "CityName", "Country")
_BELOW = {
    ROLES: (_OWNER, "BusinessPartnerRole", "ValidTo"),
    ADDRESSES: (_OWNER, "AddressID", *_ADDRESS),
    EMAILS: ("AddressID", "OrdinalNumber", "EmailAddress"),
    PHONES: ("AddressID", "OrdinalNumber", "PhoneNumber", "PhoneNumberType"),
    BANKS: (_OWNER, "BankIdentification", "IBAN", "BankAccountHolderName"),
}
"""The columns of what belongs to a partner, by set."""


def masked(iban: str) -> str:
    """An IBAN of which only country, check digits and the last four characters are left."""
    return f"{iban[:4]}…{iban[-_ACCOUNT_SHOWN:]}" if iban else ""


def public(row: Row) -> dict[str, Any]:
    """A row without what only the simulator knows, and with its bank account masked."""
    shown = {name: value for name, value in row.items() if not name.startswith("_")}
    for name in ("IBAN", "BankAccount"):
        if name in shown:
            shown[name] = masked(shown[name])
    return shown


def state(rows: Rows) -> dict[str, Any]:
    """Every row by set."""
    return {s.name: [public(row) for row in rows.all(s.name)] for s in rows.sets}


def tables(rows: Rows, names: ContractNames, reference: str) -> list[Table]:
    """Partners with roles, addresses, how they are reached and banks; accounts and contracts."""
    belongs = (names.partner, names.account_id, names.reference)
    contract = (names.division, names.product, names.move_in, names.status)
    columns = {
        PARTNERS: (_PARTNER[0], reference, *_PARTNER[1:]),
        **_BELOW,
        names.accounts: belongs,
        names.contracts: (names.contract_id, *belongs, *contract),
    }
    return [_table(rows, name, *shown) for name, shown in columns.items()]


def _table(rows: Rows, name: str, *columns: str) -> Table:
    kinds = {p.name: p.kind for s in rows.sets if s.name == name for p in s.properties}
    shown = [public(row) for row in reversed(rows.all(name))]
    cells = [[_cell(kinds[c], row[c]) for c in columns] for row in shown]
    return Table(name, columns, cells)


def _cell(kind: str, value: Any) -> Any:
    if value is None or not kind.startswith("DateTime"):
        return value
    return (_EPOCH + timedelta(milliseconds=value)).date()
