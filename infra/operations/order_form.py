"""GET /v1/charge-card-orders/form."""

from __future__ import annotations

from infra.operations import Operation, Says, View
from infra.operations.parts import ADDRESS, COMPANY_ID, AddressView


class FormCompany(View):
    """The caller's company."""

    id: str
    name: str
    customer_number: str
    email: str
    phone: str


class FormProduct(View):
    """What can be ordered; `unit_price` is a decimal string in `currency` per card."""

    code: str
    unit_price: str
    currency: str


class QuantityLimits(View):
    """Cards per order."""

    minimum: int
    maximum: int


class OrderForm(View):
    """What the order form is filled with; `limits_are_live` is false while Salesforce is down."""

    company: FormCompany
    invoice_address: AddressView
    delivery_address: AddressView
    delivery_differs: bool
    product: FormProduct
    quantity: QuantityLimits
    limits_are_live: bool


EXAMPLE = {
    "company": {
        "id": COMPANY_ID,
        "name": "Nordwind Logistik GmbH",
        "customer_number": "0004711",
        "email": "fuhrpark@nordwind.example",
        "phone": "",
    },
    "invoice_address": ADDRESS,
    "delivery_address": ADDRESS,
    "delivery_differs": False,
    "product": {"code": "CHARGE-CARD", "unit_price": "9.90", "currency": "EUR"},
    "quantity": {"minimum": 1, "maximum": 50},
    "limits_are_live": True,
}
OPERATIONS = {
    "order_form": Operation(
        "What the order form needs: customer data, addresses, quantity limits",
        {200: Says("The form's content", OrderForm, EXAMPLE)},
        problems={403: ("no-company", "company-suspended"), 503: ("limits-unknown",)},
    ),
}
