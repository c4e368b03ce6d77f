"""What SAP checks and fills in where business partners are written.

Numbers, names and stamps are SAP's. That a check has this very rule is assumed where the comment
says so; customising decides most of them in a real system.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from infra.simulators.sap.failures import missing, no_entity, not_unique, refused
from infra.simulators.sap.partner_service import (
    ADDRESSES,
    BANKS,
    EMAILS,
    PARTNERS,
    PHONES,
    ROLES,
)
from infra.simulators.sap.rows import Row
from infra.simulators.sap.tenant import Rule, Tenant
from infra.simulators.sap.values import milliseconds

FIRST_PARTNER = 1_000_001
FIRST_ADDRESS = 20_001
FOREVER = milliseconds(datetime(9999, 12, 31, tzinfo=UTC))
_SPACE = uuid.UUID("5d9b1a4e-7e1b-4c3f-8a54-0d1c6f0a9b11")
_NAME_OF = {"1": "LastName", "2": "OrganizationBPName1", "3": "GroupBusinessPartnerName1"}
"""Category -> the name that it has to have: person, organisation, group."""
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


def _partner(tenant: Tenant, row: Row, before: Row | None) -> Row:
    category = row["BusinessPartnerCategory"]
    if category not in _NAME_OF:
        raise missing("BusinessPartnerCategory")
    if not row[_NAME_OF[category]]:
        raise missing(_NAME_OF[category])
    _check_reference(tenant, row, before)
    if category == "1":
        name = f"{row['FirstName']} {row['LastName']}".strip()
    else:
        name = row[_NAME_OF[category]]
    shown = {"BusinessPartnerFullName": name, "BusinessPartnerName": name}
    if before is None:
        row = {**row, "BusinessPartner": _number(tenant, row), **_stamp(tenant, "CreatedByUser")}
        row["BusinessPartnerUUID"] = _uuid("partner", row["BusinessPartner"])
    else:
        row = {**row, **_stamp(tenant, "LastChangedByUser")}
    return {**row, **shown}


def _check_reference(tenant: Tenant, row: Row, before: Row | None) -> None:
    field = tenant.settings.partner_reference
    value = row[field]
    if not value or (before and before[field] == value):
        return
    taken = tenant.unique_references and tenant.rows.having(PARTNERS, field, value)
    if taken or tenant.refuses_references:
        raise not_unique(field, value)


def _number(tenant: Tenant, row: Row) -> str:
    given = str(row["BusinessPartner"])
    if row["BusinessPartnerGrouping"] in tenant.settings.external_groupings:
        if not given:
            raise missing("BusinessPartner")
        return given
    if given:
        message = "The number is given by SAP in this grouping"
        raise refused(message, "BusinessPartner")
    return tenant.fresh_number(PARTNERS, FIRST_PARTNER, 10)


def _stamp(tenant: Tenant, by: str) -> Row:
    moment = tenant.now()
    ticks, time = milliseconds(moment), f"PT{moment:%HH%MM%SS}"
    day = ticks - ticks % 86_400_000
    if by == "CreatedByUser":
        return {by: tenant.settings.user[:12], "CreationDate": day, "CreationTime": time}
    return {by: tenant.settings.user[:12], "LastChangeDate": day, "LastChangeTime": time}


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(_SPACE, "/".join(parts)))


def _owner(tenant: Tenant, row: Row) -> Row:
    found = tenant.rows.get(PARTNERS, (row["BusinessPartner"],))
    if found is None:
        raise no_entity("A_BusinessPartnerType")
    return found


def _role(tenant: Tenant, row: Row, before: Row | None) -> Row:
    _owner(tenant, row)
    role = row["BusinessPartnerRole"]
    if role not in tenant.settings.roles:
        raise refused(f"BP role {role} is not defined", "BusinessPartnerRole")
    if before is None and row["ValidFrom"] is None:
        row = {**row, "ValidFrom": milliseconds(tenant.now())}
    return {**row, "ValidTo": FOREVER if row["ValidTo"] is None else row["ValidTo"]}


def _address(tenant: Tenant, row: Row, before: Row | None) -> Row:
    partner = _owner(tenant, row)
    if not row["Country"]:
        raise missing("Country")
    if not row["CityName"]:
        raise missing("CityName")
    if row["Country"] == "DE" and not re.fullmatch(r"\d{5}", row["PostalCode"]):
        raise refused(f"Postal code {row['PostalCode']} must have the length 5", "PostalCode")
    if before is None:
        number = str(FIRST_ADDRESS - 1 + tenant.next(ADDRESSES)).zfill(10)
        row = {**row, "AddressID": number, "AddressUUID": _uuid("address", number)}
        row["ValidityStartDate"] = row["ValidityStartDate"] or milliseconds(tenant.now())
        row["ValidityEndDate"] = row["ValidityEndDate"] or FOREVER
    return {**row, "FullName": partner["BusinessPartnerFullName"][:80]}


def _bank(tenant: Tenant, row: Row, before: Row | None) -> Row:
    _owner(tenant, row)
    iban = row["IBAN"]
    if not iban and not (row["BankCountryKey"] and row["BankNumber"] and row["BankAccount"]):
        raise missing("IBAN")
    if iban and not _is_iban(iban):
        raise refused(f"IBAN {iban} is not valid", "IBAN")
    if before is None and not row["BankIdentification"]:
        held = tenant.rows.having(BANKS, "BusinessPartner", row["BusinessPartner"])
        following = _after(str(b["BankIdentification"]) for b in held)
        row = {**row, "BankIdentification": f"{following:04d}"}
    if iban.startswith("DE"):
        # Of a German IBAN bank and account can be read off.
        row = {**row, "BankCountryKey": "DE", "BankNumber": iban[4:12], "BankAccount": iban[12:]}
    return row


def _is_iban(text: str) -> bool:
    if not _IBAN.fullmatch(text):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _means(kind: str, field: str, fits: re.Pattern[str]) -> Rule:
    """The rule of a way to reach somebody: e-mail or phone of an address."""

    def rule(tenant: Tenant, row: Row, before: Row | None) -> Row:
        if not tenant.rows.having(ADDRESSES, "AddressID", row["AddressID"]):
            raise no_entity("A_BusinessPartnerAddressType")
        if not fits.fullmatch(row[field]):
            raise refused(f"{field} {row[field]} is not valid", field)
        if before is None and not row["OrdinalNumber"]:
            held = tenant.rows.having(kind, "AddressID", row["AddressID"])
            row = {**row, "OrdinalNumber": str(_after(str(h["OrdinalNumber"]) for h in held))}
        return row

    return rule


def _after(taken: Iterable[str]) -> int:
    """The number that follows on those that are taken."""
    return max((int(text) for text in taken if text.isdigit()), default=0) + 1


PARTNER_RULES: dict[str, Rule] = {
    PARTNERS: _partner,
    ROLES: _role,
    ADDRESSES: _address,
    BANKS: _bank,
    EMAILS: _means(EMAILS, "EmailAddress", re.compile(r"[^@\s]+@[^@\s]+")),
    PHONES: _means(PHONES, "PhoneNumber", re.compile(r"[\d+/() -]+")),
}
