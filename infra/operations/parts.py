"""Parts of answers that several operations share, and the values of the examples."""

from __future__ import annotations

from infra.operations import Json, View

ORDER_ID = "0RDER00000001"
COMPANY_ID = "00000000N0RDW"
AT = "2026-03-02T08:00:00+00:00"
ADDRESS: Json = {
    "name": "Nordwind Logistik GmbH",
    "street": "Hafenstraße",
    "house_number": "12",
    "postal_code": "26122",
    "city": "Oldenburg",
    "country": "DE",
}


class AddressView(View):
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    name: str
    street: str
    house_number: str
    postal_code: str
    city: str
    country: str
