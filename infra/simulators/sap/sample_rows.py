"""The sample companies as business partners, with numbers of a time before ours."""

from __future__ import annotations

from infra.simulators import sample
from infra.simulators.sap.partner_rules import FOREVER
from infra.simulators.sap.partner_service import ADDRESSES, PARTNERS, ROLES
from infra.simulators.sap.rows import Row


def partner_number(company: sample.SampleCompany) -> str:
    """The number of a sample company: the digits of its customer number."""
    return "".join(filter(str.isdigit, company.customer_number)).zfill(10)


def _partner(company: sample.SampleCompany) -> Row:
    return {
        "BusinessPartner": partner_number(company),
        "BusinessPartnerCategory": "2",
        "BusinessPartnerGrouping": "0001",
        "OrganizationBPName1": company.name,
        "BusinessPartnerFullName": company.name,
        "BusinessPartnerName": company.name,
        "SearchTerm1": company.customer_number,
    }


def _address(number: int, company: sample.SampleCompany) -> Row:
    street, _, house = company.street.rpartition(" ")
    return {
        "BusinessPartner": partner_number(company),
        "AddressID": str(number).zfill(10),
        "StreetName": street,
        "HouseNumber": house,
        "PostalCode": company.postal_code,
        "CityName": company.city,
        "Country": "DE",
        "FullName": company.name,
        "ValidityEndDate": FOREVER,
    }


def sample_rows() -> dict[str, list[Row]]:
    """Set -> rows."""
    companies = (*sample.COMPANIES, sample.WATTWURM)
    roles = [
        {"BusinessPartner": partner_number(c), "BusinessPartnerRole": role, "ValidTo": FOREVER}
        for c in companies
        for role in ("FLCU00", "FLCU01")
    ]
    return {
        PARTNERS: [_partner(c) for c in companies],
        ADDRESSES: [_address(number, c) for number, c in enumerate(companies, 1)],
        ROLES: roles,
    }
