"""/v1/companies: list, create, import, show, change, remove."""

from __future__ import annotations

from datetime import datetime

from busbar.usecases.companies import CompanyChange
from busbar.usecases.company_creation import CompanyInput
from infra.operations import PAGE, Json, Operation, Says, View
from infra.operations.parts import ADDRESS, AT, COMPANY_ID, ETAG, MADE, AddressView, imported


class CompanyLine(View):
    """A company in a list; `waiting_for` says what it lacks in the other systems."""

    id: str
    name: str
    customer_number: str
    email: str
    phone: str
    address: AddressView
    suspended: bool
    waiting_for: str | None
    etag: str
    changed_at: datetime


class CompanyView(CompanyLine):
    """A company, with its ids in the other systems."""

    energised_contact_id: str | None
    salesforce_account_id: str | None


class CompanyPage(View):
    """Companies, newest change first; `next_cursor` is null on the last page."""

    companies: list[CompanyLine]
    next_cursor: str | None


LINE: Json = {
    "id": COMPANY_ID,
    "name": "Nordwind Logistik GmbH",
    "customer_number": "K-10001",
    "email": "fuhrpark@nordwind.example",
    "phone": "+49 441 1234",
    "address": ADDRESS,
    "suspended": False,
    "waiting_for": None,
    "etag": '"1"',
    "changed_at": AT,
}
CONTACT, ACCOUNT = "0b7c8f0e-2f55-4f0e-9a57-1d3c0a5e7777", "001000000000007AAA"
COMPANY = {**LINE, "energised_contact_id": CONTACT, "salesforce_account_id": ACCOUNT}
ABROAD = {
    "name": "Donau Spedition GmbH",
    "street": "Hafenzufahrtsstraße",
    "house_number": "9",
    "postal_code": "1020",
    "city": "Wien",
    "country": "AT",
}
NEW = {
    "name": "Donau Spedition GmbH",
    "customer_number": "K-10077",
    "email": "fuhrpark@donau.example",
    "phone": "+43 1 1234",
    "address": ABROAD,
}
KNOWN = {
    **NEW,
    "customer_number": "K-10078",
    "energised_contact_id": CONTACT,
    "salesforce_account_id": ACCOUNT,
}
FILE = """name;customer_number;email;street;house_number;postal_code;city
Weser Kurier GmbH;K-10079;fuhrpark@weser.example;Am Deich;3;28199;Bremen
Ems Taxi GmbH;K-10080;fuhrpark@ems.example;Kirchstraße;7;26789;Leer
"""
NOT_THERE = {404: ("company-not-found",)}
BOUND = ("bound-elsewhere", "bound-already")
OPERATIONS = {
    "companies_list": Operation(
        "All companies, newest change first",
        {200: Says("A page of companies", CompanyPage, {"companies": [LINE], "next_cursor": None})},
        query=PAGE,
    ),
    "companies_create": Operation(
        "Create a company; its contact in be.ENERGISED follows by itself",
        {201: Says("The company", CompanyView, COMPANY, MADE)},
        body=CompanyInput,
        bodies={"new": NEW, "known in the other systems": KNOWN},
        key=True,
        problems={409: ("company-exists", *BOUND)},
    ),
    "companies_import": imported("companies", FILE),
    "companies_show": Operation(
        "One company", {200: Says("The company", CompanyView, COMPANY, ETAG)}, problems=NOT_THERE
    ),
    "companies_change": Operation(
        "Change a company; a field that is not sent stays",
        {200: Says("The company", CompanyView, COMPANY, ETAG)},
        body=CompanyChange,
        bodies={
            "moved": {
                "name": NEW["name"],
                "email": NEW["email"],
                "phone": NEW["phone"],
                "address": ABROAD,
            },
            "suspended": {"suspended": True},
            "back": {"suspended": False},
        },
        if_match="must",
        problems={**NOT_THERE, 409: BOUND, 412: ("company-changed",)},
    ),
    "companies_remove": Operation(
        "Remove a company that nobody uses any more; its orders and cards still name it",
        {204: Says("It is removed", None)},
        if_match="may",
        problems={
            **NOT_THERE,
            409: ("company-has-open-orders", "company-has-users", "company-has-active-cards"),
            412: ("company-changed",),
        },
    ),
}
