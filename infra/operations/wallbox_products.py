"""GET /v1/wallbox-products."""

from __future__ import annotations

from datetime import datetime

from infra.operations import Operation, Says, View
from infra.operations.order_form import QuantityLimits
from infra.operations.parts import AT


class ProductView(View):
    """A product. `unit_price` is a decimal string in `currency` each, without tax; `tax_rate` one
    in percent."""

    code: str
    name: str
    family: str
    unit_price: str
    currency: str
    tax_rate: str
    quantity: QuantityLimits


class ProductList(View):
    """All that can be ordered, as Salesforce offered it at `read_at`."""

    products: list[ProductView]
    read_at: datetime


EXAMPLE = {
    "code": "WALLBOX-11",
    "name": "Wallbox Heim 11 kW",
    "family": "Wallbox",
    "unit_price": "749.00",
    "currency": "EUR",
    "tax_rate": "19",
    "quantity": {"minimum": 1, "maximum": 2},
}
OPERATIONS = {
    "wallbox_products": Operation(
        "The wallboxes that can be ordered, and what goes with them",
        {200: Says("The catalogue", ProductList, {"products": [EXAMPLE], "read_at": AT})},
        problems={503: ("products-unknown",)},
    ),
}
