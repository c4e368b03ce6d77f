"""What can be ordered of the wallbox price book of Salesforce."""

from __future__ import annotations

from busbar.domain.record import Value


class WallboxProduct(Value):
    """A wallbox, or something that goes with one, as Salesforce offers it now.

    `unit_price` is a decimal string in `currency` each, without tax; `tax_rate` one in percent.
    """

    code: str
    name: str
    family: str = ""
    """Salesforce's own grouping, by which a portal tells wallboxes from what goes with them."""
    product_id: str
    price_book_id: str
    price_book_entry_id: str
    unit_price: str
    currency: str
    tax_rate: str
    minimum_quantity: int
    maximum_quantity: int
